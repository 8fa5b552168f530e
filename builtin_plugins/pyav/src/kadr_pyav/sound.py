"""Small shared bits of sound: arrays and libav frames, channel matrices, streams of blocks.

Everywhere in the audio modules a *piece* is a float32 array of shape (channels, n) and a
stream of sound is an iterator of pieces that follow each other without gaps.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from fractions import Fraction
from functools import lru_cache
from math import gcd
from typing import Any

import av
import numpy as np
from av.filter import Graph
from numpy.typing import NDArray

__all__ = [
    "Chain",
    "Samples",
    "Stream",
    "channel_matrix",
    "channels_of",
    "layout_of",
    "remixed",
    "resampler",
    "to_frame",
    "to_planar",
]

Samples = NDArray[np.float32]

_SCALE = {"u1": 128.0, "i2": 32768.0, "i4": 2147483648.0}
_DTYPE = {"u8": "u1", "s16": "i2", "s32": "i4", "flt": "f4", "dbl": "f8"}
_SAFE_PLANES = 7  # PyAV reads past the plane table of frames with 8 or more planes
_DEFAULT_LAYOUT = {1: "mono", 2: "stereo", 3: "2.1", 4: "4.0", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}


def channels_of(layout: str) -> int:
    """How many channels a layout of that FFmpeg name has."""
    return av.AudioLayout(layout).nb_channels


def layout_of(layout: av.AudioLayout) -> str:
    """The layout's name; where a file leaves the order open, the usual one for its number."""
    named = all(channel.name not in ("NONE", "UNK", "UNSD") for channel in layout.channels)
    return layout.name if named else _DEFAULT_LAYOUT.get(layout.nb_channels, layout.name)


def to_planar(frame: av.AudioFrame) -> Samples:
    """A decoded frame as float32 of shape (channels, n), full scale 1.

    8, 16 and 24 bit integers and float32 are exact.
    """
    channels, count = frame.layout.nb_channels, frame.samples
    if frame.format.is_planar and channels > _SAFE_PLANES:
        frame = av.AudioResampler(format=frame.format.packed).resample(frame)[0]
    dtype = _DTYPE[frame.format.packed.name]
    if frame.format.is_planar:
        raw = np.stack([np.frombuffer(memoryview(p), dtype, count) for p in frame.planes])
    else:
        raw = np.frombuffer(memoryview(frame.planes[0]), dtype, count * channels).reshape(count, channels).T
    return _floated(raw, dtype)


def _floated(raw: NDArray[Any], dtype: str) -> Samples:
    floats = np.array(raw, np.float32, order="C")
    if dtype == "u1":
        floats -= np.float32(128)
    if dtype in _SCALE:
        floats /= np.float32(_SCALE[dtype])
    return floats


def to_frame(samples: Samples, rate: int, layout: str, pts: int = 0) -> av.AudioFrame:
    """A packed float frame of planar samples, time base one sample."""
    packed = np.ascontiguousarray(samples.T, np.float32).reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(packed, format="flt", layout=layout)
    frame.sample_rate = rate
    frame.time_base = Fraction(1, rate)
    frame.pts = pts
    return frame


class Chain:
    """A chain of libavfilter audio filters over pieces.

    Args:
        filters: name and options of each.
        rate: of the pieces that go in; layout: of both ends.
    """

    def __init__(self, filters: Iterable[tuple[str, dict[str, str]]], rate: int, layout: str) -> None:
        self._rate, self._layout, self._pushed = rate, layout, 0
        self._channels = channels_of(layout)
        self._graph = Graph()
        ends = {"sample_fmt": "flt", "channel_layout": layout, "time_base": f"1/{rate}"}
        nodes = [self._graph.add("abuffer", sample_rate=str(rate), **ends)]
        self._filters = [self._graph.add(name, **options) for name, options in filters]
        nodes += self._filters
        nodes += [self._graph.add("aformat", sample_fmts="flt"), self._graph.add("abuffersink")]
        self._graph.link_nodes(*nodes).configure()

    def push(self, samples: Samples) -> Iterator[Samples]:
        """What comes out once a piece has gone in."""
        if samples.shape[1]:
            self._graph.push(to_frame(samples, self._rate, self._layout, self._pushed))
            self._pushed += samples.shape[1]
        return self._pulled()

    def command(self, number: int, name: str, value: str) -> None:
        """Tell one of the filters another value for what comes next."""
        self._filters[number].process_command(name, value)

    def flush(self) -> Iterator[Samples]:
        """What was still held back."""
        self._graph.push(None)
        return self._pulled()

    def run(self, pieces: Iterable[Samples]) -> Iterator[Samples]:
        """All pieces through the chain."""
        for piece in pieces:
            yield from self.push(piece)
        yield from self.flush()

    def _pulled(self) -> Iterator[Samples]:
        while True:
            try:
                frame = self._graph.pull()
            except (av.BlockingIOError, av.EOFError):
                return
            assert isinstance(frame, av.AudioFrame)
            yield to_planar(frame)


