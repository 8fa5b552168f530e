"""A render that is stopped from outside: Ctrl-C, SIGTERM, a closed terminal, SIGKILL."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

# A job in the background of a shell ignores Ctrl-C, and so would its children: here it counts.
CODE = (
    "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from kadr_kernel.boot import main; sys.exit(main())"
)
KADR = [sys.executable, "-c", CODE]
HANG = 20
"""Seconds after which a process that should have ended hangs; what is promised is one."""

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="a child of a test gets no Ctrl-C of its own on Windows"
)


class Studio:
    """A folder with an endless film and a short one, and renders in processes of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.jobs = folder / "home" / "cache" / "jobs"
        self.running: list[subprocess.Popen[str]] = []
        self.write("endless", 3600)
        self.write("short", 0.2)

    def write(self, name: str, seconds: float) -> None:
        card = {"id": "card", "generator": {"type": "test_card"}, "start_time": 0, "duration": seconds}
        timeline = {"fps": 25, "resolution": [320, 180], "tracks": [{"id": "v", "clips": [card]}]}
        (self.folder / f"{name}.tlp").write_text(json.dumps({"timeline": timeline}), "utf-8")

    def start(self, *arguments: str, program: Sequence[str] = KADR) -> subprocess.Popen[str]:
        """A render of the endless film that has begun."""
        process = subprocess.Popen(
            [*program, "render", "endless.tlp", "-o", "out.mp4", "--workers", "2", *arguments],
            cwd=self.folder,
            env=os.environ | {"KADR_HOME": str(self.folder / "home")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.running.append(process)
        end = time.monotonic() + HANG
        while not list(self.jobs.glob("job-*/segment-*")) and process.poll() is None:
            assert time.monotonic() < end, "the render does not begin"
            time.sleep(0.02)
        time.sleep(0.2)  # in the middle of it
        return process

    def left(self) -> list[str]:
        """Files that a stopped render must not leave."""
        return sorted(p.name for p in self.folder.iterdir() if "out" in p.name) + sorted(
            p.name for p in self.jobs.iterdir()
        )


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    found = Studio(tmp_path)
    yield found
    for process in found.running:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_stops_soon_and_leaves_nothing(studio: Studio, name: str) -> None:
    process = studio.start("--json")
    process.send_signal(getattr(signal, name))
    out, err = process.communicate(timeout=HANG)
    assert process.returncode == 130, err
    lines: list[Any] = [json.loads(line) for line in out.splitlines()]
    assert [line["event"] for line in lines[-2:]] == ["RenderCancelled", "Cancelled"]
    assert lines[-1]["code"] == "cancelled"
    assert err == ""
    assert studio.left() == []


def test_says_so_to_people(studio: Studio) -> None:
    process = studio.start()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=HANG)
    assert process.returncode == 130
    assert err.endswith("cancelled\n")
    assert "Traceback" not in err
    assert studio.left() == []


def test_goes_on_after_its_terminal_where_it_was_told_to(studio: Studio) -> None:
    ignoring = CODE.replace(
        "import signal, sys; ", "import signal, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN); "
    )
    process = studio.start(program=[sys.executable, "-c", ignoring])  # as nohup does
    process.send_signal(signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=1)


def test_what_a_killed_render_left_is_cleaned_up_by_the_next(studio: Studio) -> None:
    process = studio.start()
    process.kill()
    process.communicate(timeout=HANG)
    assert [name for name in studio.left() if name.startswith("job-")]
    assert not (studio.folder / "out.mp4").exists()
    done = subprocess.run(
        [*KADR, "render", "short.tlp", "-o", "out.mp4"],
        cwd=studio.folder,
        env=os.environ | {"KADR_HOME": str(studio.folder / "home")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert studio.left() == ["out.mp4"]


def test_a_running_render_is_not_taken_for_a_dead_one(studio: Studio) -> None:
    process = studio.start()
    mine = sorted(p.name for p in studio.jobs.iterdir())
    done = subprocess.run(
        [*KADR, "render", "short.tlp", "-o", "short.mp4"],
        cwd=studio.folder,
        env=os.environ | {"KADR_HOME": str(studio.folder / "home")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert sorted(p.name for p in studio.jobs.iterdir()) == mine
    assert process.poll() is None
