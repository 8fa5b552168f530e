"""``kadr schema``: the JSON Schema of the project file."""

from __future__ import annotations

import json

import click

from kadr_cli.invoke import as_command

__all__ = ["run"]


@click.command()
def schema() -> None:
    """Print the JSON Schema (2020-12) of the project file, for editors and checks."""
    from kadr_sdk.project import project_schema

    click.echo(json.dumps(project_schema(), indent=2))


run = as_command(schema)
