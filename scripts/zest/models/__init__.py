"""The model zoo: what each architecture is, how it is built, and where its weights come from."""
