"""The same plan on processors that can do less: portable parts have the same bytes.

A process that tells libav, numpy and x264 to use no vector instructions stands in for another
processor. What the plan calls portable is the same there, byte for byte; what it does not has
another hash, so that no cache mixes them up.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

CHILD = """
import ctypes, hashlib, json, sys
from dataclasses import replace
from pathlib import Path
import av

project, folder, library = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
if library:
    ctypes.CDLL(library).av_force_cpu_flags(0)

from kadr_kernel.boot import boot
from kadr_sdk.events import SegmentEncoded
from kadr_sdk.rendering import ProjectStore, Renderer, RenderRequest


def plain(backend):
    encode = backend.encode
    def without_vectors(segment, output, sink, context):
        options = [(k, v + ":asm=0" if k == "x264-params" else v) for k, v in output.video.options]
        assert options != list(output.video.options)
        video = replace(output.video, options=tuple(options))
        return encode(segment, replace(output, video=video), sink, context)
    backend.encode = without_vectors


with boot(environ={"KADR_HOME": str(folder / "home")}) as kernel:
    renderer = kernel.container.get(Renderer)
    if library:
        plain(renderer.backend())
    document = kernel.container.get(ProjectStore).open(project)
    request = RenderRequest(folder / "film.mkv", cache=False, overwrite=True)
    plan = renderer.plan(document, project.parent, request)
    made = {}
    kernel.events.subscribe(SegmentEncoded, lambda e: made.__setitem__(e.segment, e.digest))
    renderer.render(document, project.parent, request)
    with av.open(str(folder / "film.mkv")) as film:
        sound = b"".join(bytes(packet) for packet in film.demux(audio=0))
    print(json.dumps({
        "segments": [[s.hash, s.portable, made[s.index]] for s in plan.segments],
        "sound": [plan.audio.hash, plan.audio.portable, hashlib.sha256(sound).hexdigest()],
    }))
"""

DISPATCHED = list(getattr(importlib.import_module("numpy._core._multiarray_umath"), "__cpu_dispatch__", ()))
"""What numpy would choose by the processor, and can do without."""

EFFECTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("brightness", {"value": 0.1}),
    ("saturation", {"value": 1.4}),
    ("sharpen", {"amount": 1.0}),
    ("vignette", {"amount": 0.6}),
    ("noise", {"amount": 0.3}),
    ("glow", {"amount": 0.5}),
    ("hue", {"angle": 40}),
    ("blur", {"radius": 3}),
)
"""Of each kind: filters of tables and of areas, Python over planes; blur counts in floats."""


@pytest.fixture(scope="module")
def library() -> str:
    """libavutil as PyAV brings it."""
    folder = Path(av.__file__).parent
    for place in (folder.parent / "av.libs", folder / ".dylibs", folder.parent / "av.libs"):
        for path in sorted(place.glob("*avutil*")):
            return str(path)
    pytest.skip("this PyAV brings no libraries of its own")


@pytest.fixture
def film(movie: Callable[..., Path], tmp_path: Path) -> Path:
    """A clip of 0.6 s for each effect, each a segment of its own, scaled, with a dissolve and sound."""
    noise = np.random.default_rng(1).normal(0, 0.1, (2, 48000 * 6)).astype(np.float32)
    source = movie("processors.mkv", 150, size=(192, 108), sound=noise)
    clips: list[dict[str, Any]] = []
    for number, (name, values) in enumerate(EFFECTS):
        times = {"start_time": 3 * number, "duration": 3, "source_start": number * 0.2}
        effect = {"effect_type": name, "parameters": values}
        clips.append({"id": name, "source_file": str(source), "effects": [effect], **times})
    clips[0]["transform"] = {"scale_x": 0.7, "scale_y": 0.8, "rotation": 10, "position_x": 3.3}
    timeline = {"fps": 5, "resolution": [160, 90], "tracks": [{"id": "v", "type": "video", "clips": clips}]}
    export = {
        "video": {"codec": "h264", "preset": "medium", "crf": 20},
        "audio": {"codec": "flac"},
    }
    path = tmp_path / "film.tlp"
    document = {"metadata": {"id": "f"}, "timeline": timeline, "export": export}
    path.write_text(json.dumps(document), "utf-8")
    return path


def render(project: Path, folder: Path, library: str) -> Any:
    folder.mkdir()
    environ = {**os.environ}
    if library:
        environ["NPY_DISABLE_CPU_FEATURES"] = " ".join(DISPATCHED)
    command = [sys.executable, "-c", CHILD, str(project), str(folder), library]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_portable_parts_are_the_same_on_another_processor(film: Path, tmp_path: Path, library: str) -> None:
    here, there = render(film, tmp_path / "here", ""), render(film, tmp_path / "there", library)
    names = [name for name, _ in EFFECTS]
    portable = {}
    for name, one, other in zip(names, here["segments"], there["segments"], strict=True):
        (hash_, portable[name], digest), (other_hash, _, other_digest) = one, other
        if portable[name]:
            assert (other_hash, other_digest) == (hash_, digest), name
        else:
            assert other_hash != hash_, name
    assert [name for name in names if not portable[name]] == ["blur"]
    assert here["sound"] == there["sound"]
