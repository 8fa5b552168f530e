"""Descriptors of what guests carry out."""

from __future__ import annotations

from typing import Any

import pytest
from kadr_sdk.data_guests import CommandDescriptor

COMMAND: dict[str, Any] = {"id": "count", "title": "Count", "wasm": "count.wasm"}


def test_a_command_says_what_it_takes() -> None:
    params = [{"name": "most", "type": "int", "default": 3}]
    found = CommandDescriptor.from_dict(COMMAND | {"input": "file", "params": params})
    assert (found.input, found.output, [p.name for p in found.params]) == ("file", "text", ["most"])
    with pytest.raises(ValueError, match="input: 'films' is not known"):
        CommandDescriptor.from_dict(COMMAND | {"input": "films"})


@pytest.mark.parametrize("name", ["input", "output", "overwrite", "json", "as_json", "help"])
def test_a_parameter_is_not_called_as_an_argument_of_every_command(name: str) -> None:
    """Else its value would be taken for a path to write to, or never arrive."""
    with pytest.raises(ValueError, match=f"{name!r} is an argument of every command"):
        CommandDescriptor.from_dict(COMMAND | {"params": [{"name": name, "type": "int", "default": 1}]})
