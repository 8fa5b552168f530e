"""``kadr config``: settings and where they come from."""

from __future__ import annotations

import json
from typing import Any

import click
from kadr_sdk.errors import NotFoundError
from kadr_sdk.plugin import Kernel

from kadr_cli.invoke import as_command
from kadr_cli.options import json_option
from kadr_cli.output import clean, print_json, print_table
from kadr_cli.plugin_settings import check_plugin_setting, plugin_settings

__all__ = ["run"]


@click.group()
def config() -> None:
    """Show and change settings."""


@config.command("list")
@json_option
@click.pass_obj
def list_settings(kernel: Kernel, as_json: bool) -> None:
    """Every setting with its value and the layer that it comes from."""
    rows = [*kernel.config.items(), *plugin_settings(kernel)]
    if as_json:
        print_json({key: {"value": value, "layer": layer} for key, value, layer in rows})
        return
    table = [[key, json.dumps(value, ensure_ascii=False), layer] for key, value, layer in rows]
    print_table("settings", ["key", "value", "from"], table)


@config.command("get")
@click.argument("key")
@json_option
@click.pass_obj
def get_setting(kernel: Kernel, key: str, as_json: bool) -> None:
    """The value of KEY."""
    known = {name: (value, layer) for name, value, layer in kernel.config.items()}
    if key not in known:
        known |= {name: (value, layer) for name, value, layer in plugin_settings(kernel)}
    if key not in known:
        raise NotFoundError("setting", key, known)
    value, layer = known[key]
    if as_json:
        print_json({"key": key, "value": value, "layer": layer})
    else:
        click.echo(json.dumps(value, ensure_ascii=False))


@config.command("set")
@click.argument("key")
@click.argument("value")
@json_option
@click.pass_obj
def set_setting(kernel: Kernel, key: str, value: str, as_json: bool) -> None:
    """Set KEY to VALUE (JSON, or plain text) in your own settings file."""
    parsed = _parse(value)
    if key.startswith("plugin."):
        parsed = check_plugin_setting(kernel, key, parsed)
    kernel.config.set(key, parsed)
    if as_json:
        print_json({"key": key, "value": parsed})
    else:
        click.echo(f"{clean(key)} = {json.dumps(parsed, ensure_ascii=False)}")


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


run = as_command(config)
