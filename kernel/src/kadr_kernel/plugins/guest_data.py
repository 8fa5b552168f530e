"""One question to a data guest and its answer, as JSON; what a guest says is checked, never believed."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kadr_sdk.data_guests import DataGuest, GuestRefusedError
from kadr_sdk.errors import InputError, InvalidParameterError, InvalidPathError, PluginError, StorageError
from kadr_sdk.manifest import Contribution
from kadr_sdk.text import printable, shown

__all__ = ["Asked", "file_document"]

_VERSION = 1
"""Of the documents that go in and out."""
_MOST_FILE = 64 << 20


@dataclass(frozen=True, slots=True)
class Asked:
    """A function of a guest, for one contribution."""

    item: Contribution
    function: str
    guest: DataGuest

    def ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """Its answer.

        Raises:
            InputError: the guest says no, in its own words.
            PluginError: it fails, or its answer is none.
        """
        item = self.item
        head = {"version": _VERSION, "kind": item.kind, "id": item.id}
        try:
            data = json.dumps(head | dict(question), ensure_ascii=False, default=_plain).encode()
        except UnicodeEncodeError:  # half of a surrogate pair
            data = json.dumps(head | dict(question), default=_plain).encode()
        try:
            answer = self.guest.call(self.function, data)
        except GuestRefusedError as error:
            raise InputError(f"{item.id} of plugin {item.plugin} says: {error}", plugin=item.plugin) from None
        try:
            found = json.loads(answer, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise self.wrong(f"its answer is not JSON: {printable(error)}") from None
        if not isinstance(found, dict):
            raise self.wrong("its answer is no object")
        return found

    def known(self, answer: Mapping[str, Any], *keys: str) -> None:
        """Refuse an answer with other keys.

        Raises:
            PluginError: it has some.
        """
        if strange := [key for key in answer if key not in keys]:
            raise self.wrong(f"its answer says {shown(strange[0])}; known: {', '.join(keys)}")

    def wrong(self, reason: str) -> PluginError:
        """An error that names plugin and contribution."""
        item = self.item
        text = f"{item.kind} {item.id} of plugin {item.plugin} is wrong: {reason}"
        return PluginError(text, hint="report this to its author, with what it was given", plugin=item.plugin)

    def close(self) -> None:
        """End the guest."""
        self.guest.close()


def _plain(value: Any) -> Any:
    """What JSON has no word for, as a text: exact numbers among the rows of analyzers."""
    return str(value)


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is not JSON")


def file_document(path: Path) -> dict[str, str]:
    """A file as a guest gets it: ``name`` without its folder, and ``text``, or ``base64`` where it is none.

    Raises:
        InvalidPathError, StorageError: it cannot be read.
    """
    try:
        if not path.is_file():
            there = path.exists()
            hint = "give the file itself" if there else "check the spelling"
            raise InvalidPathError("not a file" if there else "there is no such file", path=path, hint=hint)
        if path.stat().st_size > _MOST_FILE:
            raise InvalidParameterError(f"the file is larger than {_MOST_FILE >> 20} MiB", path=path)
        data = path.read_bytes()
    except ValueError as error:  # a NUL in the name
        raise InvalidPathError(f"not a path: {error}", path=printable(path)) from None
    except OSError as error:
        raise StorageError(f"cannot read: {error.strerror or error}", path=path) from error
    try:
        return {"name": path.name, "text": data.decode("utf-8-sig")}
    except UnicodeDecodeError:
        return {"name": path.name, "base64": base64.b64encode(data).decode()}
