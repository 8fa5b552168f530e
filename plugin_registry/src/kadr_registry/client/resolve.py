"""Which releases fit together: resolvelib over plugins, the host's contracts and this machine.

Pure but for ``releases``, which is asked once for each plugin. What must not be taken is left
out with its reason, and the reasons are told when nothing fits. Plugins of the host are there
in one version and never change.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kadr_sdk.manifest import API_VERSION, split_requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version
from resolvelib import AbstractProvider, BaseReporter, ResolutionImpossible, ResolutionTooDeep, Resolver
from resolvelib.resolvers import RequirementInformation

from kadr_registry.client.conflicts import ConflictError, explained
from kadr_registry.listing import Release

__all__ = ["Candidate", "Rules", "Wish", "resolve"]

_ROUNDS = 20_000
_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Wish:
    """A requirement, or with ``without`` what must not be there.

    Attributes:
        by: who wishes it: ``id version``, or empty for the user.
    """

    plugin: str
    range: SpecifierSet
    by: str = ""
    without: bool = False

    def __str__(self) -> str:
        who = self.by or "you"
        verb = "cannot run beside" if self.without else ("requires" if self.by else "ask for")
        return f"{who} {verb} {self.plugin} {self.range}".rstrip()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A release, a plugin of the host (``release`` None), or with no version: nothing."""

    plugin: str
    version: str
    release: Release | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """What may be chosen.

    Attributes:
        releases: of a plugin; raises NotFoundError where no registry has it.
        host: versions of plugins that come with the host, by id.
        revoked: why a release of a plugin was revoked, or nothing.
        tags: of this machine (PEP 425), the best first.
        native: plugins that may have code with the account's rights: those asked for by name.
        locked: versions to stay at, by id.
        here: versions that are installed; yanked ones may be kept.
        pre: whether pre-releases may be chosen.
        fixed: plugins whose locked version must not change.
    """

    releases: Callable[[str], Sequence[Release]]
    host: Mapping[str, str] = field(default_factory=dict)
    revoked: Callable[[str, str], str] = lambda _plugin, _version: ""
    tags: frozenset[str] = frozenset()
    native: frozenset[str] = frozenset()
    locked: Mapping[str, str] = field(default_factory=dict)
    here: Mapping[str, str] = field(default_factory=dict)
    pre: bool = False
    fixed: frozenset[str] = frozenset()
    api: str = API_VERSION


def resolve(wishes: Iterable[Wish], rules: Rules) -> dict[str, Candidate]:
    """Releases that fulfil the wishes, by plugin; those of the host too, where they are needed.

    Raises:
        ConflictError: nothing fits; says by which chain.
        NotFoundError: no registry has a plugin.
    """
    provider = _Provider(rules)
    resolver: Resolver[Wish, Candidate, str] = Resolver(provider, BaseReporter())
    try:
        found = resolver.resolve(sorted(wishes, key=lambda w: w.plugin), max_rounds=_ROUNDS)
    except ResolutionImpossible as error:
        causes = [(cause.requirement, cause.parent) for cause in error.causes]
        raise explained(causes, provider.refused, provider.offered) from error
    except (ResolutionTooDeep, _TooLongError) as error:
        hint = "ask for versions more narrowly"
        raise ConflictError("no set that fits was found within the limits", hint=hint) from error
    return {name: c for name, c in sorted(found.mapping.items()) if c.version}


class _TooLongError(Exception):
    pass


