"""``build.toml``."""

from __future__ import annotations

from pathlib import Path

import pytest
from kadr_build.build import Order
from kadr_build.order import read_order
from kadr_build.staging import Wanted
from kadr_sdk.errors import InvalidPathError, SerializationError, ValidationError


def test_paths_start_from_the_file(tmp_path: Path) -> None:
    file = tmp_path / "build.toml"
    file.write_text('plugins = ["kadr.effects"]\nprojects = ["a.tlp"]\nartefacts = ["pex"]\n')
    assert read_order(file) == Order(("kadr.effects",), (tmp_path / "a.tlp",), ("pex",))


def test_what_comes_from_registries(tmp_path: Path) -> None:
    file = tmp_path / "build.toml"
    file.write_text('install = ["org.x.y@1"]\nlock = "p.lock"\ngrants = ["log"]\nsources = ["b"]\n')
    wanted = Wanted(("org.x.y@1",), tmp_path / "p.lock", ("log",), ("b",))
    assert read_order(file) == Order(wanted=wanted)
    assert wanted
    assert not Wanted(grants=("log",))


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "build.toml"
    file.write_text('plugin = ["x"]\nprojects = "a.tlp"\nartefacts = ["folders"]\nlock = 1\n')
    with pytest.raises(ValidationError) as caught:
        read_order(file)
    text = str(caught.value)
    assert "unknown key 'plugin' (did you mean 'plugins'?)" in text
    assert "lock: a path is expected" in text
    assert "projects: a list of texts is expected" in text
    assert "unknown artefact 'folders' (did you mean 'folder'?)" in text


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(InvalidPathError, match="cannot be read"):
        read_order(tmp_path / "no.toml")
    (tmp_path / "bad.toml").write_text("plugins = [")
    with pytest.raises(SerializationError, match="not TOML"):
        read_order(tmp_path / "bad.toml")
