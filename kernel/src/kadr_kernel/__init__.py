"""The micro-kernel of kadr."""
