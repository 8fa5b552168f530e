"""Everything that the plugin offers has its picture (or sound) tested against a formula.

Whole projects of every effect and transition are compared in ``tests/e2e/test_effect_goldens.py``.

The table says by which test: a new effect without one is red here, and so is a test that went away
or no longer names its effect.
"""

from __future__ import annotations

import ast
from pathlib import Path

import kadr_effects
import pytest
from kadr_sdk.manifest import read_manifest

HERE = Path(__file__).parent
FOLDER = Path(kadr_effects.__file__).parent
ROWS = read_manifest(FOLDER / "plugin.toml").contributions

_XFADE = "test_xfade_names:test_the_picture_of_xfade"
GOLDENS = {
    "effect": {
        "brightness": "test_brightness",
        "contrast": "test_contrast",
        "saturation": "test_color_effects:test_saturation",
        "gamma": "test_color_effects:test_gamma",
        "exposure": "test_color_effects:test_exposure_doubles_the_light_of_a_display",
        "invert": "test_color_effects:test_invert_is_its_own_opposite",
        "grayscale": "test_color_effects:test_grayscale_has_no_colour",
        "hue": "test_color_effects:test_hue_rotates_chroma",
        "temperature": "test_tint:test_temperature_turns_red_up_and_blue_down",
        "sepia": "test_tint:test_sepia_of_white_is_the_css_hue",
        "tint": "test_stylize:test_tint_turns_red_and_blue_together",
        "blur": "test_blur",
        "sharpen": "test_sharpen:test_is_an_unsharp_mask",
        "glow": "test_glow:test_light_around_the_lamp_falls_off",
        "vignette": "test_vignette:test_formula",
        "flip": "test_flip:test_mirrors",
        "mirror_half": "test_stylize:test_one_half_is_the_mirror_of_the_other",
        "letterbox": "test_letterbox:test_bars",
        "pixelate": "test_pixelate:test_every_square_is_its_mean",
        "noise": "test_noise:test_against_whole_numbers",
        "denoise": "test_denoise:test_against_the_formula",
        "chroma_key": "test_chroma_key",
        "lut": "test_lut:test_against_the_formula",
        "cdl": "test_cdl:test_against_the_standard",
        "curves": "test_grading:test_curves",
        "color_balance": "test_grading:test_color_balance",
        "solarize": "test_grading:test_solarize",
        "duotone": "test_grading:test_duotone",
        "edges": "test_stylize:test_edges_are_sobel",
        "emboss": "test_stylize:test_emboss_is_the_fall_of_light",
        "mask": "test_masks:test_shapes",
        "matte": "test_masks:test_a_matte",
    },
    "transition": dict.fromkeys(
        (
            *("dissolve", "fade_color", "wipe", "slide", "push", "reveal", "smooth", "corner", "diagonal"),
            *("circle", "doors", "radial", "slices", "squeeze", "zoom_in", "fade_gray", "fade_uneven"),
            *("distance", "blur_across", "pixelize", "shape_crop"),
        ),
        _XFADE,
    )
    | {
        "wind": "test_xfade_names:test_the_wind_blows_as_in_xfade",
        "random_dissolve": "test_xfade_names:test_chance_comes_from_the_instance",
    },
    "generator": {
        "color": "test_generators:test_a_solid_has_the_codes_of_its_colour",
        "bars": "test_generators",
        "gradient": "test_generators",
        "test_card": "test_generators",
        "text": "test_text:test_it_stands_where_it_is_put",
    },
    "audio_effect": dict.fromkeys(
        ("gain", "highpass", "lowpass", "equalizer", "compressor", "limiter"), "test_sound"
    ),
}
"""By kind and short id: a file of this folder, and where one of its tests is meant, that."""


def test_nothing_is_without_a_golden() -> None:
    offered = {(row.kind, row.id.removeprefix("kadr.")) for row in ROWS}
    assert offered == {(kind, name) for kind, rows in GOLDENS.items() for name in rows}


@pytest.mark.parametrize(
    ("kind", "name"), [(k, n) for k, rows in GOLDENS.items() for n in rows], ids=lambda v: str(v)
)
def test_the_golden_is_there_and_is_of_it(kind: str, name: str) -> None:
    file, _, test = GOLDENS[kind][name].partition(":")
    text = (HERE / f"{file}.py").read_text("utf-8")
    functions = [node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
    assert test in functions if test else any(f.startswith("test_") for f in functions)
    (row,) = (r for r in ROWS if (r.kind, r.id) == (kind, f"kadr.{name}"))
    literals = {
        node.value
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    named = literals & {name, *row.names}
    families = {n for n in row.names if any(n.startswith(part) for part in literals if len(part) > 3)}
    assert named or (kind == "transition" and families), "the test names what it is of"
