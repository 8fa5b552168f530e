"""The author's page names a test for every rule, and the tests are there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_promise_has_tests() -> None:
    text = (ROOT / "docs" / "wasm.md").read_text("utf-8")
    section = text.partition("## What is promised, and the test of it")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ") and "| tests |" not in line]
    assert len(rows) > 22
    for row in rows:
        named = re.findall(r"`(test_\w+)::(test_\w+)`", row)
        assert named, row
        for file, test in named:
            folders = ("kernel/tests/sandbox", "tests/guests", "tests/hostile", "tests/e2e")
            paths = [ROOT / folder / f"{file}.py" for folder in folders]
            (path,) = [path for path in paths if path.exists()]
            assert f"def {test}(" in path.read_text("utf-8"), f"{file}::{test}"
