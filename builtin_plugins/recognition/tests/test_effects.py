"""Effects over detections: what they hide and draw, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kadr_recognition.detection import Detection
from kadr_recognition.document import Results, Row
from kadr_recognition.effects.auto_reframe import AutoReframe
from kadr_recognition.effects.draw_detections import DrawDetections
from kadr_recognition.effects.hiding import hidden
from kadr_recognition.effects.privacy_blur import PrivacyBlur
from kadr_sdk.color import BT709
from kadr_sdk.effects import FrameCall, SourceUse
from kadr_sdk.errors import InvalidParameterError, KadrError, MediaFileError, SerializationError
from kadr_sdk.frames import VideoFrame, pixel_format
from kadr_sdk.params import FilePath

MEDIA = {"name": "a.mp4", "digest": "d", "stream": 0, "width": 200, "height": 100, "end": 1}
DOG = Detection("dog", 0.9, (80.0, 20.0, 40.0, 30.0), track=1)
FOUND = Results(
    MEDIA,
    {"id": "m", "classes": ["dog", "cat"]},
    {"every": "1"},
    ((0, Fraction(0)),),
    (Row(0, Fraction(0), DOG),),
)
VALUES = {"classes": "", "hold": 0.5, "threshold": 0.0, "max_gap": 0.5}
HIDE = {"method": "blur", "cells": 6, "margin": 0.0}
DRAW = {"labels": False, "line": 2.0}
USE = SourceUse(FilePath("a.mp4"), "d", 0, Fraction(0), Fraction(1), (0.0, 0.0, 1.0, 1.0))

Values = Callable[..., dict[str, Any]]


@pytest.fixture
def values(tmp_path: Path) -> Values:
    """Values of a use, over a document in a file."""

    def make(found: Results | bytes = FOUND, **more: Any) -> dict[str, Any]:
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.json"
        path.write_bytes(found if isinstance(found, bytes) else found.to_bytes())
        return {"detections": FilePath(path)} | VALUES | HIDE | DRAW | more

    return make


def noise(format: str = "yuv420p", width: int = 200, height: int = 100) -> VideoFrame:
    frame = VideoFrame.empty(format, width, height, BT709)
    draw, top = np.random.default_rng(3), 1 << pixel_format(format).depth
    for plane in frame.planes:
        plane[...] = draw.integers(0, top, plane.shape)
    return frame


def call(
    effect: Any, source: VideoFrame, values: Mapping[str, Any], view: Any = (0.0, 0.0, 1.0, 1.0)
) -> VideoFrame:
    told = dict(values) | {"source_time": Fraction(0), "source_view": view}
    kept = source.copy()
    out = effect.frame(
        FrameCall(
            [[source]],
            told,
            0,
            Fraction(25),
            Fraction(0),
            Fraction(1),
            0.0,
            7,
            source.width,
            source.height,
            source.format,
            source.color,
        )
    )
    assert all(np.array_equal(a, b) for a, b in zip(source.planes, kept.planes, strict=True))
    assert isinstance(out, VideoFrame)
    return out


def changed(a: VideoFrame, b: VideoFrame, plane: int = 0) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of everything that differs."""
    rows, columns = np.nonzero(a.planes[plane] != b.planes[plane])
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


# -- hiding ------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["blur", "pixelate", "box"])
@pytest.mark.parametrize("format", ["yuv420p", "yuv422p10le", "yuva444p16le"])
def test_the_box_is_hidden_and_nothing_else(method: str, format: str, values: Values) -> None:
    source = noise(format)
    out = call(PrivacyBlur(), source, values(method=method))
    assert changed(source, out) == (80, 20, 120, 50)
    across, down = pixel_format(format).log2_chroma
    assert changed(source, out, 1) == (80 >> across, 20 >> down, 120 >> across, 50 >> down)
    if pixel_format(format).alpha:
        assert np.array_equal(out.planes[3], source.planes[3])
    inside = out.planes[0][20:50, 80:120]
    if method == "box":
        assert set(inside.flat) == {16 << (pixel_format(format).depth - 8)}
    else:  # of white noise nearly nothing is left
        assert inside.std() < 0.2 * source.planes[0][20:50, 80:120].std()


