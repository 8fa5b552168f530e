"""Exact times: decimals as written, drop-frame labels both ways, nothing absurd let in."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kadr_sdk.times import (
    MAX_SECONDS,
    format_seconds,
    format_timecode,
    frame_at,
    parse_rate,
    parse_time,
    sample_at,
)

NTSC30, NTSC60 = Fraction(30000, 1001), Fraction(60000, 1001)
rates = st.sampled_from(["23.976", 24, 25, "29.97", 30, 50, "59.94", 60, "119.88"]).map(parse_rate)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (5, Fraction(5)),
        (2.1, Fraction(21, 10)),
        ("2.1", Fraction(21, 10)),
        (Decimal("0.30"), Fraction(3, 10)),
        ("1001/30000", Fraction(1001, 30000)),
        ("5.4s", Fraction(27, 5)),
        (" 7 ", Fraction(7)),
        ("1:02.5", Fraction(125, 2)),
        ("1:00:02.5", Fraction(7205, 2)),
        ("61:00", Fraction(3660)),
        (Fraction(1, 3), Fraction(1, 3)),
        (-1.5, Fraction(-3, 2)),
        ("1e-3", Fraction(1, 1000)),
    ],
)
def test_a_time_is_what_is_written(value: object, seconds: Fraction) -> None:
    assert parse_time(value) == seconds


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (float("nan"), "nan is not a finite number"),
        (float("inf"), "inf is not a finite number"),
        ("NaN", "'NaN' is not a number"),
        ("-Infinity", "'-Infinity' is not a number"),
        (True, "a number is expected, not true or false"),
        (None, "None is not a number"),
        ([1], "[1] is not a number"),
        ("", "'' is not a number"),
        ("1/0", "'1/0' is not a number"),
        ("1/2/3", "'1/2/3' is not a number"),
        ("five", "'five' is not a number"),
        ("0x10", "'0x10' is not a number"),
        ("1e41", "'1e41' is not a number"),
        ("1e999999999", "'1e999999999' is not a number"),
        (2e-308, "'2e-308' is not a number"),
        ("1e-999999999", "'1e-999999999' is not a number"),
        ("9" * 70, "'" + "9" * 59 + "… (+12 characters) is not a number"),
        ("00:00:05:12", "the timecode '00:00:05:12' needs a frame rate"),
        ("1:60", "'1:60' is not a number"),
        ("1:02.5\n:", r"'1:02.5\n:' is not a number"),
        (604801, "604801 is longer than a week"),
        ("-604801", "'-604801' is longer than a week"),
        (10**300, "1" + "0" * 59 + "… (+241 characters) is longer than a week"),
    ],
)
def test_what_is_no_time_says_so_briefly(value: object, message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole text is compared below
        parse_time(value)
    assert str(caught.value) == message


def test_a_week_is_the_longest() -> None:
    assert parse_time(MAX_SECONDS) == MAX_SECONDS
    with pytest.raises(ValueError, match="longer than a week"):
        parse_time(MAX_SECONDS + Fraction(1, 1000))


class TestTimecode:
    @pytest.mark.parametrize("fps", [NTSC30, NTSC60])
    def test_ten_minutes_of_drop_frame_by_the_standard(self, fps: Fraction) -> None:
        """ST 12-1: two (four) labels are left out in every minute but each tenth."""
        nominal = round(fps)
        dropped = nominal // 15
        labels = [
            f"{m // 60:02}:{m % 60:02}:{s:02};{f:02}"
            for m in range(10)
            for s in range(60)
            for f in range(nominal)
            if not (s == 0 and f < dropped and m % 10)
        ]
        assert [format_timecode(k, fps) for k in range(len(labels))] == labels
        assert format_timecode(len(labels), fps) == "00:10:00;00"

    @given(st.integers(0, 7 * 24 * 3600 * 60), rates)
    def test_label_and_frame_are_each_others_inverse(self, frame: int, fps: Fraction) -> None:
        frame %= int(MAX_SECONDS * fps)
        label = format_timecode(frame, fps)
        assert parse_time(label, fps) * fps == frame
        plain = format_timecode(frame, fps, drop=False)
        assert ";" not in plain
        assert parse_time(plain, fps) * fps == frame

    @pytest.mark.parametrize("label", ["00:01:00;00", "00:01:00;01", "01:59:00;01"])
    def test_a_dropped_label_does_not_exist(self, label: str) -> None:
        with pytest.raises(ValueError, match="does not exist in drop frame"):
            parse_time(label, NTSC30)
        assert parse_time("00:10:00;00", NTSC30) * NTSC30 == 17982

    def test_four_labels_are_dropped_at_59_94(self) -> None:
        with pytest.raises(ValueError, match="01:00;03 does not exist"):
            parse_time("00:01:00;03", NTSC60)
        assert parse_time("00:01:00;04", NTSC60) * NTSC60 == 3600

    def test_what_a_rate_has_not(self) -> None:
        with pytest.raises(ValueError, match="frame 25 of a timecode at 25 frames per second"):
            parse_time("00:00:01:25", Fraction(25))
        with pytest.raises(ValueError, match=r"drop frame is for 29\.97 and its multiples, not for 25"):
            parse_time("00:00:01;00", Fraction(25))
        with pytest.raises(ValueError, match="not for 24000/1001"):
            format_timecode(0, Fraction(24000, 1001), drop=True)

    def test_an_hour_of_drop_frame_is_an_hour(self) -> None:
        assert abs(parse_time("01:00:00;00", NTSC30) - 3600) < Fraction(4, 1000)
        assert parse_time("01:00:00:00", NTSC30) == 3600 * Fraction(1001, 1000)


class TestRate:
    @pytest.mark.parametrize(
        ("value", "rate"),
        [
            (25, Fraction(25)),
            ("30000/1001", NTSC30),
            (29.97, NTSC30),
            ("59.94", NTSC60),
            (23.976, Fraction(24000, 1001)),
            ("23.98", Fraction(24000, 1001)),
            ("23.976023976", Fraction(24000, 1001)),
            (12.5, Fraction(25, 2)),
            (1000, Fraction(1000)),
        ],
    )
    def test_known_rates(self, value: object, rate: Fraction) -> None:
        assert parse_rate(value) == rate

    @pytest.mark.parametrize(
        "value", [0, -25, 1001, "0/1", "1e-9", 1e-7, float("nan"), "fast", None, True, []]
    )
    def test_refused(self, value: object) -> None:
        with pytest.raises(ValueError, match=r"frame rate lies above 0|not a |a number is expected"):
            parse_rate(value)


decimals = st.decimals(0, 604800, allow_nan=False, allow_infinity=False, places=12)


@given(
    st.fractions(0, 604800, max_denominator=10**30)
    | decimals
    | st.floats(0, 604800).filter(lambda x: x == 0 or x > 1e-40)
    | st.text("0123456789", min_size=1, max_size=38).map("0.{}".format)
)
def test_what_is_formatted_is_parsed_back_exactly(value: object) -> None:
    seconds = parse_time(value)
    assert parse_time(format_seconds(seconds)) == seconds


@pytest.mark.parametrize(
    ("seconds", "form"),
    [
        (Fraction(5), 5),
        (Fraction(5, 2), 2.5),
        (Fraction(1, 3), "1/3"),
        (Fraction(1, 10**9), 1e-9),
        (Fraction(1, 10**12), 1e-12),
        (Fraction(123456789012, 10**11), "30864197253/25000000000"),
        (Fraction(1001, 30000), "1001/30000"),
    ],
)
def test_the_shortest_exact_form(seconds: Fraction, form: object) -> None:
    assert format_seconds(seconds) == form
    assert type(format_seconds(seconds)) is type(form)


def test_half_up_on_both_sides_of_zero() -> None:
    assert [frame_at(Fraction(n, 50), Fraction(25)) for n in (-3, -1, 0, 1, 3)] == [-1, 0, 0, 1, 2]
    assert sample_at(Fraction(1, 96000), 48000) == 1
    assert sample_at(Fraction(1, 96001), 48000) == 0


@given(st.fractions(0, 100, max_denominator=10**6), rates)
def test_nearest_is_never_more_than_half_a_frame_off(seconds: Fraction, fps: Fraction) -> None:
    off = frame_at(seconds, fps) - seconds * fps
    assert Fraction(-1, 2) < off <= Fraction(1, 2)


@given(st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers()))
def test_nothing_but_value_errors(value: object) -> None:
    for parse in (parse_time, parse_rate):
        try:
            result = parse(value)
        except ValueError as error:
            assert len(str(error)) < 250  # noqa: PT017 - any ValueError is right, of bounded length
        else:
            assert isinstance(result, Fraction)
