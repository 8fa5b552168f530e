"""The render jobs of kadr."""
