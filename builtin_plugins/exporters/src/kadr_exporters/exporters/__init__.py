"""Exporters: containers and sets of files."""
