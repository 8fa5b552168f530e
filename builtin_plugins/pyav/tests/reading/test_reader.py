from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from kadr_pyav.flow import Flow
from kadr_pyav.opening import DecoderOptions
from kadr_pyav.reader import FrameReader
from kadr_sdk.errors import MediaFileError

GOP = "keyint=12:min-keyint=12:scenecut=0:bframes=3"
X265 = "keyint=12:min-keyint=12:scenecut=0:bframes=3:log-level=none"
ALTREF = {"g": "20", "lag-in-frames": "16", "auto-alt-ref": "1", "b": "500000", "cpu-used": "4"}
VARIABLE = [sum((33, 34, 100, 17, 250)[i % 5] for i in range(n)) for n in range(50)]

FILMS = {
    "25 mp4": {"name": "a.mp4", "options": {"x264-params": GOP}},
    "29.97 mkv": {"name": "a.mkv", "rate": Fraction(30000, 1001), "options": {"x264-params": GOP}},
    "variable mp4": {"name": "a.mp4", "times": VARIABLE, "time_base": Fraction(1, 1000)},
    "variable mkv": {"name": "a.mkv", "times": VARIABLE, "time_base": Fraction(1, 1000)},
    "open mp4": {"name": "a.mp4", "options": {"x264-params": GOP + ":open-gop=1"}},
    "open mkv": {"name": "a.mkv", "options": {"x264-params": GOP + ":open-gop=1"}},
    "open ts": {"name": "a.ts", "options": {"x264-params": GOP + ":open-gop=1"}},
    "open hevc mp4": {"name": "a.mp4", "codec": "libx265", "options": {"x265-params": X265 + ":open-gop=1"}},
    "open hevc ts": {
        "name": "a.ts",
        "codec": "libx265",
        "options": {"x265-params": X265 + ":open-gop=1:repeat-headers=1"},
    },
    "refresh mp4": {"name": "a.mp4", "options": {"x264-params": "keyint=12:intra-refresh=1:bframes=2"}},
    "refresh ts": {"name": "a.ts", "options": {"x264-params": "keyint=12:intra-refresh=1:bframes=2"}},
    "b-frames avi": {"name": "a.avi", "codec": "mpeg4", "options": {"bf": "2", "g": "12", "b": "2000000"}},
    "raw h264": {"name": "a.h264", "options": {"x264-params": GOP}},
    "mpeg2 ts": {"name": "a.ts", "codec": "mpeg2video", "options": {"bf": "2", "g": "12", "b": "2000000"}},
    "mpeg2 ps": {"name": "a.mpg", "codec": "mpeg2video", "options": {"bf": "2", "g": "12", "b": "2000000"}},
    "vp9": {"name": "a.webm", "codec": "libvpx-vp9", "options": ALTREF},
    "vp8": {"name": "a.webm", "codec": "libvpx", "options": ALTREF},
    "fragments": {"name": "a.mp4", "container": {"movflags": "frag_keyframe+empty_moov"}},
    "intra": {"name": "a.mov", "codec": "mjpeg", "fmt": "yuvj420p"},
    "gif": {"name": "a.gif", "codec": "gif", "fmt": "gray"},
    "fields ts": {"name": "a.ts", "options": {"x264-params": GOP + ":interlaced=1"}},
    "flv": {"name": "a.flv", "options": {"x264-params": GOP}},
}


@pytest.fixture(scope="module", params=FILMS)
def path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, film_kind: type) -> Path:
    return film_kind(tmp_path_factory.mktemp("film")).write(**FILMS[request.param])


@pytest.fixture
def see(film_kind: type, tmp_path: Path):
    """The number in a frame, None for none."""
    film = film_kind(tmp_path)
    return lambda frame: None if frame is None else film.number(frame)


def test_in_order(path: Path, see) -> None:
    reader = FrameReader(path, 0)
    assert [see(reader.frame(n)) for n in range(50)] == list(range(50))
    reader.close()


