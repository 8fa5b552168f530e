"""Every clip and picture of the corpus through real renders, against a conversion in numpy.

The table is ``media.toml``; ``docs/media.md`` shows it.
"""

from __future__ import annotations

import os
import tomllib
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from kadr_sdk.errors import ValidationError
from kadr_sdk.project import parse_project
from kadr_sdk.rendering import RenderRequest
from PIL import Image

TABLE = tomllib.loads((Path(__file__).parent / "media.toml").read_text("utf-8"))
MEDIA = Path(os.environ.get("KADR_TEST_MEDIA") or Path(__file__).parents[3] / "shared" / "media")
CLIPS = {row["name"]: row for row in TABLE["clip"]}
WIDTH, HEIGHT, BLOCK = 320, 180, 10
BACKGROUND = (32, 64, 96)
KR_KB = {1: (0.2126, 0.0722), 9: (0.2627, 0.0593)}
pytestmark = pytest.mark.skipif(not MEDIA.is_dir(), reason="the corpus of media is not here")


def project(*clips: dict[str, Any], **more: Any) -> Any:
    size = {"fps": 25, "resolution": [WIDTH, HEIGHT], "background": "#204060"}
    return parse_project({"timeline": size | {"tracks": [{"id": "v", "clips": list(clips)}]}} | more)


def clip(row: dict[str, Any], start: Fraction = Fraction(0)) -> dict[str, Any]:
    place = {"id": row["name"], "source_file": str(MEDIA / row["name"]), "start_time": float(start)}
    return place | {"duration": 0.4} if row["frames"] == 10 else place


