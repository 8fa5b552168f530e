"""Every command in a process of its own: its help, its start, and what it says of itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

COMMANDS = [
    *("demo", "make", "render", "frame", "validate", "plan", "probe", "verify", "schema"),
    *("effects", "transitions", "generators", "analyzers", "presets", "formats"),
    *("import", "importers", "analyze", "plugin", "system", "config"),
]
MAIN = "import sys; from kadr_kernel.boot import main; sys.exit(main())"
HEAVY = ["numpy", "pydantic", "rich", "av"]


def kadr(home: Path, *arguments: str, code: str = MAIN) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=os.environ | {"KADR_HOME": str(home), "PYTHONIOENCODING": "utf-8"},
        cwd=home,
        timeout=60,
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose index of plugins is made."""
    folder = tmp_path_factory.mktemp("home")
    assert kadr(folder, "plugin", "list").returncode == 0
    return folder


def test_the_list_is_whole(kernel: Any) -> None:
    ours = {c.id for c in kernel.catalogue.all("command") if c.plugin == "kadr.cli"}
    assert ours == set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_comes_at_once(home: Path, command: str) -> None:
    before = used()
    done = kadr(home, command, "--help")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"Usage: kadr {command}")
    assert used() - before < 0.6


def used() -> float:
    """Seconds of processor time of finished children; of a wall clock a busy machine would have its say."""
    now = os.times()
    return now.children_user + now.children_system


LOADED = """
import sys
from kadr_kernel.boot import main
code = main()
print([name for name in {heavy} if name in sys.modules], file=sys.stderr)
sys.exit(code)
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["plugin", "list"],
        ["plugin", "list", "--json"],
        ["--help"],
        ["--version"],
        *([c, "--help"] for c in COMMANDS),
    ],
    ids=" ".join,
)
def test_a_light_command_imports_nothing_heavy(home: Path, arguments: list[str]) -> None:
    done = kadr(home, *arguments, code=LOADED.format(heavy=HEAVY))
    assert done.returncode == 0
    assert done.stderr.strip() == "[]"


READ_ONLY = [
    ["effects"],
    ["effects", "blur"],
    ["transitions"],
    ["transitions", "dissolve"],
    ["generators"],
    ["generators", "test_card"],
    ["presets"],
    ["presets", "youtube-1080p"],
    ["formats"],
    ["formats", "mp4"],
    ["schema"],
    ["config", "list"],
    ["config", "get", "render.workers"],
    ["plugin", "list"],
    ["plugin", "info", "effects"],
    ["plugin", "doctor"],
    ["system", "info"],
    ["system", "health"],
]


@pytest.mark.parametrize("arguments", READ_ONLY, ids=" ".join)
def test_says_it_to_people_and_to_programs(
    kernel: Any, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    host = kernel.catalogue.load("host", "cli")
    assert host.run(kernel, arguments) == 0
    assert capsys.readouterr().out.strip()
    assert host.run(kernel, [*arguments, "--json"]) == 0
    said = capsys.readouterr()
    rows = [json.loads(line) for line in said.out.splitlines()]
    assert all(isinstance(row, dict) for row in rows)
    assert rows or arguments == ["plugin", "doctor"]
    assert said.err == ""


def test_settings_and_plugins_are_changed(home: Path) -> None:
    assert kadr(home, "config", "set", "render.workers", "3").stdout == "render.workers = 3\n"
    assert kadr(home, "config", "get", "render.workers").stdout == "3\n"
    assert kadr(home, "config", "set", "render.workers", "many").returncode == 2
    assert kadr(home, "plugin", "disable", "exporters").returncode == 0
    refused = kadr(home, "formats", "mp4")
    assert refused.returncode == 2
    assert "kadr.exporters" in refused.stderr
    assert kadr(home, "plugin", "enable", "kadr.exporters").returncode == 0
    assert kadr(home, "formats", "mp4").returncode == 0
