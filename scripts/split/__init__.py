"""The parts of the split stage: groups that stay together, sessions, folds, a split from a file."""
