"""Recognition: what is seen in pictures, and where."""
