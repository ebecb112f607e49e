"""The parts of the training-set stage: mixing copies with other photos."""
