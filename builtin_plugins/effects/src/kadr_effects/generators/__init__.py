"""Generators: pictures from nothing."""
