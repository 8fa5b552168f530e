"""The cli plugin of kadr."""