def test_in_any_order(path: Path, see) -> None:
    reader = FrameReader(path, 0)
    order = [*random.Random(5).choices(range(50), k=60), 49, 0, 49, 48, 1]
    assert [see(reader.frame(n)) for n in order] == order
    reader.close()


def test_backwards(path: Path, see) -> None:
    reader = FrameReader(path, 0)
    order = list(range(49, -1, -1))
    assert [see(reader.frame(n)) for n in order] == order
    reader.close()


def test_first_question_anywhere(path: Path, see) -> None:
    for position in (49, 13, 24, 11, 23, 37):
        reader = FrameReader(path, 0)
        assert see(reader.frame(position)) == position
        reader.close()


def test_by_time(path: Path, see) -> None:
    """Greatest timestamp not after the time, half a tick of tolerance, held at both ends."""
    reader = FrameReader(path, 0)
    index = reader.index
    tick = index.time_base
    for n in (0, 1, 17, 49):
        shown = index.pts[n] * tick
        assert see(reader.frame_at(shown)) == n
        assert see(reader.frame_at(shown - tick / 2)) == n
        assert see(reader.frame_at(shown - tick * 3 / 4)) == max(0, n - 1)
    assert see(reader.frame_at(Fraction(-5))) == 0
    assert see(reader.frame_at(index.end * tick + 100)) == 49
    reader.close()


def test_a_run_of_frames_seeks_nowhere(film, monkeypatch: pytest.MonkeyPatch) -> None:
    starts: list[int] = []
    original = Flow.start
    monkeypatch.setattr(Flow, "start", lambda self, key: (starts.append(key), original(self, key))[1])
    reader = FrameReader(film.write("a.mp4", options={"x264-params": GOP}), 0)
    for n in [*range(20), 19, 18, 20, 23, 27, *range(28, 50)]:
        reader.frame(n)
    assert starts == [0]


def test_reverse_decodes_a_group_once(film, monkeypatch: pytest.MonkeyPatch) -> None:
    pulled = _count_pulls(monkeypatch)
    reader = FrameReader(film.write("a.mp4", options={"x264-params": GOP}), 0)
    for n in range(49, -1, -1):
        reader.frame(n)
    assert len(pulled) <= 50 + 5  # the end of each group costs no more than a look ahead


def test_reverse_from_the_middle_of_a_group_decodes_it_once(film, monkeypatch: pytest.MonkeyPatch) -> None:
    pulled = _count_pulls(monkeypatch)
    reader = FrameReader(film.write("a.mp4", options={"x264-params": "keyint=50:scenecut=0:bframes=3"}), 0)
    reader.serve("error", None, backwards=True)
    assert [film.number(reader.frame(n)) for n in range(45, -1, -1)] == list(range(45, -1, -1))
    assert len(pulled) <= 46 + 5
    reader.serve("error", None)  # the next user plays forwards
    assert not reader.backwards


def test_reverse_in_a_small_memory(film, monkeypatch: pytest.MonkeyPatch) -> None:
    pulled = _count_pulls(monkeypatch)
    path = film.write("a.mp4", options={"x264-params": "keyint=50:scenecut=0:bframes=3"})
    reader = FrameReader(path, 0, cache_bytes=60_000)  # about 10 frames of 6 kB
    assert [film.number(reader.frame(n)) for n in range(49, -1, -1)] == list(range(49, -1, -1))
    assert reader.cached_bytes <= 60_000
    assert len(pulled) < 300


def _count_pulls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    pulled: list[int] = []
    original = Flow.pull
    monkeypatch.setattr(Flow, "pull", lambda self: (pulled.append(1), original(self))[1])
    return pulled


def test_forward_play_keeps_few_frames(film) -> None:
    reader = FrameReader(film.write("a.mp4"), 0)
    for n in range(50):
        reader.frame(n)
    assert reader.cached_bytes < 100_000
    reader.forget()
    assert reader.cached_bytes == 0
    assert film.number(reader.frame(49)) == 49


