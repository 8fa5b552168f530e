"""Commands made with click as entries."""

from __future__ import annotations

from typing import Any

import pytest
from kadr_sdk.clicks import click_entry


class Spoken:
    """Stands for a ``click.Command``: keeps how it was called."""

    def __init__(self, answer: object) -> None:
        self.answer = answer
        self.called: tuple[Any, ...] = ()

    def main(self, argv: list[str], **options: Any) -> object:
        self.called = (argv, options)
        return self.answer


@pytest.mark.parametrize(("answer", "code"), [(None, 0), (5, 5), ("text", 0)])
def test_the_command_gets_the_object_and_gives_the_exit_code(answer: object, code: int) -> None:
    command, kernel = Spoken(answer), object()
    assert click_entry(command, "kadr spoken")(kernel, ("a", "--b")) == code
    options = {"prog_name": "kadr spoken", "standalone_mode": False, "obj": kernel}
    assert command.called == (["a", "--b"], options)
