"""The author's loop: plugins begun, built, tried, measured and packed."""
