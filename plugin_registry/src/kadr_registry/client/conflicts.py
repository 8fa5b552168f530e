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
    causes: Sequence[tuple[Wish, Candidate | None]],
    refused: Mapping[str, Mapping[str, str]],
    offered: Mapping[str, Sequence[str]],
) -> ConflictError:
    """One error that names every wish of the conflict and what stood against each release.

    Args:
        refused: why releases were left out, by plugin and version.
        offered: versions that could be taken, by plugin, the newest first.
    """
    wishes = sorted({str(wish) for wish, _ in causes})
    plugins = sorted({wish.plugin for wish, _ in causes})
    lines = [f"nothing fits: {'; '.join(printable(w, 300) for w in wishes[:_MOST])}"]
    for plugin in plugins:
        own = [w for w, _ in causes if w.plugin == plugin]
        lines += _reasons(plugin, own, refused.get(plugin, {}), offered.get(plugin, ()))
    hint = "ask for other versions, or remove one of them: kadr plugin why ID"
    return ConflictError("\n".join(lines), hint=hint)


def _reasons(
    plugin: str, wishes: Iterable[Wish], refused: Mapping[str, str], offered: Sequence[str]
) -> list[str]:
    """The refused releases that a wish would have taken, the newest first; else what there is."""
    ranges = [wish.range for wish in wishes if not wish.without]

    def fitting(versions: Iterable[str]) -> list[str]:
        return [v for v in versions if all(r.contains(v, prereleases=True) for r in ranges)]

    if not fitting([*refused, *offered]) and offered and len(ranges) == 1:
        more = ", …" if len(offered) > _MOST else ""
        return [f"there are of {plugin}: {', '.join(offered[:_MOST])}{more}"]
    newest = sorted(fitting(refused), key=Version, reverse=True)[:_MOST]
    return [f"{plugin} {version} is left out: {printable(refused[version])}" for version in newest]