@pytest.mark.parametrize("name", CLIPS)
def test_a_clip_alone(renderer: Any, tmp_path: Path, name: str) -> None:
    row = CLIPS[name]
    target = tmp_path / "out.mkv"
    whole = RenderRequest(target, video={"pixel_format": "yuv444p"})
    report = renderer.render(project(clip(row)), tmp_path, whole)
    shown = frames_of(target)
    assert report.frames == len(shown) == row["frames"]
    probed = renderer.probe(MEDIA / name)
    assert facts(probed.main_video) == {key: row[key] for key in ("picture", "color", "done")}
    large = probed.main_video.width * probed.main_video.height > 2_000_000  # slow in numpy
    for number in (len(shown) // 2,) if large else sorted({0, len(shown) // 2, len(shown) - 1}):
        wanted = on_canvas(source_frame(row, Fraction(number, 25)), row)
        compare(blocks(shown[number]), blocks(wanted), row)


def compare(found: Any, wanted: Any, row: dict[str, Any]) -> None:
    if "tone-mapped" in row["done"] or "gamut" in row["done"]:  # test_tonemap.py has the formulas
        luma = [(x @ (0.2126, 0.7152, 0.0722)).ravel() for x in (found, wanted)]
        assert np.corrcoef(*luma)[0, 1] > 0.85
        return
    apart = np.abs(found - wanted)
    assert apart.mean() < 1.5
    assert np.percentile(apart, 95) < 9


def facts(video: Any) -> dict[str, str]:
    """What the table says of a stream, by the probe."""
    tags = (video.color.matrix, video.color.transfer, video.color.range)
    aspect = video.sample_aspect
    done = [
        f"turned {video.rotation}" if video.rotation else "",
        "mirrored" if video.mirrored else "",
        f"pixel aspect {aspect.numerator}:{aspect.denominator}" if aspect != 1 else "",
        f"deinterlaced ({video.interlaced})" if video.interlaced else "",
        "alpha" if video.alpha else "",
        "tone-mapped" if video.color.transfer in ("smpte2084", "arib-std-b67") else "",
        "gamut converted" if tags[0] == "bt2020nc" and tags[1] == "unknown" else "",
    ]
    return {
        "picture": f"{video.codec} {video.width}x{video.height} {video.pixel_format}",
        "color": "/".join(t for t in tags if t != "unknown") or "untagged",
        "done": ", ".join(d for d in done if d),
    }


def frames_of(path: Path) -> list[Any]:
    """RGB 0..255 of every frame, by a decoder of its own."""
    with av.open(str(path)) as container:
        return [to_rgb(frame)[0] for frame in container.decode(video=0)]


def source_frame(row: dict[str, Any], time: Fraction) -> Any:
    """The frame on screen at a time after the file's first moment, decoded from the start."""
    with av.open(str(MEDIA / row["name"])) as container:
        stream = container.streams.video[0]
        playing = [s for s in container.streams if s.type in ("video", "audio") and s.start_time is not None]
        origin = max(Fraction(0), min((s.start_time * s.time_base for s in playing), default=Fraction(0)))
        alpha = {"vp8": "libvpx", "vp9": "libvpx-vp9"}.get(stream.codec_context.name)
        decoder = stream.codec_context
        if "alpha" in row["done"] and alpha:
            decoder = av.CodecContext.create(alpha, "r")
        latest = None
        for packet in container.demux(stream):
            for frame in decoder.decode(packet):
                late = frame.pts is not None and (frame.pts - 0.5) * stream.time_base > origin + time
                if late and latest is not None:
                    return latest
                latest = frame
        return latest


def to_rgb(frame: Any) -> tuple[Any, Any]:
    """RGB 0..255 and alpha 0..1 of a frame, by ITU-T H.273."""
    name = frame.format.name
    if not name.startswith("yuv"):
        rgba = frame.to_ndarray(format="rgba").astype(np.float32)
        return rgba[..., :3], rgba[..., 3:] / 255
    deep = max(c.bits for c in frame.format.components)
    kind = "<u2" if deep > 8 else np.uint8
    planes = []
    shrink = 4 if frame.width * frame.height > 2_000_000 else 1  # enough for blocks, and fast
    size = frame.width // shrink, frame.height // shrink
    for plane in frame.planes:
        rows = np.frombuffer(plane, kind).reshape(plane.height, -1)[:, : plane.width]
        whole = rows.astype(np.float32) / (1 << (deep - 8))
        planes.append(whole if whole.shape == size[::-1] else resized(whole, size))
    full = name.startswith("yuvj") or int(frame.color_range) == 2
    y = planes[0] / 255 if full else (planes[0] - 16) / 219
    u, v = ((p - 128) / (255 if full else 224) for p in planes[1:3])
    large = frame.height >= 720 or frame.width >= 1280
    kr, kb = KR_KB.get(int(frame.colorspace) if int(frame.colorspace) != 2 else int(large), (0.299, 0.114))
    red, blue = y + (2 - 2 * kr) * v, y + (2 - 2 * kb) * u
    green = (y - kr * red - kb * blue) / (1 - kr - kb)
    alpha = planes[3][..., None] / 255 if len(planes) > 3 else np.ones((*y.shape, 1), np.float32)
    return np.clip(np.stack([red, green, blue], -1), 0, 1) * 255, alpha


def on_canvas(frame: Any, row: dict[str, Any]) -> Any:
    """A source frame upright, in square pixels, on the background."""
    rgb, alpha = to_rgb(frame)
    if "deinterlaced" in row["done"]:  # bwdif keeps the first field
        rgb = rgb[::2].repeat(2, axis=0)
    words = row["done"].replace(",", "").split()
    turns = int(words[words.index("turned") + 1]) // 90 if "turned" in words else 0
    aspect = (
        Fraction(words[words.index("aspect") + 1].replace(":", "/")) if "aspect" in words else Fraction(1)
    )
    picture = np.rot90(np.concatenate([rgb * alpha, alpha * 255], -1), -turns)
    if "mirrored" in words:
        picture = picture[:, ::-1]
    height, width = picture.shape[0], round(picture.shape[1] * aspect)
    scale = min(WIDTH / width, HEIGHT / height)
    size = int(width * scale + 0.5), int(height * scale + 0.5)
    small = np.stack([resized(picture[..., c], size) for c in range(4)], -1)
    canvas = np.empty((HEIGHT, WIDTH, 3))
    canvas[:] = BACKGROUND
    x, y = int(WIDTH / 2 - size[0] / 2 + 0.5), int(HEIGHT / 2 - size[1] / 2 + 0.5)
    part = canvas[y : y + size[1], x : x + size[0]]
    part[:] = small[..., :3] + part * (1 - small[..., 3:] / 255)
    return canvas


def resized(channel: Any, size: tuple[int, int]) -> Any:
    return np.asarray(Image.fromarray(channel.astype(np.float32)).resize(size, Image.Resampling.BICUBIC))


def blocks(picture: Any) -> Any:
    """Means of squares: what is the same whoever scales."""
    return picture.reshape(HEIGHT // BLOCK, BLOCK, WIDTH // BLOCK, BLOCK, 3).mean(axis=(1, 3))


def test_the_table_names_every_file() -> None:
    here = {f"{d}/{p.name}" for d in ("video", "derived", "images") for p in (MEDIA / d).iterdir()}
    assert here == {*CLIPS, *(row["name"] for row in TABLE["refused"])}


@pytest.mark.parametrize("row", TABLE["refused"], ids=lambda row: row["name"])
def test_too_large_a_picture_meets_a_limit(renderer: Any, tmp_path: Path, row: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        renderer.plan(project(clip(row | {"frames": 10})), tmp_path, RenderRequest(tmp_path / "out.mp4"))
    (problem,) = caught.value.problems
    assert row["says"] in problem.message
    assert "max_pixels" in problem.hint
