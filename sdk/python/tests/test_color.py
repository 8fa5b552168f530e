from __future__ import annotations

from dataclasses import replace

import pytest
from kadr_sdk.color import BT601_525, BT709, BT2020, MATRIX, PRIMARIES, TRANSFER, Color


@pytest.mark.parametrize(
    ("size", "guess"),
    [
        ((720, 480), BT601_525),
        ((704, 576), replace(BT601_525, primaries="bt470bg")),
        ((1279, 719), replace(BT601_525, primaries="bt709")),  # no raster of broadcast
        ((640, 480), replace(BT601_525, primaries="bt709")),
        ((1280, 544), BT709),
        ((960, 720), BT709),
    ],
)
def test_untagged_video_is_guessed_by_its_size(size: tuple[int, int], guess: Color) -> None:
    assert Color().filled(*size) == guess


def test_a_matrix_or_a_range_that_is_not_of_broadcast_says_what_its_primaries_are() -> None:
    assert Color("bt709").filled(720, 480).primaries == "bt709"
    assert Color(range="pc").filled(720, 576).primaries == "bt709"


def test_what_is_tagged_stays() -> None:
    tagged = Color("bt2020nc", "bt2020", "smpte2084", "pc", "topleft")
    assert tagged.filled(640, 480) == tagged
    half = Color(range="pc").filled(1920, 1080)
    assert half == Color("bt709", "bt709", "bt709", "pc", "left")


def test_untagged_rgb_is_full_range_srgb() -> None:
    assert Color().filled(64, 64, rgb=True) == Color("gbr", "bt709", "iec61966-2-1", "pc", "unknown")


@pytest.mark.parametrize("table", [MATRIX, PRIMARIES, TRANSFER])
def test_code_points_are_unique_and_2_is_unknown(table: dict[str, int]) -> None:
    """ITU-T H.273: 2 is 'unspecified' in each of the three tables."""
    assert len(set(table.values())) == len(table)
    assert table["unknown"] == 2


def test_the_named_colours_use_known_names() -> None:
    for color in (BT709, BT601_525, BT2020):
        assert color.matrix in MATRIX
        assert color.primaries in PRIMARIES
        assert color.transfer in TRANSFER


def test_a_part_of_bt2020_tells_the_others():
    for tagged in (Color("bt2020nc"), Color(primaries="bt2020"), Color(transfer="smpte2084")):
        found = tagged.filled(640, 480)
        assert (found.matrix, found.primaries) == ("bt2020nc", "bt2020")
    assert Color(transfer="arib-std-b67").filled(64, 64, rgb=True).primaries == "bt2020"
