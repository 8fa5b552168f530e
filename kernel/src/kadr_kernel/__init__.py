"""The micro-kernel of kadr."""

__version__ = "0.1.0"
