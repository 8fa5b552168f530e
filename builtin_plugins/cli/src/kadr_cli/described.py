"""A command line for commands that only describe themselves, as those of guests do."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from kadr_sdk.files import check_new, refuse_same, write_new
from kadr_sdk.plugin import DescribedCommand, Kernel

from kadr_cli.invoke import as_command
from kadr_cli.options import PATH, json_option
from kadr_cli.output import clean, print_json

if TYPE_CHECKING:
    from kadr_sdk.params import Param
    from kadr_sdk.plugin import CommandAnswer

__all__ = ["described_command"]

_TYPES: dict[str, click.ParamType[Any]] = {
    "int": click.INT,
    "float": click.FLOAT,
    "angle": click.FLOAT,
    "bool": click.BOOL,
}


def described_command(entry: DescribedCommand, name: str) -> Callable[[Kernel, Sequence[str]], int]:
    """The command line of a described command."""
    described = entry.described
    options: list[click.Parameter] = []
    if described.input != "none":
        options.append(click.Argument(["input"], type=PATH, metavar=described.input.upper()))
    if described.output != "text":
        text = "The project to write (.tlp)." if described.output == "project" else "The file to write."
        options.append(click.Option(["-o", "--output"], type=PATH, required=True, help=text))
        options.append(click.Option(["-y", "--overwrite"], is_flag=True, help="Replace an existing file."))
    options += [_option(param) for param in described.params]

    def call(as_json: bool, **given: Any) -> int:
        return _run(click.get_current_context().obj, entry, given, as_json=as_json)

    summary = clean(described.summary or described.title)
    return as_command(json_option(click.Command(name, callback=call, params=options, help=summary)), name)


def _option(param: Param) -> click.Option:
    kind = _TYPES.get(param.type) or (
        click.Choice(list(param.choices))
        if param.type == "choice"
        else _Json()
        if param.type != "text"
        else click.STRING
    )
    words = [param.label or param.hint, f"({param.range_text})" if param.range_text else ""]
    words.append(f"[default: {param.default}]" if param.default is not None else "")
    flag = f"--{param.name.replace('_', '-')}"
    return click.Option(
        [flag, param.name], type=kind, required=param.required, help=clean(" ".join(filter(None, words)))
    )


class _Json(click.ParamType[Any]):
    name = "json"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ARG002 - click's signature
        """A point, a rectangle, a curve as JSON; a colour or a path as it stands."""
        try:
            return json.loads(value)
        except ValueError:
            return value


def _run(kernel: Kernel, entry: DescribedCommand, given: dict[str, Any], *, as_json: bool) -> int:
    output: Path | None = given.pop("output", None)
    overwrite = bool(given.pop("overwrite", False))
    if output is not None:
        check_new(output, overwrite=overwrite)
        if given.get("input") is not None and not overwrite:
            refuse_same(output, [given["input"]], "input and output have one name")
    answer = entry.execute(kernel, {key: value for key, value in given.items() if value is not None})
    if output is not None and answer.content is not None:
        write_new(output, answer.content, overwrite=overwrite)
    _tell(answer, output, as_json=as_json)
    return answer.exit_code


def _tell(answer: CommandAnswer, output: Path | None, *, as_json: bool) -> None:
    written = str(output) if output is not None and answer.content is not None else None
    if as_json:
        print_json({"text": answer.text, "data": answer.data, "output": written, "exit": answer.exit_code})
        return
    if answer.text:
        click.echo(clean(answer.text))
    if written is not None:
        click.echo(clean(written))
