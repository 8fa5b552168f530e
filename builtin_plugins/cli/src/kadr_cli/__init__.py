"""The command line host of kadr."""
