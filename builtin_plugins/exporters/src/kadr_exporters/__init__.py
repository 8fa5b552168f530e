"""The exporters plugin of kadr."""
