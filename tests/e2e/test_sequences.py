"""Numbered pictures as a source: rate, order, alpha, depth, digest, what is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from kadr_sdk.errors import ValidationError
from kadr_sdk.rendering import RenderRequest
from kadr_sdk.testing.synthetic import barcode_frame
from PIL import Image


@pytest.fixture
def numbered(tmp_path: Path) -> Path:
    """Pictures 7 .. 26, each with its number as barcode, in a folder with a % in its name."""
    folder = tmp_path / "100% 5d"
    folder.mkdir()
    for number in range(7, 27):
        Image.fromarray(np.asarray(barcode_frame(number).planes[0])).save(folder / f"f_{number:03d}.png")
    return folder / "f_%03d.png"


@pytest.mark.parametrize(
    ("more", "shown"),
    [
        ({}, list(range(7, 27))),
        ({"source_rate": 50}, list(range(7, 27, 2))),
        ({"source_rate": "25/2", "duration": 0.4}, [n for n in range(7, 12) for _ in (0, 1)]),
        ({"source_rate": 50, "source_start": 0.2}, list(range(17, 27, 2))),
        ({"reversed": True}, list(range(26, 6, -1))),
        ({"source_rate": 50, "freeze": 0.1, "duration": 0.12}, [12, 12, 12]),
        ({"source_rate": 50, "speed": 0.5}, list(range(7, 27))),
    ],
)
def test_pictures_pass_at_the_rate_of_the_clip(
    renderer: Any, cut: Any, read_numbers: Any, numbered: Path, tmp_path: Path, more: Any, shown: list[int]
) -> None:
    project = cut({"id": "a", "source_file": str(numbered)} | more)
    target = tmp_path / "out.mkv"
    report = renderer.render(project, tmp_path, RenderRequest(target))
    assert read_numbers(target) == shown
    assert report.warnings == ()


def test_a_missing_picture_is_refused_by_its_name(
    renderer: Any, cut: Any, numbered: Path, tmp_path: Path
) -> None:
    (numbered.parent / "f_012.png").unlink()
    with pytest.raises(ValidationError) as caught:
        renderer.render(
            cut({"id": "a", "source_file": str(numbered)}), tmp_path, RenderRequest(tmp_path / "o.mkv")
        )
    (problem,) = caught.value.problems
    assert "f_012.png is missing" in problem.message
    assert problem.hint


def test_a_rate_is_of_numbered_pictures_alone(renderer: Any, cut: Any, movie: Any, tmp_path: Path) -> None:
    project = cut({"id": "a", "source_file": str(movie("ten.mp4", 10)), "source_rate": 10})
    with pytest.raises(ValidationError, match="cannot be rendered") as caught:
        renderer.plan(project, tmp_path, RenderRequest(tmp_path / "o.mkv"))
    assert caught.value.problems[0].path.endswith("source_rate")


def test_a_changed_picture_is_another_film(renderer: Any, cut: Any, numbered: Path, tmp_path: Path) -> None:
    project = cut({"id": "a", "source_file": str(numbered)})
    request = RenderRequest(tmp_path / "out.mkv", overwrite=True)
    before = renderer.plan(project, tmp_path, request)
    Image.fromarray(np.asarray(barcode_frame(99).planes[0])).save(numbered.parent / "f_020.png")
    assert renderer.plan(project, tmp_path, request).hash != before.hash


def test_a_picture_that_is_damaged_is_told(
    renderer: Any, cut: Any, read_numbers: Any, numbered: Path, tmp_path: Path
) -> None:
    spoiled = numbered.parent / "f_015.png"
    spoiled.write_bytes(spoiled.read_bytes()[:60])
    project = cut({"id": "a", "source_file": str(numbered)})
    target = tmp_path / "out.mkv"
    report = renderer.render(project, tmp_path, RenderRequest(target, damage="hold"))
    assert read_numbers(target) == [14 if n == 15 else n for n in range(7, 27)]
    assert any("frame 8" in warning.message for warning in report.warnings)


@pytest.mark.parametrize("format", ["rgba", "rgba64be", "rgb48be", "gray16be"])
def test_alpha_and_sixteen_bits_come_through(renderer: Any, cut: Any, tmp_path: Path, format: str) -> None:
    """A ramp, half of it transparent where there is alpha, against what it must become."""
    deep, alpha = format.endswith("be"), "a" in format[3:4]
    top = 65535 if deep else 255
    for number in (1, 2):
        with av.open(
            str(tmp_path / f"p{number}.png"), "w", format="image2", options={"update": "1"}
        ) as container:
            stream = container.add_stream("png", rate=25)
            stream.width, stream.height, stream.pix_fmt = 64, 16, format
            ramp = np.broadcast_to(np.linspace(0, top, 64).round(), (16, 64))
            channels = 1 if format.startswith("gray") else 4 if alpha else 3
            pixels = np.stack([ramp] * channels, -1)
            if alpha:
                pixels[8:, :, 3], pixels[:8, :, 3] = 0, top
            frame = av.VideoFrame(64, 16, format)
            frame.planes[0].update(pixels.astype(">u2" if deep else np.uint8).tobytes())
            container.mux(stream.encode(frame))
            container.mux(stream.encode())
    project = cut({"id": "a", "source_file": str(tmp_path / "p%d.png")}, timeline={"resolution": [64, 16]})
    request = RenderRequest(tmp_path / "out.mkv", video={"pixel_format": "yuv444p10le"})
    renderer.render(project, tmp_path, request)
    with av.open(str(tmp_path / "out.mkv")) as container:
        luma = [np.frombuffer(f.planes[0], "<u2").reshape(16, -1)[:, :64] for f in container.decode(video=0)]
    assert len(luma) == 2
    wanted = 64 + 876 * np.linspace(0, 1, 64)
    assert np.abs(luma[1][4] - wanted).max() <= 4  # a code of 8 bit
    assert np.abs(luma[1][12] - (64 if alpha else wanted)).max() <= 4  # a code of 8 bit
