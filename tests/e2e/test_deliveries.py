"""Codec by codec what goes out: rendered, decoded by libav alone, compared with the source."""

from __future__ import annotations

import math
import tomllib
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from kadr_sdk.rendering import Renderer, RenderRequest
from kadr_sdk.testing.synthetic import barcode_frame

FRAMES = 6
ROWS: list[dict[str, Any]] = tomllib.loads((Path(__file__).parent / "deliveries.toml").read_text("utf-8"))[
    "delivery"
]
NAMES = {"prores": "prores", "libdav1d": "av1", "libvpx-vp9": "vp9", "libvpx": "vp8", "libopus": "opus"}


@pytest.fixture
def film(cut: Any, movie: Any) -> Any:
    time = np.arange(48000 * FRAMES // 25) / 48000
    tone = (0.5 * np.sin(2 * np.pi * 997 * time)).astype(np.float32)
    path = movie("deliveries.mkv", FRAMES, sound=np.stack([tone, tone]), codec="ffv1")
    return cut({"id": "a", "source_file": str(path)}, fps=25)


def opened(path: Path) -> Any:
    """The file, or the media of a folder: of pictures the first, of a ladder the best rendition."""
    if path.is_dir():
        path = min(p for p in path.rglob("*") if p.is_file() and p.suffix not in (".m3u8", ".toml"))
    return av.open(str(path))


def luma_of(frame: Any) -> Any:
    """Luma in codes of 8 bit, limited range, by the definition of BT.709."""
    if frame.format.name.startswith("yuvj"):  # as every reader of JFIF takes it: BT.601, full range
        frame = frame.reformat(format="rgb24", src_colorspace=5, src_color_range=2)
    if frame.format.is_rgb or frame.format.name in ("pal8", "bgra"):
        rgb = frame.to_ndarray(format="rgb24").astype(float) / 255
        return 16 + 219 * (rgb @ [0.2126, 0.7152, 0.0722])
    depth = frame.format.components[0].bits
    kind = np.dtype("<u2") if depth > 8 else np.dtype(np.uint8)
    plane = frame.planes[0]
    rows = np.frombuffer(plane, kind).reshape(plane.height, -1)[:, : plane.width]
    return rows.astype(float) / (1 << (depth - 8))


@pytest.mark.parametrize(
    "row", ROWS, ids=lambda r: "-".join(filter(None, (r["container"], r["video"], r["format"], r["audio"])))
)
def test_what_goes_out(film: Any, renderer: Renderer, tmp_path: Path, row: dict[str, Any]) -> None:
    video = {"codec": row["video"], "pixel_format": row["format"]} if row["video"] else {}
    audio = {"codec": row["audio"]} if row["audio"] else {}
    path = tmp_path / "out"
    request = RenderRequest(output=path, container=row["container"], video=video, audio=audio, cache=False)
    report = renderer.render(film, tmp_path, request)
    assert report.frames == (FRAMES if row["video"] else 0)
    with opened(path) as container:
        if row["video"]:
            stream = container.streams.video[0]
            assert NAMES.get(stream.codec_context.name, stream.codec_context.name) == row["video"]
            frames = list(container.decode(stream))
            assert len(frames) == (1 if row["container"] in ("png", "jpeg", "tiff") else FRAMES)
            assert frames[0].format.name == row["decoded"]
            wanted = np.asarray(barcode_frame(0).planes[0]).astype(float)
            assert psnr(luma_of(frames[0]), wanted) >= row["psnr"]
    if row["audio"]:
        with opened(path) as container:
            stream = container.streams.audio[0]
            assert (
                NAMES.get(stream.codec_context.name, stream.codec_context.name).removesuffix("float")
                == row["audio"]
            )
            count = sum(frame.samples for frame in container.decode(stream))
            assert abs(count - 48000 * FRAMES // 25) <= 2 * 1536
            if not row["video"]:
                assert stream.codec_context.format.name == row["decoded"]


def psnr(found: Any, wanted: Any) -> float:
    error = float(np.mean((found - wanted) ** 2))
    return 99.0 if error == 0 else 10 * math.log10(255**2 / error)


def test_every_codec_that_goes_out_is_in_the_table(kernel: Any) -> None:
    shown = {r["container"] for r in ROWS}
    there = {c.id for c in kernel.catalogue.all("exporter")}
    assert there - shown == {"webp"}, "libav cannot read a moving WebP; test_formats.py reads it"
    codecs = {name for c in there for name in kernel.catalogue.describe("exporter", c)["video_codecs"]}
    assert codecs - {r["video"] for r in ROWS} == {"webp"}
