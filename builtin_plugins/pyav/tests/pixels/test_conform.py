from __future__ import annotations

import numpy as np
import pytest
from kadr_sdk.color import BT709, BT2020, Color
from kadr_sdk.frames import pixel_format
from kadr_sdk.plan import Conform

KR_KB = {"bt709": (0.2126, 0.0722), "smpte170m": (0.299, 0.114), "bt2020nc": (0.2627, 0.0593)}
SRGB = Color("gbr", "bt709", "iec61966-2-1", "pc")
BT601 = Color("smpte170m", "bt709", "smpte170m", "tv", "left")  # its matrix; test_primaries.py has more
FULL = Color("bt709", "bt709", "bt709", "pc", "left")


def to_rgb(planes, color, depth):
    """Red, green, blue in 0..1 by ITU-T H.273, in floating point."""
    y, u, v = (p.astype(float) for p in planes)
    kr, kb = KR_KB[color.matrix]
    step, top = 1 << (depth - 8), (1 << depth) - 1
    if color.range == "pc":
        y, u, v = y / top, (u - 128 * step) / top, (v - 128 * step) / top
    else:
        y, u, v = (
            (y - 16 * step) / (219 * step),
            (u - 128 * step) / (224 * step),
            (v - 128 * step) / (224 * step),
        )
    red, blue = y + 2 * (1 - kr) * v, y + 2 * (1 - kb) * u
    return red, (y - kr * red - kb * blue) / (1 - kr - kb), blue


def to_yuv(rgb, color, depth):
    red, green, blue = rgb
    kr, kb = KR_KB[color.matrix]
    step, top = 1 << (depth - 8), (1 << depth) - 1
    y = kr * red + (1 - kr - kb) * green + kb * blue
    u, v = (blue - y) / (2 - 2 * kb), (red - y) / (2 - 2 * kr)
    if color.range == "pc":
        return y * top, u * top + 128 * step, v * top + 128 * step
    return 16 * step + 219 * step * y, 128 * step + 224 * step * u, 128 * step + 224 * step * v


def worst(found, wanted):
    return max(float(np.abs(f - w).max()) for f, w in zip(found, wanted, strict=True))


@pytest.mark.parametrize(
    "format", ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuva420p", "gbrp", "gray"]
)
def test_identity_passes_untouched_with_its_tags(studio, noise, format):
    color = SRGB if format == "gbrp" else BT2020
    picture = noise(1, format, 63, 47, color)
    node = studio.clip(lambda k: picture)
    conformed = Conform(node, 63, 47, format, color, color)
    for plane, ours in zip(studio.planes(conformed), picture.planes, strict=True):
        assert np.array_equal(plane, ours)
    frame = studio.stage(conformed).frame(0)
    wanted = (0, 2, 1, 13) if format == "gbrp" else (9, 1, 9, 14)
    tags = (frame.colorspace, frame.color_range, frame.color_primaries, frame.color_trc)
    assert tuple(map(int, tags)) == wanted


def test_bt709_grey_stays_what_it_is_through_a_scale(studio, flat):
    node = studio.clip(lambda k: flat(100, 90, 160))
    planes = studio.planes(Conform(node, 32, 24, "yuv420p", BT709, BT709))
    assert [set(np.unique(p)) for p in planes] == [{100}, {90}, {160}]


@pytest.mark.parametrize("format", ["yuv444p", "yuv444p10le"])
@pytest.mark.parametrize(
    ("before", "after"),
    [(BT601, BT709), (BT709, BT601), (BT709, FULL), (FULL, BT709), (BT709, BT709)],
)
def test_matrix_and_range_follow_the_formula_within_one_code(studio, waves, format, before, after):
    depth = pixel_format(format).depth
    picture = waves(format, color=before)
    planes = studio.planes(Conform(studio.clip(lambda k: picture), 96, 64, format, before, after))
    assert worst(planes, to_yuv(to_rgb(picture.planes, before, depth), after, depth)) <= 1.001


@pytest.mark.parametrize("format", ["yuv444p", "yuv444p10le"])
@pytest.mark.parametrize("source", ["gbrp", "rgb24"])
def test_full_range_rgb_becomes_limited_yuv_within_one_code(studio, waves, source, format):
    picture = waves(source, color=SRGB)
    planes = studio.planes(Conform(studio.clip(lambda k: picture), 96, 64, format, SRGB, BT709))
    packed = source == "rgb24"
    rgb = [picture.planes[0][..., i] if packed else picture.planes[(i + 2) % 3] for i in range(3)]
    assert worst(planes, to_yuv([c / 255 for c in rgb], BT709, pixel_format(format).depth)) <= 1


def test_depth_grows_exactly(studio, noise):
    picture = noise(2, "yuv420p")
    planes = studio.planes(Conform(studio.clip(lambda k: picture), 64, 48, "yuv420p10le", BT709, BT709))
    for deep, plane in zip(planes, picture.planes, strict=True):
        assert np.array_equal(deep, plane.astype(int) * 4)


