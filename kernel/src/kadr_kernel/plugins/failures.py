"""What went wrong in whose code: the list that ``doctor`` reads."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from kadr_sdk.errors import KadrError, PluginError
from kadr_sdk.text import printable

__all__ = ["Failure", "Failures", "attributed"]

_KEPT = 20


@dataclass(frozen=True, slots=True)
class Failure:
    """One error of a plugin's code."""

    plugin: str
    message: str
    hint: str


class Failures:
    """The last few different failures of each plugin; safe to use from any thread."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[str, Failure]] = {}
        self._lock = threading.Lock()

    def add(self, plugin: str, error: KadrError) -> None:
        """Keep an error; the same words are kept once."""
        with self._lock:
            rows = self._rows.setdefault(plugin, {})
            if len(rows) < _KEPT:
                rows[error.message] = Failure(plugin, error.message, error.hint)

    def clear(self, plugin: str) -> None:
        """Forget those of a plugin."""
        with self._lock:
            self._rows.pop(plugin, None)

    def rows(self) -> Sequence[Failure]:
        """All of them, by plugin."""
        with self._lock:
            return [failure for plugin in sorted(self._rows) for failure in self._rows[plugin].values()]


def attributed(plugin: str, doing: str, error: BaseException) -> KadrError:
    """The error with its plugin named.

    An error of kadr's own tree keeps its class (a missing dependency stays one); anything
    else becomes a :class:`PluginError` for the caller to raise ``from`` it.
    """
    if isinstance(error, KadrError):
        error.data.setdefault("plugin", plugin)
        error.add_note(f"while {doing} of plugin {plugin!r}")
        return error
    if isinstance(error, SystemExit):
        what = f"it called sys.exit({printable(error.code)})"
    else:
        what = f"{type(error).__name__}: {printable(error, 500)}".removesuffix(": ")
    hint = f"report it to the author of the plugin, or leave it out: kadr plugin disable {plugin}"
    return PluginError(f"plugin {plugin!r}: {doing} failed: {what}", hint=hint, plugin=plugin)
