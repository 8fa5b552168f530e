"""``kadr analyzers | effects | generators | importers | presets | …``, from declarations."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click
from kadr_sdk.plugin import Kernel

from kadr_cli.invoke import as_command
from kadr_cli.options import json_option
from kadr_cli.output import clean, print_json, print_table

if TYPE_CHECKING:
    from kadr_sdk.effects import EffectDeclaration
    from kadr_sdk.params import Param

__all__ = ["analyzers", "effects", "formats", "generators", "importers", "presets", "transitions"]


def _command(name: str, kind: str, text: str) -> Callable[[Kernel, Sequence[str]], int]:
    @click.command(name, help=text)
    @click.argument("name", required=False)
    @json_option
    @click.pass_obj
    def describe(kernel: Kernel, name: str | None, as_json: bool) -> None:
        if name is None:
            _list(kernel, kind, as_json)
            return
        found = kernel.catalogue.find(_kind_of(kernel, kind, name), name)
        data = dict(kernel.catalogue.describe(found.kind, found.id))
        if as_json:
            print_json(data | {"plugin": found.plugin})
        elif kind in ("preset", "exporter", "importer") or "rows_of" in data:
            _show_settings(data, found.plugin)
        else:
            from kadr_sdk.effects import EffectDeclaration

            _show_effect(EffectDeclaration.from_dict(data), found.plugin)

    return as_command(describe)


def _kind_of(kernel: Kernel, kind: str, name: str) -> str:
    """Effects of pictures and of sound are one list to the user."""
    sounds = kernel.catalogue.all("audio_effect") if kind == "effect" else ()
    return "audio_effect" if any(name in (c.id, *c.names) for c in sounds) else kind


def _list(kernel: Kernel, kind: str, as_json: bool) -> None:
    kinds = ("effect", "audio_effect") if kind == "effect" else (kind,)
    rows = [(c, kernel.catalogue.describe(k, c.id)) for k in kinds for c in kernel.catalogue.all(k)]
    if as_json:
        for contribution, data in rows:
            print_json(dict(data) | {"plugin": contribution.plugin})
        return
    table = [
        [
            _name(c.id, d),
            str(d.get("category") or d.get("container") or " ".join(d.get("extensions", ()))),
            _summary(d),
        ]
        for c, d in rows
    ]
    if kind in ("exporter", "importer"):
        print_table(
            "formats" if kind == "exporter" else "importers", ["name", "endings", "what it does"], table
        )
    else:
        heading = "container" if kind == "preset" else "category"
        print_table(f"{kind}s", ["name", heading, "what it does"], table)


def _name(identity: str, data: Mapping[str, Any]) -> str:
    names = data.get("names") or [identity]
    return str(names[0])


def _summary(data: Mapping[str, Any]) -> str:
    return str(data.get("summary") or data.get("title") or "")


_REPEATS = {
    "bit": "same bytes everywhere",
    "machine": "same bytes on one class of processor",
    "tolerance": "nearly the same everywhere",
    "none": "never quite the same",
}


def _show_effect(effect: EffectDeclaration, plugin: str) -> None:
    click.secho(f"{effect.title}  ({effect.id})", bold=True)
    click.echo(clean(effect.summary))
    facts = [f"from {plugin}", f"runs as {' or '.join(effect.implementations)}", effect.state]
    facts.append(_REPEATS.get(effect.deterministic, effect.deterministic))
    click.echo("  " + ", ".join(facts))
    if effect.kind == "composite":
        names = (f"{i.id} (optional)" if i.optional else i.id for i in effect.inputs)
        click.echo(f"  takes tracks (on a clip, sequences); inputs, the first its own: {', '.join(names)}")
    if effect.params:
        columns = ["parameter", "type", "range", "default", "unit", "keyframes", "meaning"]
        print_table("parameters", columns, [_param(p) for p in effect.params])
    for example in effect.examples:
        click.echo("  " + clean(json.dumps(dict(example), ensure_ascii=False)))


def _param(p: Param) -> list[str]:
    allowed = ", ".join(p.choices) or p.range_text
    default = "" if p.default is None else json.dumps(p.default)
    label = f"{p.label}: {p.hint}" if p.hint else p.label
    return [p.name, p.type, allowed, default, p.unit, "yes" if p.animatable else "no", label]


def _show_settings(data: Mapping[str, Any], plugin: str) -> None:
    click.secho(f"{data.get('title', '')}  ({data.get('id', '')})", bold=True)
    if data.get("summary"):
        click.echo(clean(str(data["summary"])))
    click.echo(f"  from {plugin}")
    for key, value in data.items():
        if key not in ("id", "title", "summary"):
            click.echo(f"  {key}: {clean(_value(value))}")


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_value(entry)}" for key, entry in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_value, value))
    return str(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


analyzers = _command("analyzers", "analyzer", "List analyzers, or describe the one called NAME.")
effects = _command("effects", "effect", "List effects, or describe the one called NAME.")
transitions = _command("transitions", "transition", "List transitions, or describe the one called NAME.")
generators = _command("generators", "generator", "List generators, or describe the one called NAME.")
presets = _command("presets", "preset", "List export presets, or describe the one called NAME.")
importers = _command("importers", "importer", "List importers of foreign projects, or describe one.")
formats = _command("formats", "exporter", "List containers that can be delivered, or describe one.")