@pytest.mark.parametrize("format", ["yuv420p", "yuv444p", "yuv420p10le"])
def test_quarter_turns_are_transposes(studio, noise, format):
    centred = Color("bt709", "bt709", "bt709", "tv", "center")
    picture = noise(3, format, color=centred)
    turns = {90: lambda p: np.rot90(p, -1), 180: lambda p: np.rot90(p, 2), 270: lambda p: np.rot90(p, 1)}
    for angle, turned in turns.items():
        size = (64, 48) if angle == 180 else (48, 64)
        node = Conform(studio.clip(lambda k: picture), *size, format, centred, centred, rotation=angle)
        for plane, ours in zip(studio.planes(node), picture.planes, strict=True):
            assert np.array_equal(plane, turned(ours)), angle
        mirrored = Conform(node.input, *size, format, centred, centred, rotation=angle, mirrored=True)
        for plane, ours in zip(studio.planes(mirrored), picture.planes, strict=True):
            assert np.array_equal(plane, np.fliplr(turned(ours))), angle


def chroma_ramp(width, height, left, top, log2=(1, 1)):
    """Chroma that is a plane in luma coordinates, sampled at a siting in luma pixels."""
    x = np.arange(-(-width >> log2[0])) * (1 << log2[0]) + left
    y = np.arange(-(-height >> log2[1])) * (1 << log2[1]) + top
    return 50 + 1.5 * x[None, :] + 1.0 * y[:, None]


