"""Files that other programs wrote, where they are there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture
def interchange() -> Path:
    """The folder of such files among the real media."""
    folder = Path(os.environ.get("KADR_TEST_MEDIA", "nowhere")) / "interchange"
    if not folder.is_dir():
        pytest.skip("KADR_TEST_MEDIA names no folder with files of other programs")
    return folder