class _Provider(AbstractProvider[Wish, Candidate, str]):
    """What resolvelib asks."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._known: dict[str, list[Candidate]] = {}
        self._dependencies: dict[Candidate, list[Wish]] = {}
        self._inside: dict[tuple[int, str], bool] = {}
        self._end = time.monotonic() + _SECONDS
        self.refused: dict[str, dict[str, str]] = {}

    @property
    def offered(self) -> dict[str, list[str]]:
        """Versions that could be taken of every plugin that was looked at, the newest first."""
        return {name: [c.version for c in found if c.version] for name, found in self._known.items()}

    def identify(self, requirement_or_candidate: Wish | Candidate) -> str:
        return requirement_or_candidate.plugin

    def get_preference(
        self,
        identifier: str,
        resolutions: Mapping[str, Candidate],  # noqa: ARG002 - the library's signature
        candidates: Mapping[str, Iterator[Candidate]],  # noqa: ARG002 - the same
        information: Mapping[str, Iterator[RequirementInformation[Wish, Candidate]]],  # noqa: ARG002 - the same
        backtrack_causes: Sequence[RequirementInformation[Wish, Candidate]],
    ) -> Any:
        trouble = any(
            identifier in (c.requirement.plugin, c.parent.plugin if c.parent else "")
            for c in backtrack_causes
        )
        return (not trouble, identifier)

    def find_matches(
        self,
        identifier: str,
        requirements: Mapping[str, Iterator[Wish]],
        incompatibilities: Mapping[str, Iterator[Candidate]],
    ) -> list[Candidate]:
        if time.monotonic() > self._end:
            raise _TooLongError
        wishes = list(requirements[identifier])
        bad = set(incompatibilities[identifier])
        if all(wish.without for wish in wishes) and identifier not in self._rules.host:
            return [c for c in [Candidate(identifier, "")] if c not in bad]
        return [
            c
            for c in self._all(identifier, wishes)
            if c not in bad and all(self.is_satisfied_by(w, c) for w in wishes)
        ]

    def is_satisfied_by(self, requirement: Wish, candidate: Candidate) -> bool:
        if not candidate.version:
            return requirement.without
        # The library asks for every pair again in every round; ranges live as long as the wishes do.
        key = id(requirement.range), candidate.version
        if (inside := self._inside.get(key)) is None:
            inside = self._inside[key] = requirement.range.contains(candidate.version, prereleases=True)
        return inside is not requirement.without

    def get_dependencies(self, candidate: Candidate) -> list[Wish]:
        if (known := self._dependencies.get(candidate)) is not None:
            return known
        release = candidate.release
        by = f"{candidate.plugin} {candidate.version}"
        needs = [_wish(text, by) for text in (release.requires if release else ())]
        needs += [_wish(text, by, without=True) for text in (release.conflicts if release else ())]
        self._dependencies[candidate] = needs
        return needs

    def _all(self, plugin: str, wishes: Sequence[Wish]) -> list[Candidate]:
        """Every release that may be chosen at all, the one to stay at first, then the newest."""
        if plugin in self._rules.host:
            return [Candidate(plugin, self._rules.host[plugin])]
        if plugin not in self._known:
            self._known[plugin] = self._allowed(plugin, wishes)
        return self._known[plugin]

    def _allowed(self, plugin: str, wishes: Sequence[Wish]) -> list[Candidate]:
        refused = self.refused.setdefault(plugin, {})
        stay, named = self._rules.locked.get(plugin), any(_names_pre(w) for w in wishes)
        fitting, early = [], []
        for release in self._rules.releases(plugin):
            if reason := self._refusal(plugin, release, stay):
                refused[release.version] = reason
                continue
            version = Version(release.version)
            odd = bool(version.local) or (version.is_prerelease and not self._rules.pre)
            if odd and not named and release.version != stay:
                early.append(release.version)
            else:
                fitting.append(Candidate(plugin, release.version, release))
        for version_text in early:
            refused[version_text] = "it is a pre-release or a local version: --pre, or name it with @"
        return sorted(fitting, key=lambda c: c.version != stay)

    def _refusal(self, plugin: str, release: Release, stay: str | None) -> str:
        """Why a release must not be chosen."""
        rules = self._rules
        if plugin in rules.fixed and stay is not None and release.version != stay:
            return f"{stay} is kept"
        if reason := rules.revoked(plugin, release.version):
            return f"it was revoked: {reason}"
        if release.yanked and release.version != rules.here.get(plugin):
            return f"it was yanked: {release.yanked}"
        if not SpecifierSet(release.api).contains(rules.api, prereleases=True):
            return f"it wants the contracts in version {release.api}, this kadr has {rules.api}"
        if release.platforms and rules.tags and not rules.tags.intersection(release.platforms):
            return f"it runs on {', '.join(release.platforms[:3])}, not on this machine"
        if release.tier == "native" and plugin not in rules.native:
            return (
                "it is code with the rights of your account, which is installed only when asked for by name"
            )
        return ""


def _wish(text: str, by: str, *, without: bool = False) -> Wish:
    plugin, wanted = split_requirement(text)
    return Wish(plugin, SpecifierSet(wanted), by, without)


def _names_pre(wish: Wish) -> bool:
    return not wish.by and any(
        Version(one.version).is_prerelease or Version(one.version).local
        for one in wish.range
        if not one.version.endswith(".*")
    )
