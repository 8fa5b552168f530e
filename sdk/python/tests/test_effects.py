"""Declarations from descriptor data, neutral values, and nodes typed without strings to parse."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
from kadr_sdk.audio_effects import AudioEffect
from kadr_sdk.effects import (
    KINDS,
    EffectDeclaration,
    FilterEffect,
    FilterSpec,
    FrameEffect,
    Input,
)

PLAIN: dict[str, Any] = {"id": "org.example.glow", "version": 1, "title": "Glow"}
NUMBER = {"name": "value", "type": "float", "default": 0, "neutral": 0, "min": -1, "max": 1}


def declare(**more: Any) -> EffectDeclaration:
    return EffectDeclaration.from_dict(PLAIN | more)


def test_defaults() -> None:
    found = declare()
    assert found.kind == "filter"
    assert found.inputs == (Input("source"),)
    assert found.implementations == ("frame",)
    assert found.window == (0, 0)
    assert (found.state, found.deterministic, found.alpha, found.color) == (
        "stateless",
        "bit",
        "straight",
        "any",
    )


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [
        ("filter", ["source"]),
        ("transition", ["from", "to"]),
        ("generator", []),
        ("composite", []),
        ("analyzer", ["source"]),
        ("audio_filter", ["source"]),
        ("audio_generator", []),
    ],
)
def test_inputs_follow_the_kind(kind: str, inputs: list[str]) -> None:
    assert kind in KINDS
    assert [i.id for i in declare(kind=kind).inputs] == inputs


def test_own_inputs_replace_them() -> None:
    found = declare(inputs=[{"id": "source"}, {"id": "matte", "kind": "mask", "optional": True}])
    assert found.inputs == (Input("source"), Input("matte", "mask", True))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"windoow": [1, 0]}, "unknown key 'windoow'; did you mean 'window'?"),
        ({"id": "Glow"}, "'Glow' is not an id; write lower-case words joined by dots"),
        ({"names": ["Glow It"]}, "'Glow It' is not an id"),
        ({"version": 0}, "version: a whole number from 1 on is expected"),
        ({"version": "1.0"}, "version: a whole number from 1 on is expected"),
        ({"version": True}, "version: a whole number from 1 on is expected"),
        ({"kind": "fliter"}, "kind: 'fliter' is unknown; did you mean 'filter'?"),
        ({"state": "statefull"}, "state: 'statefull' is unknown; did you mean 'stateless'?"),
        ({"deterministic": "yes"}, "deterministic: 'yes' is unknown; known: bit, machine, none, tolerance"),
        ({"alpha": "pre"}, "alpha: 'pre' is unknown"),
        ({"implementations": ["frames"]}, "implementations: 'frames' is unknown; did you mean 'frame'?"),
        ({"implementations": "frame"}, "implementations: a list is expected"),
        ({"formats": ["yuv420"]}, "formats: 'yuv420' is unknown; did you mean 'yuv420p'"),
        ({"formats": [5]}, "formats: 5 is unknown; known: "),
        ({"inputs": [{"id": "a", "kind": "picture"}]}, "inputs.kind: 'picture' is unknown"),
        ({"inputs": [{"name": "a"}]}, "inputs: tables with an id are expected"),
        (
            {"inputs": [{"id": "a", "optoinal": True}]},
            "inputs: 'optoinal' is unknown; did you mean 'optional'",
        ),
        ({"inputs": ["a"]}, "inputs: tables with an id are expected"),
        ({"params": [NUMBER, NUMBER]}, "two parameters have the same name"),
        ({"params": ["value"]}, "a parameter is a table, not 'value'"),
        ({"params": {"value": NUMBER}}, "params: a list is expected"),
        ({"params": [NUMBER], "spatial": ["vaule"]}, "spatial: 'vaule' is unknown; did you mean 'value'?"),
        (
            {"params": [{"name": "on", "type": "bool", "default": True}], "spatial": ["on"]},
            "spatial: 'on' is unknown; ",
        ),
        ({"window": [1]}, "window is two counts of frames: before and after"),
        ({"window": [1.5, 0]}, "window is two counts of frames: before and after"),
        ({"window": 3}, "window: a list is expected"),
        ({"window": [-1, 0]}, "window is two counts of frames; only a sequential effect may ask for all"),
        ({"window": [0, -1], "state": "sequential"}, "window is two counts of frames; only a sequential"),
        ({"halo": -1}, "halo is a count of rows"),
    ],
)
def test_what_is_wrong_is_said_with_its_key(more: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is compared
        declare(**more)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("key", ["id", "version", "title"])
def test_what_is_missing_is_named(key: str) -> None:
    data = {k: v for k, v in PLAIN.items() if k != key}
    with pytest.raises(ValueError, match=f"a declaration needs {key}"):
        EffectDeclaration.from_dict(data)


def test_windows() -> None:
    assert declare(window=[2, 1]).window == (2, 1)
    assert declare(window=[-1, 0], state="sequential").window == (-1, 0)


class TestNeutral:
    def test_all_deciding_parameters_stand_at_neutral(self) -> None:
        second = NUMBER | {"name": "other", "neutral": 0.5}
        free = {"name": "radius", "type": "float", "default": 3}
        found = declare(params=[NUMBER, second, free])
        assert found.neutral({"value": 0.0, "other": 0.5, "radius": 99.0})
        assert not found.neutral({"value": 0.0, "other": 0.4, "radius": 3.0})

    def test_an_effect_without_neutral_values_always_acts(self) -> None:
        radius = {"name": "radius", "type": "float", "default": 3}
        assert not declare(params=[radius]).neutral({"radius": 3.0})
        assert not declare().neutral({})


def test_filter_options_are_written_as_ffmpeg_reads_them() -> None:
    node = FilterSpec.of("gblur", sigma=1.5, steps=2, exact=True, off=False, planes="0x3", tiny=1e-7)
    assert node.options == (
        ("sigma", "1.5"),
        ("steps", "2"),
        ("exact", "1"),
        ("off", "0"),
        ("planes", "0x3"),
        ("tiny", "1e-07"),
    )
    assert node.commands == ()


def test_protocols_are_told_by_their_methods() -> None:
    class Frames:
        def frame(self, call: Any) -> Any: ...

    class Filters:
        def filters(self, values: Mapping[str, Any], at: Any) -> Any: ...

    class Sound:
        def process(self, block: Any, values: Any) -> Any: ...
        def reset(self) -> None: ...

    protocols = (FrameEffect, FilterEffect, AudioEffect)
    assert [[isinstance(o, p) for p in protocols] for o in (Frames(), Filters(), Sound())] == [
        [True, False, False],
        [False, True, False],
        [False, False, True],
    ]


def test_aliases_are_names_with_valid_values() -> None:
    side = {"name": "side", "type": "choice", "choices": ["left", "right"], "default": "left"}
    data = {"id": "x.wipe", "version": 1, "title": "W", "names": ["wiperight"], "params": [side]}
    found = EffectDeclaration.from_dict(data | {"aliases": {"wiperight": {"side": "right"}}})
    assert found.aliases["wiperight"] == {"side": "right"}
    for aliases, text in (
        ({"wipe": {}}, "aliases: 'wipe' is unknown; did you mean 'wiperight'?"),
        ({"wiperight": {"sid": "left"}}, "aliases.wiperight: 'sid' is unknown; did you mean 'side'?"),
        ({"wiperight": {"side": "up"}}, "aliases.wiperight.side: 'up' is not a choice"),
    ):
        with pytest.raises(ValueError, match=re.escape(text)):
            EffectDeclaration.from_dict(data | {"aliases": aliases})
