"""Slow moves over pictures, and dark stretches of a film: Python that runs as a guest of kadr.

kadr calls `call` with the name of a function and a question in JSON; the answer is JSON too.
"""

import json
import math
import random

import wit_world
from componentize_py_types import Err

# What is used inside must be imported out here: the guest is frozen after its start, and has no files.


class WitWorld(wit_world.WitWorld):
    """What sdk/abi/data.wit says that a guest has."""

    def call(self, function: str, input: str) -> str:
        """An answer; what is raised as Err, the user reads."""
        try:
            return json.dumps(FUNCTIONS[function](**json.loads(input)))
        except RefusedError as no:
            raise Err(str(no)) from no
        except Exception as error:
            raise Err(f"{type(error).__name__}: {error}") from error


class RefusedError(Exception):
    """Words for the user."""


def kenburns(values, project, **_):
    """Keyframes for every clip that has none: closer or away, in turn, towards another side."""
    moved = 0
    for track in project["timeline"].get("tracks", []):
        for clip in track.get("clips", []) if track.get("type", "video") == "video" else []:
            if "duration" not in clip or "transform" in clip:
                continue
            clip["transform"] = move(seconds(clip["duration"]), values, moved)
            moved += 1
    if not moved:
        raise RefusedError("no clip has a duration and stands still")
    return {"project": project, "text": f"{moved} clips move now", "data": {"moved": moved}}


def move(duration, values, number):
    """Scale and position over a clip; the hand shakes the same way every time."""
    small, large = (1.0, values["zoom"]) if number % 2 == 0 else (values["zoom"], 1.0)
    angle = 2.399963 * number  # the golden angle: no two neighbours go the same way
    room = (values["zoom"] - 1) / 2
    hand = random.Random(number)  # noqa: S311 - not a secret; the same hand every time
    steps = max(2, min(200, int(duration * 5))) if values["shake"] else 2
    rows = []
    for step in range(steps):
        part = step / (steps - 1)
        smooth = (1 - math.cos(math.pi * part)) / 2 if steps > 2 else part
        scale = small + (large - small) * smooth
        shake = [hand.uniform(-1, 1) * values["shake"] for _ in "xy"]
        x, y = (room * part * turn for turn in (math.cos(angle), math.sin(angle)))
        rows.append((part * duration, scale, x + shake[0], y + shake[1]))
    return {
        "scale_x": curve((time, scale) for time, scale, _, _ in rows),
        "scale_y": curve((time, scale) for time, scale, _, _ in rows),
        "position_x": curve((time, x) for time, _, x, _ in rows),
        "position_y": curve((time, y) for time, _, _, y in rows),
    }


def curve(points):
    """Points of time and value as the project file has them."""
    rows = [{"time": round(t, 6), "value": round(v, 6), "easing": "ease-in-out"} for t, v in points]
    return {"keyframes": rows}


def seconds(value):
    """A time as the project file writes it."""
    if isinstance(value, str):
        over, _, under = value.partition("/")
        return float(over) / float(under or 1)
    return float(value)


def dark(values, rows, **_):
    """Stretches whose mean luma stays below a limit."""
    found = []
    for row in rows:
        if row["mean"] / (2 ** row["depth"] - 1) >= values["below"]:
            found.append(None)
        elif found and found[-1]:
            found[-1]["end"] = row["time"]
        else:
            found.append({"frame": row["frame"], "time": row["time"], "end": row["time"]})
    return {"rows": [stretch for stretch in found if stretch]}


FUNCTIONS = {"kenburns": kenburns, "dark": dark}
