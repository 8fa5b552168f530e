"""Parts out of the cache: used where they are whole, made where not, kept unless damage was met."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kadr_kernel.render.job import PartContext
from kadr_kernel.render.renderer import KernelRenderer
from kadr_kernel.render.reuse import NotedWriter, Part, Reuse
from kadr_sdk.errors import CancelledError, MediaFileError, Problem
from kadr_sdk.events import SegmentEncoded, WarningRaised
from kadr_sdk.parts import Packet, PartReader
from kadr_sdk.project import parse_project
from kadr_sdk.rendering import RenderRequest


class FolderCache:
    """Keeps copies in a folder, and what was asked of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir()
        self.asked: list[tuple[str, str]] = []

    def get(self, kind: str, key: str) -> Path | None:
        self.asked.append((kind, key))
        path = self.folder / f"{kind}-{key}"
        return path if path.exists() else None

    def put(self, kind: str, key: str, source: Path) -> None:
        shutil.copyfile(source, self.folder / f"{kind}-{key}")

    @contextmanager
    def claim(
        self, kind: str, key: str, waiting: Callable[[], object] | None = None
    ) -> Iterator[Path | None]:
        assert waiting is not None
        waiting()
        yield self.get(kind, key)

    def size(self, kind: str, key: str) -> int | None:
        path = self.folder / f"{kind}-{key}"
        return path.stat().st_size if path.exists() else None

    @property
    def names(self) -> list[str]:
        return sorted(p.name for p in self.folder.iterdir())


class Told:
    """What a job is told."""

    def __init__(self) -> None:
        self.said: list[Problem] = []
        self.advanced = 0

    def warn(self, message: str, path: str = "", hint: str = "") -> None:
        self.said.append(Problem(path, message, hint))

    def advance(self, amount: int) -> None:
        self.advanced += amount


def made(folder: Path, *warnings: Problem) -> Part:
    job: Any = Told()
    context = PartContext(job)
    for warning in warnings:
        context.warn(warning.message, warning.path, warning.hint)
    sink = NotedWriter(folder / "made.part", context)
    sink.write(Packet(b"data", 0, 1, True))
    digest = sink.finish({"codec": "raw"})
    return Part(sink.path, digest, tuple(context.warnings))


def unchanged(_paths: Iterable[str]) -> None:
    """No file ever changes."""


def nobody() -> Part:
    raise AssertionError("it is there already")


LOUD = Problem("", "the mix is clipped", "lower the volume")


def test_made_once_with_what_was_warned_of(tmp_path: Path) -> None:
    reuse = Reuse(FolderCache(tmp_path / "cache"), lambda: None, unchanged)
    first = reuse.part("audio", "k", lambda: made(tmp_path, LOUD))
    again = reuse.part("audio", "k", nobody)
    assert (first.origin, again.origin) == ("rendered", "cached")
    assert again.digest == first.digest
    assert again.warnings == (LOUD,)
    job: Any = Told()
    PartContext(job).reused(5, again.warnings)
    PartContext(job, quiet=True).reused(7, ())
    assert (job.said, job.advanced) == ([LOUD], 5)


def test_what_met_a_damaged_file_is_not_kept(tmp_path: Path) -> None:
    cache = FolderCache(tmp_path / "cache")
    part = Reuse(cache, lambda: None, unchanged).part(
        "segment", "k", lambda: made(tmp_path, LOUD, Problem("a.mp4", "frame 7 is damaged"))
    )
    assert part.damaged
    assert cache.names == []


def test_without_warnings_the_header_says_nothing(tmp_path: Path) -> None:
    with PartReader(made(tmp_path).path) as reader:
        assert reader.header == {"codec": "raw", "packets": 1}


@pytest.mark.parametrize("content", [b"", b"not a part at all"])
def test_what_is_no_part_is_made_again(tmp_path: Path, content: bytes) -> None:
    cache = FolderCache(tmp_path / "cache")
    (cache.folder / "segment-k").write_bytes(content)
    reuse = Reuse(cache, lambda: None, unchanged)
    assert reuse.part("segment", "k", lambda: made(tmp_path)).origin == "rendered"
    assert reuse.part("segment", "k", nobody).origin == "cached"


