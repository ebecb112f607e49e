"""Grading a folder of new photos: chunks that outlive a kill, the tables, the contact sheets."""
