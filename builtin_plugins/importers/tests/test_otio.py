"""OpenTimelineIO: what its own library writes comes out at the times that it computes itself."""

from __future__ import annotations

import copy
import json
import random
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from kadr_importers.otio import OtioImporter
from kadr_importers.otio_media import path_of
from kadr_importers.otio_track import Names
from kadr_sdk.errors import InvalidPathError, KadrError, SerializationError
from kadr_sdk.importing import TIMECODED, Imported, ImportOptions
from kadr_sdk.project import Clip


def time(value: float, rate: float = 25) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "RationalTime.1", "value": value, "rate": rate}


def span(start: float, length: float, rate: float = 25) -> dict[str, Any]:
    times = {"start_time": time(start, rate), "duration": time(length, rate)}
    return {"OTIO_SCHEMA": "TimeRange.1"} | times


def clip(name: str, start: float = 0, length: float = 50, **more: Any) -> dict[str, Any]:
    media = {"OTIO_SCHEMA": "ExternalReference.1", "target_url": f"{name}.mp4"}
    media["available_range"] = span(0, 500)
    item = {"OTIO_SCHEMA": "Clip.1", "name": name, "media_reference": media}
    return item | {"source_range": span(start, length)} | more


def gap(length: float) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "Gap.1", "source_range": span(0, length)}


def dissolve(early: float, late: float, kind: str = "SMPTE_Dissolve") -> dict[str, Any]:
    item = {"OTIO_SCHEMA": "Transition.1", "transition_type": kind}
    return item | {"in_offset": time(early), "out_offset": time(late)}


def track(*children: dict[str, Any], kind: str = "Video", **more: Any) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "Track.1", "kind": kind, "children": list(children)} | more


def film(*tracks: dict[str, Any], **more: Any) -> dict[str, Any]:
    stack = {"OTIO_SCHEMA": "Stack.1", "children": list(tracks)}
    return {"OTIO_SCHEMA": "Timeline.1", "name": "Film", "tracks": stack} | more


def load(folder: Path, document: Any, **options: Any) -> Imported:
    path = folder / "film.otio"
    path.write_text(document if isinstance(document, str) else json.dumps(document), "utf-8")
    return OtioImporter().load(path, ImportOptions(**options))


def clips(found: Imported, number: int = 0) -> tuple[Clip, ...]:
    return found.project.timeline.tracks[number].clips


def notes(found: Imported) -> list[str]:
    return [f"{n.kind} {n.where}: {n.message}" for n in found.notes]


def test_a_row_becomes_clips_at_their_times(tmp_path: Path) -> None:
    found = load(tmp_path, film(track(clip("a", 25, 50), gap(20), clip("b", 0, 30), clip("a", 5, 10))))
    rows = [(c.id, c.source_file, c.start_time, c.duration, c.source_start) for c in clips(found)]
    assert rows == [
        ("a", "a.mp4", 0, 2, 1),
        ("b", "b.mp4", Fraction("2.8"), Fraction("1.2"), 0),
        ("a 2", "a.mp4", 4, Fraction("0.4"), Fraction("0.2")),
    ]
    assert found.project.timeline.fps == 25
    assert found.notes == ()
    assert found.kept == {"clips": 3, "transitions": 0, "tracks": 1}


def test_rates_of_ntsc_are_exact(tmp_path: Path) -> None:
    item = clip("a") | {"source_range": span(30, 60, 29.97002997002997)}
    found = load(tmp_path, film(track(item)))
    assert found.project.timeline.fps == Fraction(30000, 1001)
    assert clips(found)[0].duration == Fraction(2002, 1000)
    assert load(tmp_path, film(track(item)), fps=Fraction(24)).project.timeline.fps == 24


