"""The plugin in a whole kernel: service, settings, commands, health."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kadr_cache.cache import DiskCache
from kadr_cache.commands import run
from kadr_kernel.boot import boot
from kadr_sdk.errors import CacheError, NotFoundError
from kadr_sdk.events import RenderCompleted, RenderStarted, WarningRaised
from kadr_sdk.services import Cache

Start = Callable[..., Any]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    opened: list[Any] = []

    def begin(section: str = "", **overrides: Any) -> Any:
        if section:
            config = tmp_path / "home" / "config" / "config.toml"
            config.parent.mkdir(parents=True, exist_ok=True)
            config.write_text(f'[plugin."kadr.cache"]\n{section}\n', "utf-8")
        kernel = boot(environ={"KADR_HOME": str(tmp_path / "home")}, overrides=overrides)
        opened.append(kernel)
        return kernel

    yield begin
    for kernel in opened:
        kernel.close()


def put(cache: Any, folder: Path, key: str, content: bytes) -> None:
    source = folder / f"source-{key}"
    source.write_bytes(content)
    cache.put("segment", key, source)


def test_the_kernel_has_it_and_it_survives(start: Start, tmp_path: Path) -> None:
    first = start()
    cache = first.container.get(Cache)
    assert isinstance(cache, DiskCache)
    put(cache, tmp_path, "a", b"content")
    first.close()
    again = start().container.get(Cache)
    assert again.get("segment", "a").read_bytes() == b"content"
    assert (tmp_path / "home" / "data") in again.settings.folder.parents


def test_where_it_stands(start: Start, tmp_path: Path) -> None:
    chosen = start(**{"paths.cache": str(tmp_path / "big")}).container.get(Cache)
    assert chosen.settings.folder == tmp_path / "big" / "kadr.cache"
    own = start(f"folder = '{tmp_path / 'own'}'\nmax_size_mb = 5\nmax_age_days = 0\nshared = true")
    settings = own.container.get(Cache).settings
    assert (settings.folder, settings.max_bytes, settings.max_age) == (tmp_path / "own", 5_000_000, 0)
    assert settings.shared


def test_jobs_end_leases(start: Start, tmp_path: Path) -> None:
    kernel = start()
    cache = kernel.container.get(Cache)
    put(cache, tmp_path, "a", b"content")
    kernel.events.publish(RenderStarted("j", "p", "o", 1, 1))
    path = cache.get("segment", "a")
    assert path.exists()
    kernel.events.publish(RenderCompleted("j", "o", 1, 1.0, 1))
    assert not path.exists()


def test_a_failure_is_an_event_with_its_remedy(start: Start, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    kernel = start(f"folder = '{tmp_path / 'file'}'")
    seen: list[WarningRaised] = []
    kernel.events.subscribe(WarningRaised, seen.append)
    cache = kernel.container.get(Cache)
    put(cache, tmp_path, "a", b"content")
    put(cache, tmp_path, "b", b"content")
    (event,) = seen
    assert event.message.startswith("the cache cannot be used, work goes on without it: ")
    assert event.path == str(tmp_path / "file")
    assert event.hint == "free some space, check the rights of the folder, or set another one"
    with pytest.raises(CacheError, match=r"cannot be read.*everything in it can be made again"):
        run(kernel, ["stats"])


def test_health_and_commands(start: Start, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kernel = start()
    cache = kernel.container.get(Cache)
    put(cache, tmp_path, "a", bytes(1_000_000))
    put(cache, tmp_path, "b", b"b" * 2_000_000)
    assert cache.get("segment", "a") is not None
    row = next(r for r in kernel.health() if r["name"] == "Cache")
    assert (row["status"], row["message"]) == ("healthy", "3.0 MB of 10000 MB")

    def json_of(*argv: str, code: int = 0) -> Any:
        assert run(kernel, [*argv, "--json"]) == code
        return json.loads(capsys.readouterr().out)

    assert json_of("stats")["kinds"]["segment"]["hits"] == 1
    assert json_of("verify") == {"damaged": []}
    assert json_of("gc")["evicted"] == 0
    blob = max((cache.settings.folder / "blobs").glob("*/*"), key=lambda p: p.stat().st_size)
    blob.chmod(0o644)
    blob.write_bytes(b"c" * 2_000_000)
    assert [row["key"] for row in json_of("verify", code=5)["damaged"]] == ["b"]
    assert json_of("clear", "--kind", "audio") == {"entries": 0, "bytes": 0}
    with pytest.raises(NotFoundError, match=r"unknown kind 'segmnt' \(did you mean 'segment'\?\)"):
        run(kernel, ["clear", "--kind", "segmnt"])
    assert run(kernel, ["stats"]) == 0
    text = capsys.readouterr().out.splitlines()
    assert text[1] == "1.00 MB of 10.00 GB"
    assert text[3].split() == ["segment", "1", "1.00", "MB", "1", "0", "100%", "2", "0", "1"]
    assert run(kernel, ["clear"]) == 0
    assert capsys.readouterr().out == "removed 1 entry, 1.00 MB\n"
    assert run(kernel, ["gc"]) == 0
    assert run(kernel, ["verify"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "every entry is whole"
    assert run(kernel, ["--help"]) == 0
    assert "Usage: kadr cache" in capsys.readouterr().out


def test_another_cache_has_its_own_commands(start: Start) -> None:
    kernel = start()
    kernel.container.get(Cache)
    kernel.plugins.stop("kadr.cache")
    with pytest.raises(CacheError, match="another plugin provides the cache"):
        run(kernel, ["stats"])
