"""``kadr registry`` as a user has it: from nothing to a mirror, and what is said when it goes wrong."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from kadr_registry import serve as serving
from kadr_registry.commands import copies, run
from kadr_sdk.errors import InvalidParameterError, KadrError

GLOW = "org.example.glow"
Run = Callable[..., str]


class _Kernel:
    """A kernel without a sandbox: nothing here has a guest."""


@pytest.fixture
def kadr(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*argv: object) -> str:
        assert run(_Kernel(), [str(a) for a in argv]) == 0  # type: ignore[arg-type]  # commands take more
        return capsys.readouterr().out

    return call


@pytest.fixture
def ready(bench: Any, kadr: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A registry made with the commands, with one plugin."""
    folder = tmp_path / "mine"
    kadr("init", folder)
    kadr("add-publisher", folder, "org.example")
    kadr("publish", folder, bench.plugin())
    return folder


def test_help_names_every_command(kadr: Run) -> None:
    text = kadr("--help")
    names = "init add-publisher submit accept publish refresh yank revoke rotate mirror bundle serve verify"
    assert [name for name in names.split() if f"  {name} " not in text] == []


def test_from_nothing_to_a_mirror(bench: Any, ready: Path, kadr: Run, tmp_path: Path) -> None:
    root = ready / "public" / "metadata" / "1.root.json"
    assert "org.example.glow  1.0.0    sandboxed  Glow" in kadr("show", ready)
    assert json.loads(kadr("verify", ready, "--json"))["releases"] == 1
    assert "mirrored to" in kadr("mirror", ready, tmp_path / "mirror")
    assert "bundled in" in kadr("bundle", tmp_path / "mirror", tmp_path / "b", GLOW, "--root", root)
    shown = json.loads(kadr("show", tmp_path / "b", "--root", root, "--json"))
    assert shown["plugins"] == [{"id": GLOW, "version": "1.0.0", "tier": "sandboxed", "title": "Glow"}]
    assert "1 plugins, 1 releases, 4 files" in kadr("verify", tmp_path / "b", "--root", root)


def test_yank_and_revoke(ready: Path, kadr: Run) -> None:
    assert "is yanked" in kadr("yank", ready, f"{GLOW}==1.0", "--reason", "too bright")
    assert f"{GLOW}  -  " in kadr("show", ready)
    assert "is offered again" in kadr("yank", ready, f"{GLOW}==1.0", "--undo")
    assert "revoked org.example.glow *" in kadr("revoke", ready, GLOW, "--reason", "stolen")
    assert json.loads(kadr("show", ready, "--json"))["revoked"] == 1
    assert "left out, revoked: org.example.glow 1.0.0" in kadr("verify", ready)


def test_refresh_and_rotate(ready: Path, kadr: Run) -> None:
    assert "believed until" in kadr("refresh", ready)
    for role in ("root", "targets", "snapshot", "timestamp", "index", "revocations", "org.example"):
        assert len(json.loads(kadr("rotate", ready, role, "--json"))["keys"]) in (1, 3)
    assert json.loads(kadr("show", ready, "--json"))["root"] == 5