def test_media_that_begins_at_a_timecode(tmp_path: Path) -> None:
    item = clip("a", 90010, 50)
    item["media_reference"]["available_range"] = span(90000, 100)
    assert clips(load(tmp_path, film(track(item))))[0].source_start == Fraction("0.4")
    del item["media_reference"]["available_range"]
    (unsaid,) = clips(load(tmp_path, film(track(item))))
    assert (unsaid.source_start, unsaid.extensions) == (Fraction("3600.4"), {TIMECODED: True})


@pytest.mark.parametrize(
    ("early", "late", "starts", "use"),
    [
        (5, 5, (2, 2), {"duration": Fraction("0.4"), "alignment": "center"}),
        (0, 10, (2, 2), {"duration": Fraction("0.4"), "alignment": "start"}),
        (10, 0, (2, 2), {"duration": Fraction("0.4"), "alignment": "end"}),
        (5, 10, (Fraction("2.4"), Fraction("1.8")), {"duration": None, "alignment": "center"}),
    ],
)
def test_dissolves_reach_as_far_as_they_say(
    tmp_path: Path, early: int, late: int, starts: tuple[Any, Any], use: dict[str, Any]
) -> None:
    found = load(tmp_path, film(track(clip("a", 25), dissolve(early, late), clip("b", 25))))
    first, second = clips(found)
    assert (first.duration, second.start_time) == starts
    assert second.start_time - 1 == second.source_start, "the same pictures at the same times"
    (transition,) = found.project.timeline.tracks[0].transitions
    assert {key: getattr(transition, key) for key in use} == use
    assert found.notes == ()


def test_dissolves_from_and_to_nothing_are_fades(tmp_path: Path) -> None:
    row = track(gap(25), dissolve(5, 5), clip("a", 50, 50), dissolve(0, 10), gap(25))
    found = load(tmp_path, film(row, track(*row["children"], kind="Audio")))
    (seen,), (heard,) = clips(found, 0), clips(found, 1)
    assert (seen.start_time, seen.duration) == (Fraction("0.8"), Fraction("2.6"))
    keys = [(k.time, k.value) for k in seen.opacity.keyframes]  # type: ignore[union-attr]  # animated
    assert keys == [(0, 0), (Fraction("0.4"), 1), (Fraction("2.2"), 1), (Fraction("2.6"), 0)]
    assert (heard.fade_in, heard.fade_out) == (Fraction("0.4"), Fraction("0.4"))
    assert seen.muted, "its sound is on a track of its own"


def test_other_transitions_become_dissolves_and_say_so(tmp_path: Path) -> None:
    found = load(tmp_path, film(track(clip("a"), dissolve(5, 5, "Star_Wipe"), clip("b", 25))))
    assert notes(found) == [
        "changed tracks.children[0].children[1]: the transition 'Star_Wipe' is a dissolve here"
    ]


def test_speeds_freezes_and_what_is_lost(tmp_path: Path) -> None:
    def warp(scalar: object) -> dict[str, Any]:
        return {"OTIO_SCHEMA": "LinearTimeWarp.1", "time_scalar": scalar}

    freeze = {"OTIO_SCHEMA": "FreezeFrame.1", "time_scalar": 0}
    blur = {"OTIO_SCHEMA": "Effect.1", "effect_name": "Blur\x1b[2J"}
    rows = [[warp(2)], [warp(-0.5)], [freeze], [warp(1000)], [blur], [warp(2), warp(1.5)]]
    found = load(tmp_path, film(track(*(clip("a", 25, effects=row) for row in rows))))
    assert [(c.speed, c.reversed, c.freeze) for c in clips(found)] == [
        (2, False, None),
        (0.5, True, None),
        (1, False, 1),
        (1, False, None),
        (1, False, None),
        (3, False, None),
    ]
    assert [n.kind for n in found.notes] == ["changed", "lost", "lost"]
    assert "\x1b" not in notes(found)[2]


