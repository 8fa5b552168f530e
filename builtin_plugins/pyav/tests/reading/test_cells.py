"""Files read in confined processes: the same as here, and what becomes of those that do harm."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kadr_pyav.audio_decode import AudioDecoder
from kadr_pyav.cell import Cells
from kadr_pyav.confined import ConfinedFlow, ConfinedSound, confined_scan
from kadr_pyav.damage import Damage
from kadr_pyav.index import scan_stream
from kadr_pyav.opening import DecoderOptions
from kadr_pyav.pool import ReaderPool
from kadr_pyav.probe import probe
from kadr_pyav.reader import FrameReader
from kadr_sdk.errors import KadrError, MediaFileError

FILES = (
    "video/dc_rot90.mov", "video/moviepy_vp9_alpha.webm", "video/kd_alpha.mov", "derived/flower_mjpeg.mov",
         "video/tc_h264_10bit.mp4", "images/me_exif_orientation6.jpg", "broken/made_corrupt_packets.mp4",
         "video/ax_iphone_dolbyvision_rot.MOV")  # fmt: skip


@pytest.fixture
def clip(film: Any) -> Path:
    return Path(film.write("clip.mp4", count=12))


@pytest.fixture(scope="module")
def cells() -> Iterator[Cells]:
    made = Cells(1)
    yield made
    made.close()


@pytest.fixture
def harmful(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Cells]:
    """Cells whose child does what the name of a file says."""
    (tmp_path / "harmful_child.py").write_text(
        textwrap.dedent(
            """
            import ctypes, sys, time
            from kadr_pyav import cell_child
            from kadr_pyav.told import spoken

            def answer(self, head, usual=cell_child.Servant.answer):
                if "crash" in head["path"].rpartition("/")[2]:
                    ctypes.string_at(0)
                if "hang" in head["path"].rpartition("/")[2]:
                    time.sleep(600)
                if "hungry" in head["path"].rpartition("/")[2]:
                    self.kept = [bytearray(1 << 28) for _ in range(64)]
                if "lies" in head["path"].rpartition("/")[2]:
                    return {"shape": [1 << 20, 1 << 20, "yuv420p"], "number": "one"}, b"nonsense"
                return usual(self, head)

            def guarded(self, head):
                try:
                    return answer(self, head)
                except MemoryError:
                    return {"error": ["reading it needs more memory than it may have"]}, b""

            cell_child.Servant.answer = guarded
            sys.exit(cell_child.main())
            """
        )
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    return lambda **more: Cells(1, module="harmful_child", **more)


@pytest.mark.parametrize("name", FILES)
def test_the_same_facts_and_frames_bit_for_bit(media: Path, cells: Cells, name: str) -> None:
    path = media / name
    info = probe(path)
    assert _confined_probe(cells, path) == info
    assert info.main_video is not None
    stream, options = info.main_video.index, DecoderOptions()
    scan = scan_stream(path, stream)
    assert confined_scan(cells, path, stream) == scan
    here = FrameReader(path, stream, scan, options, policy="hold")
    there = FrameReader(
        path, stream, scan, options, policy="hold", flow=lambda: ConfinedFlow(cells, path, stream, options)
    )
    last = len(scan.frames.pts) - 1
    for position in (0, last, last // 2):
        ours, theirs = here.frame(position), there.frame(position)
        assert (ours is None) == (theirs is None)
        if ours is not None and theirs is not None:
            assert ours.format.name == theirs.format.name
            assert (ours.colorspace, ours.color_trc, ours.color_range, ours.pts) == (
                theirs.colorspace,
                theirs.color_trc,
                theirs.color_range,
                theirs.pts,
            )
            for one, two in zip(rows(ours), rows(theirs), strict=True):
                assert np.array_equal(one, two)
    here.close()
    there.close()


def _confined_probe(cells: Cells, path: Path) -> Any:
    from kadr_pyav.confined import confined_probe

    return confined_probe(cells, path)


def rows(frame: Any) -> list[Any]:
    """Every plane without what lies behind the rows."""
    planes = []
    for plane, component in zip(frame.planes, (*frame.format.components,), strict=False):
        step = (
            frame.format.padded_bits_per_pixel // 8 if len(frame.planes) == 1 else (component.bits + 7) // 8
        )
        whole = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
        planes.append(whole[:, : plane.width * step])
    return planes


@pytest.mark.parametrize(
    "name", ["audio/ax_bear.opus", "audio/ax_bear_vbr.mp3", "broken/made_corrupt_packets.mp4"]
)
def test_the_same_sound_bit_for_bit(media: Path, cells: Cells, name: str) -> None:
    path = media / name
    stream = probe(path).audio[0].index
    said: dict[str, list[str]] = {"here": [], "there": []}

    def damage(where: str) -> Damage:
        return Damage(str(path), "hold", lambda message, _path, _hint: said[where].append(message))

    here = AudioDecoder(str(path), stream, damage("here"))
    there = ConfinedSound(cells, str(path), stream, damage("there"))
    assert (here.rate, here.layout) == (there.rate, there.layout)
    assert np.array_equal(
        np.concatenate(list(here.pieces(7000)), axis=1), np.concatenate(list(there.pieces(7000)), axis=1)
    )
    assert said["here"] == said["there"]


def test_refusals_are_the_same_words(media: Path, cells: Cells) -> None:
    for name in ("made_random_bytes.mp4", "made_zero_bytes.mp4", "ax_encrypted_clearkey.mp4", "away.mp4"):
        texts = []
        for look in (probe, lambda path: _confined_probe(cells, path)):
            with pytest.raises(MediaFileError) as caught:
                look(media / "broken" / name)
            texts.append((caught.value.message, caught.value.hint, caught.value.path))
        assert texts[0] == texts[1]


def test_what_does_harm_is_named_and_the_next_file_is_read(harmful: Any, clip: Path, tmp_path: Path) -> None:
    ours = harmful(seconds=60.0, memory=1 << 30)
    wanted = probe(clip)
    says = {"crash": "SIGSEGV", "hungry": "memory", "lies": "nonsense"}
    if sys.platform != "linux":
        says = {"crash": "gone", "lies": "nonsense"}
    for name, words in says.items():
        path = tmp_path / f"{name}.mp4"
        path.write_bytes(clip.read_bytes())
        with pytest.raises(MediaFileError) as caught:
            _confined_probe(ours, path)
        assert words in caught.value.message
        assert caught.value.path == str(path)
        assert _confined_probe(ours, clip) == wanted
    ours.close()


def test_a_hang_is_ended(harmful: Any, clip: Path, tmp_path: Path) -> None:
    ours = harmful(seconds=2.0)
    path = tmp_path / "hang.mp4"
    path.write_bytes(clip.read_bytes())
    with pytest.raises(MediaFileError, match="longer than 2 s"):
        _confined_probe(ours, path)
    ours.close()


def test_a_reader_goes_on_where_it_was_after_its_neighbour_has_crashed(
    harmful: Any, clip: Path, tmp_path: Path
) -> None:
    ours = harmful()
    options, scan = DecoderOptions(), scan_stream(clip, 0)
    flow = ConfinedFlow(ours, clip, 0, options)
    flow.start(0)
    first = [flow.pull() for _ in range(3)]
    path = tmp_path / "crash.mp4"
    path.write_bytes(clip.read_bytes())
    with pytest.raises(MediaFileError):
        _confined_probe(ours, path)
    fourth = flow.pull()
    assert [step.pts for step in (*first, fourth) if step is not None] == list(scan.frames.pts[:4])
    flow.close()
    ours.close()


def test_lies_about_frames_are_refused(harmful: Any, clip: Path, tmp_path: Path) -> None:
    ours = harmful()
    with pytest.raises(KadrError, match="nonsense"):
        ConfinedFlow(ours, tmp_path / "lies.mp4", 0, DecoderOptions())
    flow = ConfinedFlow(ours, clip, 0, DecoderOptions())
    flow._path = tmp_path / "lies.mp4"
    with pytest.raises(KadrError, match="nonsense"):
        flow.pull()
    flow.close()
    ours.close()


def test_the_pool_reads_in_cells(clip: Path, cells: Cells) -> None:
    pool = ReaderPool(cells=cells)
    with pool.lease(clip, 0) as reader:
        assert reader.frame(0) is not None
        assert isinstance(reader._flow, ConfinedFlow)
    pool.close()


CONFINED = """
import os, socket, subprocess, sys, threading
from kadr_pyav.confinement import confine
path = sys.argv[1]
took = confine(1 << 30)

def tried(action):
    try:
        action()
    except BaseException as error:
        return type(error).__name__
    return "done"

print(took, [tried(a) for a in (
    socket.socket, os.fork, lambda: subprocess.run(["true"]), lambda: open(path, "a"),
    lambda: os.unlink(path),
    lambda: os.kill(os.getppid(), 0), lambda: os.truncate(path, 0), lambda: bytearray(2 << 30),
    lambda: open(path).close(), lambda: threading.Thread(target=int).start(),
)])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="seccomp is of Linux")
def test_what_a_confined_process_cannot_do(tmp_path: Path) -> None:
    import subprocess

    path = tmp_path / "file"
    path.write_text("here")
    done = subprocess.run(
        [sys.executable, "-c", CONFINED, str(path)], capture_output=True, text=True, check=True, timeout=60
    )
    refused = ["PermissionError"] * 7 + ["MemoryError"]
    if "seccomp" not in done.stdout:
        pytest.skip("no seccomp on this processor or in this container")
    assert done.stdout.strip() == f"('limits', 'seccomp') {[*refused, 'done', 'done']}"
    assert path.read_text() == "here"
