"""Reading sound at the rate and layout of the mix, from any point, forwards or backwards.

A random start equals a straight run: the resampler is a polyphase filter whose phases
repeat every ``source / gcd(source, target)`` samples, so it is always started on a multiple
of that, counted from the origin of the file, with more than a filter's length of sound
before the first sample wanted. Codecs are warmed up for a second. (What stays different is
the noise that AAC decoders make up themselves where a file asks for "perceptual noise".)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import gcd
from typing import Protocol

import numpy as np

from kadr_pyav.audio_decode import AudioDecoder
from kadr_pyav.confined import ConfinedSound
from kadr_pyav.damage import Damage
from kadr_pyav.sound import Samples, Stream, channels_of, remixed, resampler

__all__ = ["Decoder", "OpenSound", "SoundFile", "SoundSource"]

_TAPS = 64  # twice swresample's default filter length
_BACKWARD_SECONDS = 20


Decoder = AudioDecoder | ConfinedSound
OpenSound = Callable[[str, int, Damage], Decoder]
"""Opens a stream of sound in a file, here or in a process of its own."""


class SoundSource(Protocol):
    """Sound at the rate and layout of a mix, by position: of a file, or of a mix within."""

    @property
    def rate(self) -> int:
        """Samples a second."""

    @property
    def layout(self) -> str:
        """FFmpeg's name."""

    def forwards(self, start: int) -> Iterator[Samples]:
        """Pieces from a position to the end."""

    def backwards(self, end: int, count: int) -> Iterator[Samples]:
        """``count`` samples that end before a position, last sample first."""


@dataclass(frozen=True, slots=True)
class SoundFile:
    """A stream of sound in a file, seen at the rate and layout of a mix.

    Positions are samples of the mix from timestamp 0 of the file.
    """

    path: str
    stream: int
    rate: int
    layout: str
    damage: Damage
    sounds: OpenSound = AudioDecoder

    def forwards(self, start: int) -> Iterator[Samples]:
        """Pieces from a position to the end of the stream.

        Raises:
            MediaFileError: no such stream, undecodable, or damaged where the policy is to stop.
        """
        decoder = self.sounds(self.path, self.stream, self.damage)
        if decoder.rate == self.rate:
            return self._remixed(decoder.pieces(start), decoder.layout)
        return self._resampled(decoder, start)

    def backwards(self, end: int, count: int) -> Iterator[Samples]:
        """``count`` samples that end before a position, last sample first."""
        step = _BACKWARD_SECONDS * self.rate
        done = 0
        while done < count:
            take = min(step, count - done)
            piece = self.read(end - done - take, take)
            yield np.ascontiguousarray(piece[:, ::-1])
            done += take

    def read(self, start: int, count: int) -> Samples:
        """Exactly ``count`` samples from a position, silence outside the media."""
        stream = Stream(self.forwards(start), channels_of(self.layout))
        try:
            return stream.read(count)
        finally:
            stream.close()

    def _remixed(self, pieces: Iterator[Samples], layout: str) -> Iterator[Samples]:
        for piece in pieces:
            yield remixed(piece, layout, self.layout)

    def _resampled(self, decoder: Decoder, start: int) -> Iterator[Samples]:
        common = gcd(decoder.rate, self.rate)
        period, made = decoder.rate // common, self.rate // common
        margin = _TAPS * max(1, -(-decoder.rate // self.rate))
        turn = (start * decoder.rate // self.rate - margin) // period
        drop = start - turn * made
        chain = resampler(decoder.rate, self.rate, self.layout)
        for piece in chain.run(self._remixed(decoder.pieces(turn * period), decoder.layout)):
            if piece.shape[1] > drop:
                yield piece[:, drop:] if drop else piece
            drop = max(0, drop - piece.shape[1])
