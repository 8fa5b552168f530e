"""What a render holds stays bounded: open files of many clips, memory of many frames."""

from __future__ import annotations

import shutil
import threading
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from kadr_sdk.rendering import RenderRequest

SELF = Path("/proc/self")
pytestmark = pytest.mark.skipif(not (SELF / "fd").is_dir(), reason="looks at the process by /proc")


def open_media(folder: Path) -> int:
    """Files of a folder that this process holds open."""
    held = 0
    for link in (SELF / "fd").iterdir():
        try:
            held += link.readlink().is_relative_to(folder)
        except OSError:
            continue  # closed while we looked
    return held


def resident() -> int:
    """Bytes in memory."""
    line = next(x for x in (SELF / "status").read_text("utf-8").splitlines() if x.startswith("VmRSS"))
    return int(line.split()[1]) << 10


class Watch(threading.Thread):
    """Looks at a number again and again until it is told to stop."""

    def __init__(self, look: Any) -> None:
        super().__init__()
        self.seen: list[int] = []
        self._look, self._over = look, threading.Event()

    def run(self) -> None:
        while not self._over.wait(0.005):
            self.seen.append(self._look())

    def stop(self) -> int:
        self._over.set()
        self.join()
        return max(self.seen)


def test_a_thousand_clips_stay_under_64_open_files(
    renderer: Any, movie: Any, cut: Any, read_numbers: Any, tmp_path: Path
) -> None:
    source = movie("ten.mp4", 10)
    folder = tmp_path / "media"
    folder.mkdir()
    files = [Path(shutil.copy(source, folder / f"{n}.mp4")) for n in range(125)]
    clips = [
        {"id": f"c{n}", "source_file": str(files[n % 125]), "start_time": n / 25, "duration": 0.04}
        | {"source_start": n % 10 / 25}
        for n in range(1000)
    ]
    watch = Watch(lambda: open_media(folder))
    watch.start()
    target = tmp_path / "out.mkv"
    try:
        renderer.render(cut(*clips), tmp_path, RenderRequest(target))
    finally:
        most = watch.stop()
    assert 0 < most < 64
    assert open_media(folder) == 0
    assert read_numbers(target) == [n % 10 for n in range(1000)]


def test_no_growth_over_ten_thousand_frames(renderer: Any, movie: Any, cut: Any, tmp_path: Path) -> None:
    """The second half of ten thousand frames needs no more than the first two thousand."""
    source = movie("thousand.mp4", 1000, size=(160, 90))
    clips = [{"id": f"c{n}", "source_file": str(source), "start_time": 40 * n} for n in range(10)]
    project = cut(*clips, timeline={"resolution": [64, 36]})

    def render(name: str, frames: int) -> int:
        """The most memory while the frames from 0 to there are made."""
        span = (Fraction(0), Fraction(frames, 25))
        video = {"codec": "mpeg4"}
        request = RenderRequest(tmp_path / name, range=span, workers=1, video=video, cache=False)
        watch = Watch(resident)
        watch.start()
        try:
            report = renderer.render(project, tmp_path, request)
        finally:
            most = watch.stop()
        assert report.frames == frames
        return most

    render("warm.mp4", 500)
    short = render("short.mp4", 2000)
    long = render("long.mp4", 10_000)
    assert long - short < 24 << 20


def test_sixty_frames_in_reverse_decode_their_group_once(
    renderer: Any, movie: Any, cut: Any, read_numbers: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From within a group of 250: every frame up to the first one shown comes out of the decoder once."""
    from kadr_pyav.flow import Flow

    source = movie("group.mp4", 250, gop=250)
    pulled: list[int] = []
    original = Flow.pull
    monkeypatch.setattr(Flow, "pull", lambda self: (pulled.append(1), original(self))[1])
    clip = {"id": "a", "source_file": str(source), "source_start": 5, "duration": 2.4, "reversed": True}
    target = tmp_path / "out.mkv"
    renderer.render(cut(clip), tmp_path, RenderRequest(target, video={"codec": "ffv1"}, cache=False))
    assert read_numbers(target) == list(range(184, 124, -1))
    assert len(pulled) <= 185 + 8
