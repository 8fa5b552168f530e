"""The pyav plugin of kadr."""
