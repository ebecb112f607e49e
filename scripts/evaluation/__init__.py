"""The parts of the evaluation stage: calibration."""
