"""Write docs/hostile.md: ``uv run python tests/hostile/table.py`` runs every case and says how it ended.

The words stand in ``cases.toml``, the tests carry ``@pytest.mark.case``; the suite is red where the
document says something else than they do.
"""

from __future__ import annotations

import ast
import os
import re
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

__all__ = ["cases", "document", "rows", "tests"]

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PLACES = (HERE, ROOT / "plugin_registry" / "tests", ROOT / "tests" / "e2e" / "test_builds.py")
"""Where tests carry the marks."""
DOCUMENT = ROOT / "docs" / "hostile.md"
WRITING = "KADR_HOSTILE_TABLE"
TABLE = re.compile(r"(<!-- cases -->\n).*?(<!-- end -->)", re.DOTALL)


def cases() -> Mapping[str, Mapping[str, list[str]]]:
    """What is tried and what happens, by group and case."""
    return tomllib.loads((HERE / "cases.toml").read_text("utf-8"))


def tests() -> dict[str, list[str]]:
    """Names of the tests of every case, read from the sources."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in (p for place in PLACES for p in (sorted(place.glob("test_*.py")) or [place])):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef):
                for case in _marked(node):
                    found[case].append(f"{_place(path)}::{node.name}")
    return found


def _marked(node: ast.FunctionDef) -> Iterator[str]:
    for mark in node.decorator_list:
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.case":
            yield ast.literal_eval(mark.args[0])


def _place(path: Path) -> str:
    """The name of a test file; of one elsewhere with its folder."""
    folder = path.parent.relative_to(ROOT).parts
    return path.stem if path.parent == HERE else f"{' '.join(p for p in folder if p != 'tests')}/{path.stem}"


def rows(ended: Mapping[str, str]) -> Iterator[str]:
    """The lines of the table.

    Args:
        ended: ``pass`` or ``fail`` by case.
    """
    known = tests()
    for group, entries in cases().items():
        yield f"\n## {group}. {entries['title']}\n\n"
        yield "| case | what is tried | what happens | test | |\n|---|---|---|---|---|\n"
        for case, (tried, happens) in ((c, e) for c, e in entries.items() if c != "title"):
            named = "<br>".join(f"`{name}`" for name in known.get(case, ()))
            yield f"| {case} | {tried} | {happens} | {named} | {ended.get(case, 'fail')} |\n"


def document(ended: Mapping[str, str]) -> str:
    """The whole text with the table as it should be."""
    made = "".join(rows(ended))
    return TABLE.sub(lambda match: f"{match[1]}{made}\n{match[2]}", DOCUMENT.read_text("utf-8"))


class Outcomes:
    """A plugin of pytest that remembers how cases end: one failure is the case's."""

    def __init__(self) -> None:
        self.ended: dict[str, str] = {}
        self._cases: dict[str, list[str]] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Which test is of which case."""
        for item in items:
            self._cases[item.nodeid] = [mark.args[0] for mark in item.iter_markers("case")]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A failure anywhere, of setting up and tearing down too."""
        for case in self._cases.get(report.nodeid, ()):
            if report.failed or hasattr(report, "wasxfail"):
                self.ended[case] = "fail"
            elif report.when == "call" and report.passed:
                self.ended.setdefault(case, "pass")


def main() -> int:
    """Run the cases and write the document."""
    os.environ[WRITING] = "1"
    outcomes = Outcomes()
    pytest.main(["-n", "0", "-m", "case", "-p", "no:cacheprovider", *map(str, PLACES)], plugins=[outcomes])
    DOCUMENT.write_text(document(outcomes.ended), "utf-8")
    failed = [case for case, end in outcomes.ended.items() if end == "fail"]
    print(f"{len(outcomes.ended)} cases, {len(failed)} failed {' '.join(failed)}")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
