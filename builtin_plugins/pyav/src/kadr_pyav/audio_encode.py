"""Encoding the whole sound in one session, from the blocks of a mix."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import numpy as np
from kadr_sdk.errors import BackendError, InternalError
from kadr_sdk.parts import Packet, PartWriter

from kadr_pyav.audio_decode import AudioDecoder
from kadr_pyav.audio_reader import OpenSound
from kadr_pyav.loudness import Meter
from kadr_pyav.mix import mix
from kadr_pyav.sessions import open_audio
from kadr_pyav.sound import Samples
from kadr_pyav.sound_levels import LevelNotes

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from kadr_sdk.backend import RenderContext
    from kadr_sdk.frames import AudioBlock
    from kadr_sdk.output import AudioEncoding, Output
    from kadr_sdk.plan import AudioPlan
    from numpy.typing import NDArray

__all__ = ["AudioSession", "Levels", "render_audio"]

_FREE_FRAME = 4096  # samples a packet where the encoder does not mind
_SILENCE = 10 ** (-90 / 20)  # a block below -90 dBFS counts as silent
_INTEGERS = {"u8": (8, "u1"), "s16": (16, "i2"), "s32": (32, "i4")}


def render_audio(
    plan: AudioPlan,
    output: Output,
    sink: PartWriter,
    context: RenderContext,
    sounds: OpenSound = AudioDecoder,
) -> str:
    """Mix and encode the whole sound into ``sink`` and finish it.

    Returns:
        Digest of the part.

    Raises:
        BackendError: the encoder refuses its settings or the sound.
        MediaFileError: sound that cannot be read or decoded.
    """
    encoding = output.audio
    if encoding is None or (encoding.rate, encoding.layout) != (plan.rate, plan.layout):
        raise InternalError(f"the mix ({plan.rate} Hz, {plan.layout}) is not what the output encodes")
    session, levels = AudioSession(encoding), Levels(plan.rate, plan.layout)
    for packet in session.run(levels.seen(mix(plan, context, sounds))):
        sink.write(packet)
    levels.warn(context)
    return sink.finish(session.header() | {"facts": levels.facts()})


class AudioSession:
    """One encoder session: blocks in, packets out, pts in samples.

    Sound in integer formats is rounded to nearest and clipped, without dither, so that
    16 bit sources left alone come out bit for bit.
    """

    def __init__(self, encoding: AudioEncoding) -> None:
        self._encoding = encoding
        self._context = open_audio(encoding)
        self._size = self._context.frame_size or _FREE_FRAME
        self._rest: Samples = np.zeros((self._context.channels, 0), np.float32)
        self._sent = 0
        self._delay: int | None = None

    def run(self, blocks: Iterable[AudioBlock]) -> Iterator[Packet]:
        """Encode all blocks and flush."""
        for block in blocks:
            yield from self.encode(block.samples)
        yield from self.finish()

    def encode(self, samples: Samples) -> Iterator[Packet]:
        """Packets that are ready once these samples of shape (channels, n) have gone in."""
        self._rest = np.concatenate([self._rest, samples], axis=1)
        while self._rest.shape[1] >= self._size:
            yield from self._send(self._rest[:, : self._size])
            self._rest = self._rest[:, self._size :]

    def finish(self) -> Iterator[Packet]:
        """The last, shorter frame and what the encoder held back."""
        if self._rest.shape[1]:
            yield from self._send(self._rest)
            self._rest = self._rest[:, :0]
        if self._sent:
            yield from self._packets(None)

    def header(self) -> dict[str, Any]:
        """Codec parameters, right once finished (FLAC knows its checksum only then).

        ``delay`` is the encoder's priming: the samples before the first that a container
        must skip. ``samples`` counts what was given, without it.
        """
        extradata = self._context.extradata or b""
        return {
            "codec": self._encoding.codec,
            "encoder": self._encoding.encoder,
            "extradata": extradata.hex(),
            "rate": self._encoding.rate,
            "layout": self._encoding.layout,
            "frame_size": self._context.frame_size,
            "delay": self._delay or 0,
            "samples": self._sent,
        }

    def _send(self, samples: Samples) -> Iterator[Packet]:
        frame = to_encoder(samples, self._context.format.name, self._encoding)
        frame.pts = self._sent
        self._sent += samples.shape[1]
        return self._packets(frame)

    def _packets(self, frame: AudioFrame | None) -> Iterator[Packet]:
        try:
            found = self._context.encode(frame)
        except av.error.FFmpegError as error:
            raise BackendError(
                f"{self._encoding.encoder} stopped at sample {self._sent}", log=str(error)
            ) from error
        for packet in found:
            if packet.size:  # an empty one only carries the final header
                pts = packet.pts or 0
                # Encoders stamp what they put before the first sample with negative times.
                self._delay = -pts if self._delay is None else self._delay
                yield Packet(bytes(packet), pts, packet.duration or 0, bool(packet.is_keyframe))


def to_encoder(samples: Samples, wanted: str, encoding: AudioEncoding) -> AudioFrame:
    """A frame in the encoder's sample format, packed or planar."""
    name = av.AudioFormat(wanted)
    packed = name.packed.name
    numbers = _quantised(samples, packed, encoding)
    if name.is_planar and samples.shape[0] < 8:
        array, form = np.ascontiguousarray(numbers), wanted
    else:
        # PyAV reads past the plane table of planar frames with 8 channels; the session repacks
        array, form = np.ascontiguousarray(numbers.T).reshape(1, -1), packed
    frame = av.AudioFrame.from_ndarray(array, format=form, layout=encoding.layout)
    frame.sample_rate = encoding.rate
    frame.time_base = Fraction(1, encoding.rate)
    return frame