def test_margin_and_crop(values: Values) -> None:
    source = noise()
    assert changed(source, call(PrivacyBlur(), source, values(margin=0.5))) == (60, 4, 140, 66)
    # The right half of the picture at twice the size: the dog begins 20 left of the cut.
    out = call(PrivacyBlur(), source, values(), (0.5, 0.0, 0.5, 1.0))
    assert changed(source, out) == (0, 20, 40, 50)
    away = call(PrivacyBlur(), source, values(), (0.75, 0.0, 0.25, 1.0))
    assert all(np.array_equal(a, b) for a, b in zip(source.planes, away.planes, strict=True))


def test_an_edge_between_two_pixels_hides_both(values: Values) -> None:
    source = noise("yuv444p")
    dog = Detection("dog", 0.9, (80.4, 20.6, 10.2, 10.0))
    found = Results(MEDIA, FOUND.model, FOUND.settings, FOUND.frames, (Row(0, Fraction(0), dog),))
    assert changed(source, call(PrivacyBlur(), source, values(found))) == (80, 20, 91, 31)


def test_fields_and_lines_between_their_means() -> None:
    part = np.array([[0, 10, 100, 110]], np.uint8)
    assert hidden(part, "pixelate", (2, 1), 0).tolist() == [[5, 5, 105, 105]]
    assert hidden(part, "blur", (2, 1), 0).tolist() == [[5, 30, 80, 105]]
    assert hidden(part, "blur", (1, 1), 0).tolist() == [[55, 55, 55, 55]]
    assert hidden(part, "pixelate", (32, 32), 0).tolist() == part.tolist()  # fields of one pixel
    assert hidden(np.full((3, 5), 65535, np.uint16), "blur", (2, 2), 0).min() == 65535


# -- drawing -----------------------------------------------------------------------------------


def test_a_frame_is_drawn_around(values: Values) -> None:
    source = noise()
    out = call(DrawDetections(), source, values())
    assert changed(source, out) == (80, 20, 120, 50)
    assert np.array_equal(out.planes[0][22:48, 82:118], source.planes[0][22:48, 82:118])
    assert len(set(out.planes[0][20, 80:120])) == 1
    labelled = call(DrawDetections(), source, values(labels=True))
    left, top, right, bottom = changed(source, labelled)
    assert (left, bottom) == (80, 50)
    assert top < 20
    assert right > 120
    assert (labelled.planes[0][top:20, 80:right] == 235).any()


def test_the_surest_name_lies_on_top(values: Values) -> None:
    cat = Row(0, Fraction(0), Detection("cat", 0.4, DOG.box, track=2))
    dog = FOUND.rows[0]
    both = [
        Results(MEDIA, FOUND.model, FOUND.settings, FOUND.frames, rows) for rows in ((dog, cat), (cat, dog))
    ]
    source = noise()
    alone, *drawn = (call(DrawDetections(), source, values(f, labels=True)) for f in (FOUND, *both))
    for found in drawn:
        assert all(np.array_equal(a, b) for a, b in zip(found.planes, alone.planes, strict=True))


def test_a_label_stays_within_the_picture(values: Values) -> None:
    dog = Detection("dog", 0.9, (180.0, 40.0, 20.0, 20.0), track=1)
    found = Results(MEDIA, FOUND.model, FOUND.settings, FOUND.frames, (Row(0, Fraction(0), dog),))
    source, whole = noise(), noise()
    left, _, right, _ = changed(source, call(DrawDetections(), source, values(found, labels=True)))
    plain = changed(whole, call(DrawDetections(), whole, values(labels=True)))
    assert (right, right - left) == (200, plain[2] - plain[0])


def test_what_is_not_seen_now_is_dashed(values: Values) -> None:
    source = noise()
    frames = ((0, Fraction(0)), (1, Fraction(1, 25)))
    found = Results(MEDIA, FOUND.model, FOUND.settings, frames, (Row(1, Fraction(1, 25), DOG),))
    line = call(DrawDetections(), source, values(found)).planes[0][20, 80:120] == source.planes[0][20, 80:120]
    assert 0 < line.sum() < 40


# -- following ---------------------------------------------------------------------------------


def seen_at(x: float, size: tuple[int, int] = (200, 100)) -> Results:
    """A dog that stands with its middle there, wherever the picture has its longer side."""
    box = (x - 10, 30.0, 20.0, 20.0) if size[0] > size[1] else (30.0, x - 10, 20.0, 20.0)
    media = MEDIA | {"width": size[0], "height": size[1]}
    return Results(
        media, FOUND.model, FOUND.settings, FOUND.frames, (Row(0, Fraction(0), Detection("dog", 0.9, box)),)
    )