@pytest.mark.parametrize(("rotation", "mirrored"), [(180, False), (0, True), (90, False), (270, True)])
def test_a_turn_keeps_left_sited_chroma_in_its_place(studio, flat, rotation, mirrored):
    picture = flat(100, 0, 0, width=64, height=48)
    ramp = chroma_ramp(64, 48, 0, 0.5)
    for plane in picture.planes[1:]:
        plane[...] = np.rint(ramp)
    size = (64, 48) if rotation % 180 == 0 else (48, 64)
    node = Conform(
        studio.clip(lambda k: picture), *size, "yuv420p", BT709, BT709, rotation=rotation, mirrored=mirrored
    )
    whole = np.rot90(chroma_ramp(64, 48, 0, 0, (0, 0)), -rotation // 90)
    whole = np.fliplr(whole) if mirrored else whole
    wanted = (whole[0::2, 0::2] + whole[1::2, 0::2]) / 2
    found = studio.planes(node)[1].astype(float)
    assert np.abs(found - wanted)[3:-3, 3:-3].max() <= 1


def test_an_odd_crop_of_420_keeps_luma_exact_and_chroma_in_place(studio, noise):
    picture = noise(4)
    ramp = chroma_ramp(64, 48, 0, 0.5)
    for plane in picture.planes[1:]:
        plane[...] = np.rint(ramp)
    node = Conform(studio.clip(lambda k: picture), 58, 42, "yuv420p", BT709, BT709, crop=(3, 1, 3, 5))
    luma, chroma, _ = studio.planes(node)
    assert np.array_equal(luma, picture.planes[0][1:43, 3:61])
    wanted = 50 + 1.5 * (np.arange(29) * 2 + 3)[None, :] + (np.arange(21) * 2 + 1.5)[:, None]
    assert np.abs(chroma - wanted)[2:-2, 2:-2].max() <= 1


def test_an_aligned_crop_is_a_cut(studio, noise):
    picture = noise(5, "yuv422p10le")
    node = Conform(studio.clip(lambda k: picture), 50, 39, "yuv422p10le", BT709, BT709, crop=(4, 3, 10, 6))
    luma, chroma, _ = studio.planes(node)
    assert np.array_equal(luma, picture.planes[0][3:42, 4:54])
    assert np.array_equal(chroma, picture.planes[1][3:42, 2:27])


@pytest.mark.parametrize(("width", "height"), [(95, 63), (97, 65), (33, 127)])
@pytest.mark.parametrize("format", ["yuv420p", "yuv422p10le", "yuv444p"])
def test_odd_sizes_scale_smoothly(studio, waves, format, width, height):
    picture = waves(format, 96, 64)
    planes = studio.planes(Conform(studio.clip(lambda k: picture), width, height, format, BT709, BT709))
    layout = pixel_format(format)
    x, y = np.meshgrid((np.arange(width) + 0.5) * 96 / width, (np.arange(height) + 0.5) * 64 / height)
    wanted = (128 + 70 * np.sin(x / 13) * np.cos(y / 11)) * (1 << (layout.depth - 8))
    error = np.abs(planes[0] - wanted) / (1 << (layout.depth - 8))
    assert error[2:-2, 2:-2].max() < 1.2


def test_scaling_and_changing_the_matrix_at_once_rounds_once_more(studio, waves):
    picture = waves("yuv420p", color=BT601)
    planes = studio.planes(Conform(studio.clip(lambda k: picture), 192, 128, "yuv444p", BT601, BT709))
    same = studio.planes(Conform(studio.clip(lambda k: picture), 192, 128, "yuv444p", BT601, BT601))
    assert worst(planes, to_yuv(to_rgb(same, BT601, 8), BT709, 8)) <= 0.51


def test_bt2020_primaries_become_bt709_by_the_formula(studio, waves):
    picture = waves("yuv444p10le", color=BT2020)
    for plane in picture.planes[1:]:
        plane[...] = 512 + (plane.astype(int) - 512) // 4  # within the smaller gamut
    found = studio.planes(Conform(studio.clip(lambda k: picture), 96, 64, "yuv444p10le", BT2020, BT709))

    def linear(v):
        return np.where(v < 0.081, v / 4.5, ((v + 0.099) / 1.099) ** (1 / 0.45))

    def coded(v):
        return np.where(v < 0.018, 4.5 * v, 1.099 * np.maximum(v, 0) ** 0.45 - 0.099)

    matrix = np.array(  # ITU-R BT.2087, its inverse
        [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]
    )
    light = np.stack([linear(c) for c in to_rgb(picture.planes, BT2020, 10)])
    rgb = coded(np.einsum("ij,jyx->iyx", matrix, light))
    assert worst(found, to_yuv(rgb, BT709, 10)) <= 4  # of 1023, near the toe of the curve
    untouched = studio.planes(Conform(studio.clip(lambda k: picture), 96, 64, "yuv444p10le", BT2020, BT2020))
    assert np.array_equal(untouched[1], picture.planes[1])


def test_sdr_curves_are_left_alone(studio, noise):
    near = Color("bt709", "bt709", "iec61966-2-1", "tv", "left")
    picture = noise(7, color=near)
    node = Conform(studio.clip(lambda k: picture), 64, 48, "yuv420p", near, BT709)
    assert np.array_equal(studio.planes(node)[0], picture.planes[0])
    frame = studio.stage(node).frame(0)
    assert (int(frame.color_primaries), int(frame.color_trc)) == (1, 1)


def test_hlg_becomes_sdr_with_neutral_greys(studio, flat):
    hlg = Color("bt2020nc", "bt2020", "arib-std-b67", "tv", "left")
    picture = flat(64, 512, 512, format="yuv420p10le", color=hlg)
    picture.planes[0][...] = np.linspace(64, 940, 64).astype(int)[None, :]
    luma, *chroma = studio.planes(Conform(studio.clip(lambda k: picture), 64, 48, "yuv420p", hlg, BT709))
    assert (np.diff(luma[20].astype(int)) >= 0).all()
    assert luma[20, 0] == 16
    assert 230 <= luma[20, -1] <= 237
    assert all(np.abs(c.astype(int) - 128).max() <= 1 for c in chroma)


@pytest.mark.parametrize("format", ["yuva420p", "yuva444p", "yuva444p16le"])
def test_resizing_straight_alpha_leaves_no_rim_of_what_was_hidden(studio, flat, format):
    picture = flat(0, 0, 0, 0, format="rgba", width=64, height=64, color=SRGB)
    y, x = np.mgrid[0:64, 0:64]
    picture.planes[0][(x - 32) ** 2 + (y - 32) ** 2 < 400] = 255  # white on hidden black
    planes = studio.planes(Conform(studio.clip(lambda k: picture), 24, 24, format, SRGB, BT709))
    unit = 1 << (pixel_format(format).depth - 8)
    luma, alpha = planes[0] / unit, planes[3] / unit
    assert alpha[12, 12] >= 255
    assert alpha[0, 0] == 0
    assert luma[alpha > 40].min() > 225


def test_a_full_range_jpeg_format_becomes_limited(studio, flat):
    import av
    from kadr_pyav.avcolor import paint_tags

    color = Color("smpte170m", "bt709", "bt709", "pc", "center")
    node = studio.clip(lambda k: flat(200, 128, 128, color=color))
    reader = next(iter(studio.pool.readers.values()))
    original = reader.frame

    def as_jpeg(position):
        ours, frame = original(position), av.VideoFrame(64, 48, "yuvj420p")
        for a, b in zip(frame.planes, ours.planes, strict=True):
            np.frombuffer(a, np.uint8)[:] = np.frombuffer(b, np.uint8)
        paint_tags(frame, color)
        return frame

    reader.frame = as_jpeg
    from dataclasses import replace

    node = replace(node, source=replace(node.source, format="yuvj420p"))
    planes = studio.planes(Conform(node, 64, 48, "yuv420p", color, BT709))
    assert set(np.unique(planes[0])) == {round(16 + 200 * 219 / 255)}
    assert set(np.unique(planes[1])) == {128}


@pytest.mark.parametrize(("width", "height"), [(271, 180), (270, 181), (1, 1)])
def test_odd_sizes_without_subsampling_change_their_matrix(studio, noise, width, height):
    picture = noise(4, "yuv444p", width, height, BT601)
    found = studio.planes(Conform(studio.clip(lambda k: picture), width, height, "yuv444p", BT601, BT709))
    wanted = to_yuv(np.clip(to_rgb(picture.planes, BT601, 8), 0, 1), BT709, 8)
    assert np.abs(found[0] - wanted[0]).mean() < 1.5