def test_nested_things_become_sequences(tmp_path: Path) -> None:
    inner = {
        "OTIO_SCHEMA": "Stack.1",
        "name": "inner",
        "children": [clip("x", 0, 40), track(clip("y", 0, 90))],
    }
    found = load(tmp_path, film(track(clip("a"), inner | {"source_range": span(10, 20)}, track(clip("z")))))
    _, nested, row = clips(found)
    assert (nested.sequence, nested.source_start, nested.duration) == (
        "inner",
        Fraction("0.4"),
        Fraction("0.8"),
    )
    assert [len(t.clips) for t in found.project.sequences["inner"].tracks] == [1, 1]
    assert found.project.sequences[str(row.sequence)].tracks[0].clips[0].id == "z"


def test_a_trimmed_track_is_a_sequence_too(tmp_path: Path) -> None:
    found = load(tmp_path, film(track(clip("a"), clip("b"), source_range=span(25, 50))))
    (whole,) = clips(found)
    assert (whole.source_start, whole.duration) == (1, 2)


def test_markers_metadata_and_switches(tmp_path: Path) -> None:
    def mark(name: str, at: int) -> dict[str, Any]:
        return {"OTIO_SCHEMA": "Marker.2", "name": name, "color": "RED", "marked_range": span(at, 0)}

    row = track(
        clip("a", 25, markers=[mark("on clip", 50)], metadata={"cmx": 1}),
        clip("b", enabled=False),
        clip("c"),
        markers=[mark("on track", 10)],
        enabled=False,
    )
    document = film(row, global_start_time=time(90000), metadata={"who": "me"})
    document["tracks"]["markers"] = [mark("on film", 100)]
    found = load(tmp_path, document)
    assert [(m.name, m.time, m.color) for m in found.project.timeline.markers] == [
        ("on track", Fraction("0.4"), "red"),
        ("on clip", 1, "red"),
        ("on film", 4, "red"),
    ]
    assert [(c.id, c.start_time) for c in clips(found)] == [("a", 0), ("c", 4)]
    assert not found.project.timeline.tracks[0].enabled
    assert clips(found)[0].extensions == {"otio": {"cmx": 1}}
    assert found.project.extensions == {"otio": {"who": "me"}}
    assert [n.kind for n in found.notes] == ["lost", "changed"]


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("file:///a/b%20c.mp4", "/a/b c.mp4"),
        ("file://localhost/a/b.mp4", "/a/b.mp4"),
        ("file:///C:/a/b.mp4", "C:/a/b.mp4"),
        ("file://server/share/b.mp4", "//server/share/b.mp4"),
        (r"C:\a\b.mp4", r"C:\a\b.mp4"),
        ("a/b 100%.mp4", "a/b 100%.mp4"),
        ("https://host/b.mp4", ""),
        ("http://[x", ""),
        ("file:///a%00b", ""),
        ("", ""),
        (7, ""),
    ],
)
def test_addresses_as_paths(url: object, path: str) -> None:
    assert path_of(url) == path


def test_media_of_other_kinds(tmp_path: Path) -> None:
    def with_media(name: str, **media: Any) -> dict[str, Any]:
        return clip(name) | {"media_reference": media}

    pictures = {
        "OTIO_SCHEMA": "ImageSequenceReference.1",
        "target_url_base": "file:///p/",
        "name_prefix": "f.",
    }
    pictures |= {"name_suffix": ".png", "frame_zero_padding": 4, "rate": 24.0, "frame_step": 1}
    missing = {"OTIO_SCHEMA": "MissingReference.1"}
    second = clip("v2") | {
        "OTIO_SCHEMA": "Clip.2",
        "media_reference": None,
        "media_references": {"HI": clip("hi")["media_reference"], "LO": clip("lo")["media_reference"]},
        "active_media_reference_key": "LO",
    }
    rows = [
        with_media("p", **pictures),
        with_media("shot.mov", **missing),
        with_media("nothing", **missing),
        with_media("gen", OTIO_SCHEMA="GeneratorReference.1", generator_kind="Clouds"),
        with_media("bars", OTIO_SCHEMA="GeneratorReference.1", generator_kind="SMPTEBars"),
        with_media("net", OTIO_SCHEMA="ExternalReference.1", target_url="https://x/y.mp4"),
        second,
    ]
    found = load(tmp_path, film(track(*rows)))
    assert [c.generator.type for c in clips(found) if c.generator] == ["bars"]
    assert [(c.source_file, c.source_rate) for c in clips(found) if not c.generator] == [
        ("/p/f.%04d.png", 24),
        ("shot.mov", None),
        ("lo.mp4", None),
    ]
    assert [n.kind for n in found.notes] == ["assumed", "lost", "lost", "lost"]


