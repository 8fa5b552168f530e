"""Guests from Extism PDKs."""
