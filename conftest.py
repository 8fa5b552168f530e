"""Settings of all tests: one hypothesis profile, the same examples on every machine."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("kadr", deadline=None, derandomize=True, max_examples=60, database=None)
settings.load_profile("kadr")
