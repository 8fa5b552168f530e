"""The example of recognition: its commands as its README gives them, against what was drawn."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import shutil
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from kadr_kernel.boot import boot

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "follow"
BLOCKS = re.findall(r"^```\n(.*?)^```$", (EXAMPLE / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
RATE = 5


@pytest.fixture
def make() -> Any:
    """The script of the example, with fewer pictures."""
    pytest.importorskip("onnx")
    spec = importlib.util.spec_from_file_location("follow_make", EXAMPLE / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.RATE = RATE
    return module


def test_the_example(make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("drawn.tlp", "tall.tlp"):
        (tmp_path / name).write_text(
            (EXAMPLE / name).read_text("utf-8").replace(": 15", f": {RATE}"), "utf-8"
        )
    with boot(environ={"KADR_HOME": str(tmp_path / "home")}) as kernel:
        host = kernel.catalogue.load("host", "cli")
        for line in "".join(BLOCKS).replace("--source-fps 15", f"--source-fps {RATE}").splitlines():
            words = shlex.split(line)
            if words[0] == "python":
                make.main(tmp_path)
            else:
                assert host.run(kernel, words[1:]) == 0, line
    check_boxes(make, json.loads((tmp_path / "seen.json").read_text("utf-8")))
    with av.open(str(tmp_path / "tall.mp4")) as film:
        for frame in film.decode(video=0):
            red, green, blue = np.moveaxis(frame.to_ndarray(format="rgb24").astype(int), 2, 0)
            assert (frame.width, frame.height) == (202, 360)
            assert ((red - np.maximum(green, blue)) > 90).sum() > 1500, "the ball is in every picture"
    assert {"drawn.jpg", "storyboard.jpg", "tall.jpg", "kite.mp4"} <= {p.name for p in tmp_path.iterdir()}
    shutil.rmtree(tmp_path / "pictures")


def check_boxes(make: Any, seen: dict[str, Any]) -> None:
    """Every ball and kite is seen where it was drawn."""
    rows = {(row["class"], Fraction(str(row["t"]))): row for row in seen["detections"]}
    times = [Fraction(n, RATE) for n in range(RATE * make.SECONDS)]
    assert sorted(t for name, t in rows if name == "ball") == times
    for (name, time), row in rows.items():
        place = getattr(make, name)(float(time))
        assert place is not None
        x, y, width, height = row["box"]
        if x > 0 and x + width < make.SIZE[0]:
            assert abs(x + width / 2 - place[0]) < 5
            assert abs(y + height / 2 - place[1]) < 5
    assert 2 <= min(time for name, time in rows if name == "kite") <= Fraction(5, 2)
