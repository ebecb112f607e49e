"""The parts of the leaderboard: what its page shows, and the comparison of models."""