@pytest.mark.parametrize("format", ["yuv420p", "yuv422p10le", "yuv444p16le", "yuva420p"])
@pytest.mark.parametrize(("x", "left"), [(100.0, 50), (0.0, 0), (200.0, 100)])
def test_the_frame_in_the_middle_shows_what_is_followed(
    x: float, left: int, format: str, values: Values
) -> None:
    """A square of 200x100: beside it is nothing, in it the part around the thing, pixel for pixel."""
    source = noise(format)
    out = call(AutoReframe(), source, values(seen_at(x), aspect="1:1"))
    depth = pixel_format(format).depth
    for number, (plane, was) in enumerate(zip(out.planes, source.planes, strict=True)):
        shift = pixel_format(format).log2_chroma[0] if number in (1, 2) else 0
        inside = slice(50 >> shift, 150 >> shift)
        assert np.array_equal(plane[:, inside], was[:, left >> shift : left + 100 >> shift])
        nothing = 0 if number == 3 else (16 if number == 0 else 128) << (depth - 8)
        assert set(np.delete(plane, np.r_[inside], axis=1).flat) == {nothing}


def test_it_follows_downwards_within_a_crop_and_between_pixels(values: Values) -> None:
    source = noise("yuv444p", 100, 200)
    out = call(AutoReframe(), source, values(seen_at(200.0, (100, 200)), aspect="1:1"))
    assert np.array_equal(out.planes[0][50:150], source.planes[0][100:])
    # The right half of the picture, twice as large: the thing stands at its left edge.
    source = noise("yuv444p")
    half = (0.5, 0.0, 0.5, 0.5)
    out = call(AutoReframe(), source, values(seen_at(100.0), aspect="1:1"), half)
    assert np.array_equal(out.planes[0][:, 50:150], source.planes[0][:, :100])
    ramp = VideoFrame.empty("yuv444p", 200, 100, BT709)
    for plane in ramp.planes:
        plane[...] = np.arange(200, dtype=np.uint8)
    out = call(AutoReframe(), ramp, values(seen_at(104.6), aspect="1:1"))
    moved = out.planes[0][0, 51:149].astype(int) - np.arange(51, 149)
    assert set(moved) <= {4, 5}, "each pixel is between its two neighbours"
    same = call(AutoReframe(), source, values(seen_at(100.0), aspect="21:9"), (0.0, 0.0, 1.0, 6 / 7))
    assert all(np.array_equal(a, b) for a, b in zip(same.planes, source.planes, strict=True))


# -- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "names", "words"),
    [
        ({}, "dgo", "knows no class 'dgo'"),
        ({"classes": ["dog"]}, "cat", "made without the class 'cat'"),
    ],
)
def test_classes_that_the_document_does_not_hold(
    settings: dict[str, Any], names: str, words: str, values: Values
) -> None:
    found = Results(MEDIA, FOUND.model, FOUND.settings | settings, FOUND.frames)
    with pytest.raises(InvalidParameterError, match=words):
        PrivacyBlur().check(values(found, classes=names))
    PrivacyBlur().check(values(found, classes="Dog, "))


@pytest.mark.parametrize(
    ("media", "every", "words"),
    [
        ({"digest": "other"}, "1", "of other media: 'a.mp4'"),
        ({"stream": 2}, "1", "of stream 2, the clip shows 0"),
        ({}, "1s", "nobody looked at the media for 1.00 s from 0.00 s on"),
    ],
)
def test_documents_that_do_not_fit(media: dict[str, Any], every: str, words: str, values: Values) -> None:
    found = Results(MEDIA | media, FOUND.model, {"every": every}, FOUND.frames)
    with pytest.raises(InvalidParameterError, match=words):
        PrivacyBlur().check_source(values(found), USE)


def test_never_a_frame_without_data(values: Values) -> None:
    """Not even where the host forgot to ask before."""
    effect, source = PrivacyBlur(), noise()
    with pytest.raises(SerializationError, match="not a document of detections"):
        effect.check(values(b"{}"))
    gone = values()
    Path(gone["detections"]).unlink()
    with pytest.raises(MediaFileError, match="cannot be read"):
        call(effect, source, gone)
    told = FrameCall(
        [[source]], values(), 0, Fraction(25), *[Fraction(0)] * 2, 0.0, 7, 200, 100, "yuv420p", BT709
    )
    with pytest.raises(KadrError, match="does not say what the frame shows"):
        effect.frame(told)
