"""Edits that follow what was seen, in real renders of a film whose truth is known."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kadr_recognition.document import Results
from kadr_recognition.reframing import reframed
from kadr_sdk.color import BT709
from kadr_sdk.errors import ValidationError
from kadr_sdk.frames import VideoFrame
from kadr_sdk.output import Output, VideoEncoding
from kadr_sdk.project import Project, dump_project, parse_project
from kadr_sdk.rendering import Renderer, RenderRequest

SIZE, FRAMES, RATE, STEP = (192, 96), 30, 25, 5
LOSSLESS = {"codec": "ffv1", "pixel_format": "yuv420p"}
GREY, BRIGHT = 60, 235


def place(frame: int) -> tuple[int, int, int, int]:
    """The box of the thing: it goes right by four pixels a frame, and falls."""
    return 8 + 4 * frame, 20 + frame, 24, 32


def picture(frame: int) -> VideoFrame:
    """Grey, with a bright thing."""
    found = VideoFrame.empty("yuv420p", *SIZE, BT709)
    for number, plane in enumerate(found.planes):
        plane[...] = GREY if number == 0 else 128
    x, y, width, height = place(frame)
    found.planes[0][y : y + height, x : x + width] = BRIGHT
    return found


@pytest.fixture(scope="module")
def film(renderer: Renderer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "film.mkv"
    backend = renderer.backend()
    video = VideoEncoding("ffv1", "yuv420p", *SIZE, Fraction(RATE))
    backend.write(
        path, backend.prepare(Output("test", "matroska", video, None)), map(picture, range(FRAMES)), None
    )
    write_document(path, path.with_name("seen.json"))
    return path


def write_document(film: Path, target: Path, step: int = STEP, **media: Any) -> None:
    """What a detector that looks at every fifth frame (or so) would have seen."""
    digest = hashlib.sha256(film.read_bytes()).hexdigest()
    looks = range(0, FRAMES, step)
    rows = [
        {"t": f"{n}/{RATE}", "frame": n, "class": "thing", "score": 0.9, "box": list(place(n)), "track": 1}
        for n in looks
    ]
    facts = {
        "name": film.name,
        "digest": digest,
        "stream": 0,
        "width": SIZE[0],
        "height": SIZE[1],
        "end": 1.2,
    }
    document = {
        **{"format": "kadr.detections", "version": 1, "media": facts | media},
        **{"model": {"id": "m", "classes": ["thing"]}, "settings": {"every": str(step)}},
        **{"frames": [[n, f"{n}/{RATE}"] for n in looks], "detections": rows},
    }
    target.write_text(json.dumps(document), "utf-8")


def project(film: Path, *effects: Any, resolution: tuple[int, int] = SIZE, **clip: Any) -> Project:
    clips = [{"id": "c", "source_file": str(film), "effects": list(effects)} | clip]
    timeline = {"fps": RATE, "resolution": list(resolution), "tracks": [{"id": "v", "clips": clips}]}
    return parse_project({"timeline": timeline})


def hide(**parameters: Any) -> dict[str, Any]:
    given = {"detections": "seen.json", "method": "box", "margin": 0.0} | parameters
    return {"effect_type": "privacy_blur", "parameters": given}


Render = Callable[..., list[Any]]


@pytest.fixture
def render(renderer: Renderer, film: Path, tmp_path: Path) -> Render:
    """Luma of every frame of a render."""
    import av

    def make(found: Project, **more: Any) -> list[Any]:
        target = tmp_path / "out.mkv"
        request = RenderRequest(target, video=LOSSLESS, cache=False, overwrite=True, **more)
        renderer.render(found, film.parent, request)
        with av.open(str(target)) as container:
            return [frame.to_ndarray()[: frame.height] for frame in container.decode(video=0)]

    return make


@pytest.mark.parametrize(
    "clip",
    [
        {},
        {"source_start": "7/25", "duration": "20/25"},
        {"reversed": True},
        {"speed": 2.0, "duration": "14/25"},
        {"speed": 0.5, "duration": "50/25"},
        {"crop": {"left": 0.25, "right": 0.125, "top": 0.25}},
        {"freeze": "12/25", "duration": "4/25"},
    ],
)
def test_no_frame_shows_the_thing(clip: dict[str, Any], film: Path, render: Render) -> None:
    """Every fifth frame was looked at; the thing is hidden in all, and nothing else is."""
    plain = render(project(film, fit="none", **clip))
    frames = render(project(film, hide(), fit="none", **clip))
    assert len(frames) == len(plain) > 0
    assert sum(bool((frame == BRIGHT).any()) for frame in plain) >= len(plain) - 8
    for found, was in zip(frames, plain, strict=True):
        assert not (found > GREY).any()
        grey = (found == GREY).sum()
        assert grey >= (was == GREY).sum() - 900  # at the end it may be anywhere on its way


def test_it_is_smaller_in_a_preview(film: Path, render: Render) -> None:
    frames = render(project(film, hide(margin=0.1), resolution=(96, 48)))
    assert all((frame <= GREY + 4).all() for frame in frames)
    assert all((frame < GREY - 20).any() for frame in frames)


def test_frames_alone_and_in_order_are_the_same(renderer: Renderer, film: Path, render: Render) -> None:
    found = project(
        film,
        hide(method="blur", margin=0.2),
        {"effect_type": "draw_detections", "parameters": {"detections": "seen.json"}},
    )
    whole = render(found)
    part = render(found, range=(Fraction(11, RATE), Fraction(20, RATE)))
    assert all(np.array_equal(a, b) for a, b in zip(part, whole[11:20], strict=True))


@pytest.mark.parametrize(
    ("parameters", "clip", "words"),
    [
        ({"detections": "gone.json"}, {}, "there is no file"),
        ({"detections": "film.mkv"}, {}, "not a document of detections"),
        ({"detections": "other.json"}, {}, "of other media"),
        ({"classes": "thng"}, {}, "did you mean 'thing'"),
        ({"max_gap": 0.1}, {}, "nobody looked at the media for 0.20 s"),
        ({}, {"effects_before": ["flip"]}, "put it before that effect"),
    ],
)
def test_what_cannot_be_hidden_is_not_rendered(
    parameters: dict[str, Any],
    clip: dict[str, Any],
    words: str,
    film: Path,
    renderer: Renderer,
    tmp_path: Path,
) -> None:
    write_document(film, film.with_name("other.json"), digest="0" * 64)
    before = [{"effect_type": name} for name in clip.get("effects_before", ())]
    target = tmp_path / "out.mkv"
    with pytest.raises(ValidationError, match=words):
        renderer.render(
            project(film, *before, hide(**parameters)), film.parent, RenderRequest(target, video=LOSSLESS)
        )
    assert not target.exists()


def test_a_narrow_frame_keeps_the_thing(film: Path, render: Render) -> None:
    """In a frame of a square the thing, which crosses the picture, is seen all the way."""
    from kadr_recognition.document import Results
    from kadr_recognition.reframing import reframed

    write_document(film, film.with_name("all.json"), step=1)
    found = Results.from_bytes(film.with_name("all.json").read_bytes())
    square = reframed(project(film), film.parent, (96, 96), lambda _: found)
    whole = place(0)[2] * place(0)[3]
    seen = [(frame > (GREY + BRIGHT) // 2).sum() for frame in render(square)]
    assert len(seen) == FRAMES
    assert sum(count > whole * 0.95 for count in seen) >= FRAMES - 2
    assert min(seen) > whole * 0.75  # it crosses the picture in a second: the frame starts a little late
    still = parse_project(json.loads(dump_project(square)))
    assert still.timeline == square.timeline


def test_other_detections_are_another_film(renderer: Renderer, film: Path, tmp_path: Path) -> None:
    """What the cache holds was made with the document as it was."""
    request = RenderRequest(tmp_path / "out.mkv", video=LOSSLESS)
    found = project(film, hide(detections="mine.json"))
    hashes = set()
    for name in ("film.mkv", "renamed.mkv"):
        write_document(film, film.with_name("mine.json"), name=name)
        hashes.add(renderer.plan(found, film.parent, request).hash)
    assert len(hashes) == 2


def follow(**parameters: Any) -> dict[str, Any]:
    given = {"detections": "seen.json", "aspect": "9:16"} | parameters
    return {"effect_type": "auto_reframe", "parameters": given}


def test_a_narrow_frame_follows_the_thing(film: Path, render: Render) -> None:
    """As an effect of a project file it shows what the operation shows; frames alone as in order."""
    found = project(film, follow(), resolution=(54, 96), fit="cover")
    whole = render(found)
    assert len(whole) == FRAMES
    places = [np.flatnonzero((frame > 150).any(axis=0)) for frame in whole]
    assert all(place.size for place in places)
    seen = Results.from_bytes((film.parent / "seen.json").read_bytes())
    for place, frame in zip(
        places, render(reframed(project(film), film.parent, (54, 96), lambda _: seen)), strict=True
    ):
        other = np.flatnonzero((frame > 150).any(axis=0))
        assert abs(place[0] - other[0]) <= 1
        assert abs(place[-1] - other[-1]) <= 1
    part = render(found, range=(Fraction(11, RATE), Fraction(20, RATE)))
    assert all(np.array_equal(a, b) for a, b in zip(part, whole[11:20], strict=True))


def test_nothing_follows_the_media_after_it_was_moved(film: Path, render: Render) -> None:
    with pytest.raises(ValidationError) as caught:
        render(project(film, follow(), hide()))
    assert "follows what is in the media, which kadr.auto_reframe may move" in str(caught.value.problems[0])
    frames = render(project(film, hide(), follow(), resolution=(54, 96), fit="cover"))
    assert not any((frame > GREY + 2).any() for frame in frames)
