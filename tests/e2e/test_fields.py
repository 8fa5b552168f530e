"""Codec by codec, every field of the export table: found again in the file, or refused with a reason."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from kadr_sdk.color import BT601_525, BT709, BT2020, BT2100_PQ, Color
from kadr_sdk.errors import KadrError
from kadr_sdk.frames import VideoFrame
from kadr_sdk.output import LightLevels, Output, VideoEncoding
from kadr_sdk.rendering import Renderer

FRAMES, SIZE = 24, (128, 96)
ROWS = tomllib.loads((Path(__file__).parent / "fields.toml").read_text("utf-8"))["codec"]
LIGHT = LightLevels(((0.68, 0.32), (0.265, 0.69), (0.15, 0.06), (0.3127, 0.329)), (0.005, 1000.0), (900, 300))
FIELDS = (
    *("crf", "quality", "bitrate", "maxrate", "two_pass", "preset", "profile", "level", "gop", "b_frames"),
    *("ten_bits", "color", "light"),
)

Make = Callable[..., Path]


def pictures(form: str, color: Color) -> list[VideoFrame]:
    """Noise that stands still under noise that is other in each frame, in eight or ten bits."""
    rng, found = np.random.default_rng(5), []
    scale = 4 if "10le" in form else 1
    still = [rng.integers(60, 180, p.shape) for p in VideoFrame.empty(form, *SIZE, color).planes]
    for _ in range(FRAMES):
        frame = VideoFrame.empty(form, *SIZE, color)
        for plane, base in zip(frame.planes, still, strict=True):
            plane[...] = (base + rng.integers(0, 12, plane.shape)) * scale
        found.append(frame)
    return found


@pytest.fixture(scope="module")
def make(renderer: Renderer, tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Encodes the noise with some settings into Matroska; the same settings once."""
    folder, known = tmp_path_factory.mktemp("fields"), {}

    def run(row: dict[str, Any], color: Color = BT709, **settings: Any) -> Path:
        muxer = row.get("muxer", "matroska")
        key = (row["name"], muxer, color, repr(sorted(settings.items())))
        if key not in known:
            form = settings.pop("pixel_format", row["format"])
            base = VideoEncoding(row["name"], form, *SIZE, Fraction(25), color)
            backend = renderer.backend()
            output = backend.prepare(Output("t", muxer, replace(base, **settings)))
            known[key] = folder / f"{len(known)}.mkv"
            backend.write(known[key], output, pictures(form, color), None)
        return known[key]

    return run


