"""Colour decision lists: what is read, what is refused, and the formula of the standard."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kadr_effects.cdl import Correction, read_correction
from kadr_sdk.errors import SerializationError

KR, KG, KB = 0.2126, 0.7152, 0.0722
ONE = """<ColorCorrection id="a"><SOPNode><Slope>1.1 0.9 1</Slope><Offset>-.03 2e-2 0</Offset>
<Power>1.25 0.8 1</Power></SOPNode><SatNode><Saturation>1.3</Saturation></SatNode></ColorCorrection>"""


def written(folder: Path, text: str) -> Path:
    path = folder / "t.cdl"
    path.write_text(text, "utf-8")
    return path


def test_the_numbers_are_read(tmp_path: Path) -> None:
    wanted = Correction("a", (1.1, 0.9, 1.0), (-0.03, 0.02, 0.0), (1.25, 0.8, 1.0), 1.3)
    assert read_correction(written(tmp_path, ONE), "") == wanted
    spaced = f'<x:List xmlns:x="urn:ASC:CDL:v1.2">{ONE.replace("<", "<x:").replace("<x:/", "</x:")}</x:List>'
    assert read_correction(written(tmp_path, spaced), "a") == wanted
    bare = '<L><ColorCorrection id="b"/></L>'
    assert read_correction(written(tmp_path, bare), "") == Correction("b")


@pytest.mark.parametrize(
    ("text", "look", "message", "hint"),
    [
        ("nonsense", "", "not XML: syntax error: line 1, column 0", "is it a .cdl"),
        (ONE[:-5], "", "not XML: ", "is it a .cdl"),
        ("<a/>", "", "the file holds no ColorCorrection", "export the decision list again"),
        (ONE, "A", "there is no ColorCorrection 'A'", "known: a"),
        (
            ONE.replace("1.1 0.9 1<", "1.1 0.9<"),
            "",
            "Slope of the correction 'a' is '1.1 0.9'",
            "3 numbers from 0 on",
        ),
        (
            ONE.replace("1.1 0.9", "-1 0.9"),
            "",
            "Slope of the correction 'a' is '-1 0.9 1'",
            "3 numbers from 0 on",
        ),
        (ONE.replace("2e-2", "nan"), "", "Offset of the correction 'a' is '-.03 nan 0'", "3 numbers are"),
        (ONE.replace("1.25", "0"), "", "Power of the correction 'a'", "3 numbers from 0.001 on"),
        (ONE.replace("1.3<", "x<"), "", "Saturation of the correction 'a' is 'x'", "1 numbers from 0 on"),
        ('<!DOCTYPE a [<!ENTITY b "c">]>' + ONE, "", "it declares a document type", "export"),
    ],
)
def test_what_is_said_of_a_broken_file(text: str, look: str, message: str, hint: str, tmp_path: Path) -> None:
    with pytest.raises(SerializationError, match=re.escape(message)) as caught:
        read_correction(written(tmp_path, text), look)
    assert hint in caught.value.hint
    with pytest.raises(SerializationError, match="cannot be read: No such file"):
        read_correction(tmp_path / "none.cdl", "")


@pytest.mark.parametrize("intensity", [1.0, 0.4])
def test_against_the_standard(intensity: float, lab: Any, noise: Any, tmp_path: Path) -> None:
    frame = noise("yuv444p10le", 5, (41, 37), legal=True)
    for number in (1, 2):
        frame.planes[number][...] = 512 + (frame.planes[number].astype(int) - 512) // 4
    out = lab("effect", "cdl").frame(frame, file=str(written(tmp_path, ONE)), intensity=intensity)
    y, u, v = (p.astype(float).ravel() for p in frame.planes)
    y, u, v = (y - 64) / 876, (u - 512) / 896, (v - 512) / 896
    red, blue = y + 2 * (1 - KR) * v, y + 2 * (1 - KB) * u
    rgb = np.stack([red, (y - KR * red - KB * blue) / KG, blue], 1)
    new = np.clip(rgb * [1.1, 0.9, 1] + [-0.03, 0.02, 0], 0, 1) ** [1.25, 0.8, 1]
    luma = (new @ [KR, KG, KB])[:, None]
    rgb += intensity * (np.clip(luma + 1.3 * (new - luma), 0, 1) - rgb)
    y = rgb @ [KR, KG, KB]
    codes = np.stack(
        [64 + 876 * y, 512 + 448 / (1 - KB) * (rgb[:, 2] - y), 512 + 448 / (1 - KR) * (rgb[:, 0] - y)]
    )
    codes = np.clip(codes, 64, [[940], [960], [960]])
    assert np.abs(np.stack([p.ravel() for p in out.planes]) - codes).max() <= 0.52


def test_a_list_of_the_standard(lab: Any, shared_luts: Path) -> None:
    path, effect = shared_luts / "ocio_cdl_test1.cdl", lab("effect", "cdl").effect
    assert read_correction(path, "").saturation == 1.7
    assert read_correction(path, "cc0003").power == (0.9, 1.0, 1.2)
    effect.check({"file": str(path), "look": "cc0001"})
    with pytest.raises(SerializationError, match="there is no ColorCorrection 'cc9'"):
        effect.check({"file": str(path), "look": "cc9"})
