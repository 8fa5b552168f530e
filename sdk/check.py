"""Build the example in every language that this machine has, and run the shared vectors.

``python sdk/check.py [LANGUAGE …]`` prints one line a language: green, RED, or what is missing. The
exit code is 1 where one is red, or where a language that was named cannot be built.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
import tomllib
from collections.abc import Sequence
from fractions import Fraction
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np
from kadr_kernel.sandbox.runtime import CoreRuntime
from kadr_sdk.color import BT709, Color
from kadr_sdk.effects import EffectDeclaration, FrameCall
from kadr_sdk.errors import KadrError
from kadr_sdk.frames import VideoFrame

__all__ = ["main"]

SDK = Path(__file__).resolve().parent
DESCRIBED = SDK / "abi" / "examples" / "glow.toml"


def _script(path: Path) -> Any:
    """A Python file of the SDK, which is no package, as a module."""
    spec = spec_from_file_location(f"kadr_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _call(frame: VideoFrame, row: dict[str, Any]) -> FrameCall:
    at = row["frame"]
    moment = at, Fraction(25), Fraction(at, 25), Fraction(40), row["progress"], 1
    return FrameCall([[frame]], row["values"], *moment, frame.width, frame.height, frame.format, frame.color)


def wrong_vectors(effect: Any, vectors: Any) -> list[str]:
    """Cases whose picture is another than the vectors say."""
    found = []
    for row in json.loads((SDK / "abi" / "vectors" / "glow.json").read_text("utf-8")):
        frame = vectors.picture(row["format"], row["width"], row["height"], 0, row["frame"])
        frame.color = Color("bt709", "bt709", "bt709", row["range"])
        if vectors.digest(effect.frame(_call(frame, row)).planes) != row["sha256"]:
            found.append(f"{row['format']} {row['width']}x{row['height']} {row['values']}")
    return found


def speed(effect: Any) -> float:
    """Milliseconds for a 1080p yuv420p frame, the least of a few: neighbours on the machine only add."""
    frame = VideoFrame.empty("yuv420p", 1920, 1080, BT709)
    rng = np.random.default_rng(1)
    for plane in frame.planes:
        plane[...] = rng.integers(16, 236, plane.shape, np.uint8)
    row = {"frame": 0, "progress": 0.0, "values": {"radius": 12.0, "threshold": 0.6, "strength": 1.0}}
    times = []
    for _ in range(9):
        began = time.perf_counter()
        effect.frame(_call(frame, row))
        times.append(time.perf_counter() - began)
    return min(times) * 1000


def checked(language: Any, builder: Any, vectors: Any, folder: Path) -> tuple[bool, str]:
    """Whether a language is green, and what is to be said of it."""
    began = time.perf_counter()
    try:
        code = builder.build(builder.example(language), DESCRIBED)
    except KadrError as error:
        return False, str(error)
    seconds = time.perf_counter() - began
    declaration = EffectDeclaration.from_dict(tomllib.loads(DESCRIBED.read_text("utf-8")))
    runtime = CoreRuntime(folder)
    try:
        bound = runtime.load(code, declaration, "org.kadr.examples").bind("fail")
        effect = bound.effect(print)
        if bad := wrong_vectors(effect, vectors):
            return False, f"{len(bad)} vectors are wrong, the first: {bad[0]}"
        words = f"{len(code):>9,} bytes  built in {seconds:5.1f} s  1080p frame {speed(effect):6.2f} ms"
        bound.close()
    except Exception as error:  # noqa: BLE001 - whatever a guest does is the answer here
        return False, f"{type(error).__name__}: {error}"
    finally:
        runtime.close()
    return True, words


def main(wanted: Sequence[str]) -> int:
    """Check all languages, or those named."""
    builder = _script(SDK / "build.py")
    vectors = _script(SDK / "abi" / "vectors" / "make.py")
    red = green = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, language in builder.LANGUAGES.items():
            if wanted and name not in wanted:
                continue
            if (lacking := language.missing()) and not wanted:
                print(f"skipped  {name:15} {lacking} is missing")  # noqa: T201 - a program's answer
                continue
            good, words = checked(language, builder, vectors, Path(folder))
            red, green = red + (not good), green + good
            print(f"{'green' if good else 'RED':8} {name:15} {words}", flush=True)  # noqa: T201 - a program's answer
    print(f"{green} languages give the same pictures")  # noqa: T201 - a program's answer
    return 1 if red else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
