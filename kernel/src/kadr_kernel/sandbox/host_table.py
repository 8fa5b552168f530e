"""The closed table of host functions: everything that a guest may import, and what it needs for it.

A guest that imports a function is taken only where its plugin has the permission: by manifest
AND grant AND policy. Nothing is granted by being built in, and nothing by default. All numbers
are i32. Results: 0 or more is an answer, below is one of :data:`ERRORS`; no function traps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["ERRORS", "FAILED", "HOST_FUNCTIONS", "INVALID", "LIMIT", "MISSING", "MODULE", "REFUSED"]
__all__ += ["HostFunction"]

MODULE = "kadr"
"""The name of the module that guests import from."""

REFUSED, INVALID, MISSING, LIMIT, FAILED = -1, -2, -3, -4, -5
ERRORS: Mapping[str, int] = MappingProxyType(
    {"REFUSED": REFUSED, "INVALID": INVALID, "MISSING": MISSING, "LIMIT": LIMIT, "FAILED": FAILED}
)
"""Not permitted; arguments that break a rule; not there; a limit is reached; tried and failed."""

_WIDTH = {"number": 1, "in": 2, "out": 2}


@dataclass(frozen=True, slots=True)
class HostFunction:
    """One host function.

    Attributes:
        parameters: ``number``; ``in`` (pointer and length of bytes that the host reads); ``out``
            (pointer and capacity of room that the host writes to; there is at most one, the last).
        permission: name of the permission that it needs.
        lasting: what it answers may differ from render to render, so a picture made with it is
            not the same bytes for the same plan: the effect must declare that.
    """

    name: str
    parameters: tuple[str, ...]
    permission: str
    summary: str
    lasting: bool = False

    @property
    def width(self) -> int:
        """How many i32 it takes."""
        return sum(_WIDTH[kind] for kind in self.parameters)


def _function(name: str, parameters: str, permission: str, summary: str, lasting: bool) -> HostFunction:
    return HostFunction(name, tuple(parameters.split()), permission, summary, lasting)


_TABLE = (
    ("log", "number in", "log", "write a line (0 debug, 1 info, 2 warning, 3 error; UTF-8)", False),
    ("progress", "number", "progress", "say how much of this call is done, 0..1000", False),
    ("should_abort", "", "progress", "1 where the job is cancelled and nobody wants the result", False),
    ("config_get", "in out", "config", "a setting of the plugin by its name, as JSON", False),
    ("storage_get", "in out", "storage", "what the plugin keeps under a key", True),
    ("storage_set", "in in", "storage", "keep bytes under a key; no bytes: forget it", True),
    ("read_file", "in number out", "read", "bytes of a granted file, from a position on", True),
    ("net_fetch", "in out", "net", "what GET of a granted http or https address gives", True),
)
HOST_FUNCTIONS: Mapping[str, HostFunction] = MappingProxyType({row[0]: _function(*row) for row in _TABLE})
"""By name. A function that is not here cannot be had."""
