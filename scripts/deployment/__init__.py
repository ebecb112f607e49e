"""Taking a trained model out of Zest: exports, the proof that they are the model, and their users."""
