"""The quality scale: computed from checks, never claimed.

A plugin has a step where every check up to it passes for every effect. Nothing in a manifest says
so, and evidence that stands in a package names the digests of the files that it was found for.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from kadr_sdk.errors import Problem
from kadr_sdk.plugin import Kernel

from kadr_author.checks import CHECKS, LEVELS, Outcome, Trial, tried
from kadr_author.project import Project, Work
from kadr_author.rules import broken_rules
from kadr_author.trial import on_trial
from kadr_author.vectors import Vector, cases_for, file_of, write_vectors

__all__ = ["Quality", "quality_of", "renew_vectors", "rules_of"]


@dataclass(frozen=True, slots=True)
class Quality:
    """What was found of a plugin.

    Attributes:
        level: one of :data:`~kadr_author.checks.LEVELS`, or ``none``.
        problems: rules that are broken; outcomes: of the checks, where there were none.
    """

    level: str
    problems: tuple[Problem, ...]
    outcomes: tuple[Outcome, ...]

    @property
    def next_step(self) -> str:
        """The step that is not reached; empty: there is none."""
        reached = LEVELS.index(self.level) + 1 if self.level in LEVELS else 0
        return LEVELS[reached] if reached < len(LEVELS) else ""

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready data."""
        return {
            "level": self.level,
            "problems": [problem.as_dict() for problem in self.problems],
            "checks": [asdict(outcome) for outcome in self.outcomes],
        }


def rules_of(kernel: Kernel, project: Project) -> list[Problem]:
    """Rules that the plugin breaks."""
    with tempfile.TemporaryDirectory() as folder, on_trial(kernel, project, Path(folder)) as bench:
        return broken_rules(project, bench)


def quality_of(
    kernel: Kernel,
    project: Project,
    cache: Path,
    seed: int = 0,
    said: Callable[[Outcome], object] = lambda _outcome: None,
) -> Quality:
    """Every check of every effect. Where rules are broken, nothing more is tried.

    Args:
        said: told every outcome when it is there.
    """
    if problems := rules_of(kernel, project):
        return Quality("none", tuple(problems), ())
    outcomes = []
    with _trials(kernel, project, cache, seed) as trials:
        for trial in trials:
            for check in CHECKS:
                outcomes += tried(trial, [check])
                said(outcomes[-1])
    return Quality(_level(outcomes), (), tuple(outcomes))


def renew_vectors(kernel: Kernel, project: Project, cache: Path) -> list[tuple[Path, int, int]]:
    """Write what the effects make now; each file with its count of vectors and of those that changed.

    Cases that are there stay; a file that is not there gets cases for everything.
    """
    done = []
    with _trials(kernel, project, cache, 0) as trials:
        for trial in trials:
            old = trial.vectors
            cases = [vector.case for vector in old] or cases_for(trial.work.declaration)
            new = [Vector(case, trial.answer(case)) for case in cases]
            path = file_of(project.vectors, trial.work.declaration)
            changed = len(new) if not old else sum(a != b for a, b in zip(old, new, strict=True))
            if changed:
                write_vectors(path, new)
            done.append((path, len(new), changed))
    return done


def _level(outcomes: Sequence[Outcome]) -> str:
    """The highest step with all checks up to it passed; bronze, for no rule is broken."""
    reached = LEVELS[0]
    for step in LEVELS[1:]:
        if not all(row.passed for row in outcomes if row.level == step):
            break
        reached = step
    return reached


@contextmanager
def _trials(kernel: Kernel, project: Project, cache: Path, seed: int) -> Iterator[Iterator[Trial]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (
            on_trial(kernel, project, folder / "here") as here,
            on_trial(kernel, project, folder / "apart", apart=True) as apart,
        ):

            def trial(work: Work) -> Trial:
                fresh, away = partial(here.effect, work), partial(apart.effect, work)
                return Trial(project, work, fresh(), fresh, away, cache, seed)

            yield map(trial, project.works)