def test_collections_give_their_first_timeline(tmp_path: Path) -> None:
    many = {
        "OTIO_SCHEMA": "SerializableCollection.1",
        "children": [clip("x"), film(track(clip("a"))), film()],
    }
    found = load(tmp_path, many)
    assert clips(found)[0].id == "a"
    assert [n.kind for n in found.notes] == ["lost"]


def deep(levels: int) -> dict[str, Any]:
    inner = track(clip("a"))
    for _ in range(levels):
        inner = {"OTIO_SCHEMA": "Stack.1", "children": [inner]}
    return film(track(inner))


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("", "not a JSON document"),
        ("[1]", "OTIO_SCHEMA is missing"),
        ('{"OTIO_SCHEMA": NaN}', "NaN is not JSON"),
        ("[" * 100_000, "not a JSON document"),
        (clip("a"), "no timeline is in it, but a Clip"),
        ({"OTIO_SCHEMA": "Timeline.1"}, "tracks: a Stack is expected"),
        (film(track({"name": "x"})), r"tracks.children\[0\].children\[0\]: an object with OTIO_SCHEMA"),
        (film(track("x")), "an object with OTIO_SCHEMA"),  # type: ignore[arg-type]  # that is the point
        (film(track(clip("a") | {"source_range": 5})), "source_range: an object is expected, not 5"),
        (film(track(clip("a", 0, -1))), "its duration is negative"),
        (film(track(clip("a") | {"source_range": span(0, 5, 0)})), "a rate above 0"),
        (film(track(clip("a") | {"source_range": span(0, 5, 1e-300)})), "a rate above 0"),
        (film(track(clip("a") | {"source_range": span(0, 1e14)})), "a time beyond a week"),
        (film(track({"OTIO_SCHEMA": "Clip.1"})), "says how long it is"),
        (film(track(clip("a"), dissolve(-5, 5), clip("b"))), "offsets are not negative"),
        (
            film(track(clip("a", effects=[{"OTIO_SCHEMA": "LinearTimeWarp.1", "time_scalar": "x"}]))),
            "time_scalar",
        ),
        (
            json.dumps(
                film(track(clip("a", effects=[{"OTIO_SCHEMA": "LinearTimeWarp.1", "time_scalar": 1234}])))
            ).replace("1234", "1e999"),
            "time_scalar",
        ),
        (
            film(children=5) | {"tracks": {"OTIO_SCHEMA": "Stack.1", "children": 5}},
            "children: a list is expected",
        ),
        (deep(40), "more than 16 deep"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, document: Any, words: str) -> None:
    with pytest.raises(SerializationError, match=words) as caught:
        load(tmp_path, document)
    assert caught.value.path == str(tmp_path / "film.otio")


def test_a_rate_of_pictures_that_is_none_is_not_taken(tmp_path: Path) -> None:
    media = {"OTIO_SCHEMA": "ImageSequenceReference.1", "target_url_base": "d", "name_suffix": ".png"}
    found = load(tmp_path, film(track(clip("a", media_reference=media | {"rate": 1e-320}))))
    assert [(c.source_file, c.source_rate) for c in clips(found)] == [("d/%d.png", None)]


