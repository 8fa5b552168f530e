"""Any project survives dump and parse unchanged."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kadr_sdk.easings import EASINGS
from kadr_sdk.errors import SerializationError
from kadr_sdk.project import dump_project, parse_project

names = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), min_size=1, max_size=8)
times = st.one_of(
    st.integers(0, 604800),
    st.floats(0, 604800).filter(lambda x: x == 0 or x > 1e-30),
    st.fractions(0, 604800, max_denominator=10**9).map(str),
    st.decimals(0, 604800, places=6).map(str),
    st.just("00:01:00:02"),
)
lengths = st.one_of(st.integers(1, 604800), st.floats(1e-6, 604800), st.just("1001/30000"), st.just("5.4s"))
easings = st.sampled_from(sorted(EASINGS)) | st.just([0.1, -0.5, 0.9, 1.5])


def optional(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


def animated(low: float, high: float) -> st.SearchStrategy[Any]:
    numbers = st.floats(low, high)
    keys = st.lists(
        st.tuples(st.integers(0, 10**6), numbers, easings), min_size=1, max_size=4, unique_by=lambda k: k[0]
    )
    curve = keys.map(
        lambda rows: {
            "keyframes": [
                {"time": t / 1000, "value": v, "easing": e} for t, v, e in sorted(rows, key=lambda k: k[0])
            ]
        }
    )
    return numbers | curve


extensions = st.dictionaries(names, st.integers() | st.text(max_size=3) | st.lists(st.booleans()), max_size=2)
parameters = st.dictionaries(
    st.sampled_from(["value", "radius", "color"]),
    animated(-10, 10) | st.booleans() | st.text(max_size=4) | st.just([1, 2.5]) | st.just("#ff000080"),
)
uses = optional(
    id=names,
    parameters=parameters,
    enabled=st.booleans(),
    start_time=times,
    end_time=times,
    extensions=extensions,
).map(lambda use: {"effect_type": "x"} | use)
clips = optional(
    stream=optional(video=st.integers(0, 5) | st.just("none") | st.none(), audio=st.integers(0, 5)),
    start_time=times,
    duration=lengths,
    source_start=times,
    speed=animated(0.01, 100),
    reversed=st.booleans(),
    freeze=times,
    past_end=st.sampled_from(["error", "hold"]),
    opacity=animated(0, 1),
    transform=optional(
        scale_x=animated(0, 100), rotation=animated(-36000, 36000), anchor_y=animated(-100, 100)
    ),
    crop=optional(left=st.floats(0, 0.49), bottom=st.floats(0, 0.49)),
    effects=st.lists(uses | st.just("pooled"), max_size=2),
    volume=animated(0, 4),
    fade_in=times,
    extensions=extensions,
)
tracks = st.lists(clips, max_size=3).map(
    lambda rows: [{"id": f"c{n}", "source_file": "a.mp4"} | row for n, row in enumerate(rows)]
)
transitions = optional(
    duration=lengths, alignment=st.sampled_from(["start", "end"]), easing=easings, parameters=parameters
)
projects = st.builds(
    lambda timeline, rows, more, export: {
        "timeline": timeline
        | {
            "tracks": [
                {
                    "id": f"t{n}",
                    "clips": clips,
                    "transitions": [{"transition_type": "x", "between": ["c0", "c1"]} | more]
                    if len(clips) > 1
                    else [],
                }
                for n, clips in enumerate(rows)
            ]
        },
        "effects": [{"id": "pooled", "effect_type": "x"}],
        "export": export,
    },
    optional(
        fps=st.sampled_from([25, "30000/1001", 29.97, 59.94]),
        background=st.sampled_from(["#fff", "#10203040"]),
        markers=st.lists(times.map(lambda t: {"time": t, "kind": "chapter"}), max_size=2),
    ),
    st.lists(tracks, max_size=2),
    transitions,
    optional(
        video=optional(crf=st.floats(0, 63), gop=st.integers(1, 100), options=st.just({"tune": "film"})),
        audio=optional(loudness=optional(integrated=st.floats(-70, 0))),
        range=st.tuples(times, times).map(list),
        fps=st.just("24000/1001"),
        metadata=st.dictionaries(names, names, max_size=2),
    ),
)


@given(projects)
def test_nothing_is_lost(data: dict[str, Any]) -> None:
    project = parse_project(json.dumps(data))
    text = dump_project(project)
    again = parse_project(text)
    assert again == project
    assert dump_project(again) == text


def test_what_lies_too_deep_to_be_written_is_an_error_of_the_tree() -> None:
    """A foreign file may hold any metadata."""
    deep: dict[str, Any] = {}
    for _ in range(400):
        deep = {"a": deep}
    project = parse_project({"version": "1.0.0", "extensions": {"x": deep}})
    with pytest.raises(SerializationError, match="cannot be written"):
        dump_project(project)