def test_seeking_too_late_is_noticed(film, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever place the demuxer offers, the frame is right."""
    path = film.write("a.mkv", options={"x264-params": GOP})
    original = Flow._seek
    for error in (400, 10_000, -300):
        monkeypatch.setattr(Flow, "_seek", lambda self, ticks, e=error: original(self, ticks + e))
        reader = FrameReader(path, 0)
        assert [film.number(reader.frame(n)) for n in (30, 5, 49, 12)] == [30, 5, 49, 12]
        reader.close()


def test_no_seeking_at_all(film, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Flow, "_seek", lambda self, ticks: False)
    reader = FrameReader(film.write("a.mp4", options={"x264-params": GOP}), 0)
    assert [film.number(reader.frame(n)) for n in (30, 5, 49, 12)] == [30, 5, 49, 12]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("kind", ["SLICE", "FRAME"])
def test_threads_change_nothing(film, threads: int, kind: str) -> None:
    path = film.write("a.mp4", options={"x264-params": GOP})
    reader = FrameReader(path, 0, options=DecoderOptions(threads, kind))
    assert [film.number(reader.frame(n)) for n in (30, 31, 5, 49, 48, 0)] == [30, 31, 5, 49, 48, 0]


def _damage(film, frame: int, codec: str = "ffv1") -> Path:
    """A film of key frames in which the bytes of one are overwritten."""
    path = film.write("a.mkv", codec, 20, options={"g": "1"})
    with av.open(str(path)) as container:
        packets = [bytes(p) for p in container.demux(video=0) if p.size]
    data = path.read_bytes()
    at = data.index(packets[frame])
    noise = np.random.default_rng(1).bytes(len(packets[frame]) - 4)
    path.write_bytes(data[: at + 4] + noise + data[at + len(packets[frame]) :])
    return path


def test_damage_is_an_error(film) -> None:
    reader = FrameReader(_damage(film, 7), 0)
    assert film.number(reader.frame(6)) == 6
    with pytest.raises(MediaFileError, match=r"a\.mkv: frame 7 at 0\.28 s is damaged \(cut around it"):
        reader.frame(7)
    assert film.number(reader.frame(8)) == 8


def test_every_user_of_a_reader_hears_of_the_damage(film) -> None:
    reader = FrameReader(_damage(film, 7), 0)
    for _ in range(2):
        said: list[str] = []
        reader.serve("hold", said.append)
        for number in (7, 6, 7):
            reader.frame(number)
        assert len(said) == 1


@pytest.mark.parametrize("order", [range(20), range(19, -1, -1), (7, 8, 6, 7, 0, 7)])
def test_damage_is_held_or_black(film, order: range) -> None:
    path = _damage(film, 7)
    for policy, stand_in in (("hold", 6), ("black", None)):
        said: list[str] = []
        reader = FrameReader(path, 0, policy=policy, report=said.append)
        seen = [None if (f := reader.frame(n)) is None else film.number(f) for n in order]
        assert seen == [stand_in if n == 7 else n for n in order]
        assert len(said) == 1
        assert "frame 7 at 0.28 s is damaged" in said[0]


def test_damage_spoils_what_is_predicted_from_it(film) -> None:
    """Noise in a P frame: up to the next key frame nothing is shown as if it were good."""
    path = film.write("a.mkv", options={"x264-params": "keyint=12:min-keyint=12:scenecut=0:bframes=0"})
    with av.open(str(path)) as container:
        packets = [bytes(p) for p in container.demux(video=0) if p.size]
    data = path.read_bytes()
    at = data.index(packets[15])
    size = len(packets[15])
    path.write_bytes(data[:at] + bytes(size) + data[at + size :])
    reader = FrameReader(path, 0, policy="black")
    seen = [reader.frame(n) is None for n in range(50)]
    assert seen[:15] == [False] * 15
    assert seen[15:24] == [True] * 9
    assert seen[24:] == [False] * 26


def test_corrupt_first_frame_has_nothing_to_hold(film) -> None:
    reader = FrameReader(_damage(film, 0), 0, policy="hold")
    assert reader.frame(0) is None
    assert film.number(reader.frame(1)) == 1
