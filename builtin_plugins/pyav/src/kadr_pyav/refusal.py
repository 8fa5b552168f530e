"""What libav says when it refuses, as errors that name filter and effect."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import av
import av.logging
from kadr_sdk.errors import BackendError, KadrError

from kadr_pyav.recipe import Step
from kadr_pyav.words import heard

__all__ = ["refused", "words_of"]


def words_of(action: Callable[[], object]) -> str:
    """What libav logs while an action fails once more, as ``[filter] words`` lines."""
    with heard(av.logging.ERROR) as logs, contextlib.suppress(av.FFmpegError, ValueError, KadrError):
        action()
    return "\n".join(f"[{name}] {text.strip()}" for _, name, text in logs)


def refused(step: Step, error: Exception, log: str = "", what: str = "") -> BackendError:
    """The error for a filter that libav does not take.

    Args:
        what: what was asked; by default the filter's options.
    """
    log = log or str(error)
    asked = what or ":".join(f"{k}={v}" for k, v in (step.spec.options if step.spec else ()))
    owner = step.effect or "the plan"
    message = f"libav refused the filter {step.name}{f' ({asked})' if asked else ''} of {owner}"
    words = log.strip().splitlines()
    reason = words[0] if words else "no reason given"
    return BackendError(f"{message}: {reason}", filter=step.name, effect=step.effect, log=log)
