"""What a language is here, and how its compiler is run."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kadr_sdk.errors import SerializationError, TimeoutExceededError

__all__ = ["Language", "Missing", "asked", "run"]

_SECONDS = 600
"""For one run of a compiler; the first of Go builds its whole library."""
_MOST_WORDS = 20_000


@dataclass(frozen=True, slots=True)
class Missing:
    """What a machine lacks, and how to get it."""

    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.what} ({self.remedy})"


@dataclass(frozen=True, slots=True)
class Language:
    """A language that guests are written in.

    Attributes:
        name: as commands take it. title: as people write it.
        folder: of its library, in the SDK.
        endings: of its sources, the usual one first.
        missing: what this machine lacks to build it; None where nothing.
        compile: source, a folder that is thrown away, a folder that compilers keep; the module.
    """

    name: str
    title: str
    folder: str
    endings: tuple[str, ...]
    missing: Callable[[], Missing | None]
    compile: Callable[[Path, Path, Path], bytes]


def run(command: Sequence[str], folder: Path, source: Path, more: Mapping[str, str] | None = None) -> None:
    """Run a compiler on a source.

    Raises:
        SerializationError: it refused; with its words.
        TimeoutExceededError: it takes for ever.
    """
    environment = os.environ | dict(more or {})
    try:
        done = subprocess.run(  # noqa: S603 - a compiler on the author's own source
            list(command),
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        text = f"the compiler took longer than {_SECONDS} s"
        raise TimeoutExceededError(text, path=source, hint="make the source smaller") from error
    if done.returncode:
        words = (done.stderr + done.stdout).strip()[:_MOST_WORDS]
        text = f"the compiler refuses it:\n{words or f'it ended with {done.returncode} and said nothing'}"
        raise SerializationError(text, path=source)


def asked(command: Sequence[str]) -> str:
    """What a compiler answers to a question; empty where it cannot be run."""
    try:
        told = subprocess.run(  # noqa: S603 - the compiler that the author has
            list(command), capture_output=True, text=True, encoding="utf-8", check=False, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return ""
    return told.stdout.strip()
