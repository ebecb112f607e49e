"""The parts of the evaluation stage: calibration, and the ways to choose a class."""
