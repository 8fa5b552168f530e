"""Every format that is delivered, decoded again."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from kadr_sdk.color import BT709
from kadr_sdk.errors import ValidationError
from kadr_sdk.rendering import Renderer, RenderRequest

FRAMES = 30


@pytest.fixture
def film(cut: Any, movie: Any) -> Any:
    """30 frames with barcodes and a tone."""
    tone = np.sin(np.arange(48000 * 2) * 2 * np.pi * 440 / 48000).astype(np.float32) * 0.3
    path = movie("film.mkv", FRAMES, sound=np.stack([tone, tone])[:, : 48000 * FRAMES // 25], codec="ffv1")
    return cut({"id": "a", "source_file": str(path)}, fps=25)


def luma(rgb: Any) -> Any:
    return rgb.astype(float) @ [0.2126, 0.7152, 0.0722]


def test_a_gif_has_one_palette_for_the_film(
    film: Any, renderer: Renderer, tmp_path: Path, read_numbers: Callable[..., Any]
) -> None:
    path = tmp_path / "film.gif"
    report = renderer.render(film, tmp_path, RenderRequest(output=path, cache=False, verify="full"))
    assert report.check is not None
    assert report.check.good
    data = path.read_bytes()
    assert data[:6] == b"GIF89a"
    assert data[10] & 0x87 == 0x87, "a global table of 256 colours"
    assert b"NETSCAPE2.0\x03\x01\x00\x00" in data, "it loops for ever"
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = list(container.decode(stream))
        assert (len(frames), frames[0].width, frames[0].height) == (FRAMES, 320, 180)
        assert [f.pts * stream.time_base for f in frames] == [Fraction(n, 25) for n in range(FRAMES)]
        from kadr_sdk.testing.synthetic import read_barcode

        found = [read_barcode(luma(f.to_ndarray(format="rgb24")) * 219 / 255 + 16) for f in frames]
    assert found == list(range(FRAMES))


def test_a_gif_of_more_than_50_frames_a_second_is_refused(
    film: Any, renderer: Renderer, tmp_path: Path
) -> None:
    request = RenderRequest(output=tmp_path / "film.gif", fps=Fraction(60))
    with pytest.raises(ValidationError, match="gif cannot hold 60 frames per second"):
        renderer.render(film, tmp_path, request)


def test_an_animated_webp_holds_every_picture(film: Any, renderer: Renderer, tmp_path: Path) -> None:
    path = tmp_path / "film.webp"
    report = renderer.render(film, tmp_path, RenderRequest(output=path, cache=False, verify="full"))
    assert report.check is not None
    assert report.check.facts["video"]["packets"] == FRAMES
    from kadr_sdk.testing.synthetic import read_barcode

    found, lasting = [], []
    for body in frames_of_webp(path.read_bytes()):
        lasting.append(int.from_bytes(body[12:15], "little"))
        still = b"RIFF" + struct.pack("<I", len(body) - 12) + b"WEBP" + body[16:]
        with av.open(io.BytesIO(still)) as container:
            frame = next(container.decode(video=0))
            found.append(read_barcode(frame.to_ndarray()[:180]))
    assert found == list(range(FRAMES))
    assert lasting == [40] * FRAMES


def frames_of_webp(data: bytes) -> list[bytes]:
    """Bodies of the ANMF chunks, by the plain reading of the container's specification."""
    found, position = [], 12
    while position < len(data):
        kind, size = struct.unpack_from("<4sI", data, position)
        if kind == b"ANMF":
            found.append(data[position + 8 : position + 8 + size])
        position += 8 + size + size % 2
    return found


def test_a_damaged_webp_is_told(film: Any, renderer: Renderer, tmp_path: Path) -> None:
    from kadr_sdk.reports import Expectation

    path = tmp_path / "film.webp"
    renderer.render(film, tmp_path, RenderRequest(output=path, cache=False))
    path.write_bytes(path.read_bytes()[:-40])
    report = renderer.backend().check(path, Expectation(), "fast")
    assert [p.message for p in report.problems] == ["the file is damaged: it breaks off"]


def expected_rgb(number: int) -> Any:
    """The source's picture by the definition of BT.709 in limited range."""
    from kadr_sdk.testing.synthetic import barcode_frame

    y, u, v = (np.asarray(p).astype(float) for p in barcode_frame(number).planes)
    u, v = (np.kron(c, np.ones((2, 2)))[: y.shape[0], : y.shape[1]] - 128 for c in (u, v))
    y = (y - 16) / 219
    red, blue = y + 1.5748 * v / 224, y + 1.8556 * u / 224
    green = (y - 0.2126 * red - 0.0722 * blue) / 0.7152
    return np.clip(np.stack([red, green, blue], axis=-1), 0, 1) * 255


@pytest.mark.parametrize(
    ("name", "ending", "slack"), [("png", "png", 1.0), ("tiff", "tiff", 1.0), ("jpeg", "jpg", 2.5)]
)
def test_sequences_show_the_colours_of_the_source(
    film: Any, renderer: Renderer, tmp_path: Path, name: str, ending: str, slack: float
) -> None:
    folder = tmp_path / "pictures"
    renderer.render(film, tmp_path, RenderRequest(output=folder, container=name, cache=False))
    names = sorted(p.name for p in folder.iterdir())
    assert names == [f"frame_{n:06d}.{ending}" for n in range(FRAMES)]
    with av.open(str(folder / names[7])) as container:
        frame = next(container.decode(video=0))
        if name == "jpeg":  # as every reader of JFIF takes it
            frame = frame.reformat(format="rgb24", src_colorspace=5, src_color_range=2)
        rgb = frame.to_ndarray(format="rgb24").astype(float)
    assert np.abs(rgb - expected_rgb(7)).mean() < slack
    assert BT709.matrix == "bt709"


@pytest.mark.parametrize("ending", ["opus", "ogg"])
def test_opus_alone(film: Any, renderer: Renderer, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"film.{ending}"
    report = renderer.render(film, tmp_path, RenderRequest(output=path, cache=False, verify="full"))
    assert report.check is not None
    assert report.check.good
    assert path.read_bytes()[:4] == b"OggS"
    with av.open(str(path)) as container:
        assert container.streams.audio[0].codec_context.name in ("opus", "libopus")
        blocks = [f.to_ndarray() for f in container.decode(audio=0)]
    samples = np.concatenate(
        [b.reshape(2, -1) if b.shape[0] == 2 else b.reshape(-1, 2).T for b in blocks], axis=1
    )
    assert abs(samples.shape[1] - 48000 * FRAMES // 25) <= 960
    assert 0.15 < float(np.sqrt((samples[:, 4800:-4800] ** 2).mean())) < 0.25
