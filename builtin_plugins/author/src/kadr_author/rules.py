"""Rules of a plugin that are read from its files: each broken one with file, rule and remedy."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from kadr_sdk.effects import EffectDeclaration
from kadr_sdk.errors import KadrError, Problem
from kadr_sdk.manifest import FILE_NAME
from kadr_sdk.params import check_params
from kadr_sdk.testing.shapes import entry_problems, load_entry
from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from kadr_author.evidence import EVIDENCE, digests
from kadr_author.guests import packed
from kadr_author.project import EFFECT_KINDS, Project, Work
from kadr_author.trial import OWN_WAYS, Bench

__all__ = ["broken_rules"]


def broken_rules(project: Project, bench: Bench) -> list[Problem]:
    """Every broken rule; guests are compiled within the sandbox's limits, and not called."""
    found = [*project.problems, *_license(project), *_readme(project), *_package(project)]
    for work in project.works:
        found += _declared(project, work)
        found += _guest(project, work, bench) if work.module is not None else _entry(work)
    return [*found, *_evidence(project)]


def _license(project: Project) -> Iterator[Problem]:
    text, hint = project.manifest.license, 'license = "Apache-2.0", or another SPDX expression'
    try:
        canonicalize_license_expression(text)
    except InvalidLicenseExpression:
        said = f"{text!r} is no licence by its SPDX name" if text else "there is no licence"
        yield Problem(f"{project.name(project.home / FILE_NAME)}: plugin.license", said, hint)
    if not any((project.root / name).is_file() for name in ("LICENSE", "LICENSE.txt", "LICENSE.md")):
        yield Problem("LICENSE", "there is no such file", "put the text of the licence there")


def _readme(project: Project) -> Iterator[Problem]:
    path = project.root / "README.md"
    if not path.is_file():
        yield Problem("README.md", "there is no such file", "say what the plugin does, and how it is used")
        return
    text = path.read_text("utf-8", errors="replace")
    for item in project.manifest.contributions:
        names = (item.id, *item.names)
        if not any(re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", text) for name in names):
            yield Problem("README.md", f"it does not name the {item.kind} {item.id}", "say what it does")


def _package(project: Project) -> Iterator[Problem]:
    where = project.name(project.home / FILE_NAME)
    described = any(item.kind in EFFECT_KINDS and item.file for item in project.manifest.contributions)
    if not project.works and not described:  # one whose descriptor is broken has been told so
        yield Problem(where, "there is no effect in it", "[[contributes.effect]] adds one")
    for item in project.manifest.contributions:
        if item.kind in EFFECT_KINDS and not item.title:
            yield Problem(where, f"the {item.kind} {item.id} has no title", 'title = "What people read"')


def _declared(project: Project, work: Work) -> Iterator[Problem]:
    item, found, where = work.item, work.declaration, project.name(work.descriptor)
    if found.id != item.id:
        yield Problem(f"{where}: id", f"it describes {found.id!r}", f'{FILE_NAME} says "{item.id}"')
    if found.kind not in EFFECT_KINDS[item.kind]:
        fits = next(kind for kind, kinds in EFFECT_KINDS.items() if found.kind in kinds)
        yield Problem(f"{where}: kind", f"a {found.kind} is no {item.kind}", f"[[contributes.{fits}]]")
    for name in set(item.names) ^ set(found.names):
        text = f"the short name {name!r} stands in one of manifest and descriptor alone"
        yield Problem(f"{where}: names", text, "write the same names into both")
    yield from _examples(where, found)


def _examples(where: str, found: EffectDeclaration) -> Iterator[Problem]:
    for number, example in enumerate(found.examples):
        given = {key: value for key, value in example.items() if key != "title"}
        for problem in check_params(found.params, given, f"{where}: examples[{number}]")[1]:
            if problem.message != "this parameter is needed":
                yield problem


def _guest(project: Project, work: Work, bench: Bench) -> Iterator[Problem]:
    assert work.module is not None
    where = project.name(work.module)
    if not work.module.is_file():
        yield Problem(where, "the guest is not built", "kadr plugin build")
        return
    try:
        code = work.module.read_bytes()
        if packed(code, work.descriptor) != code:
            text = "its sections are not those of the descriptor as it is now"
            yield Problem(where, text, "kadr plugin build, or kadr plugin pack")
            return
        bench.effect(work)
    except KadrError as error:
        yield Problem(where, error.message, error.hint)


def _entry(work: Work) -> Iterator[Problem]:
    ways = [way for way in work.declaration.implementations if way in (*OWN_WAYS, "filter")]
    if not work.item.entry:
        text = f"{work.id} has no code for {', '.join(ways) or 'anything'}"
        yield Problem(FILE_NAME, text, 'entry = "PACKAGE.MODULE:CLASS"')
        return
    try:
        thing = load_entry(work.item.entry)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - foreign code; said below
        yield Problem(work.item.entry, f"it cannot be imported: {error!r}", "mend what it raises")
        return
    for problem in entry_problems(work.item, thing, work.declaration):
        yield Problem(work.item.entry, problem, "docs/contributions.md says what an entry is")


def _evidence(project: Project) -> Iterator[Problem]:
    """Evidence that was found for other files says nothing."""
    path = project.home / EVIDENCE
    if not path.is_file():
        return
    hint = "kadr plugin pack finds it anew"
    try:
        files = dict(json.loads(path.read_text("utf-8"))["files"])
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        yield Problem(project.name(path), "it cannot be read", hint)
        return
    now = digests(project)
    for name in sorted(now):
        if files.get(name) != now[name]:
            yield Problem(project.name(path), f"it was found for another {name}", hint)
