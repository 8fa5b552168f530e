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
DOCUMENT = HERE.parents[1] / "docs" / "hostile.md"
WRITING = "KADR_HOSTILE_TABLE"
TABLE = re.compile(r"(<!-- cases -->\n).*?(<!-- end -->)", re.DOTALL)


def cases() -> Mapping[str, Mapping[str, list[str]]]:
    """What is tried and what happens, by group and case."""
    return tomllib.loads((HERE / "cases.toml").read_text("utf-8"))


def tests() -> dict[str, list[str]]:
    """Names of the tests of every case, read from the sources."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(HERE.glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef):
                for mark in node.decorator_list:
                    if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.case":
                        found[ast.literal_eval(mark.args[0])].append(f"{path.stem}::{node.name}")
    return found


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
        self._cases: dict[str, str] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Which test is of which case."""
        for item in items:
            if (mark := item.get_closest_marker("case")) is not None:
                self._cases[item.nodeid] = mark.args[0]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A failure anywhere, of setting up and tearing down too."""
        case = self._cases.get(report.nodeid)
        if case is None:
            return
        if report.failed or hasattr(report, "wasxfail"):
            self.ended[case] = "fail"
        elif report.when == "call":
            self.ended.setdefault(case, "pass")


def main() -> int:
    """Run the cases and write the document."""
    os.environ[WRITING] = "1"
    outcomes = Outcomes()
    pytest.main(["-n", "0", "-p", "no:cacheprovider", str(HERE)], plugins=[outcomes])
    DOCUMENT.write_text(document(outcomes.ended), "utf-8")
    failed = [case for case, end in outcomes.ended.items() if end == "fail"]
    print(f"{len(outcomes.ended)} cases, {len(failed)} failed {' '.join(failed)}")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
