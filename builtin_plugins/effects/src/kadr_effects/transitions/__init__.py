"""Transitions: from one clip to the next."""
