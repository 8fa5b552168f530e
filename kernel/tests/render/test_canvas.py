"""What untagged media are taken for on a timeline."""

from __future__ import annotations

from dataclasses import replace

import pytest
from kadr_kernel.render.canvas import came_as
from kadr_sdk.color import BT601_525, BT709, UNKNOWN, Color

SMALL = replace(BT601_525, primaries="bt709")  # what a small untagged film is guessed to be


@pytest.mark.parametrize(
    ("tags", "size", "timeline", "wanted"),
    [
        (UNKNOWN, (640, 360), BT601_525, BT601_525),
        (UNKNOWN, (640, 360), BT709, SMALL),
        (UNKNOWN, (1280, 720), BT601_525, BT709),
        (Color(primaries="bt709"), (640, 360), BT601_525, SMALL),
        (Color(primaries="bt470bg"), (720, 576), BT601_525, replace(BT601_525, primaries="bt470bg")),
    ],
)
def test_untagged_primaries_are_those_of_a_timeline_of_bt601(
    tags: Color, size: tuple[int, int], timeline: Color, wanted: Color
) -> None:
    assert came_as(tags, *size, timeline) == wanted
