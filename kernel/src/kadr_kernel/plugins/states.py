"""The life of a plugin, as a table. Pure: no plugin is touched here.

========== ============================== ============================================
state      may become                     meaning
========== ============================== ============================================
found      resolved, failed               ``plugin.toml``, or what is wrong with it, is known
resolved   activating, failed             it fits together with the others
activating active, failed                 its contributions are being added
active     suspended, stopping, failed    its contributions can be found; code is imported on first use
suspended  active, stopping, failed       its contributions are taken away for a while
stopping   stopped, failed                its contributions are being taken away for good
stopped    activating, failed             it may be activated again
failed     resolved                       it cannot be used, the reason is kept; it may be tried again
========== ============================== ============================================
"""

from __future__ import annotations

from collections.abc import Mapping

from kadr_sdk.errors import InternalError
from kadr_sdk.events import Event, PluginActivated, PluginFailed, PluginStateChanged, PluginStopped

__all__ = ["LEGAL", "STATES", "events_of", "step"]

LEGAL: Mapping[str, frozenset[str]] = {
    "found": frozenset({"resolved", "failed"}),
    "resolved": frozenset({"activating", "failed"}),
    "activating": frozenset({"active", "failed"}),
    "active": frozenset({"suspended", "stopping", "failed"}),
    "suspended": frozenset({"active", "stopping", "failed"}),
    "stopping": frozenset({"stopped", "failed"}),
    "stopped": frozenset({"activating", "failed"}),
    "failed": frozenset({"resolved"}),
}
"""From each state, the states that may follow."""

STATES = tuple(LEGAL)


def step(plugin: str, old: str, new: str) -> str:
    """The new state.

    Raises:
        InternalError: the table has no such step.
    """
    if new not in LEGAL.get(old, frozenset()):
        raise InternalError(f"plugin {plugin!r} cannot go from {old!r} to {new!r}", plugin=plugin)
    return new


def events_of(plugin: str, old: str, new: str, *, version: str = "", reason: str = "") -> tuple[Event, ...]:
    """What a step tells the bus."""
    changed = PluginStateChanged(plugin, old, new)
    if (old, new) == ("activating", "active"):
        return changed, PluginActivated(plugin, version)
    if new == "stopped":
        return changed, PluginStopped(plugin)
    if new == "failed":
        return changed, PluginFailed(plugin, reason)
    return (changed,)
