"""Commands of plugins inside groups of the host."""

from __future__ import annotations

from typing import Any

import pytest
from kadr_cli.commands.plugin import run as plugin
from kadr_cli.contributed import group_of
from kadr_cli.host import CliHost


@pytest.fixture
def calls() -> list[list[str]]:
    return []


@pytest.fixture
def house(kernel: Any, calls: list[list[str]]) -> Any:
    def install(_kernel: object, args: Any) -> int:
        calls.append(list(args))
        return 7

    return kernel(**{"plugin": plugin, "plugin.install": install, "plugin.info": install, "one.two": install})


def test_a_dotted_id_is_a_command_of_an_open_group(house: Any, calls: list[list[str]]) -> None:
    assert CliHost().run(house, ["plugin", "install", "--now", "org.x", "--help"]) == 7
    assert calls == [["--now", "org.x", "--help"]]


def test_the_hosts_own_command_goes_first(
    house: Any, calls: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert CliHost().run(house, ["plugin", "info", "--help"]) == 0
    assert calls == []
    assert "asks for and contributes" in capsys.readouterr().out


def test_help_lists_it_in_its_group_only(house: Any, capsys: pytest.CaptureFixture[str]) -> None:
    CliHost().run(house, ["plugin", "--help"])
    inside = capsys.readouterr().out
    assert "install" in inside
    assert "doctor" in inside
    CliHost().run(house, ["--help"])
    outside = capsys.readouterr().out
    assert "what plugin.install does" not in outside
    assert "one.two" in outside


def test_a_wrong_name_is_told_the_near_one(house: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert CliHost().run(house, ["plugin", "instal"]) == 2
    assert "no such command 'instal' (did you mean 'install'" in capsys.readouterr().err


@pytest.mark.parametrize(("name", "group"), [("plugin.x", "plugin"), ("plugin", ""), ("one.two", "")])
def test_groups(name: str, group: str) -> None:
    assert group_of(name) == group
