"""An exception from a rule says why, on its line or in a comment on the line above."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

EXCEPTION = re.compile(
    r"#\s*(?:noqa(?::\s*[A-Z]+\d+(?:[\s,]+[A-Z]+\d+)*)?"
    r"|type:\s*ignore(?:\[[^\]]*\])?"
    r"|(?:pragma|fmt|isort):\s*[\w ]+)"
)
FORMATTER = re.compile(r"#\s*fmt:\s*(?:skip|off|on)\s*$")
"""Of the formatter alone; the code beside it shows why."""


def test_every_exception_has_a_reason(python_files: list[Path], at: Callable[[Path, int], str]) -> None:
    bad = [
        f"{at(path, line)}: {text}"
        for path in python_files
        for line, text in without_reason(path.read_text("utf-8"))
    ]
    assert not bad, "\n".join(bad)


def test_noqa_names_its_rule(python_files: list[Path], at: Callable[[Path, int], str]) -> None:
    bare = re.compile(r"#\s*noqa(?!:\s*[A-Z])|type:\s*ignore(?!\[)")
    assert [
        at(p, n) for p in python_files for n, text in comments(p.read_text("utf-8")) if bare.search(text)
    ] == []


@pytest.mark.parametrize(
    "code",
    [
        "x = 1  # noqa: S101",
        "x = 1  # type: ignore[misc]",
        "x = 1  # type: ignore[misc]  # noqa: E501",
        "def f():  # pragma: no cover",
        "# one reason\n\nx = 1  # noqa: E501",
    ],
)
def test_the_rule_sees(code: str) -> None:
    assert len(list(without_reason(code + "\n    pass"))) == 1


@pytest.mark.parametrize(
    "code",
    [
        "x = 1  # noqa: S101 - an invariant",
        "x = 1  # type: ignore[misc]  # mypy cannot see it",
        "# mypy cannot see it\nx = 1  # type: ignore[misc]",
        "text = '# noqa: E501'",
    ],
)
def test_the_rule_lets_pass(code: str) -> None:
    assert list(without_reason(code)) == []


def without_reason(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of every exception that says nothing else."""
    found = dict(comments(source))
    lines = source.splitlines()
    for line, text in found.items():
        if not EXCEPTION.search(text) or FORMATTER.search(text):
            continue
        above = found.get(line - 1, "")
        alone = bool(above) and lines[line - 2].strip() == above
        if not _words(text) and not (alone and _words(above)):
            yield line, text


def _words(comment: str) -> str:
    """What is left of a comment without its exceptions and its punctuation."""
    return re.sub(r"[\s#,;:-]", "", EXCEPTION.sub("", comment))


def comments(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of every comment; texts that look like one are none."""
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string
    except (tokenize.TokenError, IndentationError):
        return
