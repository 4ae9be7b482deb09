"""What physics says of a frame: the demands that explain it, and what they leave unexplained."""
