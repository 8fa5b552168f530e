"""A command that a guest carries out: for programs by ``execute``, for hosts by its description."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from kadr_sdk.data_guests import CommandDescriptor
from kadr_sdk.errors import KadrError, ValidationError
from kadr_sdk.params import check_params
from kadr_sdk.plugin import CommandAnswer, Kernel
from kadr_sdk.project import Project, dump_project, parse_project
from kadr_sdk.rendering import ProjectStore
from kadr_sdk.text import printable

from kadr_kernel.plugins.guest_data import Asked, file_document

__all__ = ["GuestCommand"]


class GuestCommand:
    """Satisfies :class:`kadr_sdk.plugin.DescribedCommand`."""

    def __init__(self, asked: Asked, described: CommandDescriptor) -> None:
        self._asked = asked
        self.described = described

    def execute(self, kernel: Kernel, args: Mapping[str, Any]) -> CommandAnswer:
        """Carry it out.

        Args:
            args: ``input`` (a path, where the command takes one) and parameters by name.

        Raises:
            ValidationError: wrong arguments, every one; before the guest is asked.
            InputError: the guest says no.
            PluginError: it fails, or its answer is wrong.
        """
        given = {key: value for key, value in args.items() if key != "input"}
        values, problems = check_params(self.described.params, given, self.described.id)
        if problems:
            raise ValidationError(f"the command {self.described.id} gets wrong arguments", problems)
        question: dict[str, Any] = {"values": values}
        question |= self._input(kernel, args.get("input"))
        return self._answer(self._asked.ask(question))

    def close(self) -> None:
        """End the guest."""
        self._asked.close()

    def _input(self, kernel: Kernel, path: Any) -> dict[str, Any]:
        kind = self.described.input
        if kind == "none":
            return {}
        if not path:
            raise ValidationError(f"the command {self.described.id} needs a {kind}", [])
        if kind == "file":
            return {"input": file_document(Path(path))}
        project = kernel.container.get(ProjectStore).open(Path(path))
        return {"name": Path(path).name, "project": json.loads(dump_project(project))}

    # -- what it says ----------------------------------------------------------------------------

    def _answer(self, found: dict[str, Any]) -> CommandAnswer:
        self._asked.known(found, "text", "data", "exit", self.described.output)
        code = found.get("exit", 0)
        if isinstance(code, bool) or code not in (0, 2, 4, 5):
            raise self._asked.wrong("its exit code is not 0, 2, 4 or 5")
        answer = CommandAnswer(_lines(found.get("text", "")), found.get("data"), code)
        if code or self.described.output == "text":
            return answer
        if self.described.output == "project":
            return replace(answer, content=dump_project(self._project(found.get("project"))).encode())
        return replace(answer, content=self._content(found.get("file")))

    def _project(self, data: Any) -> Project:
        try:
            return parse_project(data if isinstance(data, dict) else {"version": None}, name="its project")
        except KadrError as error:
            raise self._asked.wrong(f"what it gives is no project: {error}") from None

    def _content(self, data: Any) -> bytes:
        if isinstance(data, dict) and isinstance(data.get("text"), str):
            return str(data["text"]).encode("utf-8", "replace")
        try:
            return base64.b64decode(data["base64"], validate=True)
        except (TypeError, KeyError, ValueError, binascii.Error):
            raise self._asked.wrong("its file says neither text nor base64") from None


def _lines(text: Any) -> str:
    """Its words, line by line, without anything that steers a terminal."""
    return "\n".join(printable(line, 4000) for line in str(text).splitlines()[:10_000])
