"""The training engine: what a training or prediction step is made of."""
