"""Why nothing fits: the chain of wishes, and why releases were left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from kadr_sdk.text import printable
from packaging.version import Version

from kadr_registry.faults import RegistryError

if TYPE_CHECKING:
    from kadr_registry.client.resolve import Candidate, Wish

__all__ = ["ConflictError", "explained"]

_MOST = 6


class ConflictError(RegistryError):
    """No set of releases fulfils what was asked for."""

    code = "registry_conflict"


def explained(
    causes: Sequence[tuple[Wish, Candidate | None]], refused: Mapping[str, Mapping[str, str]]
) -> ConflictError:
    """One error that names every wish of the conflict and what stood against each release."""
    wishes = sorted({str(wish) for wish, _ in causes})
    plugins = sorted({wish.plugin for wish, _ in causes})
    lines = [f"nothing fits: {'; '.join(printable(w, 300) for w in wishes[:_MOST])}"]
    for plugin in plugins:
        lines += _reasons(plugin, [w for w, _ in causes if w.plugin == plugin], refused.get(plugin, {}))
    hint = "ask for other versions, or remove one of them: kadr plugin why ID"
    return ConflictError("\n".join(lines), hint=hint)


def _reasons(plugin: str, wishes: Iterable[Wish], refused: Mapping[str, str]) -> list[str]:
    """The refused releases that a wish would have taken, the newest first."""
    ranges = [wish.range for wish in wishes if not wish.without]
    fitting = [v for v in refused if all(r.contains(v, prereleases=True) for r in ranges)]
    newest = sorted(fitting, key=Version, reverse=True)[:_MOST]
    return [f"{plugin} {version} is left out: {printable(refused[version])}" for version in newest]
