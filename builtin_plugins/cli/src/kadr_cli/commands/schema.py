"""``kadr schema``: the JSON Schema of the project file."""

from __future__ import annotations

import json

import click

from kadr_cli.invoke import as_command
from kadr_cli.options import json_option

__all__ = ["run"]


@click.command()
@json_option
def schema(as_json: bool) -> None:
    """Print the JSON Schema (2020-12) of the project file, for editors and checks."""
    from kadr_sdk.project import project_schema

    click.echo(json.dumps(project_schema(), indent=None if as_json else 2))


run = as_command(schema)
