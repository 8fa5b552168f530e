"""Analyzers over the rows of other analyzers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest
from kadr_kernel.render.analysis_rows import digested
from kadr_sdk.errors import InputError, NotFoundError, PluginError, RenderError, ValidationError
from kadr_sdk.manifest import Contribution

PARAM = {"name": "below", "type": "float", "default": 2.0}


class Below:
    """Rows whose number is below a limit."""

    def digest(
        self, rows: Iterable[Mapping[str, Any]], values: Mapping[str, Any]
    ) -> Iterator[Mapping[str, Any]]:
        for row in rows:
            if row["n"] < values["below"]:
                yield {"found": row["n"]}


class House:
    """A catalogue of descriptors and objects."""

    def __init__(self, made: Any, **described: dict[str, Any]) -> None:
        self._made, self._described = made, {"frames": {"id": "frames"}} | described

    def find(self, kind: str, name: str) -> Contribution:
        if name not in self._described:
            raise NotFoundError(kind, name, self._described)
        return Contribution(kind, name, "org.test")

    def describe(self, kind: str, name: str) -> Mapping[str, Any]:
        self.find(kind, name)
        return self._described[name]

    def load(self, _kind: str, _name: str) -> Any:
        return self._made


def rows_of(of: str, **more: Any) -> dict[str, Any]:
    return {"id": "below", "title": "Below", "rows_of": of} | more


def numbers(name: str) -> Iterator[Mapping[str, Any]]:
    assert name == "frames"
    yield from ({"n": n} for n in range(4))


def test_rows_become_other_rows() -> None:
    house: Any = House(Below(), below=rows_of("frames", params=[PARAM]))
    assert list(digested(house, "below", {}, numbers)) == [{"found": 0}, {"found": 1}]
    assert len(list(digested(house, "below", {"below": 9}, numbers))) == 4


def test_wrong_parameters_are_refused_before_any_row() -> None:
    house: Any = House(Below(), below=rows_of("frames", params=[PARAM]))
    with pytest.raises(ValidationError, match="did you mean 'below'"):
        digested(house, "below", {"bellow": 1}, lambda _name: pytest.fail("it was asked"))


@pytest.mark.parametrize(
    ("described", "words"),
    [
        ({"below": rows_of("below")}, "without end: below -> below"),
        ({"below": rows_of("other"), "other": rows_of("below")}, "without end"),
        ({"below": rows_of("nobody")}, "nobody"),
        ({"below": rows_of("frames", rows=1)}, "unknown key 'rows'"),
    ],
)
def test_descriptors_that_lead_nowhere(described: dict[str, Any], words: str) -> None:
    house: Any = House(Below(), **described)
    with pytest.raises((PluginError, NotFoundError), match=words):
        digested(house, "below", {}, numbers)


class Broken:
    def __init__(self, error: Exception) -> None:
        self._error = error

    def digest(self, rows: object, values: object) -> Iterator[Mapping[str, Any]]:
        yield {"one": 1}
        raise self._error


def test_errors_of_its_code_are_named() -> None:
    with pytest.raises(PluginError, match="below has no digest"):
        digested(House(object(), below=rows_of("frames")), "below", {}, numbers)  # type: ignore[arg-type]  # a small one
    found = digested(House(Broken(ValueError("odd")), below=rows_of("frames")), "below", {}, numbers)  # type: ignore[arg-type]  # a small one
    assert next(found) == {"one": 1}
    with pytest.raises(RenderError, match="the analyzer below failed: ValueError: odd"):
        next(found)
    kept = digested(House(Broken(InputError("no")), below=rows_of("frames")), "below", {}, numbers)  # type: ignore[arg-type]  # a small one
    with pytest.raises(InputError, match="no"):
        list(kept)
