"""The commands as a user calls them, on a real kernel and a small film."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from kadr_kernel.boot import boot
from kadr_kernel.kernel import Kernel
from kadr_sdk.errors import (
    CancelledError,
    InvalidParameterError,
    InvalidPathError,
    NotFoundError,
    RenderError,
    TimeoutExceededError,
)

Run = Callable[..., str]


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[Kernel]:
    with boot(environ={"KADR_HOME": str(tmp_path / "home")}) as running:
        yield running


@pytest.fixture
def run(kernel: Kernel, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*argv: object) -> str:
        assert kernel.catalogue.load("command", "jobs")(kernel, [str(word) for word in argv]) == 0
        return capsys.readouterr().out

    return call


@pytest.fixture
def film(tmp_path: Path) -> Path:
    clip = {"id": "a", "generator": {"type": "test_card"}, "duration": 1}
    timeline = {"fps": 10, "resolution": [64, 36], "tracks": [{"id": "v", "type": "video", "clips": [clip]}]}
    path = tmp_path / "film.tlp"
    path.write_text(json.dumps({"metadata": {"id": "film"}, "timeline": timeline}), "utf-8")
    return path


def test_from_submission_to_the_file(run: Run, film: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "one.mp4", tmp_path / "two.mkv"
    assert run("submit", film, "-o", one, "--crf", "40") == f"job 1 is queued: {one}\n"
    submitted = json.loads(run("submit", film, "-o", two, "--priority", "-2", "--json"))
    assert submitted == {"job": 2, "state": "queued", "priority": -2, "outputs": [str(two)]}
    assert run("priority", 2, 7) == "job 2 has priority 7\n"
    rows = [line.split()[:3] for line in run("list").splitlines()[1:]]
    assert rows == [["2", "queued", "7"], ["1", "queued", "0"]]
    assert run("run", "--until-empty").splitlines() == [
        "job 2 is running", "job 2 is done", "job 1 is running", "job 1 is done"
    ]  # fmt: skip
    assert one.stat().st_size > 0
    assert two.stat().st_size > 0
    shown = json.loads(run("show", 1, "--json"))
    assert shown["state"] == "done"
    assert shown["requests"] == [{"output": str(one), "video": {"crf": 40.0}}]
    assert shown["results"][0]["bytes"] == one.stat().st_size
    assert (shown["done"], shown["total"]) == (10, 10)
    assert "made" in run("show", 1)
    assert run("wait", 1, 2) == "job 1 is done\njob 2 is done\n"
    assert json.loads(run("clear", "--json")) == {"cleared": 2}
    assert run("list") == "no jobs\n"


def test_steering(run: Run, film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("submit", film, "-o", tmp_path / "a.mp4")
    assert run("pause", 1) == "job 1 is paused\n"
    assert run("run", "--until-empty") == ""
    assert run("resume", 1) == "job 1 is queued\n"
    assert json.loads(run("cancel", 1, "--json"))["state"] == "cancelled"
    with pytest.raises(CancelledError):
        run("wait", 1)
    capsys.readouterr()
    assert run("list", "--state", "paused") == "no jobs that are paused\n"


def test_a_failed_job_says_why(run: Run, film: Path, tmp_path: Path) -> None:
    output = tmp_path / "a.mp4"
    run("submit", film, "-o", output)
    output.write_text("in the way", "utf-8")
    with pytest.raises(RenderError, match="failed: job 1"):
        run("run", "--until-empty")
    shown = run("show", 1)
    assert "exists already" in shown
    assert "remedy     choose another name, or add --overwrite" in shown
    with pytest.raises(RenderError, match="failed: job 1"):
        run("wait", 1)
    assert output.read_text("utf-8") == "in the way"


def test_wrong_input(run: Run, film: Path, tmp_path: Path) -> None:
    with pytest.raises(click.UsageError, match="lst"):
        run("lst")
    with pytest.raises(NotFoundError, match="unknown job '4'"):
        run("show", 4)
    run("submit", film, "-o", tmp_path / "a.mp4")
    with pytest.raises(NotFoundError, match="unknown job '4'"):
        run("cancel", 1, 4)
    assert json.loads(run("list", "--json"))["state"] == "queued"
    with pytest.raises(TimeoutExceededError, match="not ended in time: job 1"):
        run("wait", 1, "--timeout", "0.1")
    with pytest.raises(InvalidPathError, match="job 1 writes this file"):
        run("submit", film, "-o", tmp_path / "a.mp4")
    run("cancel", 1)
    with pytest.raises(InvalidParameterError, match="job 1 is cancelled and cannot be paused"):
        run("pause", 1)


def test_that_nobody_runs_them_is_said(
    kernel: Kernel, run: Run, film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("submit", film, "-o", tmp_path / "a.mp4")
    kernel.catalogue.load("command", "jobs")(kernel, ["list"])
    assert capsys.readouterr().err == "nobody runs them; begin with: kadr jobs run\n"