def read(path: Path) -> tuple[list[Any], Any]:
    """Packets in the order of decoding and what the stream is."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        packets = [(p.pts, p.is_keyframe, p.size) for p in container.demux(stream) if p.size]
        codec = stream.codec_context
        tags = (codec.colorspace, codec.color_primaries, codec.color_trc, codec.color_range)
        facts = {"profile": codec.profile, "format": codec.pix_fmt, "tags": tuple(int(t) for t in tags)}
        return packets, facts


def size(path: Path) -> int:
    return sum(row[2] for row in read(path)[0])


def crf(make: Make, row: Any) -> None:
    assert size(make(row, crf=18.0)) > 1.3 * size(make(row, crf=45.0))


def quality(make: Make, row: Any) -> None:
    assert size(make(row, quality=90.0)) > 1.3 * size(make(row, quality=20.0))


def bitrate(make: Make, row: Any) -> None:
    high, low = (size(make(row, bitrate=rate)) * 8 * 25 / FRAMES for rate in (1_500_000, 300_000))
    assert high > 1.3 * low
    assert 750_000 < high < 3_000_000  # a second is little for rate control


def maxrate(make: Make, row: Any) -> None:
    aim: dict[str, Any] = {"crf": 5.0} if row["capped"] == "crf" else {"bitrate": 250_000}
    held = size(make(row, **aim, maxrate=300_000, bufsize=150_000)) * 8 * 25 / FRAMES
    if row["name"] != "av1":  # SVT-AV1 steers towards it over more than a second
        assert held <= 300_000 + 150_000 * 25 / FRAMES
    if row["capped"] == "crf":
        assert size(make(row, **aim)) * 8 * 25 / FRAMES > 1.5 * held


def two_pass(make: Make, row: Any) -> None:
    """That the rate is met by way of a master is shown by test_export_fields.py."""
    make(row, bitrate=500_000, two_pass=True)


def preset(make: Make, row: Any) -> None:
    fast, slow = (make(row, preset=name).read_bytes() for name in ("ultrafast", "slow"))
    assert fast != slow


def profile(make: Make, row: Any) -> None:
    for asked, found in row["profiles"].items():
        form = {"pixel_format": "yuv420p10le"} if asked in ("high10", "main10") else {}
        kind = {"muxer": "mov"} if row["name"] == "prores" else {}
        assert read(make(row | kind, profile=asked, **form))[1]["profile"] == found


def level(make: Make, row: Any) -> None:
    data = make(row, level="3.1").read_bytes()
    if row["name"] == "h264":
        assert (
            bytes([31]) + b"\xff\xe1" in data
        )  # ISO/IEC 14496-15, 5.3.3.1: level, sizes of lengths, one SPS
    else:  # 8.3.3.1: 30 times the level, then the least spatial segmentation, with four reserved ones
        assert bytes([93, 0xF0, 0]) in data


def gop(make: Make, row: Any) -> None:
    keys = [number for number, (_, key, _) in enumerate(read(make(row, gop=5))[0]) if key]
    assert max(b - a for a, b in zip(keys, [*keys[1:], FRAMES], strict=True)) <= 5
    assert len([1 for _, key, _ in read(make(row, gop=200))[0] if key]) < len(keys)


def b_frames(make: Make, row: Any) -> None:
    times = [pts for pts, _, _ in read(make(row, b_frames=2))[0]]
    assert times != sorted(times)
    times = [pts for pts, _, _ in read(make(row, b_frames=0))[0]]
    assert times == sorted(times)


def ten_bits(make: Make, row: Any) -> None:
    form = row["format"].removesuffix("10le") + "10le"
    assert read(make(row, pixel_format=form))[1]["format"] == form


def color(make: Make, row: Any) -> None:
    wanted = {BT709: (1, 1, 1, 1), BT601_525: (6, 6, 6, 1), BT2020: (9, 9, 14, 1)}
    for space, codes in wanted.items():
        assert read(make(row, space))[1]["tags"] == codes
    if "ten_bits" in row["works"]:
        deep = row["format"].removesuffix("10le") + "10le"
        assert read(make(row, BT2100_PQ, pixel_format=deep))[1]["tags"] == (9, 9, 16, 1)


def light(make: Make, row: Any) -> None:
    data = make(row, light=LIGHT).read_bytes()
    assert bytes.fromhex("55bc") + bytes([0x82]) + (900).to_bytes(2, "big") in data
    assert bytes.fromhex("55d0") in data


CHECKS: dict[str, Callable[[Make, Any], None]] = {
    check.__name__: check
    for check in (
        *(crf, quality, bitrate, maxrate, two_pass, preset, profile, level, gop, b_frames),
        *(ten_bits, color, light),
    )
}
CELLS = [pytest.param(row, field, id=f"{row['name']}-{field}") for row in ROWS for field in FIELDS]


@pytest.mark.parametrize(("row", "field"), CELLS)
def test_a_field_is_kept_or_refused(make: Make, row: dict[str, Any], field: str) -> None:
    if field in row["works"]:
        CHECKS[field](make, row)
        return
    with pytest.raises(KadrError) as caught:
        CHECKS[field](make, row | {"profiles": {"main": ""}, "capped": row.get("capped", "bitrate")})
    assert row["refused"][field] in caught.value.message


def test_every_field_of_every_codec_is_decided() -> None:
    for row in ROWS:
        assert sorted([*row["works"], *row["refused"]]) == sorted(FIELDS), row["name"]
