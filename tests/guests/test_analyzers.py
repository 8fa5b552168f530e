"""Analyzers in Python: of single frames with their neighbours, and of the whole stream."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kadr_sdk.errors import MediaFileError, RenderError, ValidationError
from kadr_sdk.rendering import Renderer
from kadr_sdk.testing.memory import write_source

MANIFEST = """
manifest = 1
[plugin]
id = "org.look"
version = "1.0"
[[contributes.analyzer]]
id = "org.look.near"
names = ["near"]
file = "near.toml"
entry = "org_look.code:Near"
[[contributes.analyzer]]
id = "org.look.all"
names = ["all"]
file = "all.toml"
entry = "org_look.code:All"
"""
DECLARED = """
id = "org.look.{name}"
version = 1
title = "{name}"
kind = "analyzer"
names = ["{name}"]
{more}
[[params]]
name = "fail"
type = "bool"
default = false
"""
CODE = """
from kadr_sdk.testing.synthetic import read_barcode


class Near:
    def reset(self):
        self.seen = 0

    def measure(self, call):
        self.seen += 1
        numbers = [read_barcode(f.planes[0]) for f in call.inputs[0]]
        if call.values["fail"]:
            raise KeyError("no such thing")
        return {"near": numbers, "seen": self.seen} if call.frame != 1 else None


class All:
    def analyze(self, frames, values):
        yield {"sum": sum(read_barcode(f.planes[0]) for f in frames)}
"""


@pytest.fixture
def analyze(house: Callable[..., Any], tmp_path: Path) -> Callable[..., list[Any]]:
    files = {n: DECLARED.format(name=n, more=m) for n, m in (("near", "window = [1, 2]"), ("all", ""))}
    texts = {f"{n}.toml": text for n, text in files.items()} | {"plugin.toml": MANIFEST, "code.py": CODE}
    home = house(org_look=texts)
    home.enable("org.look")
    renderer: Renderer = home.kernel.container.get(Renderer)

    def run(name: str, frames: int = 5, **values: Any) -> list[Any]:
        path = tmp_path / f"{frames}.mem"
        video = {"width": 320, "height": 180, "rate": "25", "frames": frames}
        write_source(path, **({"video": video} if frames else {"audio": {"rate": 48000, "seconds": "1"}}))
        return list(renderer.analyze(path, name, values))

    return run


def test_frames_with_their_neighbours(analyze: Callable[..., list[Any]]) -> None:
    rows = analyze("near")
    assert [row["frame"] for row in rows] == [0, 2, 3, 4]  # of frame 1 nothing was said
    assert [row["near"] for row in rows] == [[0, 0, 1, 2], [1, 2, 3, 4], [2, 3, 4, 4], [3, 4, 4, 4]]
    assert [row["seen"] for row in rows] == [1, 3, 4, 5]
    assert [row["time"] for row in rows] == [0.0, 0.08, 0.12, 0.16]


@pytest.mark.parametrize("frames", [1, 2])
def test_fewer_frames_than_the_window(analyze: Callable[..., list[Any]], frames: int) -> None:
    assert analyze("near", frames)[0]["near"] == [0, 0, *[min(n, frames - 1) for n in (1, 2)]]


def test_the_whole_stream(analyze: Callable[..., list[Any]]) -> None:
    assert analyze("all") == [{"sum": 10}]


def test_what_goes_wrong_is_named(analyze: Callable[..., list[Any]]) -> None:
    with pytest.raises(RenderError, match=r"the analyzer org\.look\.near failed: KeyError: 'no such thing'"):
        analyze("near", fail=True)
    with pytest.raises(ValidationError, match="unknown parameter 'loud'"):
        analyze("near", loud=1)
    with pytest.raises(MediaFileError, match="there are no pictures in this file"):
        analyze("near", 0)
