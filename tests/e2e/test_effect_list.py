"""Effects of sound stand in the list of effects, and are described."""

from __future__ import annotations

from typing import Any

import pytest
from kadr_cli.commands.describe import effects


def test_the_list_holds_pictures_and_sound(kernel: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert effects(kernel, []) == 0
    rows = {line.split()[0] for line in capsys.readouterr().out.splitlines() if line.strip()}
    assert {"blur", "limiter"} <= rows


def test_one_of_sound_is_described(kernel: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert effects(kernel, ["limiter"]) == 0
    assert "kadr.limiter" in capsys.readouterr().out
