"""Tables put together give the bits of the chain."""

from __future__ import annotations

import numpy as np
import pytest
from kadr_pyav.luts import joined_tables
from kadr_pyav.shapes import shape_of
from kadr_sdk.color import BT709
from kadr_sdk.effects import FilterSpec
from kadr_sdk.frames import VideoFrame
from kadr_sdk.plan import Native

LEGAL = "clip(floor({0}+0.5),min(16,val),max(235,val))"
CONTRAST = LEGAL.format("1.3*(val-125.5)+125.5")
GAMMA = LEGAL.format("if(gt(val,16),219*pow(max(val-16,0)/219,0.4545)+16,val)")
WILD = "3*val-200.7"
"""Leaves the range on both sides and has a fraction, both of which the filter itself cuts."""


def table(y="val", u="val", v="val"):
    return FilterSpec("lutyuv", (("y", y), ("u", u), ("v", v), ("a", "val")))


def graded(node, *specs, between=()):
    for number, spec in enumerate(specs):
        shape = shape_of(node)
        for each in (spec, *between):
            node = Native((node,), (each,), shape.width, shape.height, shape.format, f"a.{number}", 1)
    return node


@pytest.mark.parametrize("format", ["yuv420p", "yuv444p10le", "yuv422p12le", "yuv420p16le", "yuva420p"])
@pytest.mark.parametrize(
    "specs",
    [
        (table(CONTRAST, WILD), table(GAMMA, v=CONTRAST)),
        (table(WILD, WILD, WILD), table(WILD, "val", GAMMA), table(CONTRAST, CONTRAST, WILD)),
        (table(), table(u=CONTRAST), table(), table(u=WILD)),
    ],
)
def test_one_pass_gives_the_bits_of_the_chain(studio, format, specs):
    rng = np.random.default_rng(1)
    frame = VideoFrame.empty(format, 64, 48, BT709)
    top = 65535 if "16" in format else 255 << (2 if "10" in format else 4 if "12" in format else 0)
    for plane in frame.planes:
        plane[...] = rng.integers(0, top + 1, plane.shape)
    clip = studio.clip(lambda k: frame)
    once = joined_tables(graded(clip, *specs))
    assert len(once.filters) == 1
    assert once.inputs == (clip,)
    chain = graded(clip, *specs, between=(FilterSpec("null"),))  # which keeps the tables apart
    assert joined_tables(chain) is chain
    pairs = zip(studio.planes(graded(clip, *specs)), studio.planes(chain), strict=True)
    assert all(np.array_equal(a, b) for a, b in pairs)


@pytest.mark.parametrize(
    "other",
    [
        FilterSpec("gblur"),
        FilterSpec("lutyuv", (("y", "val/2"),)),  # the planes it leaves out have the filter's default
        table("negval"),
        table("st(0,val);ld(0)"),
        FilterSpec("lutyuv", table().options, (("y", ("val", "val/2")),)),
    ],
)
def test_what_is_no_plain_table_stays_apart(studio, noise, other):
    clip = studio.clip(lambda k: noise(k))
    for node in (graded(clip, other, table(CONTRAST)), graded(clip, table(CONTRAST), other)):
        assert joined_tables(node) is node


def test_an_error_names_every_effect_of_the_table(studio, noise):
    clip = studio.clip(lambda k: noise(k))
    with pytest.raises(Exception, match=r"a\.0@1\+a\.1@1"):
        studio.planes(graded(clip, table("val+"), table(CONTRAST)))


def test_a_table_behind_a_conversion_stays_apart(studio, noise):
    clip = studio.clip(lambda k: noise(k))
    lower = Native((clip,), (table(CONTRAST),), 64, 48, "yuv444p", "a.0", 1)
    upper = Native((lower,), (table(GAMMA),), 64, 48, "yuv444p", "a.1", 1)
    assert joined_tables(upper) is upper
