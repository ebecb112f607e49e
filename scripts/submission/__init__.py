"""The parts of the submission stage: its form, and the proof that a model made it."""
