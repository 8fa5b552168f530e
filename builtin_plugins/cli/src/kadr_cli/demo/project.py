"""The project of the demo film."""

from __future__ import annotations

from kadr_sdk.project import Project, parse_project

__all__ = ["STORY", "demo_project"]

STORY = (
    "0.0 s  dunes: a clip that fades in, with the tune below",
    "3.5 s  crossfade of one second into the lagoon",
    "4.5 s  the lagoon, graded: contrast up, saturation keyframed from pale to rich",
    "5.0 s  picture in a picture: the lanterns slide in, small, and out again",
    "8.0 s  cut to the lanterns, blurred by keyframes until they are sharp",
    "11.5 s all sound fades out",
)


def demo_project() -> Project:
    """Cuts, a crossfade, a grade, a blur, a picture in a picture and mixed sound; 12 s at 25 fps."""
    dunes = {
        "id": "dunes",
        "source_file": "dunes.mp4",
        "start_time": 0,
        "duration": 4.5,
        "volume": 0.8,
        "opacity": {"keyframes": [{"time": 0, "value": 0}, {"time": 0.8, "value": 1, "easing": "ease-out"}]},
    }
    lagoon = {
        "id": "lagoon",
        "source_file": "lagoon.mp4",
        "start_time": 3.5,
        "duration": 4.5,
        "effects": ["contrast", "rich"],
    }
    lanterns = {
        "id": "lanterns",
        "source_file": "lanterns.mp4",
        "start_time": 8,
        "duration": 4,
        "fade_out": 1.0,
        "effects": ["focus"],
        "transform": {"scale_x": _zoom(), "scale_y": _zoom()},
    }
    small = {
        "id": "small",
        "source_file": "lanterns.mp4",
        "start_time": 5,
        "duration": 2.6,
        "source_start": 1,
        "muted": True,
        "transform": {"scale_x": 0.28, "scale_y": 0.28, "position_x": _slide(), "position_y": 0.3},
    }
    tune = {
        "id": "tune",
        "source_file": "tune.wav",
        "start_time": 0,
        "duration": 12,
        "fade_in": 0.5,
        "fade_out": 1.0,
    }
    pictures = {
        "id": "pictures",
        "clips": [dunes, lagoon, lanterns],
        "transitions": [{"id": "cross", "transition_type": "dissolve", "between": ["dunes", "lagoon"]}],
    }
    rich = {"keyframes": [{"time": 0.5, "value": 0.4}, {"time": 3, "value": 1.5, "easing": "ease-in-out"}]}
    focus = {"keyframes": [{"time": 0.4, "value": 14}, {"time": 2.2, "value": 0, "easing": "ease-out"}]}
    return parse_project(
        {
            "metadata": {"id": "demo", "name": "kadr demo"},
            "timeline": {
                "fps": 25,
                "resolution": [1280, 720],
                "background": "#05060a",
                "tracks": [
                    pictures,
                    {"id": "inset", "clips": [small]},
                    {"id": "music", "type": "audio", "volume": 0.7, "clips": [tune]},
                ],
                "markers": [
                    {"time": 0, "name": "Dunes", "kind": "chapter"},
                    {"time": 4, "name": "Lagoon", "kind": "chapter"},
                    {"time": 8, "name": "Lanterns", "kind": "chapter"},
                ],
            },
            "export": {"video": {"codec": "h264", "crf": 20, "preset": "veryfast"}},
            "effects": [
                {"id": "contrast", "effect_type": "contrast", "parameters": {"value": 1.15}},
                {"id": "rich", "effect_type": "saturation", "parameters": {"value": rich}},
                {"id": "focus", "effect_type": "blur", "parameters": {"radius": focus}},
            ],
        }
    )


def _slide() -> dict[str, object]:
    """In from the right, rest, out again."""
    return {
        "keyframes": [
            {"time": 0, "value": 0.7},
            {"time": 0.5, "value": 0.32, "easing": "ease-out"},
            {"time": 2.1, "value": 0.32},
            {"time": 2.6, "value": 0.7, "easing": "ease-in"},
        ]
    }


def _zoom() -> dict[str, object]:
    return {"keyframes": [{"time": 0, "value": 1.0}, {"time": 4, "value": 1.08}]}
