"""What is handed to people without Zest; it imports nothing of Zest, and neither Paddle nor OpenCV."""
