"""Plugins that a client installed: read as data, checked, granted by who signed them."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from kadr_kernel.boot import boot
from kadr_kernel.plugins.crashes import CrashGuard
from kadr_kernel.plugins.index import find_plugins
from kadr_kernel.plugins.store import Store, leave_path
from kadr_sdk.errors import InvalidParameterError
from kadr_sdk.installed import CURRENT, Installed, InstalledSet, read_installed
from kadr_sdk.permissions import Permission, PermissionSet
from kadr_sdk.services import Gate, Installations

TEXT = """manifest = 1
[plugin]
id = "org.glow"
version = "1.0"
runtime = "{runtime}"
[permissions]
net = ["example.org"]
[[contributes.preset]]
id = "glow"
file = "preset.toml"
"""
DIGEST = "ab" * 32


def put(store: Path, number: int = 1, runtime: str = "wasm", **more: object) -> Installed:
    folder = store / "packages" / DIGEST / "org_glow"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "plugin.toml").write_text(TEXT.format(runtime=runtime), "utf-8")
    (folder / "preset.toml").write_text('title = "Glow"\n', "utf-8")
    files = tuple(
        (name, hashlib.sha256((folder / name).read_bytes()).hexdigest())
        for name in ("plugin.toml", "preset.toml")
    )
    place = folder.relative_to(store).as_posix()
    item = Installed("org.glow", "1.0", "key:k1", DIGEST, "org_glow", place, "sandboxed", "here", files)
    generation = store / "generations" / str(number)
    generation.mkdir(parents=True, exist_ok=True)
    site = str(more.get("site", ""))
    (generation / "installed.json").write_bytes(InstalledSet(number, (item,), site).to_bytes())
    (store / CURRENT).write_text(f"{number}\n")
    return item


@pytest.fixture(autouse=True)
def path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))


def test_what_was_written_is_read(tmp_path: Path) -> None:
    item = put(tmp_path)
    assert read_installed(tmp_path) == InstalledSet(1, (item,))
    assert read_installed(tmp_path / "none") == InstalledSet()


@pytest.mark.parametrize("text", ["x", "9", "-1", ""])
def test_a_damaged_pointer_is_a_row(tmp_path: Path, text: str) -> None:
    put(tmp_path)
    (tmp_path / CURRENT).write_text(text)
    (row,) = Store.open(tmp_path).rows()
    assert "kadr plugin rollback" in row.error


@pytest.mark.parametrize(
    ("key", "value"), [("folder", "../out"), ("folder", "/etc"), ("digest", "1"), ("id", "X")]
)
def test_a_set_that_leads_elsewhere_is_refused(tmp_path: Path, key: str, value: str) -> None:
    put(tmp_path)
    path = tmp_path / "generations" / "1" / "installed.json"
    data = json.loads(path.read_bytes())
    data["plugins"][0][key] = value
    path.write_text(json.dumps(data))
    assert Store.open(tmp_path).error


def test_plugins_wait_for_a_yes_to_who_signed_them(tmp_path: Path) -> None:
    item = put(tmp_path / "data" / "registry")
    with boot(environ={"KADR_HOME": str(tmp_path)}) as kernel:
        row = next(r for r in kernel.plugins.rows() if r.id == "org.glow")
        assert row.manifest is not None
        assert row.origin == "registry here"
        assert "needs your permission" in row.error
        served = kernel.container.get(Installations)
        assert served.folder == tmp_path / "data" / "registry"
        question = served.question(row.manifest, item.publisher, item.digest)
        assert question is not None
        assert "connect to other computers: example.org" in question.text
        assert "publisher" in question.terms
        served.allow(row.manifest, item.publisher, item.digest, question.wanted, "version")
        assert served.question(row.manifest, item.publisher, item.digest) is None
        assert served.question(row.manifest, "key:k2", item.digest) is not None
        with pytest.raises(InvalidParameterError, match="is not how long"):
            served.allow(row.manifest, item.publisher, item.digest, PermissionSet(), "ever")
    with boot(environ={"KADR_HOME": str(tmp_path)}) as kernel:
        assert kernel.catalogue.find("preset", "glow").plugin == "org.glow"
        (grant,) = kernel.container.get(Installations).grants()
        assert (grant["plugin"], grant["publisher"], grant["term"]) == ("org.glow", "key:k1", "version")
        assert kernel.container.get(Installations).revoke("org.glow", "net") == 1
        assert kernel.container.get(Installations).grants() == []
    with boot(environ={"KADR_HOME": str(tmp_path)}, safe_mode=True) as kernel:
        row = next(r for r in kernel.plugins.rows() if r.id == "org.glow")
        assert row.state == "found"


def test_other_bytes_are_not_what_was_allowed(tmp_path: Path) -> None:
    put(tmp_path / "store")
    store = Store.open(tmp_path / "store")
    assert (
        find_plugins((), tmp_path / "cache", store).found == find_plugins((), tmp_path / "cache", store).found
    )
    assert find_plugins((), tmp_path / "cache", store).cached
    (tmp_path / "store" / "packages" / DIGEST / "org_glow" / "preset.toml").write_text("title = 'Evil'\n")
    found = find_plugins((), tmp_path / "cache", store)
    assert not found.cached
    row = next(r for r in found.found if r.id == "org.glow")
    assert row.manifest is None
    assert "is not what was installed; put it back: kadr plugin sync" in row.error


def test_the_site_comes_last_on_the_path(tmp_path: Path) -> None:
    put(tmp_path, site="sites/1")
    before = list(sys.path)
    Store.open(tmp_path).join_path()
    assert sys.path == [*before, str(tmp_path / "sites/1")]
    put(tmp_path, 2, site="sites/2")
    leave_path(tmp_path)
    assert sys.path == before
    Store.open(tmp_path).join_path()
    assert sys.path == [*before, str(tmp_path / "sites/2")]


def crashed(folder: Path, contents: str, times: int = 3) -> None:
    """Markers of a process that died while code of the plugin was loaded."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(times):
        (folder / f"org.glow@0@{contents[:2]}{number}.running").write_text(f"org_glow.code\n{contents}")


