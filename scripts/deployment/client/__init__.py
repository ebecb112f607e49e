"""What is handed to people without Zest; it imports neither Zest nor Paddle nor OpenCV."""
