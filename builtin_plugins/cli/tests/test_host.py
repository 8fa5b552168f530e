"""The host: finding commands, exit codes, errors in one voice."""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

import click
import pytest
from kadr_cli.host import CliHost
from kadr_cli.invoke import as_command
from kadr_sdk.errors import (
    BackendError,
    CancelledError,
    InternalError,
    InvalidPathError,
    MediaFileError,
    PermissionDeniedError,
    StorageError,
    VerifyError,
)


def raising(error: BaseException) -> Any:
    def run(_kernel: object, _argv: object) -> int:
        raise error

    return run


@click.command("add")
@click.argument("number", type=int)
@click.option("--times", type=int, default=1)
@click.option("--timid", is_flag=True)
@click.option("--json", "as_json", is_flag=True)
def add(number: int, times: int, timid: bool, as_json: bool) -> None:
    """Multiply, really."""
    click.echo(str(number * times))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InternalError("x"), 1),
        (InvalidPathError("x"), 2),
        (MediaFileError("x"), 3),
        (BackendError("x"), 4),
        (VerifyError("x"), 5),
        (PermissionDeniedError("x"), 6),
        (StorageError("x"), 7),
        (CancelledError("x"), 130),
        (KeyboardInterrupt(), 130),
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_exit_codes(
    kernel: Any, error: BaseException, code: int, as_json: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["go", "--json"] if as_json else ["go"]
    assert CliHost().run(kernel(go=raising(error)), arguments) == code
    said = capsys.readouterr()
    if as_json:
        assert json.loads(said.out)["event"] == ("Cancelled" if code == 130 else "Error")
    else:
        assert said.err.strip() == ("cancelled" if code == 130 else "error: x")


def test_what_a_command_returns_is_the_exit_code(kernel: Any) -> None:
    assert CliHost().run(kernel(go=lambda *_: 5), ["go"]) == 5
    assert CliHost().run(kernel(go=lambda *_: None), ["go"]) == 0


def test_a_defect_reaches_the_kernel_and_programs(kernel: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError):
        CliHost().run(kernel(go=raising(ZeroDivisionError("no"))), ["go", "--json"])
    assert json.loads(capsys.readouterr().out)["code"] == "internal"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["ad"], "unknown command 'ad' (did you mean 'add'?)"),
        (["--nope"], "--nope: no such option (see: kadr --help)"),
        (["add"], "missing argument 'NUMBER' (see: kadr add --help)"),
        (["add", "x"], "NUMBER: 'x' is not a valid integer (see: kadr add --help)"),
        (["add", "1", "2"], "got unexpected extra argument (2) (see: kadr add --help)"),
        (["add", "1", "--tim", "2"], "--tim: no such option (did you mean --times or --timid?)"),
        (["add", "1", "--tiems", "2"], "--tiems: no such option (did you mean --times"),
        (["add", "1", "--times"], "--times"),
        (["add", "1", "--times", "x"], "--times: 'x' is not a valid integer"),
    ],
)
def test_wrong_usage(
    kernel: Any, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert CliHost().run(kernel(add=as_command(add)), arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert words in said.err
    assert said.err.count("\n") == 1


@click.group("tools")
def tools() -> None:
    """A plugin's own group."""


tools.add_command(add, "search")
tools.add_command(add, "scan")


@pytest.mark.parametrize(
    ("word", "hint"), [("serch", "did you mean 'search'?"), ("x", "known: scan, search")]
)
def test_a_wrong_name_in_a_plugins_group(
    kernel: Any, word: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert CliHost().run(kernel(tools=as_command(tools)), ["tools", word]) == 2
    assert capsys.readouterr().err == f"error: no such command '{word}' ({hint})\n"


def test_wrong_usage_for_programs(kernel: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert CliHost().run(kernel(add=as_command(add)), ["add", "1", "--tims", "2", "--json"]) == 2
    said = capsys.readouterr()
    assert json.loads(said.out)["problems"][0]["path"] == "--tims"
    assert said.err == ""


def test_help_imports_no_command(kernel: Any, capsys: pytest.CaptureFixture[str]) -> None:
    made = kernel(render=None, zebra=None, make=None)
    assert CliHost().run(made, ["--help"]) == 0
    text = capsys.readouterr().out
    assert made.catalogue.loaded == []
    assert (
        text.index("Films:")
        < text.index("make")
        < text.index("render")
        < text.index("More:")
        < text.index("zebra")
    )
    assert "what zebra does" in text


def test_no_arguments_is_help(kernel: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert CliHost().run(kernel(make=None), []) == 0
    assert "kadr demo" in capsys.readouterr().out


def test_version(kernel: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert CliHost().run(kernel(), ["--version"]) == 0
    assert capsys.readouterr().out == "kadr 1.2.3\n"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to send to oneself")
def test_sigterm_cancels_and_its_handler_is_given_back(kernel: Any) -> None:
    before = signal.getsignal(signal.SIGTERM)

    def stop(*_: object) -> int:
        os.kill(os.getpid(), signal.SIGTERM)
        for _step in range(1000):
            signal.sigtimedwait([], 0.01)
        return 0

    assert CliHost().run(kernel(go=stop), ["go"]) == 130
    assert signal.getsignal(signal.SIGTERM) == before
