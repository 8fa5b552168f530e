"""Which plugins fit together, and in which order they start. Pure: data in, data out.

Rules, each broken one a problem of the plugin named, all of them at once:

1. one plugin per id, else none of the namesakes;
2. ``api`` contains the version of the contracts;
3. every requirement is there, in range, and itself resolved;
4. no declared conflict is there (only who declares it goes, so that nobody can push others out);
5. one contribution per kind and id, else none of the contributors;
6. no cycle of requirements.

What breaks a rule takes down those that require it and nobody else. The order is
topological, ties by id: the same plugins always start in the same order.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kadr_sdk.errors import Problem, did_you_mean
from kadr_sdk.manifest import API_VERSION, Manifest

from kadr_kernel.plugins.versions import in_range, split

__all__ = ["Resolution", "resolve"]


@dataclass(frozen=True, slots=True)
class Resolution:
    """The outcome.

    Attributes:
        order: resolved plugins, what is required before what requires it.
        problems: what keeps each of the others out.
        requires: ids that each plugin requires, in order of its manifest.
    """

    order: tuple[str, ...]
    problems: Mapping[str, tuple[Problem, ...]]
    requires: Mapping[str, tuple[str, ...]]

    def needed_by(self, plugin: str) -> tuple[str, ...]:
        """What it requires, directly or not, in order of start, itself last."""
        wanted, todo = set[str](), [plugin]
        while todo:
            if (one := todo.pop()) not in wanted:
                wanted.add(one)
                todo.extend(self.requires.get(one, ()))
        return tuple(p for p in self.order if p in wanted)


def resolve(
    manifests: Iterable[Manifest], api: str = API_VERSION, absent: Mapping[str, str] | None = None
) -> Resolution:
    """Resolve plugins.

    Args:
        manifests: those that shall run, in any order.
        api: version of the contracts.
        absent: hints for ids that are installed but shall not run ("it is disabled …").
    """
    rows = sorted(manifests, key=lambda m: (m.id, m.location))
    by_id = {m.id: m for m in rows}
    requires = {m.id: tuple(dict.fromkeys(split(r)[0] for r in m.requires)) for m in rows}
    problems: dict[str, list[Problem]] = defaultdict(list)
    _namesakes(rows, problems)
    for manifest in by_id.values():
        problems[manifest.id] += _api(manifest, api)
        problems[manifest.id] += _requirements(manifest, by_id, absent or {})
        problems[manifest.id] += _conflicts(manifest, by_id)
    _contributions(by_id.values(), problems)
    _cycles(requires, problems)
    bad = {plugin for plugin, rules in problems.items() if rules}
    order = _order(requires, bad)
    for plugin in by_id.keys() - set(order):
        problems[plugin] += _fallen(plugin, requires[plugin], set(order), problems)
    return Resolution(order, {p: tuple(problems[p]) for p in sorted(by_id.keys() - set(order))}, requires)


def _namesakes(rows: Sequence[Manifest], problems: dict[str, list[Problem]]) -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for manifest in rows:
        places[manifest.id].append(manifest.location or manifest.title or manifest.version)
    for plugin, where in places.items():
        if len(where) > 1:
            text = f"{len(where)} plugins have the id {plugin!r}: {', '.join(where)}"
            problems[plugin].append(Problem("plugin.id", text, "uninstall all but one of them"))


def _api(manifest: Manifest, api: str) -> list[Problem]:
    if in_range(api, manifest.api):
        return []
    hint = "install a version of the plugin made for this kadr, or another kadr"
    return [Problem("plugin.api", f"it wants the contracts in version {manifest.api}, this is {api}", hint)]


def _requirements(
    manifest: Manifest, by_id: Mapping[str, Manifest], absent: Mapping[str, str]
) -> list[Problem]:
    found = []
    for text in manifest.requires:
        plugin, wanted = split(text)
        there = by_id.get(plugin)
        if there is None:
            hint = absent.get(plugin) or did_you_mean(plugin, by_id.keys() - {manifest.id})
            state = "which cannot run" if plugin in absent else "which is not installed"
            found.append(Problem("plugin.requires", f"it requires {plugin!r}, {state}", hint))
        elif not in_range(there.version, wanted):
            text = f"it requires {plugin!r} in version {wanted}, version {there.version} is installed"
            found.append(Problem("plugin.requires", text, "install a version within the range"))
    return found


def _conflicts(manifest: Manifest, by_id: Mapping[str, Manifest]) -> list[Problem]:
    found = []
    for text in manifest.conflicts:
        plugin, wanted = split(text)
        there = by_id.get(plugin)
        if there is not None and in_range(there.version, wanted):
            hint = f"disable one of them: kadr plugin disable {plugin}"
            text = f"it cannot run beside {plugin!r} {there.version}"
            found.append(Problem("plugin.conflicts", text, hint))
    return found


def _contributions(manifests: Iterable[Manifest], problems: dict[str, list[Problem]]) -> None:
    owners: dict[tuple[str, str], list[str]] = defaultdict(list)
    for manifest in manifests:
        for item in manifest.contributions:
            owners[item.kind, f"{item.id!r}"].append(manifest.id)
            if item.kind == "service":
                name = f" named {item.names[0]!r}" if item.names else ""
                owners[item.kind, f"{item.provides}{name}"].append(manifest.id)
    for (kind, what), plugins in owners.items():
        for plugin in plugins if len(plugins) > 1 else ():
            others = ", ".join(repr(p) for p in plugins if p != plugin)
            text = f"{what} also comes from {others}" if others else f"{what} comes twice"
            hint = f"disable one of them: kadr plugin disable {plugins[-1]}"
            problems[plugin].append(Problem(f"contributes.{kind}", text, hint))


def _cycles(requires: Mapping[str, tuple[str, ...]], problems: dict[str, list[Problem]]) -> None:
    # Whatever can be ordered is in no cycle; only the rest is searched for ways back to itself.
    for plugin in sorted(requires.keys() - set(_order(requires, frozenset(), missing_blocks=False))):
        if way := _way_back(plugin, requires):
            text = f"requirements form a cycle: {' -> '.join(way)}"
            problems[plugin].append(Problem("plugin.requires", text, "remove one of these requirements"))


def _way_back(plugin: str, requires: Mapping[str, tuple[str, ...]]) -> list[str]:
    """The shortest way from a plugin through its requirements to itself, or nothing."""
    came: dict[str, str] = {}
    todo = [plugin]
    for one in todo:  # breadth first; the list grows while it is read
        for needed in requires.get(one, ()):
            if needed == plugin:
                way = [one]
                while way[-1] != plugin:
                    way.append(came[way[-1]])
                return [*reversed(way), plugin]
            if needed not in came:
                came[needed] = one
                todo.append(needed)
    return []


def _order(
    requires: Mapping[str, tuple[str, ...]], bad: Iterable[str], *, missing_blocks: bool = True
) -> tuple[str, ...]:
    """Topological order without ``bad`` and those that (transitively) require something absent."""
    alive = requires.keys() - set(bad)
    known = requires.keys()
    left = {p: {r for r in requires[p] if missing_blocks or r in known} for p in alive}
    users: dict[str, list[str]] = defaultdict(list)
    for plugin, needed in left.items():
        for one in needed:
            users[one].append(plugin)
    ready = [p for p, needed in left.items() if not needed]
    heapq.heapify(ready)
    order: list[str] = []
    while ready:
        plugin = heapq.heappop(ready)
        order.append(plugin)
        for user in users[plugin]:
            left[user].discard(plugin)
            if not left[user]:
                heapq.heappush(ready, user)
    return tuple(order)


def _fallen(
    plugin: str, needed: Sequence[str], fine: set[str], problems: Mapping[str, list[Problem]]
) -> list[Problem]:
    if any(p.path == "plugin.requires" and "cycle" in p.message for p in problems[plugin]):
        return []
    fallen = [r for r in needed if r in problems and r not in fine and r != plugin]
    return [Problem("plugin.requires", f"it requires {r!r}, which cannot run") for r in fallen]
