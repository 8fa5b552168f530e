"""The client of registries that a build asks."""

from __future__ import annotations

from pathlib import Path

import pytest
from kadr_build import staging
from kadr_sdk.errors import PluginError


def test_a_client_that_does_not_end_is_an_error_of_the_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "_SECONDS", 0.01)
    with pytest.raises(PluginError, match=r"within 0.01 s"):
        staging._Home(tmp_path, ())("plugin", "list")
