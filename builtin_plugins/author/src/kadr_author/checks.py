"""What is tried with an effect, and which step of the quality scale each check belongs to."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from kadr_sdk.errors import DependencyMissingError, KadrError
from kadr_sdk.testing.conformance import check_effect

from kadr_author.building import made
from kadr_author.calls import SIZES, Case, answer, formats_of, is_sound
from kadr_author.fuzz import fuzzed
from kadr_author.project import Project, Work
from kadr_author.vectors import Vector, cases_for, file_of, read_vectors

__all__ = ["CHECKS", "LEVELS", "Check", "Outcome", "Trial", "tried"]

LEVELS = ("bronze", "silver", "gold", "platinum")
"""Of the quality scale, the least first."""
HARMLESS = ("log", "progress", "config")
_PICTURES = ("filter", "transition", "generator", "composite")
_THREADS = 4


@dataclass(frozen=True, slots=True)
class Trial:
    """What a check works with.

    Attributes:
        effect: the implementation. fresh: makes another one. apart: one in a process of its own.
        cache: for compilers.
        seed: of what is random; the same seed, the same calls.
    """

    project: Project
    work: Work
    effect: Any
    fresh: Callable[[], Any]
    apart: Callable[[], Any]
    cache: Path
    seed: int

    @property
    def vectors(self) -> list[Vector]:
        """The vectors of the effect."""
        return read_vectors(file_of(self.project.vectors, self.work.declaration))

    def answer(self, case: Case, effect: Any = None) -> str:
        """The hash of what the effect makes of a case."""
        return answer(self.work.declaration, self.effect if effect is None else effect, case)

    @property
    def steady(self) -> bool:
        """Whether it promises the same bytes again."""
        return self.work.declaration.deterministic not in ("none", "tolerance")


class NotApplicable(Exception):  # noqa: N818 - an answer, not an error
    """The check has nothing to say of this effect."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that is tried: it yields what is wrong."""

    name: str
    level: str
    summary: str
    run: Callable[[Trial], Iterator[str]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a check of an effect ended.

    Attributes:
        note: what is wrong, or why there was nothing to try.
    """

    effect: str
    check: str
    level: str
    passed: bool
    note: str = ""


def tried(trial: Trial, checks: Sequence[Check] = ()) -> list[Outcome]:
    """Every check of an effect, whatever the others say."""
    return [_outcome(trial, check) for check in checks or CHECKS]


def _outcome(trial: Trial, check: Check) -> Outcome:
    name = trial.work.id
    try:
        found = list(check.run(trial))
    except NotApplicable as reason:
        return Outcome(name, check.name, check.level, True, str(reason))
    except Exception as error:  # noqa: BLE001 - whatever foreign code raises is what is wrong
        found = [str(error) if isinstance(error, KadrError) else repr(error)]
    note = "; ".join(found[:3]) + (f"; and {len(found) - 3} more" if len(found) > 3 else "")
    return Outcome(name, check.name, check.level, not found, note)


# -- silver: it does what it says ----------------------------------------------------------------


def _conformance(trial: Trial) -> Iterator[str]:
    declared = trial.work.declaration
    if declared.kind in _PICTURES:
        needed = cases_for(declared)[0].values
        try:
            check_effect(declared, trial.effect, needed)
        except AssertionError as error:
            yield from str(error).splitlines()[1:]
        return
    for case in cases_for(declared):
        trial.answer(case)


def _vectors(trial: Trial) -> Iterator[str]:
    rows = trial.vectors
    if not trial.steady:
        raise NotApplicable("it does not promise the same bytes")
    if not rows:
        yield "there are no vectors: kadr plugin test --update writes them"
    for row in rows:
        if trial.answer(row.case) != row.sha256:
            yield f"another picture than its vector says: {row.case.where}"


def _repeat(trial: Trial) -> Iterator[str]:
    if not trial.steady:
        raise NotApplicable("it does not promise the same bytes")
    other = trial.fresh()
    for case in cases_for(trial.work.declaration):
        if len({trial.answer(case), trial.answer(case), trial.answer(case, other)}) != 1:
            yield f"not the same the second time: {case.where}"


# -- gold: it does so wherever and however it is asked --------------------------------------------


def _fuzz(trial: Trial) -> Iterator[str]:
    random = Random(trial.seed)  # noqa: S311 - cases of a test
    for case in fuzzed(trial.work.declaration, random):
        try:
            trial.answer(case)
        except Exception as error:  # noqa: BLE001 - whatever it raises is what is wrong
            yield f"{case.where}: {error}"


def _parallel(trial: Trial) -> Iterator[str]:
    """All threads at once, as segments are made; one that remembers has a copy for each."""
    if not trial.steady:
        raise NotApplicable("it does not promise the same bytes")
    cases = cases_for(trial.work.declaration) * 2
    alone = [trial.answer(case) for case in cases]

    def share(first: int) -> list[str]:
        effect = copy.copy(trial.effect) if _remembers(trial) else trial.effect
        return [trial.answer(case, effect) for case in cases[first::_THREADS]]

    with ThreadPoolExecutor(_THREADS) as pool:
        shares = list(pool.map(share, range(_THREADS)))
    for number, case in enumerate(cases):
        if shares[number % _THREADS][number // _THREADS] != alone[number]:
            yield f"another picture among {_THREADS} threads: {case.where}"


def _seek(trial: Trial) -> Iterator[str]:
    """Frames in another order, and from the middle, as a film that is cut elsewhere asks for them."""
    if not trial.steady:
        raise NotApplicable("it does not promise the same bytes")
    first = cases_for(trial.work.declaration)[0]
    cases = [Case(first.format, first.width, first.height, n, "tv", n / 8, first.values) for n in range(8)]
    straight = [trial.answer(case) for case in cases]
    for order in ([7, 3, 5, 0, 6, 1, 2, 4], [*reversed(range(8))]):
        effect = trial.fresh()
        for number in order:
            if trial.answer(cases[number], effect) != straight[number]:
                yield f"frame {number} looks different in another order"


def _apart(trial: Trial) -> Iterator[str]:
    if trial.work.module is None:
        raise NotApplicable("it is no guest")
    if not trial.steady:
        raise NotApplicable("it does not promise the same bytes")
    case, effect = cases_for(trial.work.declaration)[0], trial.apart()
    if trial.answer(case, effect) != trial.answer(case):
        yield f"another picture in a process of its own: {case.where}"


def _remembers(trial: Trial) -> bool:
    return trial.work.declaration.state == "sequential"


# -- platinum: anybody can hold it to that --------------------------------------------------------


def _exact(trial: Trial) -> Iterator[str]:
    if trial.work.declaration.deterministic != "bit":
        yield 'it does not promise the same bytes on every machine: deterministic = "bit"'


def _sandboxed(trial: Trial) -> Iterator[str]:
    if trial.work.module is None:
        yield "it is Python code, and runs with the rights of the account"
    for permission in trial.project.manifest.permission_set:
        if permission.name not in HARMLESS:
            yield f"it asks to {permission.sentence()}"


def _covered(trial: Trial) -> Iterator[str]:
    declared, rows = trial.work.declaration, trial.vectors
    if not rows:
        yield "there are no vectors"
        return
    for name in formats_of(declared):
        if all(row.case.format != name for row in rows):
            yield f"no vector has the format {name}"
    if not is_sound(declared) and all(row.case.width % 2 == 0 for row in rows):
        yield f"no vector has an odd size, such as {SIZES[1][0]}x{SIZES[1][1]}"
    for param in declared.params:
        if param.type != "file" and all(
            row.case.values.get(param.name, param.default) == param.default for row in rows
        ):
            yield f"no vector moves {param.name}"


def _rebuilt(trial: Trial) -> Iterator[str]:
    work = trial.work
    if work.module is None:
        raise NotApplicable("nothing is built")
    if work.source is None:
        yield "its source is not here"
        return
    try:
        again = made(work, trial.cache)
    except DependencyMissingError as error:
        yield f"{error.message} ({error.hint})"
        return
    if again != work.module.read_bytes():
        yield f"its source gives another guest than {work.module.name}: kadr plugin build"


def _explained(trial: Trial) -> Iterator[str]:
    declared = trial.work.declaration
    for param in declared.params:
        if not (param.label and param.hint):
            yield f"the parameter {param.name} has no {'hint' if param.label else 'label'}"
    if not declared.summary:
        yield "it has no summary"
    if declared.params and not declared.examples:
        yield "it has no example: [[examples]]"


CHECKS: Sequence[Check] = (
    Check(
        "conformance",
        "silver",
        "the planned size and format, inputs untouched, in every format",
        _conformance,
    ),
    Check("vectors", "silver", "the pictures that its vectors say", _vectors),
    Check("repeat", "silver", "the same again, and from a fresh instance", _repeat),
    Check("fuzz", "gold", "parameters at their limits and anywhere between", _fuzz),
    Check("parallel", "gold", "the same in several threads at once", _parallel),
    Check("seek", "gold", "the same in any order and from any frame", _seek),
    Check("apart", "gold", "the same in a process of its own", _apart),
    Check("exact", "platinum", "promises the same bytes on every machine", _exact),
    Check("sandboxed", "platinum", "a guest that reaches nothing", _sandboxed),
    Check("covered", "platinum", "vectors for every format, an odd size and every parameter", _covered),
    Check("rebuilt", "platinum", "its source gives its bytes", _rebuilt),
    Check("explained", "platinum", "a label and a hint for every parameter, and an example", _explained),
)
"""In the order that they are tried. Bronze is what ``validate`` says."""
