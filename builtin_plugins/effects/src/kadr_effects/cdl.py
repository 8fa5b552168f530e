"""Colour decisions in ``.cdl``, ``.cc`` and ``.ccc`` files: slope, offset, power, saturation.

Source: American Society of Cinematographers, "ASC Color Decision List" 1.2 (2009).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kadr_sdk.errors import SerializationError, did_you_mean

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["Correction", "read_correction"]

_MAX_BYTES = 4 << 20
_REMEDY = "export the decision list again"
Triple = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Correction:
    """``clamp(in * slope + offset) ** power``, then saturation; by red, green and blue."""

    id: str
    slope: Triple = (1.0, 1.0, 1.0)
    offset: Triple = (0.0, 0.0, 0.0)
    power: Triple = (1.0, 1.0, 1.0)
    saturation: float = 1.0


def read_correction(path: Path, look: str) -> Correction:
    """A correction of a file, by its id; the first where no id is given.

    Raises:
        SerializationError: what is wrong, and what to do.
    """
    found = [_correction(path, element) for element in _elements(path)]
    if not found:
        raise SerializationError("the file holds no ColorCorrection", path=path, hint=_REMEDY)
    if not look:
        return found[0]
    for correction in found:
        if correction.id == look:
            return correction
    hint = did_you_mean(look, [c.id for c in found if c.id])
    raise SerializationError(f"there is no ColorCorrection {look!r}", path=path, hint=hint)


def _elements(path: Path) -> Iterator[Element]:
    from xml.etree import ElementTree

    try:
        if path.stat().st_size > _MAX_BYTES:
            hint = "is it a decision list?"
            raise SerializationError(f"larger than {_MAX_BYTES >> 20} MiB", path=path, hint=hint)
        data = path.read_bytes()
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
        raise SerializationError(message, path=path, hint="check the path") from error
    text = data.decode("utf-8-sig", "replace")  # whatever it says of itself, so that nothing hides
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise SerializationError("it declares a document type, which is not read", path=path, hint=_REMEDY)
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - without entities, and of bounded size
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        hint = "is it a .cdl, .cc or .ccc file?"
        raise SerializationError(f"not XML: {error}", path=path, hint=hint) from error
    return (element for element in root.iter() if _name(element) == "ColorCorrection")


def _correction(path: Path, element: Element) -> Correction:
    texts = {_name(e): e.text or "" for e in element.iter()}
    name = element.get("id", "")

    def numbers(key: str, count: int, rest: Triple, low: float) -> Triple:
        if key not in texts:
            return rest
        words = texts[key].split()
        try:
            values = [float(word) for word in words]
        except ValueError:
            values = []
        if len(values) != count or not all(math.isfinite(v) and v >= low for v in values):
            least = f" from {low:g} on" if math.isfinite(low) else ""
            message = f"{key} of the correction {name!r} is {texts[key].strip()[:40]!r}"
            raise SerializationError(message, path=path, hint=f"{count} numbers{least} are expected")
        return values[0], values[count // 2], values[-1]

    ones, zeros = (1.0, 1.0, 1.0), (0.0, 0.0, 0.0)
    slope, power = numbers("Slope", 3, ones, 0.0), numbers("Power", 3, ones, 1e-3)
    return Correction(
        name, slope, numbers("Offset", 3, zeros, -math.inf), power, numbers("Saturation", 1, ones, 0.0)[0]
    )


def _name(element: Element) -> str:
    """Without the namespace (of a comment: what is written of its function, no name of ours)."""
    return str(element.tag).rpartition("}")[2]
