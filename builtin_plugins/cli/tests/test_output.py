"""What the user reads."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from typing import Any

import pytest
from kadr_cli.output import clean, color_of, plural, print_error, print_json, print_table
from kadr_cli.summary import print_report
from kadr_sdk.errors import CancelledError, MediaFileError, Problem, ValidationError
from kadr_sdk.reports import CheckReport, RenderReport

REPORT = RenderReport(
    "j", "/x/film.mp4", 300, 12.0, 1_860_000, 6.0, 2, 2, "ab" * 32, "p", check=CheckReport("fast")
)


def test_json_is_one_line_and_always_json(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"a": "b\nc", "nan": float("nan"), "deep": [float("inf")], "path": object})
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    found = json.loads(out, parse_constant=pytest.fail)
    assert (found["a"], found["nan"], found["deep"]) == ("b\nc", "nan", ["inf"])


def test_an_error_has_place_rule_and_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    print_error(MediaFileError("does not exist", path="a.mp4", hint="check the path"), as_json=False)
    assert capsys.readouterr().err == "error: a.mp4: does not exist (check the path)\n"


def test_every_problem_of_an_error_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    print_error(ValidationError("no", [Problem("a", "x", "y"), Problem("b", "z")]), as_json=False)
    assert capsys.readouterr().err == "error: no\n  - a: x (y)\n  - b: z\n"


def test_an_error_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_error(MediaFileError("bad", path="\x1b[2J\u202e.mp4"), as_json=False)
    assert capsys.readouterr().err == "error: \\x1b[2J\\u202e.mp4: bad\n"
    assert clean("a\r\nb") == "a\\r\nb"


def test_errors_and_cancel_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    print_error(MediaFileError("bad", path="a.mp4"), as_json=True)
    print_error(CancelledError("stop"), as_json=True)
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["event"], first["code"], first["problems"][0]["path"]) == ("Error", "media_file", "a.mp4")
    assert (second["event"], second["code"]) == ("Cancelled", "cancelled")


def test_a_table_in_a_pipe_is_plain_columns(capsys: pytest.CaptureFixture[str]) -> None:
    print_table("t", ["name", "what"], [["a", "x\ny"], ["long", "z\x1b"]])
    assert capsys.readouterr().out == "name  what\na     x y\nlong  z\\x1b\n"


def test_a_table_without_rows(capsys: pytest.CaptureFixture[str]) -> None:
    print_table("t", ["name", "what"], [])
    assert capsys.readouterr().out == "name  what\n"


@pytest.mark.parametrize(
    ("setting", "variable", "wanted"),
    [("auto", "", None), ("auto", "1", False), ("always", "1", True), ("never", "", False)],
)
def test_colors(
    kernel: Any, setting: str, variable: str, wanted: bool | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", variable)
    made = kernel()
    made.config.values["ui.color"] = setting
    assert color_of(made) is wanted


def test_plurals() -> None:
    assert [plural(n, "clip") for n in (0, 1, 2)] == ["0 clips", "1 clip", "2 clips"]


def test_a_summary(capsys: pytest.CaptureFixture[str]) -> None:
    print_report(replace(REPORT, warnings=(Problem("a.mp4", "odd", "look"),)))
    assert capsys.readouterr().out.splitlines() == [
        "/x/film.mp4",
        "  12.00 s, 300 frames, 1.86 MB, verified (fast), sha256 abababababababab…",
        "  in 6.0 s, 2.00x real time, 2 segments, 2 at once",
        "  warning: a.mp4: odd (look)",
    ]


def test_a_summary_of_sound(capsys: pytest.CaptureFixture[str]) -> None:
    print_report(replace(REPORT, frames=0, segments=0, check=None, seconds=0.0))
    assert capsys.readouterr().out.splitlines()[1:] == [
        "  12.00 s, 1.86 MB, not verified, sha256 abababababababab…",
        "  in 0.0 s, 0.00x real time",
    ]


def test_lines_of_threads_stay_whole(capsys: pytest.CaptureFixture[str]) -> None:
    from kadr_cli.watch import _Lines
    from kadr_sdk.events import Envelope, RenderCancelled

    lines = _Lines()

    def write(number: int) -> None:
        for step in range(50):
            lines.put(Envelope(step, 0, "system", "x" * 500, RenderCancelled(f"job-{number}")))

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(found) == 400


def test_a_report_says_what_was_made_before(capsys: pytest.CaptureFixture[str]) -> None:
    print_report(replace(REPORT, segments=10, reused=9))
    text = "  in 6.0 s, 2.00x real time, 10 segments (9 of them made before), 2 at once"
    assert text in capsys.readouterr().out.splitlines()


def test_a_report_says_why_frames_were_not_copied(capsys: pytest.CaptureFixture[str]) -> None:
    reasons = {"it is scaled": 50, "blur is at work": 25, "only the background is seen": 2, "too few": 1}
    print_report(replace(REPORT, copied=1, encoded=reasons))
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if "encoded" in line] == [
        "  50 frames encoded: it is scaled",
        "  25 frames encoded: blur is at work",
        "  2 frames encoded: only the background is seen",
    ]
