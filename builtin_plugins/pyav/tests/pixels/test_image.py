from __future__ import annotations

import io

import numpy as np
import pytest
from kadr_pyav.image import encode_image, to_rgb
from kadr_pyav.planes import from_planes
from kadr_sdk.color import BT709, Color
from kadr_sdk.errors import NotSupportedError
from kadr_sdk.frames import VideoFrame
from PIL import Image

SRGB = Color("gbr", "bt709", "iec61966-2-1", "pc")


def opened(data):
    return np.asarray(Image.open(io.BytesIO(data)))


def test_a_png_keeps_every_code_of_rgb(noise):
    picture = noise(1, "rgb24", 63, 47, SRGB)
    assert np.array_equal(opened(encode_image(picture, "png")), picture.planes[0])


def test_a_png_keeps_alpha(noise):
    picture = noise(1, "rgba", 63, 47, SRGB)
    assert np.array_equal(opened(encode_image(picture, "png")), picture.planes[0])


def test_yuv_becomes_full_range_rgb(flat):
    assert set(np.unique(opened(encode_image(flat(235, 128, 128), "png")))) == {255}
    assert set(np.unique(opened(encode_image(flat(940, 512, 512, format="yuv420p10le"))))) == {255}


def test_yuv_with_alpha_keeps_it_in_png_only(flat):
    picture = flat(235, 128, 128, 77, format="yuva420p")
    assert opened(encode_image(picture, "png"))[3, 3].tolist() == [255, 255, 255, 77]
    assert opened(encode_image(picture, "jpeg")).shape == (48, 64, 3)


def test_a_jpeg_is_close(waves):
    picture = waves("rgb24", color=SRGB)
    data = encode_image(picture, "jpeg")
    assert data[:2] == b"\xff\xd8"
    assert np.abs(opened(data).astype(int) - picture.planes[0]).max() < 12


def test_another_kind_is_refused(flat):
    with pytest.raises(
        NotSupportedError, match=r"frames cannot be written as 'tiff' \(known: png, jpeg, jpg, webp\)"
    ):
        encode_image(flat(16, 128, 128), "tiff")


def test_a_preview_is_rgb24(flat):
    picture = to_rgb(from_planes(flat(126, 128, 128)), BT709)
    assert (picture.format, picture.width, picture.height) == ("rgb24", 64, 48)
    assert np.unique(picture.planes[0]).tolist() == [128]


def test_webp_keeps_alpha():
    frame = VideoFrame.empty("rgba", 8, 6)
    frame.planes[0][:] = (200, 100, 50, 0)
    with Image.open(io.BytesIO(encode_image(frame, "webp"))) as image:
        assert (image.format, image.size, image.mode) == ("WEBP", (8, 6), "RGBA")
        assert image.getpixel((3, 3))[3] == 0
