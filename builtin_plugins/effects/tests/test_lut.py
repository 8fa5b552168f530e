"""Look-up tables against a formula of their own: double precision, pixel by pixel."""

from __future__ import annotations

from itertools import pairwise, permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kadr_effects.cube import Grid, read_cube
from kadr_effects.effects.lut import looked_up
from kadr_sdk.errors import SerializationError
from kadr_sdk.frames import VideoFrame

KR, KG, KB = 0.2126, 0.7152, 0.0722
STEPS = {"r": 0, "g": 1, "b": 2}


def cube_text(size: int, seed: int, domain: str = "") -> str:
    rows = np.random.default_rng(seed).random((size**3, 3))
    return f"LUT_3D_SIZE {size}\n{domain}" + "\n".join(" ".join(f"{v:.6f}" for v in row) for row in rows)


def line_of(grid: Grid, rgb: np.ndarray) -> np.ndarray:
    columns = []
    for k in range(3):
        points = np.linspace(grid.low[k], grid.high[k], grid.size)
        columns.append(np.interp(rgb[:, k], points, grid.rows[:, k].astype(float)))
    return np.stack(columns, 1)


def cube_of(grid: Grid, rgb: np.ndarray) -> np.ndarray:
    """The tetrahedron that holds the point, found by trying all six."""
    n, out = grid.size, np.zeros_like(rgb)
    table = grid.rows.astype(float).reshape(n, n, n, 3).transpose(2, 1, 0, 3)  # by red, green, blue
    for row, color in enumerate(rgb):
        place = (color - grid.low) / (np.array(grid.high) - grid.low) * (n - 1)
        place = np.clip(place, 0, n - 1)
        cell = np.minimum(place.astype(int), n - 2)
        part = place - cell
        for order in permutations(range(3)):
            if all(part[a] >= part[b] for a, b in pairwise(order)):
                corner = cell.copy()
                value = table[tuple(corner)].copy()
                for axis in order:
                    before = table[tuple(corner)].copy()
                    corner[axis] += 1
                    value += part[axis] * (table[tuple(corner)] - before)
                out[row] = value
                break
    return out


def golden(path: Path, rgb: np.ndarray) -> np.ndarray:
    table = read_cube(path)
    if table.line is not None:
        rgb = line_of(table.line, rgb)
    if table.cube is not None:
        rgb = cube_of(table.cube, rgb)
    return np.clip(rgb, 0, 1)


def to_rgb(frame: VideoFrame) -> np.ndarray:
    """Of a 10 bit 4:4:4 picture, limited range, one row a pixel."""
    y, u, v = (p.astype(float).ravel() for p in frame.planes)
    y, u, v = (y - 64) / 876, (u - 512) / 896, (v - 512) / 896
    red, blue = y + 2 * (1 - KR) * v, y + 2 * (1 - KB) * u
    return np.stack([red, (y - KR * red - KB * blue) / KG, blue], 1)


def to_codes(rgb: np.ndarray) -> np.ndarray:
    y = rgb @ [KR, KG, KB]
    u, v = (rgb[:, 2] - y) / (2 * (1 - KB)), (rgb[:, 0] - y) / (2 * (1 - KR))
    return np.stack([64 + 876 * y, 512 + 896 * u, 512 + 896 * v])


FILES = {
    "cube": cube_text(5, 1),
    "wide": cube_text(4, 2, "DOMAIN_MIN -0.5 0.1 0\nDOMAIN_MAX 1.5 0.9 2\n"),
    "line": "LUT_1D_SIZE 4\n0 0.1 1\n0.5 0.2 0.7\n0.4 0.6 0.3\n1 1 0\n",
    "shaper": "LUT_1D_SIZE 3\nLUT_1D_INPUT_RANGE -0.2 1.2\n"
    + cube_text(3, 3).replace("3\n", "3\n0 0 0\n.8 .5 .2\n1 1 1\n", 1),
}


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("intensity", [1.0, 0.3])
def test_against_the_formula(kind: str, intensity: float, lab: Any, noise: Any, tmp_path: Path) -> None:
    path = tmp_path / "t.cube"
    path.write_text(FILES[kind], "utf-8")
    frame = noise("yuv444p10le", 5, (31, 17), legal=True)
    out = lab("effect", "lut").frame(frame, file=str(path), intensity=intensity)
    rgb = to_rgb(frame)
    wanted = to_codes(rgb + intensity * (golden(path, rgb) - rgb))
    limits = np.array([[64, 940], [64, 960], [64, 960]])
    wanted = np.clip(wanted, limits[:, :1], limits[:, 1:])
    found = np.stack([p.ravel() for p in out.planes])
    assert np.abs(found - wanted).max() <= 0.51  # rounded once


