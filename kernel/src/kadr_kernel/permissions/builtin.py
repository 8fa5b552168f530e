"""The default policy: trust what the metapackage ``kadr`` pins, and nothing else.

Nothing is listed here: the pins are the requirements of the installed distribution ``kadr``,
and the plugin ids are the entry points of the distributions it pins. Both must fit: a
stranger's distribution that registers ``kadr.effects`` is not trusted, neither is a pinned
distribution in another version than the pinned one, nor a plugin that it does not declare.
Without the metapackage (a trimmed install) nothing is trusted, and a policy file can say so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from kadr_kernel.permissions.policy import Policy, Rule
from kadr_kernel.permissions.subject import distribution_publisher

if TYPE_CHECKING:
    from packaging.requirements import Requirement

__all__ = ["METAPACKAGE", "default_policy"]

METAPACKAGE = "kadr"
GROUP = "kadr.plugins"


def default_policy() -> Policy:
    """Trust rules for the plugins of the pinned distributions; the user decides about others."""
    return Policy(tuple(_trust_rules()))


def _trust_rules() -> Iterator[Rule]:
    reason = f"pinned by the distribution {METAPACKAGE}"
    for requirement in _pins():
        publisher = distribution_publisher(requirement.name)
        for plugin in _plugins(requirement):
            yield Rule("trust", publisher, plugin, reason=reason)


def _pins() -> Iterator[Requirement]:
    """Requirements of the metapackage that pin one version, those of its extras too."""
    from importlib import metadata

    from packaging.requirements import InvalidRequirement, Requirement

    try:
        lines: Iterable[str] = metadata.requires(METAPACKAGE) or ()
    except metadata.PackageNotFoundError:
        return
    for text in lines:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        if [pin for pin in requirement.specifier if pin.operator in ("==", "===") and "*" not in pin.version]:
            yield requirement


def _plugins(requirement: Requirement) -> list[str]:
    """Plugin ids of a pinned distribution, none where it is absent or of another version."""
    from importlib import metadata

    try:
        distribution = metadata.distribution(requirement.name)
        if not requirement.specifier.contains(distribution.version, prereleases=True):
            return []
        points = distribution.entry_points
    except Exception:  # noqa: BLE001 - a damaged installation is not trusted, and is no crash
        return []
    # An id with a pattern in it would trust more than itself.
    return sorted({p.name for p in points if p.group == GROUP and not set(p.name) & set("*?[")})