def resampler(source: int, target: int, layout: str) -> Chain:
    """A chain that changes the rate, by libswresample's polyphase filter of double precision."""
    common = gcd(source, target)
    options = {"out_sample_rate": str(target // common), "internal_sample_fmt": "dblp"}
    return Chain([("aresample", options)], source // common, layout)


class Stream:
    """Reads a number of samples at a time from pieces; silence after their end."""

    def __init__(self, pieces: Iterator[Samples], channels: int) -> None:
        self._pieces: Iterator[Samples] | None = pieces
        self._rest: Samples = np.zeros((channels, 0), np.float32)

    def read(self, count: int) -> Samples:
        """The next samples, always (channels, count)."""
        out = np.zeros((self._rest.shape[0], count), np.float32)
        done = 0
        while done < count and self._more():
            take = min(count - done, self._rest.shape[1])
            out[:, done : done + take] = self._rest[:, :take]
            self._rest = self._rest[:, take:]
            done += take
        return out

    def skip(self, count: int, step: int) -> None:
        """Drop so many samples, reading ``step`` at a time."""
        while count > 0:
            count -= self.read(min(count, step)).shape[1]

    def _more(self) -> bool:
        while self._rest.shape[1] == 0 and self._pieces is not None:
            piece = next(self._pieces, None)
            if piece is None:
                self.close()
            else:
                self._rest = piece
        return bool(self._rest.shape[1])

    def close(self) -> None:
        """Close what the pieces come from."""
        pieces, self._pieces = self._pieces, None
        if isinstance(pieces, Generator):
            pieces.close()


@lru_cache(maxsize=64)
def _matrix(source: str, target: str) -> tuple[tuple[float, ...], ...]:
    count = channels_of(source)
    if source == "mono" and {"FL", "FR"} <= {c.name for c in av.AudioLayout(target).channels}:
        # libav would give each side 3 dB less; a voice recorded with one microphone keeps its level
        return tuple((1.0,) if c.name in ("FL", "FR") else (0.0,) for c in av.AudioLayout(target).channels)
    if target == "mono" and source != "mono":
        # the mean of the stereo downmix: two equal sides keep their level
        left, right = _matrix(source, "stereo")
        return (tuple((a + b) / 2 for a, b in zip(left, right, strict=True)),)
    frame = to_frame(np.eye(count, dtype=np.float32), 48000, source)
    mixed = av.AudioResampler(format="flt", layout=target).resample(frame)
    rows = np.concatenate([to_planar(f) for f in mixed], axis=1)
    return tuple(tuple(float(v) for v in row) for row in rows)


def channel_matrix(source: str, target: str) -> NDArray[np.float64]:
    """Gains of shape (target channels, source channels): libav's own downmix for float sound.

    Two departures, both to keep the level of one voice: mono goes to left and right at
    gain 1, and a mix to mono is the mean of the mix to stereo.
    """
    return np.array(_matrix(source, target))


def remixed(samples: Samples, source: str, target: str) -> Samples:
    """The samples in another layout, summed channel by channel in a fixed order."""
    if source == target:
        return samples
    out = np.zeros((channels_of(target), samples.shape[1]), np.float32)
    for row, gains in zip(out, channel_matrix(source, target), strict=True):
        for gain, channel in zip(gains, samples, strict=True):
            if gain:
                row += channel * np.float32(gain)
    return out
