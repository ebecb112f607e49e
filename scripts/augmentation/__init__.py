"""The pages on augmentation: photos beside their copies, and the copies that left their label."""
