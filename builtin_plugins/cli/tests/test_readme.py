"""The page of the plugin knows every command and every exit code."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import kadr_cli
import kadr_sdk.errors as errors
from kadr_cli.commands.render import REPLACED

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")


def test_every_command_has_a_row_with_an_example() -> None:
    manifest = tomllib.loads((Path(kadr_cli.__file__).parent / "plugin.toml").read_text("utf-8"))
    declared = [c["id"] for c in manifest["contributes"]["command"]]
    rows = dict(re.findall(r"^\| `(\w+)` \| .* \| `kadr (\w+).*` \|$", README, re.MULTILINE))
    assert sorted(rows) == sorted(declared)
    assert all(command == example for command, example in rows.items())


def test_every_exit_code_is_listed() -> None:
    codes = {kind.exit_code for kind in errors.error_codes().values()} | {0, REPLACED}
    assert {int(c) for c in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)} == codes