def test_the_corners_and_the_points_are_hit(tmp_path: Path) -> None:
    path = tmp_path / "t.cube"
    path.write_text(cube_text(3, 9), "utf-8")
    table = read_cube(path)
    grid = [
        np.array(v, np.float32)
        for v in zip(*((r, g, b) for b in (0, 0.5, 1) for g in (0, 0.5, 1) for r in (0, 0.5, 1)), strict=True)
    ]
    assert table.cube is not None
    np.testing.assert_array_equal(np.stack(looked_up(table, tuple(grid)), 1), table.cube.rows)


@pytest.mark.parametrize("format", ["yuv420p", "yuv422p10le", "yuva444p", "yuv420p16le"])
def test_a_table_of_its_own_input_changes_no_bit_of_a_real_colour(
    format: str, lab: Any, noise: Any, tmp_path: Path
) -> None:
    path = tmp_path / "t.cube"
    text = "\n".join(f"{r / 4} {g / 4} {b / 4}" for b in range(5) for g in range(5) for r in range(5))
    path.write_text(f"LUT_3D_SIZE 5\n{text}", "utf-8")
    frame = noise(format, 3, (65, 33))
    deep = 1 << (frame.planes[0].dtype.itemsize * 8 - 8 if "16" in format else 2 if "10" in format else 0)
    for number in (1, 2):  # near grey, so that no colour is beyond red, green and blue
        frame.planes[number][...] = frame.planes[number] // 16 + 120 * deep
    frame.planes[0][...] = frame.planes[0] // 2 + 60 * deep
    out = lab("effect", "lut").frame(frame, file=str(path))
    for a, b in zip(frame.planes, out.planes, strict=True):
        np.testing.assert_array_equal(a, b)


def test_no_intensity_is_neutral_and_little_is_little(lab: Any, noise: Any, tmp_path: Path) -> None:
    path = tmp_path / "t.cube"
    path.write_text(FILES["cube"], "utf-8")
    effect = lab("effect", "lut")
    assert effect.declaration.neutral({"file": str(path), "intensity": 0.0})
    frame = noise("yuv420p", 3)
    out = effect.frame(frame, file=str(path), intensity=1e-4)
    for a, b in zip(frame.planes, out.planes, strict=True):
        assert np.abs(a.astype(int) - b).max() <= 1


def test_a_broken_file_is_refused_by_the_check(lab: Any, tmp_path: Path) -> None:
    path = tmp_path / "t.cube"
    path.write_text("LUT_3D_SIZE 2\n0 0 0\n", "utf-8")
    effect = lab("effect", "lut").effect
    with pytest.raises(SerializationError, match="the file ends after 1 of 8 colours"):
        effect.check({"file": str(path), "intensity": 1.0})


def test_a_changed_file_is_read_again(lab: Any, flat: Any, tmp_path: Path) -> None:
    path, effect = tmp_path / "t.cube", lab("effect", "lut")
    found = []
    for white in ("0 0 0", "1.000 1 1"):
        path.write_text(f"LUT_1D_SIZE 2\n{white}\n{white}\n", "utf-8")
        found.append(int(effect.frame(flat((100, 128, 128)), file=str(path)).planes[0][0, 0]))
    assert found == [16, 235]


def test_the_files_of_other_programs(lab: Any, noise: Any, shared_luts: Path) -> None:
    effect, frame = lab("effect", "lut"), noise("yuv444p10le", 5, (31, 17), legal=True)
    files = sorted(shared_luts.glob("*.cube"))
    assert len(files) >= 7
    for path in files:
        effect.effect.check({"file": str(path)})
        found = np.stack([p.ravel() for p in effect.frame(frame, file=str(path)).planes])
        assert np.abs(found - to_codes(golden(path, to_rgb(frame)))).max() <= 0.51, path.name


def test_other_tables_are_refused_with_the_line(lab: Any, shared_luts: Path) -> None:
    for name, line in (("ocio_error_truncated_file.3dl", 3), ("ocio_cdl_test1.cdl", 1)):
        with pytest.raises(SerializationError, match=f"line {line}: a colour before LUT_1D_SIZE") as caught:
            lab("effect", "lut").effect.check({"file": str(shared_luts / name)})
        wanted = "the effect for such a file is cdl" if name.endswith("cdl") else "is it a .cube file?"
        assert caught.value.hint == wanted
