"""Random access equals sequential access, whatever the structure of the stream: a property."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kadr_pyav.reader import FrameReader

LENGTH = 30


@st.composite
def x264(draw: st.DrawFn) -> dict[str, Any]:
    """Groups open and closed, of any length, with pyramids, several references, refreshed gradually."""
    keyint = draw(st.integers(1, 40))
    parts = {
        "keyint": keyint,
        "min-keyint": draw(st.integers(1, max(1, keyint // 2))),
        "scenecut": draw(st.sampled_from([0, 40])),
        "bframes": draw(st.integers(0, 6)),
        "b-adapt": draw(st.integers(0, 2)),
        "b-pyramid": draw(st.sampled_from(["none", "strict", "normal"])),
        "ref": draw(st.integers(1, 5)),
        "open-gop": draw(st.integers(0, 1)),
        "intra-refresh": draw(st.integers(0, 1)),
        "rc-lookahead": draw(st.integers(0, 20)),
    }
    if parts["intra-refresh"]:
        parts |= {"open-gop": 0, "ref": 1}
    options = {"x264-params": ":".join(f"{k}={v}" for k, v in parts.items()), "preset": "ultrafast"}
    name = draw(st.sampled_from(["a.mp4", "a.mkv", "a.ts", "a.h264"]))
    return {"name": name, "options": options}


@st.composite
def others(draw: st.DrawFn) -> dict[str, Any]:
    """Two older codecs, in containers with and without times of presentation."""
    codec, name = draw(st.sampled_from([("mpeg4", "a.avi"), ("mpeg4", "a.mp4"), ("mpeg2video", "a.ts")]))
    options = {"bf": str(draw(st.integers(0, 3))), "g": str(draw(st.integers(1, 40))), "b": "2000000"}
    return {"name": name, "codec": codec, "options": options}


@st.composite
def films(draw: st.DrawFn) -> dict[str, Any]:
    """How a film of thirty frames is written; where the container tells times, often at a variable rate."""
    found = draw(st.one_of(x264(), others()))
    if found["name"] in ("a.mp4", "a.mkv") and found.get("codec") is None and draw(st.booleans()):
        steps = draw(st.lists(st.integers(5, 300), min_size=LENGTH, max_size=LENGTH))
        found |= {"times": [sum(steps[:n]) for n in range(LENGTH)], "time_base": Fraction(1, 1000)}
    return found


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(how=films(), order=st.lists(st.integers(0, LENGTH - 1), min_size=8, max_size=16))
def test_any_order_shows_the_frames_of_any_structure(film, how: dict[str, Any], order: list[int]) -> None:
    path = film.write(count=LENGTH, **how)
    reader = FrameReader(path, 0)
    try:
        assert len(reader.index.pts) == LENGTH
        last = order[-1]
        order += range(last, max(-1, last - 8), -1)  # and a while backwards
        assert [film.number(reader.frame(n)) for n in order] == order
    finally:
        reader.close()