def _quantised(samples: Samples, packed: str, encoding: AudioEncoding) -> NDArray[Any]:
    if packed not in _INTEGERS:
        return samples.astype(np.float64 if packed == "dbl" else np.float32)
    width, dtype = _INTEGERS[packed]
    bits = 24 if encoding.codec.startswith(("pcm_s24", "flac", "alac", "wavpack")) and width == 32 else width
    top = 2.0 ** (bits - 1)
    whole = np.clip(np.rint(samples.astype(np.float64) * top), -top, top - 1)
    if packed == "u8":
        return (whole + 128).astype(np.uint8)
    return (whole * 2.0 ** (width - bits)).astype(dtype)


class Levels:
    """Facts of the sound, measured on the way: peak, RMS, silence, loudness by EBU R128."""

    def __init__(self, rate: int, layout: str) -> None:
        self._meter, self._notes = Meter(rate, layout), LevelNotes(rate)
        self._peak, self._squares, self._count = 0.0, 0.0, 0
        self._blocks, self._silent = 0, 0

    def seen(self, blocks: Iterable[AudioBlock]) -> Iterator[AudioBlock]:
        """The same blocks, measured as they pass."""
        for block in blocks:
            samples = block.samples.astype(np.float64)
            peak = float(np.max(np.abs(samples), initial=0.0))
            self._peak = max(self._peak, peak)
            self._squares += float(np.sum(samples * samples))
            self._count += samples.size
            self._blocks += 1
            self._silent += peak < _SILENCE
            self._meter.add(block.samples)
            self._notes.add(block.samples)
            yield block

    def facts(self) -> dict[str, Any]:
        """Peak and RMS as amplitudes (full scale 1), blocks of half a second and the silent of them.

        ``loudness`` is what :meth:`kadr_pyav.loudness.Loudness.facts` says, ``levels`` and
        ``channels`` what :class:`kadr_pyav.sound_levels.LevelNotes` notes, as hex.
        """
        rms = math.sqrt(self._squares / self._count) if self._count else 0.0
        found = {"peak": self._peak, "rms": rms, "blocks": self._blocks, "silent_blocks": self._silent}
        notes = {"levels": self._notes.result().hex(), "channels": self._notes.channels().hex()}
        return found | notes | {"loudness": self._meter.result().facts()}

    def warn(self, context: RenderContext) -> None:
        """Say once where the sound went beyond full scale."""
        if self._peak > 1.0:
            decibels = 20 * math.log10(self._peak)
            context.warn(
                f"the mix peaks at {decibels:+.1f} dBFS and is clipped at 0",
                "",
                f"lower the volume by {math.ceil(decibels * 10) / 10:.1f} dB",
            )
