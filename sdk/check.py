"""Build the example and a guest of every kind in every language that is here, and run the shared vectors.

The example's vectors are ``abi/vectors/glow.json``; those of the kinds stand beside the templates of
``kadr plugin new``. ``python sdk/check.py [LANGUAGE …]`` prints one line a language: green, RED, or what
is missing. The exit code is 1 where one is red, or where a language that was named cannot be built.
"""

from __future__ import annotations

import json
import os
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
from kadr_author.building import build
from kadr_author.calls import answer
from kadr_author.new import KINDS, make, wanted
from kadr_author.project import read_project
from kadr_author.quality import rules_of
from kadr_author.trial import on_trial
from kadr_author.vectors import file_of, read_vectors
from kadr_kernel.boot import boot
from kadr_kernel.kernel import Kernel
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


def wrong_kinds(kernel: Kernel, name: str, folder: Path) -> list[str]:
    """Kinds whose template, built in a language, breaks a rule or gives another answer than its vectors."""
    return [f"{kind}: {said}" for kind in KINDS if (said := _wrong_kind(kernel, name, kind, folder))]


def _wrong_kind(kernel: Kernel, name: str, kind: str, folder: Path) -> str:
    place = folder / f"{name}_{kind}"
    make(wanted("demo", name, kind, "org.example"), place)
    build(read_project(place), folder / "compilers")
    project = read_project(place)
    if broken := rules_of(kernel, project):
        return str(broken[0])
    (work,) = project.works
    with on_trial(kernel, project, place) as bench:
        effect = bench.effect(work)
        rows = read_vectors(file_of(project.vectors, work.declaration))
        bad = [v.case.where for v in rows if answer(work.declaration, effect, v.case) != v.sha256]
    return f"{len(bad)} vectors are wrong, the first: {bad[0]}" if bad else "" if rows else "no vectors"


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


def main(names: Sequence[str]) -> int:
    """Check all languages, or those named."""
    builder = _script(SDK / "build.py")
    vectors = _script(SDK / "abi" / "vectors" / "make.py")
    red = green = 0
    with (
        tempfile.TemporaryDirectory() as folder,
        boot(environ={**os.environ, "KADR_HOME": f"{folder}/home"}) as kernel,
    ):
        for name, language in builder.LANGUAGES.items():
            if names and name not in names:
                continue
            if (lacking := language.missing()) and not names:
                print(f"skipped  {name:15} {lacking} is missing")  # noqa: T201 - a program's answer
                continue
            good, words = checked(language, builder, vectors, Path(folder))
            if good and (wrong := wrong_kinds(kernel, name, Path(folder))):
                good, words = False, "; ".join(wrong)
            red, green = red + (not good), green + good
            print(f"{'green' if good else 'RED':8} {name:15} {words}", flush=True)  # noqa: T201 - a program's answer
    print(f"{green} languages give the same answers, in each of {len(KINDS)} kinds")  # noqa: T201 - a program's answer
    return 1 if red else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