def test_many_clips_of_one_name_take_no_more_steps_than_there_are() -> None:
    names = Names()
    assert [names.new("a"), names.new("a 3"), names.new("a"), names.new("a")] == ["a", "a 3", "a 2", "a 4"]
    # Trying every number again would be 20 000 000 000 steps.
    assert len({names.new("b") for _ in range(200_000)}) == 200_000


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    for name in ("none.otio", "", "a\0b"):
        with pytest.raises(InvalidPathError):
            OtioImporter().load(tmp_path / name, ImportOptions())
    (tmp_path / "latin.otio").write_bytes(b'{"name": "\xe9"}')
    with pytest.raises(SerializationError, match="UTF-8"):
        OtioImporter().load(tmp_path / "latin.otio", ImportOptions())


def test_whatever_is_broken_ends_in_one_error(tmp_path: Path) -> None:
    """Any value of a good document replaced by another: a project, or an error of the tree."""
    good = film(track(clip("a", 25), dissolve(5, 10), clip("b", 25), gap(5)), track(clip("s"), kind="Audio"))
    places = list(_places(good))
    values: list[Any] = [None, 0, -1, 1e300, "x", "", [], {}, True, [1], {"OTIO_SCHEMA": "Clip.1"}]
    chosen, refused = random.Random(5), set()
    for _ in range(400):
        broken = copy.deepcopy(good)
        *way, last = chosen.choice(places)
        inner: Any = broken
        for key in way:
            inner = inner[key]
        inner[last] = chosen.choice(values)
        try:
            load(tmp_path, broken)
        except KadrError as error:
            refused.add(str(error))
    assert len(refused) > 5


def _places(value: Any, way: tuple[Any, ...] = ()) -> Any:
    rows = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in rows:
        yield (*way, key)
        yield from _places(inner, (*way, key))


# -- against the library itself ----------------------------------------------------------------


def test_its_own_library_says_the_same(tmp_path: Path) -> None:
    otio = pytest.importorskip("opentimelineio", reason="the dev group has it")
    exact, ranges = otio.opentime.RationalTime, otio.opentime.TimeRange
    chosen = random.Random(11)
    for number in range(20):
        rate = chosen.choice([24, 25, 23.976023976023978, 60])
        row = otio.schema.Track("V", kind="Video")
        for n in range(12):
            start, length = chosen.randrange(0, 200), chosen.randrange(1, 90)
            taken = ranges(exact(start, rate), exact(length, rate))
            if chosen.random() < 0.3:
                row.append(otio.schema.Gap(duration=exact(length, rate)))
                continue
            media = otio.schema.ExternalReference(f"{n}.mp4", ranges(exact(0, rate), exact(300, rate)))
            row.append(otio.schema.Clip(f"c{n}", media_reference=media, source_range=taken))
        timeline = otio.schema.Timeline(f"film {number}")
        timeline.tracks.append(row)
        found = load(tmp_path, timeline.to_json_string())
        theirs = [
            (c.name, c.range_in_parent().start_time, c.range_in_parent().duration, c.source_range.start_time)
            for c in row.find_clips()
        ]
        fps = found.project.timeline.fps
        ours = [
            (c.id, c.start_time * fps, (c.duration or 0) * fps, c.source_start * fps) for c in clips(found)
        ]
        assert ours == [(name, *(int(t.value) for t in times)) for name, *times in theirs]


# -- files that other programs wrote -----------------------------------------------------------


def test_samples_of_the_library(tmp_path: Path, interchange: Path) -> None:
    wanted = {
        "simple_cut": (1, 4, 0),
        "transition": (1, 4, 1),
        "multiple_track": (3, 5, 0),
        "multitrack": (3, 5, 0),
        "generator_reference_test": (1, 1, 0),
    }
    for name, counts in wanted.items():
        found = OtioImporter().load(interchange / f"{name}.otio", ImportOptions())
        tracks = found.project.timeline.tracks
        clips = sum(len(t.clips) for t in tracks)
        assert (len(tracks), clips, sum(len(t.transitions) for t in tracks)) == counts, name
