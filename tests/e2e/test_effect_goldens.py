"""Every effect and transition, and what clips do by themselves, against formulas in numpy.

One tiny project each: twelve (twenty) frames of noise in three segments, rendered alone and in
parallel to the same bytes, decoded by itself, and compared frame by frame with what the formula
makes of the frames that went in. A neutral value is the same plan as no effect at all.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from kadr_kernel.kernel import Kernel
from kadr_sdk.color import BT709
from kadr_sdk.frames import VideoFrame
from kadr_sdk.output import Output, VideoEncoding
from kadr_sdk.project import Project, parse_project
from kadr_sdk.rendering import RenderRequest
from kadr_sdk.services import Catalogue

W, H, RATE, FRAMES = 48, 36, 2, 20
LOSSLESS = {"codec": "ffv1", "pixel_format": "yuv444p"}
KR, KB = 0.2126, 0.0722
KG = 1 - KR - KB
BLACK = np.array([16.0, 128.0, 128.0])[:, None, None]
Film = np.ndarray  # codes as float64, shape (frames, 3, H, W)
Picture = np.ndarray  # (3, H, W)

X, Y = np.arange(W)[None, :], np.arange(H)[:, None]


@pytest.fixture(scope="module")
def film(renderer: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Film]:
    """Noise of moderate colours, all within red, green and blue."""
    path = tmp_path_factory.mktemp("noise") / "noise.mkv"
    rng = np.random.default_rng(3)
    codes = np.stack(
        [rng.integers(60, 191, (FRAMES, H, W)), *(rng.integers(114, 143, (2, FRAMES, H, W)))], axis=1
    )
    pictures = []
    for frame in codes:
        made = VideoFrame.empty("yuv444p", W, H, BT709)
        for plane, values in zip(made.planes, frame, strict=True):
            plane[...] = values
        pictures.append(made)
    backend = renderer.backend()
    video = VideoEncoding("ffv1", "yuv444p", W, H, Fraction(RATE), color=BT709)
    backend.write(path, backend.prepare(Output("t", "matroska", video, None)), iter(pictures), None)
    return str(path), codes.astype(np.float64)


# -- formulas ------------------------------------------------------------------------------------


def rgb_of(codes: Picture) -> Picture:
    """Red, green and blue, 0..1 (ITU-R BT.709)."""
    y, u, v = (codes[0] - 16) / 219, (codes[1] - 128) / 224, (codes[2] - 128) / 224
    red, blue = y + 2 * (1 - KR) * v, y + 2 * (1 - KB) * u
    return np.stack([red, (y - KR * red - KB * blue) / KG, blue])


def codes_of(rgb: Picture) -> Picture:
    """The inverse."""
    red, green, blue = rgb
    y = KR * red + KG * green + KB * blue
    return np.stack(
        [16 + 219 * y, 128 + 224 * (blue - y) / (2 * (1 - KB)), 128 + 224 * (red - y) / (2 * (1 - KR))]
    )


def light(codes: Picture) -> np.ndarray:
    return (codes[0] - 16) / 219


def through(rgb: Callable[[Picture], Picture]) -> Callable[[Film, int], Picture]:
    return lambda f, k: codes_of(rgb(rgb_of(f[k])))


def luma_only(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Film, int], Picture]:
    return lambda f, k: np.stack([16 + 219 * change(light(f[k])), f[k][1], f[k][2]])


def colored(red: float, blue: float) -> Callable[[Film, int], Picture]:
    """Red and blue times a factor; the light stays."""

    def make(f: Film, k: int) -> Picture:
        y, (r, _, b) = light(f[k]), rgb_of(f[k])
        u, v = (b * blue - y) / (2 * (1 - KB)), (r * red - y) / (2 * (1 - KR))
        return np.stack([f[k][0], 128 + 224 * u, 128 + 224 * v])

    return make


def sepia(f: Film, k: int) -> Picture:
    """At 0.7: that much of the grey of every pixel in the hue of CSS ``sepia()``."""
    hue = np.array([1.351, 1.203, 0.937])
    brown = codes_of(hue[:, None, None] / (hue @ [KR, KG, KB]) * light(f[k]))
    mixed = 0.3 * f[k] + 0.7 * brown
    return np.stack([f[k][0], mixed[1], mixed[2]])


def turned(f: Film, k: int) -> Picture:
    angle = math.radians(33)
    u, v = f[k][1] - 128, f[k][2] - 128
    c, s = math.cos(angle), math.sin(angle)
    return np.stack([f[k][0], 128 + c * u - s * v, 128 + s * u + c * v])


def gaussian(plane: np.ndarray, sigma: float) -> np.ndarray:
    reach = int(6 * sigma) + 2
    x = np.arange(-reach, reach + 1)
    return folded(plane, np.exp(-x * x / (2 * sigma * sigma)))


def folded(plane: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Convolved along both axes, edges repeated."""
    wide = np.pad(plane, len(kernel) // 2, mode="edge")
    for axis in (0, 1):
        wide = np.apply_along_axis(np.convolve, axis, wide, kernel / kernel.sum(), "valid")
    return wide


def sharp(f: Film, k: int) -> Picture:
    y = f[k][0]
    soft = folded(y, np.array([1.0, 4, 6, 4, 1]))
    return np.stack([np.clip(y + 0.8 * (y - soft), 0, 255), f[k][1], f[k][2]])


def glowing(f: Film, k: int) -> Picture:
    """Means of 4x4 pixels brighter than 0.5, in their colours, spread by 8 pixels, screened at 0.9."""
    means = [p.reshape(H // 4, 4, W // 4, 4).mean((1, 3)) for p in f[k]]
    bright = (means[0] - 16) / 219
    excess = np.clip((bright - 0.5) / 0.5, 0, 1)
    parts = [bright, (means[1] - 128) / 224, (means[2] - 128) / 224]
    room, out = 1 - light(f[k]), []
    for plane, part, span in zip(f[k], parts, (219, 224, 224), strict=True):
        out.append(plane + span * 0.9 * spread(gaussian(part * excess, 2.0)) * room)
    return np.clip(np.stack(out), 16, np.array([235, 240, 240])[:, None, None])


def spread(cells: np.ndarray) -> np.ndarray:
    """Linear between the centres of cells of 4x4 pixels."""
    for axis, length in ((0, H), (1, W)):
        at = np.clip((np.arange(length) - 1.5) / 4, 0, cells.shape[axis] - 1)
        low = np.floor(at).astype(int)
        high = np.minimum(low + 1, cells.shape[axis] - 1)
        part = (at - low)[:, None] if axis == 0 else (at - low)[None, :]
        cells = np.take(cells, low, axis) * (1 - part) + np.take(cells, high, axis) * part
    return cells


def darker_corners(f: Film, k: int) -> Picture:
    away = np.hypot(X - (W - 1) / 2, Y - (H - 1) / 2) / np.hypot(W / 2, H / 2)
    t = np.clip((away - 0.3) / 0.7, 0, 1)
    return BLACK + (f[k] - BLACK) * (1 - 0.8 * t * t * (3 - 2 * t))


def barred(f: Film, k: int) -> Picture:
    """48x36 to 2:1 leaves 24 lines; white above and below."""
    white = np.array([235.0, 128, 128])[:, None, None]
    return np.where((Y >= 6) & (Y < 30), f[k], white)


def squares(f: Film, k: int) -> Picture:
    means = np.floor(f[k].reshape(3, H // 6, 6, W // 6, 6).mean((2, 4)))
    return means.repeat(6, 1).repeat(6, 2)


def scrambled(x: int) -> int:
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B), (16, 1)):
        x = ((x ^ (x >> shift)) * factor) & 0xFFFFFFFF
    return x


def chance(name: str, frame: int, channel: int, count: int) -> np.ndarray:
    """32 bit numbers by the id of the use, the frame, the plane and the place (lowbias32)."""
    key = 0
    for part in (int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "little"), frame, channel):
        key = scrambled(key ^ part)
    return np.array([scrambled((scrambled(n ^ key) + key) & 0xFFFFFFFF) for n in range(count)], np.uint32)


def grainy(f: Film, k: int) -> Picture:
    """The sum of four bytes: nearly a Gaussian, here of a tenth of the range."""
    numbers = chance("e", k, 0, W * H).reshape(H, W)
    grain = sum((numbers >> (8 * n)) & 255 for n in range(4)).astype(float) - 510
    deviation = math.sqrt(4 * (256**2 - 1) / 12)
    return np.stack([np.clip(f[k][0] + grain / deviation * 0.1 * 219, 16, 235), f[k][1], f[k][2]])


def cleaned(f: Film, k: int) -> Picture:
    """The mean of five frames, weighed by how near they are; the clip's edges repeated."""
    limit, here = round(0.15 * 255 * 16) / 16, f[k]
    total, weights = np.zeros_like(here), np.full_like(here, limit)
    for at in (k - 2, k - 1, k + 1, k + 2):
        apart = f[min(max(at, 0), len(f) - 1)] - here
        weight = np.maximum(limit - np.abs(apart), 0)
        total, weights = total + weight * apart, weights + weight
    return here + total / weights


def keyed(f: Film, k: int) -> Picture:
    """Grey becomes black by its distance in the colour plane, the mean of nine pixels."""
    away = np.pad(np.hypot(f[k][1] - 128, f[k][2] - 128) / (255 * math.sqrt(2)), 1, mode="edge")
    mean = sum(away[y : y + H, x : x + W] for y in range(3) for x in range(3)) / 9
    alpha = np.clip((mean - 0.02) / 0.02, 0, 1)
    return BLACK + (f[k] - BLACK) * alpha


def decided(rgb: Picture) -> Picture:
    rows = zip(rgb, (1.1, 0.9, 1), (-0.03, 0.02, 0), (1.25, 0.8, 1), strict=True)
    out = np.stack([np.clip(c * s + o, 0, 1) ** p for c, s, o, p in rows])
    luma = np.tensordot([KR, KG, KB], out, 1)
    return np.clip(luma + 1.3 * (out - luma), 0, 1)


def table(rgb: Picture) -> Picture:
    """Affine, so that every way of going between its points is exact."""
    red, green, blue = rgb
    return np.stack([0.1 + 0.7 * red + 0.1 * green, 0.05 + 0.8 * green, 0.1 + 0.6 * blue + 0.2 * red])


def balanced(rgb: Picture) -> Picture:
    red, green, blue = rgb
    return np.stack([1.1 * (red + 0.1 * (1 - red)), green * 0.8, np.clip(blue, 0, 1) ** (1 / 1.5)])


def two_tones(rgb: Picture) -> Picture:
    luma = np.tensordot([KR, KG, KB], rgb, 1)
    dark, bright = np.array([0x20, 0x10, 0x60]) / 255, np.array([0xFF, 0xE0, 0x50]) / 255
    return dark[:, None, None] + (bright - dark)[:, None, None] * luma


def near(plane: np.ndarray, dy: int, dx: int) -> np.ndarray:
    """Every pixel's neighbour, edges repeated."""
    return np.pad(plane, 1, mode="edge")[1 + dy : 1 + dy + H, 1 + dx : 1 + dx + W]


def sobel(f: Film, k: int) -> Picture:
    y = f[k][0]
    across = sum(n * (near(y, d, -1) - near(y, d, 1)) for n, d in ((1, -1), (2, 0), (1, 1)))
    down = sum(n * (near(y, -1, d) - near(y, 1, d)) for n, d in ((1, -1), (2, 0), (1, 1)))
    slope = np.minimum(16 + np.floor((np.abs(across) + np.abs(down)) / 4), 235)
    return np.stack([slope, np.full((H, W), 128.0), np.full((H, W), 128.0)])


def relief(f: Film, k: int) -> Picture:
    y = f[k][0]
    fall = np.clip(126 + 1.5 * (near(y, -1, -1) - near(y, 1, 1)), 16, 235)
    return np.stack([fall, np.full((H, W), 128.0), np.full((H, W), 128.0)])


@dataclass(frozen=True)
class Case:
    """How an effect is used, what it makes, and by how many codes a sample may be off.

    Attributes:
        edge: outermost pixels that are not looked at: libavfilter's Gaussian has edges of its own.
    """

    formula: Callable[[Film, int], Picture]
    values: dict[str, Any] = field(default_factory=dict)
    bound: float = 0.51
    more: dict[str, Any] = field(default_factory=dict)
    edge: int = 0


INSIDE = (abs(X - 23.5) < 12) & (abs(Y - 17.5) < 9)
LINES = {"red": [[0, 0.2], [1, 0.7]], "blue": [[0, 0.9], [1, 0.1]], "all": [[0, 0], [1, 0.8]]}
BALANCE = {"lift_red": 0.1, "gain_red": 1.1, "gain_green": 0.8, "gamma_blue": 1.5}
TONES = {"dark": "#201060", "light": "#ffe050"}

EFFECTS = {
    "brightness": Case(luma_only(lambda y: y + 0.1), {"value": 0.1}),
    "contrast": Case(
        lambda f, k: np.concatenate([125.5 + 1.2 * (f[k][:1] - 125.5), 128 + 1.2 * (f[k][1:] - 128)]),
        {"value": 1.2},
    ),
    "saturation": Case(lambda f, k: np.concatenate([f[k][:1], 128 + 1.7 * (f[k][1:] - 128)]), {"value": 1.7}),
    "gamma": Case(luma_only(lambda y: y ** (1 / 1.6)), {"value": 1.6}),
    "exposure": Case(  # the light of a display is the 2.4th power of the codes
        lambda f, k: BLACK + (f[k] - BLACK) * 2 ** (0.3 / 2.4), {"stops": 0.3}, 1.0
    ),
    "invert": Case(lambda f, k: np.array([251.0, 256, 256])[:, None, None] - f[k]),
    "grayscale": Case(lambda f, k: np.concatenate([f[k][:1], 128 + 0.4 * (f[k][1:] - 128)]), {"amount": 0.6}),
    "hue": Case(turned, {"angle": 33}, 1.0),
    "temperature": Case(colored(1.12, 0.88), {"value": 0.4}),
    "tint": Case(colored(0.88, 0.88), {"value": -0.4}),
    "sepia": Case(sepia, {"amount": 0.7}),
    "blur": Case(lambda f, k: np.stack([gaussian(p, 2.5) for p in f[k]]), {"radius": 2.5}, 4.0, edge=4),
    "sharpen": Case(sharp, {"amount": 0.8, "radius": 1.0}, 1.5),
    "glow": Case(glowing, {"amount": 0.9, "radius": 8, "threshold": 0.5}, 1.5),
    "vignette": Case(darker_corners, {"amount": 0.8, "radius": 0.3}, 1.0),
    "flip": Case(lambda f, k: f[k][:, ::-1, ::-1], {"vertical": True}),
    "mirror_half": Case(lambda f, k: np.where(Y >= H // 2, f[k], f[k][:, ::-1]), {"side": "down"}),
    "letterbox": Case(barred, {"aspect": 2.0, "color": "#ffffff"}),
    "pixelate": Case(squares, {"size": 6}),
    "noise": Case(grainy, {"amount": 0.1}),
    "denoise": Case(cleaned, {"strength": 1.0}),
    "chroma_key": Case(keyed, {"color": "#808080", "similarity": 0.02, "blend": 0.02}, 1.5),
    "lut": Case(through(table), {"file": "look.cube"}),
    "cdl": Case(through(decided), {"file": "look.cdl"}),
    "curves": Case(through(lambda c: 0.8 * np.stack([0.2 + 0.5 * c[0], c[1], 0.9 - 0.8 * c[2]])), LINES),
    "color_balance": Case(through(balanced), BALANCE),
    "solarize": Case(through(lambda c: np.where(c > 0.50001, 1 - c, c)), {"threshold": 0.50001}),
    "duotone": Case(through(two_tones), TONES),
    "edges": Case(sobel),
    "emboss": Case(relief, {"depth": 1.5}),
    "mask": Case(lambda f, k: np.where(INSIDE, f[k], BLACK), {"size": [0.5, 0.5]}),
    "matte": Case(lambda f, k: BLACK + (f[k] - BLACK) * (104 - 16) / 219, {}, 1.0, {"inputs": ["light"]}),
}


# -- projects ------------------------------------------------------------------------------------


def clip(name: str, path: str, first: int, frames: int, start: int, **more: Any) -> dict[str, Any]:
    times = {
        "start_time": f"{start}/{RATE}",
        "duration": f"{frames}/{RATE}",
        "source_start": f"{first}/{RATE}",
    }
    return {"id": name, "source_file": path} | times | more


def project_of(clips: list[dict[str, Any]], **track: Any) -> Project:
    frame = {"fps": RATE, "resolution": [W, H]}
    grey = {"id": "g", "generator": {"type": "color", "parameters": {"color": "#666666"}}, "duration": 1}
    matte = frame | {"tracks": [{"id": "m", "clips": [grey]}]}
    rows = [{"id": "v", "clips": clips} | track]
    return parse_project({"timeline": frame | {"tracks": rows}, "sequences": {"light": matte}})


def shown(renderer: Any, project: Project, folder: Path) -> Film:
    """The frames of a project, the same alone and in parallel."""
    files = []
    for workers in (1, 3):
        target = folder / f"{workers}.mkv"
        request = RenderRequest(target, video=LOSSLESS, cache=False, workers=workers)
        report = renderer.render(project, folder, request)
        assert report.segments >= 2
        files.append(target)
    assert files[0].read_bytes() == files[1].read_bytes()
    with av.open(str(files[0])) as container:
        frames = [frame.to_ndarray(format="yuv444p") for frame in container.decode(video=0)]
    return np.stack(frames).astype(np.float64)


def effect_project(film: tuple[str, Film], name: str | None, values: Any = None, more: Any = None) -> Project:
    use = {"id": "e", "effect_type": name, "parameters": values or {}} | (more or {})
    effects = [] if name is None else [use]
    return project_of([clip(str(n), film[0], 4 * n, 4, 4 * n, effects=effects) for n in range(3)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With the tables that effects read."""
    corners = np.array([[r, g, b] for b in (0, 1) for g in (0, 1) for r in (0, 1)], float)
    rows = [" ".join(f"{v:.6f}" for v in table(c)) for c in corners]
    (tmp_path / "look.cube").write_text("LUT_3D_SIZE 2\n" + "\n".join(rows) + "\n", "utf-8")
    sop = "<Slope>1.1 0.9 1</Slope><Offset>-0.03 0.02 0</Offset><Power>1.25 0.8 1</Power>"
    sat = "<SatNode><Saturation>1.3</Saturation></SatNode>"
    text = f'<ColorCorrection id="a"><SOPNode>{sop}</SOPNode>{sat}</ColorCorrection>'
    (tmp_path / "look.cdl").write_text(text, "utf-8")
    return tmp_path


def offered(kernel: Kernel, kind: str) -> dict[str, Any]:
    """Descriptors by short id of all that the built-in plugins have for any project."""
    catalogue = kernel.container.get(Catalogue)
    rows = [row for row in catalogue.all(kind) if row.plugin == "kadr.effects"]
    return {row.id.removeprefix("kadr."): catalogue.describe(kind, row.id) for row in rows}


def test_nothing_is_without_a_golden(kernel: Kernel) -> None:
    assert set(offered(kernel, "effect")) == set(EFFECTS)
    assert set(offered(kernel, "transition")) == set(TRANSITIONS)


@pytest.mark.parametrize("name", EFFECTS)
def test_an_effect(renderer: Any, film: tuple[str, Film], folder: Path, name: str) -> None:
    case = EFFECTS[name]
    found = shown(renderer, effect_project(film, name, case.values, case.more), folder)
    assert found.shape[0] == 12
    for number, picture in enumerate(found.reshape(12, 3, H, W)):
        first, k = number - number % 4, number % 4
        wanted = case.formula(film[1][first : first + 4], k)
        inner = np.abs(picture - wanted)[:, case.edge : H - case.edge, case.edge : W - case.edge]
        assert inner.max() <= case.bound, f"frame {number}"
        assert np.abs(picture - film[1][number]).max() > 2, "it does nothing"


@pytest.mark.parametrize("name", EFFECTS)
def test_neutral_changes_no_bit(
    renderer: Any, kernel: Kernel, film: tuple[str, Film], folder: Path, name: str
) -> None:
    params = offered(kernel, "effect")[name].get("params", [])
    neutral = {p["name"]: p["neutral"] for p in params if "neutral" in p}
    if not neutral:
        assert name in ("mask", "letterbox", "mirror_half", "chroma_key"), "no value leaves the picture alone"
        return
    case = EFFECTS[name]
    plans = [
        renderer.plan(project, folder, RenderRequest(folder / "a.mkv", video=LOSSLESS))
        for project in (
            effect_project(film, None),
            effect_project(film, name, case.values | neutral, case.more),
            effect_project(film, name, case.values, case.more),
        )
    ]
    assert plans[0].hash == plans[1].hash != plans[2].hash


# -- transitions ---------------------------------------------------------------------------------


def smooth(t: Any) -> Any:
    t = np.clip(t, 0, 1)
    return t * t * (3 - 2 * t)


def mixed(weight: Callable[[float], Any]) -> Callable[[Picture, Picture, float], Picture]:
    """By the weight of the incoming picture at every pixel."""

    def make(a: Picture, b: Picture, p: float) -> Picture:
        return a + (b - a) * np.broadcast_to(np.clip(weight(p), 0, 1), (H, W))

    return make


def moved(part: Callable[[int], list[tuple[str, int, int, int]]]) -> Any:
    """Columns by their sources: (clip, first column of it, where to, how many)."""

    def make(a: Picture, b: Picture, p: float) -> Picture:
        out = np.empty_like(a)
        for which, source, to, count in part(round(p * W)):
            out[..., to : to + count] = (a if which == "a" else b)[..., source : source + count]
        return out

    return make


RADIUS = np.hypot(X - W // 2, Y - H // 2)
REACH = math.hypot(W // 2, H // 2)


def through_black(a: Picture, b: Picture, p: float) -> Picture:
    return a + (BLACK - a) * 2 * p if p < 0.5 else BLACK + (b - BLACK) * (2 * p - 1)


def blinds(p: float) -> np.ndarray:
    place = X / W
    return np.where(smooth((place - 1.5 * (1 - p) + 0.5) / 0.5) > (10 * place) % 1, 1.0, 0.0)


def squeezed(a: Picture, b: Picture, p: float) -> Picture:
    place = 0.5 + (np.arange(H) / H - 0.5) / (1 - p)
    lines = np.floor(np.clip(place, 0, 1) * (H - 1) + 0.5).astype(int)
    inside = ((place >= 0) & (place <= 1))[None, :, None]
    return np.where(inside, a[:, lines], b)


def zoomed(a: Picture, b: Picture, p: float) -> Picture:
    part, left = smooth((1 - p - 0.5) / 0.5), smooth((1 - p) / 0.5)
    rows, columns = (np.ceil(((np.arange(n) / n - 0.5) * part + 0.5) * (n - 1)).astype(int) for n in (H, W))
    return b + (a[:, rows][:, :, columns] - b) * left


def through_grey(a: Picture, b: Picture, p: float) -> Picture:
    """Light evenly; colour is gone after a fifth of the way, and comes in the last fifth."""
    out, left = a + (b - a) * p, 1 - p
    early, late = smooth((left - 0.8) / 0.2), smooth((left - 0.2) / 0.8)
    grey = np.full_like(a, 128.0)
    first, second = a * early + grey * (1 - early), grey * late + b * (1 - late)
    out[1:] = (first * left + second * p)[1:]
    return out


def uneven(a: Picture, b: Picture, p: float) -> Picture:
    left = (1 - p) ** (1 + np.log(1 + np.abs(a - b) / 255))
    return a * left + b * (1 - left)


def by_distance(a: Picture, b: Picture, p: float) -> Picture:
    far = (((a - b) / 255) ** 2).sum(0) > (1 - p) ** 2
    return np.where(far, b, a + (b - a) * p)


def smeared(a: Picture, b: Picture, p: float) -> Picture:
    size = 1 + int(W // 2 * 2 * min(p, 1 - p))
    rows = [np.stack([c[..., x : x + size].mean(-1) for x in range(W)], -1) for c in (a, b)]
    return rows[0] + (rows[1] - rows[0]) * p


def broken_up(a: Picture, b: Picture, p: float) -> Picture:
    side = max(2 * math.ceil(min(p, 1 - p) * 50) / 50 * H / 20, 1)
    rows, columns = (
        np.minimum((np.floor(np.arange(n) / side) + 0.5) * side, n - 1).astype(int) for n in (H, W)
    )
    picked = [c[:, rows][:, :, columns] for c in (a, b)]
    return picked[0] + (picked[1] - picked[0]) * p


def cropped(a: Picture, b: Picture, p: float) -> Picture:
    return np.where((2 * abs(p - 0.5)) ** 3 * REACH >= RADIUS, b if p > 0.5 else a, BLACK)


def windy(p: float) -> np.ndarray:
    start = chance("j", 0, 0, H)[:, None] / 2**32
    return smooth((p * 1.2 - ((1 - X / W) * 0.8 + 0.2 * start)) / 0.2)


TRANSITIONS: dict[str, tuple[Callable[[Picture, Picture, float], Picture], float]] = {
    "dissolve": (mixed(lambda p: p), 1.0),
    "fade_color": (through_black, 1.0),
    "wipe": (mixed(lambda p: np.where(W - round(W * p) <= X, 1.0, 0.0)), 0.0),
    "slide": (moved(lambda n: [("a", 0, 0, W - n), ("b", 0, W - n, n)]), 0.0),
    "push": (moved(lambda n: [("a", n, 0, W - n), ("b", 0, W - n, n)]), 0.0),
    "reveal": (moved(lambda n: [("a", n, 0, W - n), ("b", W - n, W - n, n)]), 0.0),
    "smooth": (mixed(lambda p: smooth(X / W - 1 + 2 * p)), 1.0),
    "corner": (mixed(lambda p: np.where((W * (1 - p) > X) & (H * (1 - p) > Y), 0.0, 1.0)), 0.0),
    "diagonal": (mixed(lambda p: smooth(X / W * (Y / H) - 1 + 2 * p)), 1.0),
    "circle": (mixed(lambda p: 1 - smooth(RADIUS / REACH + 3 * (0.5 - p))), 1.0),
    "doors": (mixed(lambda p: smooth(2 * p - abs(X - W / 2) / (W / 2))), 1.0),
    "radial": (mixed(lambda p: smooth(np.arctan2(X - W // 2, Y - H // 2) + (p - 0.5) * np.pi * 2.5)), 1.0),
    "slices": (mixed(blinds), 0.0),
    "squeeze": (squeezed, 0.0),
    "zoom_in": (zoomed, 1.0),
    "fade_gray": (through_grey, 1.0),
    "fade_uneven": (uneven, 1.0),
    "distance": (by_distance, 1.0),
    "blur_across": (smeared, 1.0),
    "pixelize": (broken_up, 1.0),
    "shape_crop": (cropped, 0.0),
    "wind": (mixed(windy), 1.0),
    "random_dissolve": (
        mixed(lambda p: np.where(chance("j", 0, 0, W * H).reshape(H, W) < p * 2**32, 1.0, 0.0)),
        0.0,
    ),
}


@pytest.mark.parametrize("name", TRANSITIONS)
def test_a_transition(renderer: Any, film: tuple[str, Film], tmp_path: Path, name: str) -> None:
    """Four frames of a clip by itself, four of one, six of both, four of the other."""
    formula, bound = TRANSITIONS[name]
    clips = [clip("z", film[0], 9, 4, 0), clip("a", film[0], 0, 10, 4), clip("b", film[0], 10, 10, 8)]
    joint = {"id": "j", "transition_type": name, "between": ["a", "b"]}
    found = shown(renderer, project_of(clips, transitions=[joint]), tmp_path)
    found = found.reshape(18, 3, H, W)[4:]
    np.testing.assert_array_equal(found[:5], film[1][:5])
    np.testing.assert_array_equal(found[10:], film[1][16:20])
    for k in range(1, 6):
        wanted = formula(film[1][4 + k], film[1][10 + k], round(k / 6, 9))
        assert np.abs(found[4 + k] - wanted).max() <= bound, f"{k}/6 of the way"


# -- what clips do by themselves -----------------------------------------------------------------


def test_a_crop(renderer: Any, film: tuple[str, Film], tmp_path: Path) -> None:
    """A quarter of the width and a ninth of the height cut off; what is left stands in the middle."""
    crop = {"left": 0.25, "right": 0.125, "bottom": 1 / 9}
    clips = [clip(str(n), film[0], 4 * n, 4, 4 * n, crop=crop, fit="none") for n in range(3)]
    found = shown(renderer, project_of(clips), tmp_path).reshape(12, 3, H, W)
    wanted = np.broadcast_to(BLACK, found.shape).copy()
    wanted[:, :, 2 : 2 + 32, 9 : 9 + 30] = film[1][:12, :, :32, 12:42]
    np.testing.assert_array_equal(found, wanted)


def test_deinterlacing(renderer: Any, film: tuple[str, Film], tmp_path: Path) -> None:
    """The formula of bwdif, written again; lines of the first field stay bit for bit."""
    clips = [clip(str(n), film[0], 4 * n + 4, 4, 4 * n, deinterlace="on") for n in range(3)]
    found = shown(renderer, project_of(clips), tmp_path).reshape(12, 3, H, W)
    for number, picture in enumerate(found):
        before, now, after = film[1][3 + number : 6 + number].astype(int)
        np.testing.assert_array_equal(picture[:, ::2], now[:, ::2])
        for plane, *planes in zip(picture, before, now, after, strict=True):
            for y in range(1, H, 2):
                np.testing.assert_array_equal(plane[y], woven(*planes, y), f"line {y}")


def woven(before: np.ndarray, now: np.ndarray, after: np.ndarray, y: int) -> np.ndarray:
    """A missing line of the first field, by both fields before and after it and by its neighbours."""

    def line(plane: np.ndarray, offset: int) -> np.ndarray:
        at = y + offset
        return plane[at if 0 <= at < H else y - offset].astype(int)

    c, e = line(now, -1), line(now, 1)
    old, new = before, now  # the second field of the frame before, and that of this one
    d = (line(old, 0) + line(new, 0)) >> 1
    still = abs(line(old, 0) - line(new, 0))
    moved_before = (abs(line(before, -1) - c) + abs(line(before, 1) - e)) >> 1
    moved_after = (abs(line(after, -1) - c) + abs(line(after, 1) - e)) >> 1
    slack = np.maximum(np.maximum(still >> 1, moved_before), moved_after)
    same = slack == 0
    if 2 <= y <= H - 3:
        b = ((line(old, -2) + line(new, -2)) >> 1) - c
        f = ((line(old, 2) + line(new, 2)) >> 1) - e
        dc, de = d - c, d - e
        most = np.maximum(np.maximum(de, dc), np.minimum(b, f))
        least = np.minimum(np.minimum(de, dc), np.maximum(b, f))
        slack = np.maximum(np.maximum(slack, least), -most)
    guess = (c + e) >> 1
    if 4 <= y <= H - 5:
        both = [line(old, n) + line(new, n) for n in (0, -2, 2, -4, 4)]
        spatial = (5077 * (c + e) - 981 * (line(now, -3) + line(now, 3))) >> 13
        high = 5570 * both[0] - 3801 * (both[1] + both[2]) + 1016 * (both[3] + both[4])
        timely = ((high >> 2) + 4309 * (c + e) - 213 * (line(now, -3) + line(now, 3))) >> 13
        guess = np.where(abs(c - e) > still, timely, spatial)
    kept = np.clip(np.clip(guess, d - slack, d + slack), 0, 255)
    return np.where(same, d, kept)


@pytest.mark.parametrize("blend", ["multiply", "screen", "difference"])
def test_a_blend_and_a_mask_within_a_sequence(
    renderer: Any, film: tuple[str, Film], tmp_path: Path, blend: str
) -> None:
    """Two clips blended within a sequence, the upper one through a rectangle, shown by a clip."""
    mask = {"effect_type": "mask", "parameters": {"size": [0.5, 0.5]}}
    above = [clip(str(n), film[0], 4 * n + 8, 4, 4 * n, blend=blend, effects=[mask]) for n in range(3)]
    below = [clip(str(n), film[0], 4 * n, 4, 4 * n) for n in range(3)]
    frame = {"fps": RATE, "resolution": [W, H]}
    inner = frame | {"tracks": [{"id": "v", "clips": below}, {"id": "w", "clips": above}]}
    outer = [
        {"id": str(n), "sequence": "in", "start_time": 2 * n, "duration": 2, "source_start": 2 * n}
        for n in range(3)
    ]
    document = {"timeline": frame | {"tracks": [{"id": "v", "clips": outer}]}, "sequences": {"in": inner}}
    found = shown(renderer, parse_project(document), tmp_path).reshape(12, 3, H, W)
    for number, picture in enumerate(found):
        b, s = rgb_of(film[1][number]), rgb_of(film[1][number + 8])
        mixed_rgb = {"multiply": b * s, "screen": b + s - b * s, "difference": abs(b - s)}[blend]
        wanted = np.where(INSIDE, codes_of(np.clip(mixed_rgb, 0, 1)), film[1][number])
        assert np.abs(picture - wanted).max() <= 2.1
        np.testing.assert_array_equal(picture[:, ~INSIDE], film[1][number][:, ~INSIDE])
