"""Taking a trained model out of Zest: its exports, and the proof that they are the model."""
