"""Effects over detections: CPU of a frame in full HD with four things in it, against a copy of the frame.

python tests/benchmarks/bench_edits.py
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

from kadr_recognition.detection import Detection
from kadr_recognition.document import Results, Row
from kadr_recognition.effects.auto_reframe import AutoReframe
from kadr_recognition.effects.draw_detections import DrawDetections
from kadr_recognition.effects.privacy_blur import PrivacyBlur
from kadr_sdk.effects import FrameCall
from kadr_sdk.params import FilePath
from kadr_sdk.testing.synthetic import barcode_frame

WIDTH, HEIGHT, RUNS = 1920, 1080, 30
BOXES = [(200.0 + 400 * n, 300.0, 160.0, 480.0) for n in range(4)]
VALUES = {"classes": "", "hold": 0.5, "threshold": 0.0, "max_gap": 0.5, "margin": 0.15, "cells": 6}


def milliseconds(work: Callable[[], object]) -> float:
    """Least CPU of a run."""
    times = []
    for _ in range(RUNS):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return 1000 * min(times)


def main() -> None:
    """Print a line for each effect."""
    frame = barcode_frame(1, WIDTH, HEIGHT)
    media = {"name": "a", "digest": "d", "stream": 0, "width": WIDTH, "height": HEIGHT, "end": 1}
    rows = tuple(
        Row(0, Fraction(0), Detection("person", 0.9, box, track=n)) for n, box in enumerate(BOXES, 1)
    )
    found = Results(media, {"id": "m", "classes": ["person"]}, {"every": "1"}, ((0, Fraction(0)),), rows)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "seen.json"
        path.write_bytes(found.to_bytes())
        told = {"detections": FilePath(path), "source_time": Fraction(0), "source_view": (0.0, 0.0, 1.0, 1.0)}
        plain = milliseconds(frame.copy)
        print(f"copy of a frame            {plain:6.2f} ms")
        uses: list[tuple[Any, dict[str, Any]]] = [
            (PrivacyBlur(), {"method": method}) for method in ("blur", "pixelate", "box")
        ]
        for effect, more in (
            *uses,
            (AutoReframe(), {"aspect": "9:16"}),
            (DrawDetections(), {"labels": True, "line": 4.0}),
        ):
            moment = (0, Fraction(25), Fraction(0), Fraction(1), 0.0, 7)
            call = FrameCall([[frame]], VALUES | told | more, *moment, WIDTH, HEIGHT, "yuv420p", frame.color)
            spent = milliseconds(lambda effect=effect, call=call: effect.frame(call))  # type: ignore[misc]  # bound now
            name = f"{type(effect).__name__} {more.get('method', '')}"
            print(f"{name:26} {spent:6.2f} ms, {spent / plain:5.1f} copies")


if __name__ == "__main__":
    main()