def test_no_cache_is_asked_where_none_is_wanted(tmp_path: Path) -> None:
    assert Reuse(None, nobody, unchanged).part("segment", "k", lambda: made(tmp_path)).origin == "rendered"


def test_a_cancelled_job_waits_for_nobody(tmp_path: Path) -> None:
    def cancelled() -> None:
        raise CancelledError("the render was cancelled")

    with pytest.raises(CancelledError):
        Reuse(FolderCache(tmp_path / "cache"), cancelled, unchanged).part("segment", "k", nobody)


def edit(seconds: float = 4) -> Any:
    clips = [{"id": "a", "source_file": "a.mem", "duration": seconds}]
    timeline = {"fps": 25, "resolution": [64, 36], "tracks": [{"id": "v", "clips": clips}]}
    return parse_project({"timeline": timeline})


def test_a_render_again_makes_nothing_and_says_the_same(
    rig: Any, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = rig.backend.render_audio

    def loud(plan: Any, output: Any, sink: Any, context: Any) -> str:
        context.warn(LOUD.message, "", LOUD.hint)
        return str(whole(plan, output, sink, context))

    monkeypatch.setattr(rig.backend, "render_audio", loud)
    cache = FolderCache(media / "kept")
    rig.renderer = KernelRenderer(replace(rig.means, cache=cache))
    first = rig.renderer.render(edit(), media, RenderRequest(media / "1.mp4"))
    assert len(cache.names) == 2

    def never(*_: object) -> str:
        raise AssertionError("it is there already")

    monkeypatch.setattr(rig.backend, "render_audio", never)
    monkeypatch.setattr(rig.backend, "encode", never)
    rig.events.clear()
    again = rig.renderer.render(edit(), media, RenderRequest(media / "2.mp4"))
    assert again.digest == first.digest
    assert first.warnings == again.warnings == (LOUD,)
    (encoded,) = rig.named(SegmentEncoded)
    assert encoded.origin == "cached"
    assert [e.message for e in rig.named(WarningRaised)] == [LOUD.message]


def test_a_request_without_cache_neither_asks_nor_keeps(rig: Any, media: Path) -> None:
    cache = FolderCache(media / "kept")
    rig.renderer = KernelRenderer(replace(rig.means, cache=cache))
    rig.renderer.render(edit(), media, RenderRequest(media / "1.mp4", cache=False))
    assert (cache.names, cache.asked) == ([], [])


def test_what_is_made_of_a_changed_file_is_neither_used_nor_kept(
    rig: Any, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the file gets its old content back it has its old hash, under which nothing else may lie."""
    source, encode = media / "a.mem", rig.backend.encode
    before = source.stat()

    def changing(*given: Any) -> str:
        os.utime(source, ns=(1, 1))
        rig.means.library.digest(str(source))  # as the task for another process does
        return str(encode(*given))

    cache = FolderCache(media / "kept")
    rig.renderer = KernelRenderer(replace(rig.means, cache=cache))
    monkeypatch.setattr(rig.backend, "encode", changing)
    request = RenderRequest(media / "1.mp4", workers=1)
    with pytest.raises(MediaFileError, match=r"a\.mem: the file was changed during the render"):
        rig.renderer.render(edit(), media, request)
    assert not [name for name in cache.names if "segment" in name]
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
    monkeypatch.setattr(rig.backend, "encode", encode)
    assert rig.renderer.render(edit(), media, request).reused == 0


def test_a_file_that_cannot_be_read_any_more_was_changed(tmp_path: Path) -> None:
    said: list[str] = []

    def require(paths: Iterable[str]) -> None:
        if said:
            raise MediaFileError("the file was changed during the render", path=next(iter(paths)))

    def unreadable() -> Part:
        said.append("cut off")
        raise MediaFileError("not readable as media", path="a.mp4")

    with pytest.raises(MediaFileError, match="changed during"):
        Reuse(None, lambda: None, require).part("segment", "k", unreadable, ["a.mp4"])
