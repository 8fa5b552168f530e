"""Effects on sound: the stages of a clip, a bus or the master, one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from kadr_sdk.effects import FilterSpec
from kadr_sdk.plan import AudioFilters, AudioPlan, AudioStage, SoundCall

from kadr_pyav.acting import acting
from kadr_pyav.sound import Chain, Samples, Stream, channels_of
from kadr_pyav.sound_call import SoundStage

if TYPE_CHECKING:
    from kadr_sdk.backend import RenderContext

__all__ = ["endless", "exactly", "staged"]

_PIECE = 4096


def staged(
    pieces: Iterator[Samples], stages: Sequence[AudioStage], plan: AudioPlan, context: RenderContext
) -> Iterator[Samples]:
    """Pieces through all stages; each keeps its place in time to the sample.

    Behind the end of the pieces effects may go on: whoever reads, takes what he needs.
    """
    for stage in stages:
        effect = partial(_through, stage=stage, plan=plan, context=context)
        if stage.acts is None:
            pieces = effect(pieces)
        else:
            pieces = acting(pieces, stage.acts, plan.rate, channels_of(plan.layout), effect)
    return pieces


def _through(
    pieces: Iterator[Samples], stage: AudioStage, plan: AudioPlan, context: RenderContext
) -> Iterator[Samples]:
    if isinstance(stage, SoundCall):
        return SoundStage(stage, plan, context).run(Stream(pieces, channels_of(plan.layout)))
    return _filtered(pieces, stage, plan.rate, plan.layout)


def endless(pieces: Iterator[Samples], channels: int) -> Iterator[Samples]:
    """Pieces, and then silence."""
    yield from pieces
    while True:
        yield np.zeros((channels, _PIECE), np.float32)


def exactly(pieces: Iterable[Samples], count: int, channels: int) -> Iterator[Samples]:
    """So many samples of a stream, silence after its end, in pieces of one size."""
    rest, done = np.zeros((channels, 0), np.float32), 0
    for piece in pieces:
        rest = np.concatenate([rest, piece], axis=1)[:, : count - done]
        while rest.shape[1] >= _PIECE:
            yield rest[:, :_PIECE]
            rest, done = rest[:, _PIECE:], done + _PIECE
        if done + rest.shape[1] >= count:
            break
    while done < count:
        take = min(_PIECE, count - done)
        piece = np.zeros((channels, take), np.float32)
        piece[:, : rest.shape[1]] = rest
        yield piece
        rest, done = rest[:, :0], done + take


def _filtered(pieces: Iterator[Samples], stage: AudioFilters, rate: int, layout: str) -> Iterator[Samples]:
    """Through filters that are told their options on the way; what they are late by is taken back."""
    chain = Chain([(s.name, dict(s.options)) for s in stage.filters], rate, layout)
    late = stage.delay
    for piece in _run(_padded(pieces, late, channels_of(layout)), chain, stage):
        if piece.shape[1] > late:
            yield piece[:, late:] if late else piece
        late = max(0, late - piece.shape[1])


def _padded(pieces: Iterator[Samples], late: int, channels: int) -> Iterator[Samples]:
    yield from pieces
    if late:
        yield np.zeros((channels, late), np.float32)


def _run(pieces: Iterator[Samples], chain: Chain, stage: AudioFilters) -> Iterator[Samples]:
    changes, at, last = iter(stage.changes), 0, stage.filters
    following = next(changes, None)
    for piece in pieces:
        while following is not None and following[0] < at + piece.shape[1]:
            before = following[0] - at
            yield from chain.push(piece[:, :before])
            piece, at = piece[:, before:], following[0]
            _tell(chain, last, following[1])
            last, following = following[1], next(changes, None)
        yield from chain.push(piece)
        at += piece.shape[1]
    yield from chain.flush()


def _tell(chain: Chain, before: Sequence[FilterSpec], after: Sequence[FilterSpec]) -> None:
    """Options that differ, as commands."""
    for number, (old, new) in enumerate(zip(before, after, strict=True)):
        known = dict(old.options)
        for name, value in new.options:
            if known.get(name) != value:
                chain.command(number, name, value)