def test_a_publisher_with_keys_elsewhere(bench: Any, ready: Path, kadr: Run, tmp_path: Path) -> None:
    key, file = tmp_path / "me.pem", tmp_path / "submission"
    kadr("keygen", key)
    kadr("add-publisher", ready, "com.me", "--public-key", f"{key}.pub")
    plugin = bench.plugin("com.me.fog")
    said = json.loads(kadr("submit", ready, plugin, "-o", file, "--key", key, "--json"))
    assert said["id"] == "com.me.fog"
    assert "published com.me.fog 1.0.0" in kadr("accept", ready, file)
    with pytest.raises(KadrError, match="is version 1, the next one is 2"):
        kadr("accept", ready, file)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["init", "{ready}"], "the folder is not empty"),
        (["init", "{new}", "--days", "timestamp"], "'timestamp' is not ROLE=DAYS"),
        (["publish", "{new}", "{ready}"], "this folder holds no registry"),
        (["publish", "{ready}", "{new}"], "there is no plugin.toml"),
        (["publish", "{ready}", "{plugin}"], "is published already"),
        (["publish", "{ready}", "{plugin}", "--allow-permission", "fly"], "unknown permission 'fly'"),
        (["publish", "{ready}", "{plugin}", "{plugin}", "--wheel", "x.whl"], "--wheel goes with one plugin"),
        (["yank", "{ready}", GLOW, "--reason", "x"], "names no version"),
        (["yank", "{ready}", f"{GLOW}==1.0.0"], "a reason is needed to yank"),
        (["yank", "{ready}", f"{GLOW}==1.0.0", "--undo", "--reason", "x"], "none to undo it"),
        (["revoke", "{ready}", "org.example.fog", "--reason", "x"], "unknown plugin 'org.example.fog'"),
        (["revoke", "{ready}", f"{GLOW}==9", "--reason", "x"], "has no release 9"),
        (["revoke", "{ready}", GLOW, "--reason", " "], "a reason is needed"),
        (["rotate", "{ready}", "snapsot"], "there is no role or namespace 'snapsot'"),
        (["add-publisher", "{ready}", "org"], "overlaps 'org.example'"),
        (
            ["add-publisher", "{ready}", "com.me", "--public-key", "{plugin}/plugin.toml"],
            "no public Ed25519 key",
        ),
        (["add-publisher", "{ready}", "com.me", "--threshold", "2"], "2 of 1 keys must sign"),
        (["submit", "{ready}", "{plugin}", "-o", "{new}", "--key", "{new}"], "the key cannot be read"),
        (["accept", "{ready}", "{new}"], "cannot be read"),
        (["accept", "{ready}", "{plugin}/plugin.toml"], "this is not a bundle"),
        (["mirror", "{new}", "{new}"], "the root that you trust is needed"),
        (["bundle", "{ready}", "{new}", "org.example.glwo"], "did you mean 'org.example.glow'"),
        (["bundle", "{ready}", "{new}", f"{GLOW}==?"], "is not PLUGIN or PLUGIN==VERSION"),
    ],
)
def test_what_goes_wrong_is_said(
    bench: Any, ready: Path, kadr: Run, tmp_path: Path, argv: Sequence[str], said: str
) -> None:
    names = {"ready": ready, "new": tmp_path / "new", "plugin": bench.plugin()}
    before = sorted(p.name for p in (ready / "public").rglob("*"))
    with pytest.raises(KadrError) as caught:
        kadr(*(text.format(**names) for text in argv))
    assert said in str(caught.value)
    assert sorted(p.name for p in (ready / "public").rglob("*")) == before
    assert not (tmp_path / "new").exists()


@pytest.fixture
def threads() -> Iterator[list[threading.Thread]]:
    found: list[threading.Thread] = []
    yield found
    for thread in found:
        thread.join(10)


def test_serve(
    ready: Path,
    kadr: Run,
    monkeypatch: pytest.MonkeyPatch,
    threads: list[threading.Thread],
) -> None:
    answers: list[tuple[int, bytes]] = []

    def started(public: Path, port: int) -> Any:
        made = serving.server(public, port)

        def ask() -> None:
            address = f"http://127.0.0.1:{made.server_address[1]}"
            for path in ("metadata/1.root.json", "metadata/", "../keys/root-1.pem"):
                try:
                    with urllib.request.urlopen(f"{address}/{path}", timeout=10) as response:
                        answers.append((response.status, response.read()))
                except urllib.error.HTTPError as error:
                    with error:
                        answers.append((error.code, b""))
            made.shutdown()

        threads.append(threading.Thread(target=ask))
        threads[0].start()
        return made

    monkeypatch.setattr(copies, "server", started)
    assert "http://127.0.0.1:" in kadr("serve", ready)
    assert answers[0] == (200, (ready / "public" / "metadata" / "1.root.json").read_bytes())
    assert [status for status, _ in answers[1:]] == [404, 404]


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with serving.server(tmp_path) as first, pytest.raises(InvalidParameterError, match="cannot be had"):
        serving.server(tmp_path, first.server_address[1])
