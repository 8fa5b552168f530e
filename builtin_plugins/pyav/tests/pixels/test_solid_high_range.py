from __future__ import annotations

import pytest
from kadr_pyav.solid import solid_frame
from kadr_sdk.color import BT709, BT2020, BT2100_HLG, BT2100_PQ, Color
from kadr_sdk.plan import Solid


@pytest.mark.parametrize(
    ("color", "luma"),
    [
        (BT709, 940),
        (BT2020, 940),
        (BT2100_PQ, 64 + 876 * 0.5807),  # ITU-R BT.2408, table 1: reference white is 58 % of PQ
        (BT2100_HLG, 64 + 876 * 0.7497),  # and 75 % of HLG
    ],
)
def test_white_is_reference_white(color: Color, luma: float) -> None:
    frame = solid_frame(Solid((1.0, 1.0, 1.0, 1.0), 16, 16, "yuv420p10le", color, 1))
    planes = [int.from_bytes(bytes(plane)[:2], "little") for plane in frame.planes]
    assert planes == [pytest.approx(luma, abs=1), 512, 512]


def test_black_stays_black() -> None:
    frame = solid_frame(Solid((0.0, 0.0, 0.0, 1.0), 16, 16, "yuv420p10le", BT2100_PQ, 1))
    assert [int.from_bytes(bytes(plane)[:2], "little") for plane in frame.planes] == [64, 512, 512]
