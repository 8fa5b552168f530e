from __future__ import annotations

import numpy as np
import pytest
from kadr_pyav.overlay import overlay_of
from kadr_pyav.place import PlaceStage
from kadr_pyav.planes import views
from kadr_pyav.shapes import shape_of
from kadr_pyav.stages import GraphStage
from kadr_sdk.color import BT709, Color
from kadr_sdk.curves import Samples
from kadr_sdk.errors import NotFoundError, NotSupportedError
from kadr_sdk.frames import pixel_format
from kadr_sdk.plan import Place, Solid

CENTRED = Color("bt709", "bt709", "bt709", "tv", "center")


def plain(node):
    return overlay_of(node, shape_of(node.base), shape_of(node.layer)) is not None


def solid(shade, width, height, frames=10, format="yuv420p", alpha=1.0, color=BT709):
    return Solid((shade, shade, shade, alpha), width, height, format, color, frames)


def rounded(value):
    return np.floor(value + 0.5)


@pytest.mark.parametrize("format", ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv444p10le", "gbrp"])
@pytest.mark.parametrize("left", [16, -12, 50])
def test_a_layer_of_its_own_size_is_copied_to_its_pixels(studio, noise, format, left):
    base, layer = noise(1, format), noise(2, format, 32, 24)
    node = Place(studio.clip(lambda k: base), studio.clip(lambda k: layer), left + 16, 12 + 12, 32, 24)
    assert plain(node)
    log2 = pixel_format(format).log2_chroma
    for i, found in enumerate(studio.planes(node)):
        h, v = log2 if i in (1, 2) and format != "gbrp" else (0, 0)
        wanted = base.planes[i].copy()
        x0, y0, width = left >> h, 12 >> v, wanted.shape[1]
        inside = slice(max(0, x0), min(width, x0 + (32 >> h)))
        wanted[y0 : y0 + (24 >> v), inside] = layer.planes[i][:, inside.start - x0 : inside.stop - x0]
        assert np.array_equal(found, wanted), i


@pytest.mark.parametrize("format", ["yuv420p", "yuv444p", "yuv420p10le", "gbrp"])
@pytest.mark.parametrize("opacity", [0.25, 0.5, 0.9])
def test_opacity_follows_the_formula(studio, noise, format, opacity):
    base, layer = noise(1, format), noise(2, format)
    node = Place(studio.clip(lambda k: base), studio.clip(lambda k: layer), 32, 24, 64, 48, opacity=opacity)
    assert plain(node) == (pixel_format(format).depth == 8)
    for found, b, top in zip(studio.planes(node), base.planes, layer.planes, strict=True):
        wanted = rounded(b * (1 - opacity) + top * opacity)
        assert np.abs(found - wanted).max() <= 1


@pytest.mark.parametrize("way", [{}, {"x": 32.5}])
def test_animated_opacity_in_both_forms(studio, noise, way):
    base, layer = noise(1), noise(2)
    values = tuple(k / 9 for k in range(10))
    fields = {"x": 32, "y": 24, "layer_width": 64, "layer_height": 48} | way
    node = Place(studio.clip(lambda k: base), studio.clip(lambda k: layer), **fields, opacity=Samples(values))
    assert plain(node) == (not way)
    stage = studio.stage(node)
    solo = studio.planes(Place(node.base, node.layer, **fields))[0].astype(int)
    for k in (0, 4, 9, 2):
        found = views(stage.frame(k), BT709).planes[0][:, 1:]
        wanted = rounded(base.planes[0] * (1 - values[k]) + solo * values[k])[:, 1:]
        assert np.abs(found - wanted).max() <= 1, k
    assert np.array_equal(studio.planes(node, 0)[0], base.planes[0])


@pytest.mark.parametrize("shift", [0, 0.5])
def test_the_layers_alpha_is_straight(studio, noise, shift):
    base, layer = noise(1, "yuv444p"), noise(2, "yuva444p")
    node = Place(studio.clip(lambda k: base), studio.clip(lambda k: layer), 32, 24 + shift, 64, 48)
    assert plain(node) == (shift == 0)
    if shift:  # the sub-pixel form on whole pixels
        node = Place(node.base, node.layer, 32, 24, 64, 48, rotation=Samples((0.0,) * 10))
    for found, b, top in zip(studio.planes(node), base.planes, layer.planes, strict=False):
        a = layer.planes[3] / 255
        assert np.abs(found - rounded(b * (1 - a) + top * a)).max() <= 1


def test_both_forms_put_alpha_over_a_transparent_canvas_alike(studio):
    for base_alpha in (0.0, 0.5, 1.0):
        base = solid(0.2, 64, 48, format="yuva420p", alpha=base_alpha)
        layer = solid(0.9, 32, 24, format="yuva420p", alpha=0.5)
        fast = studio.planes(Place(base, layer, 32, 24, 32, 24))
        slow = studio.planes(Place(base, layer, 32, 24, 32, 24, rotation=Samples((0.0,) * 10)))
        for a, b in zip(fast, slow, strict=True):
            assert np.abs(a.astype(int) - b).max() <= 1
        assert abs(int(slow[3][24, 32]) - 255 * (0.5 + base_alpha / 2)) <= 1


def test_an_opaque_layer_over_the_whole_canvas_leaves_the_base_unrendered(studio, noise):
    base = studio.clip(lambda k: pytest.fail("rendered"), like=noise(1))
    layer = noise(2, width=128, height=96)
    for extra in ({}, {"x": Samples(tuple(32 + 0.1 * k for k in range(10)))}):
        fields = {"x": 32, "y": 24, "layer_width": 96, "layer_height": 72} | extra
        planes = studio.planes(Place(base, studio.clip(lambda k: layer), **fields), 3)
        assert planes[0].std() > 10


def test_an_unseen_layer_is_not_rendered(studio, noise):
    base = noise(1)
    layer = studio.clip(lambda k: pytest.fail("rendered"), like=noise(2))
    clip = studio.clip(lambda k: base)
    still = {"x": 32, "y": 24, "layer_width": 64, "layer_height": 48}
    unseen = [
        {"opacity": 0.0},
        {"x": 200},
        {"y": -30.0},
        {"x": 32.5, "opacity": Samples((0.0,) * 10)},
        {"x": 200.5},
    ]
    for extra in [*unseen, {"layer_width": Samples((0.0,) * 10)}]:
        fields = still | extra
        assert np.array_equal(studio.planes(Place(clip, layer, **fields))[0], base.planes[0])


def test_an_odd_position_keeps_luma_exact_and_moves_chroma_by_half_a_sample(studio, noise, flat):
    base, layer = flat(50, 100, 150), noise(2, width=32, height=24)
    ramp = 60 + 3.0 * np.arange(16)[None, :] + 2.0 * np.arange(12)[:, None]
    layer.planes[1][...] = layer.planes[2][...] = ramp
    node = Place(studio.clip(lambda k: base), studio.clip(lambda k: layer), 17 + 16, 11 + 12, 32, 24)
    assert not plain(node)
    luma, chroma, _ = studio.planes(node)
    wanted = base.planes[0].copy()
    wanted[11:35, 17:49] = layer.planes[0]
    assert np.array_equal(luma, wanted)
    # Chroma sample (i, j) lies at pixel (2i, 2j + 0.5): in the layer's chroma at i - 8.5, j - 5.5.
    i, j = np.arange(10, 22)[None, :], np.arange(8, 15)[:, None]
    assert np.abs(chroma[8:15, 10:22] - (60 + 3 * (i - 8.5) + 2 * (j - 5.5))).max() <= 1
    assert set(np.unique(chroma[:5])) == {100}


def centroid(plane, ground):
    weight = plane.astype(float) - ground
    y, x = np.mgrid[0 : plane.shape[0], 0 : plane.shape[1]]
    return (weight * (x + 0.5)).sum() / weight.sum(), (weight * (y + 0.5)).sum() / weight.sum()


@pytest.mark.parametrize("format", ["yuv420p", "yuv420p10le"])
def test_a_slow_zoom_moves_a_dot_without_jitter(studio, flat, format):
    depth = pixel_format(format).depth
    unit, frames = 1 << (depth - 8), 60
    picture = flat(20 * unit, 128 * unit, 128 * unit, format=format, width=160, height=96)
    y, x = np.mgrid[0:96, 0:160]
    glow = 200 * np.exp(-((x + 0.5 - 120) ** 2 + (y + 0.5 - 30) ** 2) / 18)
    picture.planes[0][...] = np.rint((20 + glow) * unit)
    cy, cx = np.mgrid[0:48, 0:80]
    glow = 80 * np.exp(-((2 * cx + 0.5 - 120) ** 2 + (2 * cy + 1.0 - 30) ** 2) / 50)
    picture.planes[1][...] = np.rint((128 + glow) * unit)
    scale = [1 + 0.002 * k for k in range(frames)]
    width, height = (Samples(tuple(n * s for s in scale)) for n in (160, 96))
    layer = studio.clip(lambda k: picture, frames, length=1)
    base = solid(0, 160, 96, frames, format)
    stage = studio.stage(Place(base, layer, 80, 48, width, height))
    path = []
    for k, s in enumerate(scale):
        planes = views(stage.frame(k), BT709).planes
        x, y = centroid(planes[0], 20 * unit)
        assert abs(x - (80 + 40 * s)) < 0.05, k
        assert abs(y - (48 - 18 * s)) < 0.05, k
        u, v = centroid(planes[1], 128 * unit)
        assert abs((2 * u - 0.5) - (80 + 40 * s)) < 0.1, k  # left siting: sample i at pixel 2i
        assert abs(2 * v - (48 - 18 * s)) < 0.1, k
        path.append(x)
    steps = np.diff(path)
    assert steps.min() > 0
    assert steps.max() - steps.min() < 0.05


def test_a_sliding_edge_is_weighted_by_the_area_it_covers(studio):
    base, layer = solid(0.0, 64, 48), solid(1.0, 20, 20)
    slide = Samples(tuple(30 + k / 10 for k in range(10)))
    stage = studio.stage(Place(base, layer, slide, 24, 20, 20))
    for k in range(10):
        row = views(stage.frame(k), BT709).planes[0][24].astype(float)
        assert abs(row[20] - (16 + 219 * (1 - k / 10))) <= 0.51
        assert abs(row[40] - (16 + 219 * (k / 10))) <= 0.51
        assert set(row[21:40]) == {235}
        assert set(row[:20]) | set(row[41:]) == {16}


@pytest.mark.parametrize("format", ["yuv420p", "yuv444p", "yuv420p10le"])
@pytest.mark.parametrize("angle", [90, 180, 270])
def test_quarter_turns_are_transposes(studio, noise, flat, format, angle):
    base, layer = noise(1, format, 48, 48, CENTRED), noise(2, format, 32, 16, CENTRED)
    node = Place(studio.clip(lambda k: base), studio.clip(lambda k: layer), 24, 24, 32, 16, rotation=angle)
    for i, found in enumerate(studio.planes(node)):
        wanted = base.planes[i].copy()
        turned = np.rot90(layer.planes[i], -angle // 90)
        s = 1 if i and "420" in format else 0
        height, width = turned.shape
        top, left = (48 >> s) // 2 - height // 2, (48 >> s) // 2 - width // 2
        wanted[top : top + height, left : left + width] = turned
        assert np.array_equal(found, wanted), i


def test_a_turned_layer_keeps_its_area_and_centre_and_has_soft_edges(studio):
    base, layer = solid(0.0, 96, 96, 36), solid(1.0, 40, 24, 36)
    spin = Samples(tuple(10.0 * k for k in range(36)))
    stage = studio.stage(Place(base, layer, 48.3, 47.6, 40, 24, rotation=spin))
    for k in range(36):
        luma = views(stage.frame(k), BT709).planes[0]
        assert abs((luma.astype(float) - 16).sum() / 219 - 960) < 10, k
        x, y = centroid(luma, 16)
        assert abs(x - 48.3) < 0.03, k
        assert abs(y - 47.6) < 0.03, k
        if k % 9:
            assert len(np.unique(luma)) > 20


def test_rotation_is_clockwise(studio, flat):
    layer = flat(16, 128, 128, width=32, height=32)
    layer.planes[0][:8] = 235  # white at the top
    node = Place(solid(0, 64, 48), studio.clip(lambda k: layer), 32, 24, 32, 32, rotation=90.0)
    luma = studio.planes(node)[0]
    assert luma[24, 44] == 235
    assert luma[24, 20] == 16


def test_shrinking_while_turned_does_not_alias(studio, flat):
    layer = flat(16, 128, 128, width=256, height=256)
    layer.planes[0][:, ::2] = 235  # one pixel stripes
    for angle in (0.0, 7.0):
        node = Place(solid(0, 64, 48), studio.clip(lambda k: layer), 32.25, 24, 32, 32, rotation=angle)
        inner = studio.planes(node)[0][18:30, 26:38].astype(int)
        assert abs(inner - 125.5).max() <= 2


@pytest.mark.parametrize("format", ["yuv420p", "yuv422p10le"])
def test_a_blend_leaves_the_rest_of_the_canvas_alone(studio, noise, format):
    base = noise(1, format)
    layer = solid(0.5, 16, 16, format=format)
    node = Place(studio.clip(lambda k: base), layer, 32, 24, 16, 16, blend="multiply", opacity=0.5)
    found = studio.planes(node)
    for i, plane in enumerate(found):
        h, v = pixel_format(format).log2_chroma if i else (0, 0)
        outside = np.ones(plane.shape, bool)
        outside[16 >> v : 32 >> v, 24 >> h : 40 >> h] = False
        assert np.array_equal(plane[outside], base.planes[i][outside])
        assert not np.array_equal(plane, base.planes[i])


def test_an_unknown_blend_mode_is_refused_with_a_hint(studio):
    with pytest.raises(NotFoundError, match=r"unknown blend mode 'multiplie'.*did you mean 'multiply'"):
        studio.stage(Place(solid(0, 64, 48), solid(1, 9, 9), 32, 24, 9, 9, opacity=0.5, blend="multiplie"))


def test_a_packed_canvas_is_refused(studio):
    base = Solid((0, 0, 0, 1), 64, 48, "rgba", Color("gbr", range="pc"), 5)
    with pytest.raises(NotSupportedError, match="layers cannot be placed on rgba"):
        studio.stage(Place(base, solid(1, 10, 10), 5.5, 5, 10, 10, opacity=Samples((0.5,) * 5)))


@pytest.mark.parametrize(
    ("canvas", "layer"),
    [
        ("yuv444p16le", "yuva444p16le"),
        ("yuv420p12le", "yuva420p16le"),
        ("yuv420p", "yuva444p"),
        ("yuva420p", "yuv420p"),
    ],
)
def test_depths_and_formats_meet(studio, canvas, layer):
    base = solid(0.0, 64, 48, format=canvas)
    top = solid(1.0, 32, 24, format=layer, alpha=0.5)
    unit = 1 << (pixel_format(canvas).depth - 8)
    for extra in ({}, {"rotation": Samples((0.0,) * 10)}, {"x": 33}):
        fields = {"x": 32, "y": 24, "layer_width": 32, "layer_height": 24} | extra
        found = int(studio.planes(Place(base, top, **fields))[0][24, 32])
        share = 128 / 255 if pixel_format(layer).alpha else 1.0
        assert abs(found / unit - (16 + 219 * share)) <= 1


def test_the_forms_are_chosen_by_geometry(studio):
    base, layer = solid(0, 64, 48), solid(1, 16, 16)
    fast = studio.stage(Place(base, layer, 24, 24, 16, 16, opacity=Samples((0.1, 0.2) * 5)))
    slow = studio.stage(Place(base, layer, 24, 24, 16, 16, rotation=Samples((0.1, 0.2) * 5)))
    assert isinstance(fast, GraphStage)
    assert not any(isinstance(s, PlaceStage) for s in fast._inputs)
    assert any(isinstance(s, PlaceStage) for s in slow._inputs)
