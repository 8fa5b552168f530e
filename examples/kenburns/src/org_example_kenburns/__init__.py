"""Slow moves over pictures: Python as a guest."""
