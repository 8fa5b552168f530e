"""Every check fails where it should, and says why."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from kadr_author.checks import CHECKS, Outcome, Trial, tried
from kadr_author.project import Project, read_project
from kadr_author.quality import quality_of, renew_vectors
from kadr_author.trial import on_trial
from kadr_kernel.kernel import Kernel

BY_NAME = {check.name: check for check in CHECKS}


@pytest.fixture
def check(kernel: Kernel, cache: Path) -> Callable[[Project, str], Outcome]:
    """The outcome of one check."""

    def run(project: Project, name: str) -> Outcome:
        (work,) = project.works
        with tempfile.TemporaryDirectory() as folder, on_trial(kernel, project, Path(folder)) as bench:
            fresh = partial(bench.effect, work)
            return tried(Trial(project, work, fresh(), fresh, fresh, cache, 0), [BY_NAME[name]])[0]

    return run


@pytest.mark.parametrize(
    ("name", "body", "says"),
    [
        ("conformance", "call.inputs[0][0].planes[0][0, 0] = 1", "writes to an input"),
        ("conformance", "return VideoFrame.empty(call.format, 2, 2)", "the output is yuv420p 2x2"),
        ("vectors", "out.planes[0][...] = 16", "another picture than its vector says: yuv420p 64x36 frame 0"),
        ("repeat", "out.planes[0][0, 0] = random.randrange(256)", "not the same the second time"),
        ("fuzz", "assert value < 1", "1x1|2x2|17x3|3x40|64x36"),
        ("fuzz", "1 / (call.width - 1)", "1x1"),
        (
            "parallel",
            "main = threading.current_thread() is threading.main_thread()\nout.planes[0][...] = 16 + main",
            "another picture among 4 threads",
        ),
        (
            "seek",
            "self.count += 1\nout.planes[0][...] = min(self.count, 255)",
            "frame 7 looks different in another order",
        ),
        ("sandboxed", "pass", "it is Python code"),
    ],
)
def test_what_is_wrong_is_found(
    name: str,
    body: str,
    says: str,
    check: Callable[[Project, str], Outcome],
    written: Callable[[str], Project],
) -> None:
    outcome = check(written(body), name)
    assert not outcome.passed
    assert re.search(says, outcome.note), outcome.note


def changed(project: Project, old: str, new: str) -> Project:
    """The descriptor with another text."""
    path = project.works[0].descriptor
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    return read_project(project.root)


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        ("exact", 'deterministic = "bit"', 'deterministic = "machine"', "does not promise the same bytes"),
        ("covered", '"yuv444p"]', '"yuv444p", "gbrp"]', "no vector has the format gbrp"),
        ("explained", 'hint = "0', 'unit = "0', "the parameter amount has no hint"),
        ("explained", "[[examples]]", "[extensions]", "it has no example"),
    ],
)
def test_what_a_descriptor_lacks_is_found(
    name: str,
    old: str,
    new: str,
    says: str,
    check: Callable[[Project, str], Outcome],
    begun: Callable[..., Project],
) -> None:
    assert says in check(changed(begun("python"), old, new), name).note


def test_no_vectors_no_silver(
    check: Callable[[Project, str], Outcome], begun: Callable[..., Project]
) -> None:
    project = begun("python")
    (project.vectors / "demo.json").unlink()
    assert "kadr plugin test --update writes them" in check(project, "vectors").note
    assert check(project, "covered").note == "there are no vectors"
    (project.vectors / "demo.json").write_text('[{"format": "yuv420p"}]', "utf-8")
    assert "a vector needs 'height'" in check(project, "vectors").note


def test_a_guest_that_its_source_does_not_give(
    check: Callable[[Project, str], Outcome], begun: Callable[..., Project]
) -> None:
    project = begun("wat")
    source = project.works[0].source
    assert source is not None
    assert check(project, "rebuilt").passed
    source.write_text(source.read_text("utf-8") + "(func $more)", "utf-8")
    assert "its source gives another guest than demo.wasm" in check(project, "rebuilt").note
    source.unlink()
    assert check(read_project(project.root), "rebuilt").note == "its source is not here"


def test_what_is_not_promised_is_not_asked_for(
    check: Callable[[Project, str], Outcome], written: Callable[[str], Project]
) -> None:
    random = written("out.planes[0][0, 0] = random.randrange(256)")
    project = changed(random, 'deterministic = "bit"', 'deterministic = "none"')
    for name in ("vectors", "repeat", "parallel", "seek"):
        outcome = check(project, name)
        assert outcome.passed
        assert outcome.note == "it does not promise the same bytes"


def test_a_step_needs_all_below_it(kernel: Kernel, cache: Path, written: Callable[[str], Project]) -> None:
    project = written("out.planes[0][...] = 16")
    found = quality_of(kernel, project, cache)
    assert (found.level, found.next_step) == ("bronze", "silver")
    ((path, count, new),) = renew_vectors(kernel, project, cache)
    assert path.name == "demo.json"
    assert 0 < new <= count
    assert quality_of(kernel, project, cache).level == "gold"
    assert renew_vectors(kernel, project, cache)[0][2] == 0


def test_one_that_remembers_is_asked_in_order(
    check: Callable[[Project, str], Outcome], written: Callable[[str], Project]
) -> None:
    body = "self.count += 1\nout.planes[0][...] = self.count\n"
    project = written(body)
    path = project.home / "effect.py"
    text = path.read_text("utf-8") + "\n    def reset(self):\n        self.count = 0\n"
    path.write_text(text, "utf-8")
    project = changed(project, 'deterministic = "bit"', 'deterministic = "bit"\nstate = "sequential"')
    for name in ("repeat", "parallel", "seek"):
        assert check(project, name).passed
    path.write_text(text.replace("self.count = 0", "pass"), "utf-8")
    assert not check(project, "repeat").passed
