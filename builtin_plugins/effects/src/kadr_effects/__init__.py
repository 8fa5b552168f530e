"""The effects plugin of kadr."""
