"""Plugins without a distribution as wheels: what lies there, what was installed, and nothing else."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from kadr_build.embedded import embed
from kadr_sdk.errors import ManifestError, PluginError, StorageError
from kadr_sdk.installed import Installed, blob_path
from kadr_sdk.manifest import Manifest, read_manifest

TEXT = """manifest = 1
[plugin]
id = "org.me.soft_glow"
version = "v1.0"
license = "MIT"
[permissions]
log = true
[[contributes.preset]]
id = "soft"
file = "soft.toml"
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "soft" / "src" / "org_me_soft"
    (home / "__pycache__").mkdir(parents=True)
    (home / "plugin.toml").write_text(TEXT)
    (home / "soft.toml").write_text("x = 1\n")
    (home / ".hidden").write_text("x")
    (home / "__pycache__" / "a.pyc").write_text("x")
    return home


def manifest(home: Path) -> Manifest:
    return read_manifest(home / "plugin.toml")


def test_a_plugin_folder_becomes_a_wheel(home: Path, tmp_path: Path) -> None:
    project = home.parent.parent / "pyproject.toml"
    project.write_text('[project]\ndependencies = ["NumPy>=1", "click"]\n')
    wheel = embed(manifest(home), None, tmp_path, tmp_path)
    assert (wheel.name, wheel.version, wheel.plugin) == (
        "kadr-plugin-org-me-soft-glow",
        "1.0",
        "org.me.soft_glow",
    )
    assert (wheel.permissions, wheel.record, wheel.requires) == (("log",), "", ("numpy", "click"))
    info = "kadr_plugin_org_me_soft_glow-1.0.dist-info"
    with zipfile.ZipFile(wheel.path) as file:
        names = {name for name in file.namelist() if not name.startswith(info)}
        assert names == {f"org_me_soft/{n}" for n in ("__init__.py", "plugin.toml", "soft.toml")}
        points = file.read(f"{info}/entry_points.txt").decode()
        assert "Requires-Dist: NumPy>=1" in file.read(f"{info}/METADATA").decode()
    assert points == "[kadr.plugins]\norg.me.soft_glow = org_me_soft\n"
    project.write_text("[project")
    with pytest.raises(ManifestError, match="cannot be read"):
        embed(manifest(home), None, tmp_path, tmp_path)


def test_a_link_in_a_plugin_folder_is_not_followed(home: Path, tmp_path: Path) -> None:
    try:
        (home / "key").symlink_to(tmp_path)
    except OSError:
        pytest.skip("no links on this system")
    with pytest.raises(PluginError, match="a link cannot be built in"):
        embed(manifest(home), None, tmp_path, tmp_path)


def test_of_a_registry_only_what_was_installed(home: Path, tmp_path: Path) -> None:
    record = b"the record"
    digest = hashlib.sha256(record).hexdigest()
    kept = tmp_path / blob_path(digest)
    kept.parent.mkdir(parents=True)
    kept.write_bytes(record)
    files = tuple(
        (name, hashlib.sha256((home / name).read_bytes()).hexdigest())
        for name in ("plugin.toml", "soft.toml")
    )
    item = Installed("org.me.soft_glow", "1.0", "key:1", digest, "soft_pkg", "x", "sandboxed", "test", files)
    wheel = embed(manifest(home), item, tmp_path, tmp_path)
    assert wheel.record == digest
    with zipfile.ZipFile(wheel.path) as file:
        assert file.read("kadr_plugin_org_me_soft_glow-1.0.dist-info/kadr-release.json") == record
        assert file.read("soft_pkg/soft.toml") == b"x = 1\n"
    (home / "soft.toml").write_text("x = 2\n")
    with pytest.raises(StorageError, match="it is not what was installed") as caught:
        embed(manifest(home), item, tmp_path, tmp_path)
    assert caught.value.hint == "kadr plugin sync puts it back"
    gone = replace(item, files=(("gone.toml", digest),))
    with pytest.raises(StorageError, match="cannot be read"):
        embed(manifest(home), gone, tmp_path, tmp_path)


def test_a_license_of_several_lines_requires_nothing(home: Path, tmp_path: Path) -> None:
    text = TEXT.replace('license = "MIT"', 'license = "MIT\\nRequires-Dist: evil"')
    (home / "plugin.toml").write_text(text)
    assert manifest(home).license == "MIT\nRequires-Dist: evil"
    wheel = embed(manifest(home), None, tmp_path, tmp_path)
    with zipfile.ZipFile(wheel.path) as archive:
        (name,) = [n for n in archive.namelist() if n.endswith("METADATA")]
        lines = archive.read(name).decode().splitlines()
    assert "License: MIT Requires-Dist: evil" in lines
    assert not [line for line in lines if line.startswith("Requires-Dist: evil")]
