"""The word of plugins on which encoder makes a codec: the hook ``choose_encoder``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from kadr_sdk.errors import Problem, did_you_mean
from kadr_sdk.output import AudioEncoding, Output, VideoEncoding

__all__ = ["with_encoders"]

Hook = Callable[..., object]
E = TypeVar("E", VideoEncoding, AudioEncoding)


def with_encoders(
    output: Output, available: Mapping[str, tuple[str, ...]], hook: Hook, problems: list[Problem]
) -> Output:
    """The output with the encoders that a plugin chose; where none did, the backend will.

    Args:
        available: encoder names of the backend by codec name, best first.
        hook: calls a hook by name with its arguments.
        problems: an answer that is none of the encoders is appended.
    """
    video = _asked(output.video, "video", available, hook, problems)
    audio = _asked(output.audio, "audio", available, hook, problems)
    return replace(output, video=video, audio=audio)


def _asked(
    encoding: E | None,
    kind: str,
    available: Mapping[str, tuple[str, ...]],
    hook: Hook,
    problems: list[Problem],
) -> E | None:
    if encoding is None or encoding.encoder:  # none to choose, or the user did
        return encoding
    if not (names := available.get(encoding.codec, ())):
        return encoding
    answer = hook("choose_encoder", codec=encoding.codec, available=names)
    if answer is None:
        return encoding
    if answer not in names:
        text = f"a plugin chose {answer!r} to make {encoding.codec}, which the backend does not have"
        problems.append(Problem(f"export.{kind}.codec", text, did_you_mean(str(answer), names)))
        return encoding
    return replace(encoding, encoder=str(answer))
