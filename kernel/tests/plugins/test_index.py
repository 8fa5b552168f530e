from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from kadr_kernel.plugins import index as index_module
from kadr_kernel.plugins.index import find_plugins

if TYPE_CHECKING:
    from conftest import Site


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def ids(cache: Path, *folders: Path) -> tuple[bool, list[str]]:
    index = find_plugins(folders, cache)
    return index.cached, [row.id for row in index.found if row.manifest]


def test_the_second_look_is_the_first_one_again(site: Site, cache: Path) -> None:
    site.add("x.glow", '[[contributes.effect]]\nid = "g"\nentry = "PKG:x"\n[permissions]\nread = ["*"]')
    site.add("x.bad", manifest="[")
    first, second = find_plugins((), cache), find_plugins((), cache)
    assert (first.cached, second.cached) == (False, True)
    assert first.found == second.found
    assert first.pinned == second.pinned


def test_a_changed_manifest_is_noticed(site: Site, cache: Path) -> None:
    package = site.add("x.glow")
    assert ids(cache) == (False, ["x.glow"])
    path = site.folder / package / "plugin.toml"
    stat = path.stat()
    path.write_text(path.read_text("utf-8").replace('"1.0"', '"1.1"'), "utf-8")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    index = find_plugins((), cache)
    assert not index.cached
    assert index.found[0].manifest is not None
    assert index.found[0].manifest.version == "1.1"


def test_new_and_removed_plugins_are_noticed(site: Site, cache: Path) -> None:
    site.add("x.one")
    assert ids(cache) == (False, ["x.one"])
    package = site.add("x.two")
    assert ids(cache) == (False, ["x.one", "x.two"])
    assert ids(cache)[0]
    (site.folder / package / "plugin.toml").unlink()
    assert ids(cache) == (False, ["x.one"])


def test_a_repaired_manifest_is_noticed(site: Site, cache: Path) -> None:
    package = site.add("x.one")
    path = site.folder / package / "plugin.toml"
    text = path.read_text("utf-8")
    path.unlink()
    assert ids(cache) == (False, [])
    assert ids(cache) == (True, [])
    path.write_text(text, "utf-8")
    assert ids(cache) == (False, ["x.one"])


def test_plugin_folders_are_watched(site: Site, cache: Path, tmp_path: Path) -> None:
    folder = tmp_path / "plugins"
    assert ids(cache, folder) == (False, [])
    site.add("x.one", where=folder / "one")
    assert ids(cache, folder) == (False, ["x.one"])
    assert ids(cache, folder) == (True, ["x.one"])
    site.add("x.two", where=folder / "two" / "src")
    assert ids(cache, folder) == (False, ["x.one", "x.two"])
    site.add("x.three", where=folder / "one")
    assert ids(cache, folder) == (False, ["x.one", "x.three", "x.two"])


def test_environments_have_indexes_of_their_own(
    site: Site, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids(cache)
    ids(cache, tmp_path / "plugins")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert ids(cache)[0] is False
    assert len(list(cache.glob("plugins-*.json"))) == 3


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[: len(data) // 2],
        lambda data: data.replace(b"x.glow", b"x.evil"),
        lambda data: b"\xff" * 100,
        lambda data: b"[]",
    ],
)
def test_a_damaged_index_is_made_anew(site: Site, cache: Path, damage: object) -> None:
    site.add("x.glow")
    ids(cache)
    (path,) = cache.glob("*.json")
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]  # a function
    assert ids(cache) == (False, ["x.glow"])
    assert ids(cache) == (True, ["x.glow"])


@pytest.mark.parametrize("body", ["[]", "{}", '{"key": 1}', "null", "3"])
def test_whole_but_foreign_content_is_made_anew(site: Site, cache: Path, body: str) -> None:
    import hashlib

    site.add("x.glow")
    ids(cache)
    (path,) = cache.glob("*.json")
    path.write_text(f"{hashlib.sha256(body.encode()).hexdigest()}\n{body}", "utf-8")
    assert ids(cache) == (False, ["x.glow"])


def test_an_index_of_wrong_shape_is_made_anew(site: Site, cache: Path) -> None:
    import hashlib

    site.add("x.glow")
    ids(cache)
    (path,) = cache.glob("*.json")
    data = json.loads(path.read_bytes().partition(b"\n")[2])
    data["found"][0]["manifest"]["surprise"] = 1
    body = json.dumps(data)
    path.write_text(f"{hashlib.sha256(body.encode()).hexdigest()}\n{body}", "utf-8")
    assert ids(cache) == (False, ["x.glow"])


def test_works_without_a_cache_folder(site: Site, tmp_path: Path) -> None:
    site.add("x.glow")
    blocked = tmp_path / "file"
    blocked.write_text("", "utf-8")
    for cache in (None, blocked, blocked / "below"):
        index = find_plugins((), cache)
        assert [row.id for row in index.found] == ["x.glow"]
        assert not index.cached


def test_a_failing_write_leaves_nothing(site: Site, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def replace(self: Path, target: Path) -> None:
        raise PermissionError("in use")

    site.add("x.glow")
    monkeypatch.setattr(Path, "replace", replace)
    assert ids(cache) == (False, ["x.glow"])
    assert list(cache.iterdir()) == []


def test_a_change_while_looking_makes_the_index_stale(
    site: Site, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = site.add("x.glow")
    discover = index_module.discover

    def slow(folders: object, more: object) -> object:
        found = discover(folders)  # type: ignore[arg-type]  # as the original
        site.add("x.late")
        return found

    monkeypatch.setattr(index_module, "discover", slow)
    assert ids(cache) == (False, ["x.glow"])
    monkeypatch.undo()
    monkeypatch.syspath_prepend(str(site.folder))
    assert (site.folder / package).is_dir()
    assert "x.late" in ids(cache)[1]


LIST = """
import sys
from kadr_kernel.boot import boot
with boot() as kernel:
    mine = [row for row in kernel.plugins.rows() if row.id.startswith("many.")]
    assert len(mine) == 100
    assert {row.state for row in mine} == {"active"}, [row.error for row in mine]
    assert len(kernel.catalogue.all("effect")) >= 100
heavy = {"numpy", "pydantic", "pluggy", "click", "tomli_w"} | {row.found.package for row in mine}
print(sorted(heavy & set(sys.modules)), "packaging.specifiers" in sys.modules)
"""


def test_a_hundred_plugins_are_listed_without_their_code(site: Site, tmp_path: Path) -> None:
    for number in range(100):
        toml = f'[[contributes.effect]]\nid = "many.e{number}"\nentry = "PKG.effect:E"\n'
        toml += (
            f'[[contributes.service]]\nid = "many.s{number}"\nentry = "PKG:S"\nprovides = "PKG:P{number}"\n'
        )
        toml += '[hooks]\nentry = "PKG.hooks"\n'
        head = 'requires = ["many.p0>=0.5"]' if number else ""
        site.add(f"many.p{number}", toml, {"__init__.py": "raise RuntimeError"}, head=head)
    home = tmp_path / "home"
    (home / "config").mkdir(parents=True)
    rule = 'policy = 1\n[[rules]]\neffect = "trust"\nplugin = "many.*"\n'
    (home / "config" / "policy.toml").write_text(rule, "utf-8")

    def look() -> str:
        environ = {"PYTHONPATH": str(site.folder), "KADR_HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-c", LIST]
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ | environ, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    # Reading manifests for the first time needs packaging; the index does without.
    assert look() == "[] True"
    assert look() == "[] False"
