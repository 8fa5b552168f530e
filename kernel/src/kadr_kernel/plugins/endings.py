"""What plugins do at their end: tried, waited for a while, and left behind where it does not end."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from kadr_sdk.errors import KadrError, PluginError
from kadr_sdk.text import printable

from kadr_kernel.plugins.failures import attributed

__all__ = ["PATIENCE", "Endings"]

log = logging.getLogger("kadr.plugins")

PATIENCE = 5.0
"""Seconds for one object of a plugin to close."""
_AGAIN = 0.1


class Endings:
    """Runs foreign ``stop`` and ``close`` in threads of their own; safe to use from any thread.

    Nothing can end a thread from outside: what hangs is left behind in a thread that does not keep
    the process from ending, and its plugin is waited for only a moment from then on.

    Args:
        report: told of what raised or hung, besides the log.
        patience: seconds.
    """

    def __init__(self, report: Callable[[str, KadrError], None], patience: float = PATIENCE) -> None:
        self._report = report
        self._patience = patience
        self._hung: set[str] = set()

    def run(self, plugin: str, what: str, work: Callable[[], object]) -> None:
        """Run something of a plugin; whatever it does, this returns.

        Args:
            what: its name, for the report.
        """
        raised: list[BaseException] = []

        def guarded() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - no error of foreign code stops a stop, sys.exit included
                raised.append(error)

        thread = threading.Thread(target=guarded, name=f"kadr-end-{plugin}", daemon=True)
        thread.start()
        thread.join(patience := _AGAIN if plugin in self._hung else self._patience)
        if thread.is_alive():
            self._hung.add(plugin)
            self._say(plugin, _hanging(plugin, what, patience))
        for error in raised:
            self._say(plugin, attributed(plugin, "closing", error))

    def _say(self, plugin: str, error: KadrError) -> None:
        log.warning("%s", error.message)
        self._report(plugin, error)


def _hanging(plugin: str, what: str, patience: float) -> PluginError:
    text = f"plugin {plugin!r}: closing {printable(what)} did not end in {patience:g} s and is left behind"
    hint = f"report it to the author of the plugin, or leave it out: kadr plugin disable {plugin}"
    return PluginError(text, hint=hint, plugin=plugin)
