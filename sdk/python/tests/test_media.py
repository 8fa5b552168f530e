from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from kadr_sdk.media import AudioStream, FrameIndex, MediaInfo, VideoStream

VIDEO = VideoStream(0, "h264", 1440, 1080, "yuv420p")


@pytest.mark.parametrize(
    ("aspect", "rotation", "size"),
    [
        (Fraction(1), 0, (1440, 1080)),
        (Fraction(4, 3), 0, (1920, 1080)),
        (Fraction(4, 3), 180, (1920, 1080)),
        (Fraction(1), 90, (1080, 1440)),
        (Fraction(4, 3), 270, (1080, 1920)),
        (Fraction(1, 10_000), 0, (1, 1080)),
    ],
)
def test_display_size_is_upright_and_square(aspect: Fraction, rotation: int, size: tuple[int, int]) -> None:
    assert replace(VIDEO, sample_aspect=aspect, rotation=rotation).display_size == size


def test_cover_art_is_no_main_video() -> None:
    cover = replace(VIDEO, index=0, attached=True)
    sound = AudioStream(1, "mp3", 44100, 2, "stereo")
    info = MediaInfo("a.mp3", "mp3", None, 1, (cover,), (sound,))
    assert info.main_video is None
    assert info.main_audio is sound
    assert replace(info, video=(cover, VIDEO)).main_video is VIDEO
    assert replace(info, audio=()).main_audio is None


class TestIndex:
    def test_times(self) -> None:
        index = FrameIndex(Fraction(1, 90000), (3600, 7200, 10800), (0,), 14400)
        assert index.start == Fraction(1, 25)
        assert index.duration == Fraction(3, 25)

    @pytest.mark.parametrize(
        ("pts", "variable"),
        [((0,), False), ((0, 40, 80), False), ((0, 33, 67, 100), False), ((0, 40, 120), True)],
    )
    def test_one_tick_of_rounding_is_not_variable(self, pts: tuple[int, ...], variable: bool) -> None:
        assert FrameIndex(Fraction(1, 1000), pts, (0,), pts[-1] + 40).variable is variable
