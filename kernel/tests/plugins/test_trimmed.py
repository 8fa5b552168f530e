"""What a trimmed build says of what it is without."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest
from kadr_kernel.plugins.trimmed import left_out_of_build


def test_nothing_is_left_out_of_a_whole_installation() -> None:
    assert left_out_of_build("effect", "glow") == ""


def test_the_plugin_to_add_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "kadr_trimmed"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "absent.json").write_text('{"effect glow": "org.example.glow"}')
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    said = left_out_of_build("effect", "glow")
    monkeypatch.delitem(sys.modules, "kadr_trimmed")
    assert said == "this build is without plugin 'org.example.glow', which has it; build again with it"