def other_release(store: Path, number: int, digest: str, before: int) -> None:
    """A generation with another release of the plugin, whose files are the same."""
    item = replace(put(store, number), digest=digest)
    generation = store / "generations" / str(number) / "installed.json"
    generation.write_bytes(InstalledSet(number, (item,), before=before).to_bytes())


def test_after_repeated_crashes_the_last_good_set_runs(tmp_path: Path) -> None:
    store, new = tmp_path / "data" / "registry", "cd" * 32
    put(store, 1)
    other_release(store, 2, new, before=1)
    with boot(environ={"KADR_HOME": str(tmp_path)}) as kernel:
        assert [row.found.contents for row in kernel.plugins.rows() if row.id == "org.glow"] == [new]
    crashed(tmp_path / "state" / "crashes", new, times=2)
    assert Store.open(store).without(CrashGuard(tmp_path / "state" / "crashes").crashes()).error == ""
    crashed(tmp_path / "state" / "crashes", new)
    with boot(environ={"KADR_HOME": str(tmp_path)}) as kernel:
        rows = {row.id: row for row in kernel.plugins.rows()}
        assert rows["org.glow"].found.contents == DIGEST
        assert "it took kadr down" not in rows["org.glow"].error, "the former release did not"
        told = "org.glow took kadr down 3 times in a row: generation 1 runs instead; keep it: kadr plugin"
        assert told in rows["installed"].error
    assert (store / CURRENT).read_text() == "2\n", "what was installed is not changed"
    other_release(store, 3, "ef" * 32, before=2)
    with boot(environ={"KADR_HOME": str(tmp_path)}) as kernel:
        rows = {row.id: row for row in kernel.plugins.rows()}
        assert rows["org.glow"].found.contents == "ef" * 32, "a newer release begins anew"
        assert "installed" not in rows


def test_without_a_good_set_the_plugin_alone_is_left_out(tmp_path: Path) -> None:
    store = tmp_path / "data" / "registry"
    put(store, 1)
    crashed(tmp_path / "state" / "crashes", DIGEST)
    with boot(environ={"KADR_HOME": str(tmp_path)}) as kernel:
        row = next(row for row in kernel.plugins.rows() if row.id == "org.glow")
        assert "it took kadr down 3 times in a row while 'org_glow.code' was loaded" in row.error
        kernel.plugins.set_enabled("org.glow", True)
    assert CrashGuard(tmp_path / "state" / "crashes").crashes() == {}


def test_what_was_allowed_once_holds_until_the_run_that_uses_it_ends(tmp_path: Path) -> None:
    item = put(tmp_path / "data" / "registry")
    environ = {"KADR_HOME": str(tmp_path)}
    with boot(environ=environ) as kernel:
        row = next(r for r in kernel.plugins.rows() if r.id == "org.glow")
        assert row.manifest is not None
        wanted = row.manifest.permission_set
        kernel.installations.allow(row.manifest, item.publisher, item.digest, wanted, "once")
    net = Permission("net", "example.org")
    for _ in range(2):  # to list plugins is not to use one
        with boot(environ=environ) as kernel:
            assert kernel.container.get(Gate).allowed("org.glow", net)
    with boot(environ=environ) as kernel:
        kernel.container.get(Gate).confinement("org.glow", "", kernel.config.get, ())  # type: ignore[attr-defined]  # a guest begins
        for _ in range(2):  # other processes of the same run, one after the other
            with boot(environ=environ, helper=True) as worker:
                assert worker.container.get(Gate).allowed("org.glow", net)
                worker.container.get(Gate).confinement("org.glow", "", worker.config.get, ())  # type: ignore[attr-defined]  # as above
        assert kernel.container.get(Gate).allowed("org.glow", net)
    with boot(environ=environ) as kernel:
        assert not kernel.container.get(Gate).allowed("org.glow", net)
        assert kernel.installations.grants() == []


def test_a_closed_kernel_leaves_nothing_on_the_path(tmp_path: Path) -> None:
    put(tmp_path / "data" / "registry", site="sites/1")
    before = list(sys.path)
    with boot(environ={"KADR_HOME": str(tmp_path)}):
        assert sys.path == [*before, str(tmp_path / "data" / "registry" / "sites" / "1")]
    assert sys.path == before


def test_purge_leaves_nothing(tmp_path: Path) -> None:
    kept = tmp_path / "data" / "plugins" / "org.glow"
    kept.mkdir(parents=True)
    with boot(environ={"KADR_HOME": str(tmp_path)}) as kernel:
        served = kernel.container.get(Installations)
        assert served.purge("org.glow") == [f"its storage {kept}"]
        assert served.purge("org.glow") == []
        with pytest.raises(InvalidParameterError):
            served.purge("../..")
    assert not kept.exists()
