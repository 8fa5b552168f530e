"""A render is a build: what is made already is not made again, and the bytes are the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import pytest
from kadr_kernel.boot import boot
from kadr_sdk.events import SegmentEncoded, WarningRaised
from kadr_sdk.project import Project, parse_project
from kadr_sdk.rendering import Renderer, RenderRequest
from kadr_sdk.services import Cache

EXPORT = {"video": {"codec": "h264", "crf": 30, "preset": "ultrafast"}, "audio": {"codec": "aac"}}
PROGRAM = [sys.executable, "-c", "import sys; from kadr_kernel.boot import main; sys.exit(main())"]


@dataclass
class Studio:
    """A kernel with an empty cache.

    Attributes:
        origins: of the segments of the last render, in their order: ``rendered`` or ``cached``.
        warnings: of the last render.
    """

    folder: Path
    kernel: Any

    def render(self, project: Project, **request: Any) -> Any:
        encoded: list[SegmentEncoded] = []
        self.warnings: list[WarningRaised] = []
        events = self.kernel.events
        tokens = [
            events.subscribe(SegmentEncoded, encoded.append),
            events.subscribe(WarningRaised, self.warnings.append),
        ]
        output = self.folder / "out.mp4"
        request = {"output": output, "overwrite": True, "workers": 2} | request
        report = self.kernel.container.get(Renderer).render(project, self.folder, RenderRequest(**request))
        for token in tokens:
            token.cancel()
        self.origins = [e.origin for e in sorted(encoded, key=lambda e: e.segment)]
        return report

    def counts(self, kind: str) -> tuple[int, int, int]:
        """Hits, misses and entries."""
        cache: Any = self.kernel.container.get(Cache)
        row = cache.stats()["kinds"][kind]
        return row["hits"], row["misses"], row["entries"]


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Callable[[str], Studio]]:
    opened: list[Any] = []

    def start(home: str) -> Studio:
        kernel = boot(environ={"KADR_HOME": str(tmp_path / home)})
        opened.append(kernel)
        return Studio(tmp_path, kernel)

    yield start
    for kernel in opened:
        kernel.close()


@pytest.fixture
def film(movie: Callable[..., Path]) -> Callable[..., Project]:
    """A film of clips of 3 s, each a segment of its own, from one source by their numbers."""
    source = movie("cached.mp4", 390)  # an index of 400 frames and more would be kept too

    def make(*numbers: int, effects: dict[int, list[Any]] | None = None, **clip: Any) -> Project:
        clips = [
            {
                "id": f"c{n}",
                "source_file": str(source),
                "start_time": 3 * at,
                "source_start": n,
                "duration": 3,
                "effects": (effects or {}).get(n, []),
            }
            | clip
            for at, n in enumerate(numbers)
        ]
        timeline = {"fps": 25, "resolution": [320, 180], "tracks": [{"id": "v", "clips": clips}]}
        return parse_project({"timeline": timeline, "export": EXPORT})

    return make


BRIGHT = [{"effect_type": "brightness", "parameters": {"value": 0.1}}]


def test_again_only_joins(studio: Any, film: Any) -> None:
    one = studio("home")
    project = film(0, 3, 6, 9)
    first = one.render(project)
    assert one.origins == ["rendered"] * 4
    again = one.render(project)
    assert one.origins == ["cached"] * 4
    assert again.digest == first.digest
    assert one.counts("segment") == (4, 4, 4)
    one.kernel.close()
    restarted = studio("home")
    assert restarted.render(project).digest == first.digest
    assert restarted.origins == ["cached"] * 4


def test_a_changed_clip_is_all_that_is_made(studio: Any, film: Any) -> None:
    one, cold = studio("home"), studio("cold")
    one.render(film(0, 3, 6, 9))
    changed = film(0, 3, 6, 9, effects={6: BRIGHT})
    warm = one.render(changed)
    assert one.origins == ["cached", "cached", "rendered", "cached"]
    assert (warm.segments, warm.reused) == (4, 3)
    assert warm.digest == cold.render(changed).digest
    assert cold.origins == ["rendered"] * 4


def test_a_clip_in_front_moves_the_rest_but_makes_nothing_anew(studio: Any, film: Any) -> None:
    one, cold = studio("home"), studio("cold")
    one.render(film(0, 3, 6, 9))
    longer = film(12, 0, 3, 6, 9)
    warm = one.render(longer)
    assert one.origins == ["rendered", "cached", "cached", "cached", "cached"]
    assert warm.digest == cold.render(longer).digest


def test_a_damaged_entry_is_made_again(studio: Any, film: Any) -> None:
    project = film(0, 3, 6)
    one = studio("home")
    first = one.render(project)
    one.kernel.close()
    blobs = sorted((one.folder / "home").glob("**/blobs/*/*"))
    assert len(blobs) == 3
    data = bytearray(blobs[1].read_bytes())
    data[len(data) // 2] ^= 1
    blobs[1].chmod(0o644)
    blobs[1].write_bytes(data)
    os.truncate(blobs[2], 100)
    two = studio("home")
    assert two.render(project).digest == first.digest
    assert sorted(two.origins) == ["cached", "rendered", "rendered"]
    two.render(project)
    assert two.origins == ["cached"] * 3


def test_no_cache_reads_and_keeps_nothing(studio: Any, film: Any) -> None:
    one = studio("home")
    project = film(0, 3)
    first = one.render(project, cache=False)
    one.render(project)
    assert one.origins == ["rendered"] * 2
    assert one.render(project, cache=False).digest == first.digest
    assert one.origins == ["rendered"] * 2


def test_what_was_held_is_never_kept(studio: Any, film: Any, movie: Any, tmp_path: Path) -> None:
    """Only the damaged segment is made again, and said so each time."""
    damaged = tmp_path / "damaged.mkv"
    source = movie("whole.mkv", 300)
    with av.open(str(source)) as container:
        packets = [bytes(p) for p in container.demux(video=0) if p.size]
    data = source.read_bytes()
    at = data.index(packets[100])
    damaged.write_bytes(data[:at] + bytes(len(packets[100])) + data[at + len(packets[100]) :])
    one = studio("home")
    project = film(0, 3, source_file=str(damaged))
    for expected in (["rendered", "rendered"], ["cached", "rendered"], ["cached", "rendered"]):
        report = one.render(project, damage="hold")
        assert one.origins == expected
        assert any("is damaged" in str(w) for w in report.warnings)
        assert any("is damaged" in w.message for w in one.warnings)


def test_sound_is_kept_too(studio: Any, movie: Any, cut: Any) -> None:
    import numpy as np

    wave = 0.2 * np.sin(np.arange(48000 * 4) / 20).astype(np.float32)
    source = movie("tone.mkv", 100, sound=np.stack([wave, wave]))
    one = studio("home")
    clip = {"id": "a", "source_file": str(source), "duration": 4}
    project = cut(clip, export=EXPORT)
    first = one.render(project)
    assert one.render(project).digest == first.digest
    assert one.counts("audio") == (1, 1, 1)
    one.render(cut(clip | {"volume": 0.5}, export=EXPORT))
    assert one.origins == ["cached"]
    assert one.counts("audio") == (1, 2, 2)


DIES = """
import os, sys
from kadr_kernel.boot import main
from kadr_pyav.backend import PyAvBackend
PyAvBackend.render_audio = lambda *_: os._exit(9)
main()
"""


def song(folder: Path, source: Path, volume: float = 1.0) -> Project:
    """Sound alone: three clips one after the other under a bed that fades; three blocks."""
    rows = [
        {"id": f"s{n}", "source_file": str(source), "start_time": 11 * n, "source_start": n, "duration": 11}
        for n in range(3)
    ]
    rows[1]["volume"] = volume
    bed = {"id": "b", "source_file": str(source), "duration": 33, "fade_in": 30, "speed": 1, "pan": 0.5}
    tracks = [{"id": "a", "type": "audio", "clips": rows}, {"id": "b", "type": "audio", "clips": [bed]}]
    export = {"container": "flac", "audio": {"codec": "flac"}}
    project = parse_project({"timeline": {"fps": 25, "tracks": tracks}, "export": export})
    text = json.dumps(project.model_dump(mode="json", exclude_none=True))
    (folder / "song.tlp").write_text(text, "utf-8")
    return project


def test_killed_before_its_sound_is_encoded(studio: Any, movie: Any, tmp_path: Path) -> None:
    import numpy as np

    wave = 0.2 * np.sin(np.arange(48000 * 40) / 20).astype(np.float32)
    source = movie("long.mkv", 25, sound=np.stack([wave, wave / 2]))
    project = song(tmp_path, source)
    command = [
        sys.executable,
        "-c",
        DIES,
        "render",
        str(tmp_path / "song.tlp"),
        "-o",
        str(tmp_path / "o.flac"),
    ]
    died = subprocess.run(command, env=os.environ | {"KADR_HOME": str(tmp_path / "home")}, check=False)
    assert died.returncode == 9
    one = studio("home")
    assert one.counts("pcm") == (0, 3, 3)
    output = tmp_path / "out.flac"
    again = one.render(project, output=output)
    assert one.counts("pcm") == (3, 3, 3)
    assert again.digest == one.render(project, output=output, cache=False).digest
    one.render(song(tmp_path, source, volume=0.5), output=output)
    assert one.counts("pcm") == (5, 4, 4)


def test_two_jobs_at_once_make_each_segment_once(studio: Any, film: Any) -> None:
    one = studio("home")
    project = film(0, 3, 6, 9)
    origins: list[str] = []
    one.kernel.events.subscribe(SegmentEncoded, lambda e: origins.append(e.origin))
    renderer = one.kernel.container.get(Renderer)
    digests: list[str] = []

    def job(name: str) -> None:
        request = RenderRequest(one.folder / name, workers=2)
        digests.append(renderer.render(project, one.folder, request).digest)

    threads = [threading.Thread(target=job, args=(f"{n}.mp4",)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(digests)) == 1
    assert len(digests) == 3
    assert origins.count("rendered") == 4
    assert origins.count("cached") == 8


def start(project: Path, output: Path, home: Path) -> subprocess.Popen[str]:
    command = [*PROGRAM, "render", str(project), "-o", str(output), "--workers", "1", "--json", "-y"]
    environ = os.environ | {"KADR_HOME": str(home)}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ)


def lines_of(process: subprocess.Popen[str]) -> Iterator[Any]:
    assert process.stdout is not None
    with process.stdout:
        yield from map(json.loads, process.stdout)


def test_killed_and_run_again(studio: Any, film: Any, tmp_path: Path) -> None:
    project = film(0, 3, 6, 9, 12)
    document = tmp_path / "film.tlp"
    document.write_text(json.dumps(project.model_dump(mode="json", exclude_none=True)), "utf-8")
    killed = start(document, tmp_path / "film.mp4", tmp_path / "home")
    for row in lines_of(killed):
        if row["event"] == "SegmentEncoded" and row["segment"] == 1:
            killed.kill()
            break
    killed.wait()
    assert not (tmp_path / "film.mp4").exists()
    one, cold = studio("home"), studio("cold")
    report = one.render(project)
    assert one.origins[:2] == ["cached", "cached"]
    assert one.origins[-1] == "rendered"
    assert report.digest == cold.render(project).digest


def test_two_processes_make_each_segment_once(film: Any, tmp_path: Path) -> None:
    document = tmp_path / "film.tlp"
    project = film(0, 3, 6)
    document.write_text(json.dumps(project.model_dump(mode="json", exclude_none=True)), "utf-8")
    both = [start(document, tmp_path / f"{n}.mp4", tmp_path / "home") for n in range(2)]
    rows = [row for process in both for row in lines_of(process)]
    assert [process.wait() for process in both] == [0, 0]
    origins = [row["origin"] for row in rows if row["event"] == "SegmentEncoded"]
    assert sorted(origins) == ["cached"] * 3 + ["rendered"] * 3
    assert (tmp_path / "0.mp4").read_bytes() == (tmp_path / "1.mp4").read_bytes()
