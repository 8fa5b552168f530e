"""Analyzers that work on the rows of another analyzer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from kadr_sdk.data_guests import RowsAnalyzer, RowsDescriptor
from kadr_sdk.errors import KadrError, PluginError, RenderError, ValidationError
from kadr_sdk.params import check_params
from kadr_sdk.services import Catalogue

__all__ = ["digested"]

_DEEP = 4


def digested(
    catalogue: Catalogue,
    name: str,
    given: Mapping[str, Any],
    rows: Callable[[str], Iterator[Mapping[str, Any]]],
) -> Iterator[Mapping[str, Any]]:
    """Rows that an analyzer makes of another one's.

    Args:
        rows: of an analyzer with its default parameters.

    Raises:
        NotFoundError, ValidationError: no such analyzer, or wrong parameters; before any work.
        PluginError: the descriptor is wrong, or leads in a circle.
    """
    found = catalogue.find("analyzer", name)
    described = _described(catalogue, name)
    values, problems = check_params(described.params, given, name)
    if problems:
        raise ValidationError(f"{name} cannot run", problems)
    _check_way(catalogue, described)
    analyzer = catalogue.load("analyzer", found.id)
    if not isinstance(analyzer, RowsAnalyzer):
        raise PluginError(f"{found.id} has no digest", hint="report this to its author", plugin=found.plugin)
    return _rows(analyzer, found.id, rows(described.rows_of), values)


def _described(catalogue: Catalogue, name: str) -> RowsDescriptor:
    try:
        return RowsDescriptor.from_dict(catalogue.describe("analyzer", name))
    except ValueError as error:
        found = catalogue.find("analyzer", name)
        text = f"the descriptor of {found.id} is wrong: {error}"
        raise PluginError(text, path=found.file, plugin=found.plugin) from None


def _check_way(catalogue: Catalogue, described: RowsDescriptor) -> None:
    """Rows come from somewhere: frames stand at the end of the way."""
    name, way = described.rows_of, [described.id]
    while "rows_of" in catalogue.describe("analyzer", name):
        way.append(catalogue.find("analyzer", name).id)
        if len(way) > _DEEP:
            raise PluginError(f"analyzers lead to each other without end: {' -> '.join(way)}")
        name = _described(catalogue, name).rows_of


def _rows(
    analyzer: RowsAnalyzer, name: str, rows: Iterator[Mapping[str, Any]], values: Mapping[str, Any]
) -> Iterator[Mapping[str, Any]]:
    try:
        yield from analyzer.digest(rows, values)
    except KadrError:
        raise
    except Exception as error:  # a stranger's code may raise anything
        text = f"the analyzer {name} failed: {type(error).__name__}: {error}"
        raise RenderError(text, hint="report this to its author") from error
