"""The cache plugin of kadr."""
