"""The parts of the ensemble stage: weights of models, and what they gain."""
