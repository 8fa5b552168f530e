"""Overlap, suppression, letterboxes and scaling against formulas written anew."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kadr_recognition.boxes import iou, suppress
from kadr_recognition.fit import fit_of, tensor_of
from kadr_recognition.masks import mask_of, pixels_of
from kadr_recognition.resize import resized
from kadr_sdk.models import Preparation

SIDE = st.integers(1, 4000)


def test_overlap() -> None:
    a = np.array([[0, 0, 10, 10], [5, 5, 5, 5]], float)
    b = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [20, 20, 30, 30]], float)
    np.testing.assert_allclose(iou(a, b), [[1, 1 / 3, 0], [0, 0, 0]])


def test_suppression() -> None:
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [0, 0, 10, 10], [40, 0, 50, 10]], float)
    scores, classes = np.array([0.5, 0.9, 0.8, 0.5]), np.array([0, 0, 1, 0])
    assert suppress(boxes, scores, classes, 0.45, 9).tolist() == [1, 2, 3]
    assert suppress(boxes, scores, classes, 0.9, 9).tolist() == [1, 2, 0, 3]
    assert suppress(boxes, scores, classes, 0.45, 1).tolist() == [1]
    assert suppress(boxes[:0], scores[:0], classes[:0], 0.45, 9).tolist() == []


@given(SIDE, SIDE, st.sampled_from(["topleft", "center", "stretch"]))
def test_points_come_back(width: int, height: int, kind: str) -> None:
    fit = fit_of(kind, (416, 320), (width, height))
    assert fit.x + fit.inner[0] <= 416
    assert fit.y + fit.inner[1] <= 320
    assert fit.x >= 0
    assert fit.y >= 0
    there = np.array([[0.0, 0.0], [width, height]]) * fit.scale + [fit.x, fit.y]
    np.testing.assert_allclose(fit.back(there), [[0, 0], [width, height]], atol=1e-6)
    assert abs(there[1][0] - fit.x - fit.inner[0]) < 1
    if kind == "center":
        assert abs((320 - fit.inner[1]) / 2 - fit.y) <= 0.5


def test_letterboxes_by_example() -> None:
    assert fit_of("topleft", (416, 416), (1920, 1080)).inner == (416, 234)
    assert fit_of("center", (640, 640), (1280, 720)).inner == (640, 360)
    assert fit_of("center", (640, 640), (1280, 720)).y == 140
    odd = fit_of("center", (640, 640), (1000, 501))
    assert (odd.inner, odd.y) == ((640, 321), 159)


def test_the_tensor() -> None:
    picture = np.zeros((1, 2, 3), np.uint8)
    picture[0, 0], picture[0, 1] = (255, 51, 0), (0, 102, 204)
    fit = fit_of("center", (2, 3), (2, 1))
    rgb = tensor_of([picture], fit, Preparation())
    assert rgb.dtype == np.float32
    np.testing.assert_allclose(rgb[0, :, 1], [[1, 0], [0.2, 0.4], [0, 0.8]], atol=1e-6)
    np.testing.assert_allclose(rgb[0, :, 0], 114 / 255)
    bgr = tensor_of([picture], fit, Preparation(order="bgr", scale=1.0, fill=0))
    np.testing.assert_array_equal(bgr[0, :, 1], [[0, 204], [51, 102], [255, 0]])
    np.testing.assert_array_equal(bgr[0, :, 2], 0)
    normal = tensor_of([picture], fit, Preparation(mean=(0.5, 0.2, 0), std=(0.5, 1, 2)))
    np.testing.assert_allclose(normal[0, :, 1], [[1, -1], [0, 0.2], [0, 0.4]], atol=1e-6)
    assert tensor_of([picture], fit, Preparation(), "float16").dtype == np.float16
    assert tensor_of([picture], fit, Preparation(), "uint8").max() == 255


def test_scaling_keeps_what_is_flat_and_averages() -> None:
    flat = np.full((31, 47, 3), 77, np.uint8)
    for size in ((10, 9), (47, 31), (100, 99), (1, 1)):
        assert (resized(flat, size) == 77).all()
    stripes = np.zeros((4, 8, 3), np.uint8)
    stripes[:, ::2] = 200
    assert abs(int(resized(stripes, (2, 2))[1, 1, 0]) - 100) <= 8, "the edge counts a little more"
    ramp = np.repeat(np.arange(0, 240, 4, dtype=np.uint8)[None, :, None], 5, 0)
    half = resized(ramp, (30, 5))[2, :, 0].astype(int)
    np.testing.assert_allclose(half[1:-1], np.arange(2, 240, 8)[1:-1], atol=1)


def test_scaling_is_that_of_image_libraries() -> None:
    image = pytest.importorskip("PIL.Image", reason="compares with Pillow")
    picture = np.random.default_rng(7).integers(0, 256, (61, 83, 3), np.uint8)
    for size in ((20, 30), (83, 20), (160, 130)):
        theirs = np.asarray(image.fromarray(picture).resize(size, image.Resampling.BILINEAR), int)
        assert np.abs(resized(picture, size).astype(int) - theirs).max() <= 1


@given(st.integers(1, 30), st.integers(1, 30), st.data())
def test_run_lengths(width: int, height: int, data: st.DataObject) -> None:
    x, y = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    w, h = data.draw(st.integers(1, width - x)), data.draw(st.integers(1, height - y))
    fit = fit_of("stretch", (width, height), (width, height))
    seed = data.draw(st.integers(0, 1000))
    values = np.random.default_rng(seed).choice([-1.0, 1.0], (1, height, width))
    box = np.array([x, y, x + w, y + h], float)
    runs = mask_of(np.ones(1), values, box, fit)
    expected = np.zeros((height, width), bool)
    expected[y : y + h, x : x + w] = values[0, y : y + h, x : x + w] > 0
    np.testing.assert_array_equal(pixels_of(runs, width, height), expected)
    assert sum(runs) == width * height
    assert all(runs[1:])
