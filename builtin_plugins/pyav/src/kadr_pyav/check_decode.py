"""Decoding a whole file for its errors and counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kadr_pyav.loudness import Meter
from kadr_pyav.opening import close_quietly, open_media
from kadr_pyav.sound import layout_of, to_planar

__all__ = ["decode_all"]

_MOST = 20  # errors told; a broken file has one a frame


def decode_all(path: Path) -> dict[str, Any]:
    """Decode the first video and the first audio stream to the end.

    Returns:
        ``frames``, ``samples``, ``frame_samples`` (of the longest), ``loudness`` (see
        :meth:`kadr_pyav.loudness.Loudness.facts`; only with sound) and ``errors``, rows of
        ``stream`` and ``message``.
    """
    container = open_media(path)
    counts = _Counts()
    try:
        chosen = [*container.streams.video[:1], *container.streams.audio[:1]]
        for stream in chosen:
            stream.codec_context.thread_type = "AUTO"
            stream.codec_context.options = {"err_detect": "explode"}
        for packet in container.demux(chosen):
            counts.decode(packet)
    finally:
        close_quietly(container)
    return counts.as_dict()


class _Counts:
    def __init__(self) -> None:
        self.frames = self.samples = self.longest = 0
        self.errors: list[dict[str, str]] = []
        self._meter: Meter | None = None
        self._shape: tuple[int, str] | None = None

    def decode(self, packet: Any) -> None:
        import av.error

        kind = packet.stream.type
        try:
            frames = packet.decode()
        except av.error.FFmpegError as error:
            self.error(kind, f"near {_seconds(packet)}: {error.strerror}")
            return
        for frame in frames:
            if frame.is_corrupt:
                self.error(kind, f"a damaged frame near {_seconds(packet)}")
            if kind == "video":
                self.frames += 1
            else:
                self.samples += frame.samples
                self.longest = max(self.longest, frame.samples)
                self._hear(frame)

    def _hear(self, frame: Any) -> None:
        """Measure the loudness, as long as the sound stays of one rate and layout."""
        shape = (frame.sample_rate, layout_of(frame.layout))
        if self._meter is None:
            self._meter, self._shape = Meter(*shape), shape
        if shape == self._shape:
            self._meter.add(to_planar(frame))

    def error(self, stream: str, message: str) -> None:
        if len(self.errors) < _MOST:
            self.errors.append({"stream": stream, "message": f"cannot be decoded {message}"})

    def as_dict(self) -> dict[str, Any]:
        found = {"frames": self.frames, "samples": self.samples, "frame_samples": self.longest}
        loudness = {"loudness": self._meter.result().facts()} if self._meter else {}
        return found | loudness | {"errors": self.errors}


def _seconds(packet: Any) -> str:
    if packet.pts is None:
        return "the end"
    return f"{float(packet.pts * packet.time_base):.3f} s"
