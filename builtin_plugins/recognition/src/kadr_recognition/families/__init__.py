"""Families of detectors: how each lays out what it has found."""
