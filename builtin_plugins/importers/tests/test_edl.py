"""CMX3600: events become clips; what the list cannot say is told."""

from __future__ import annotations

import random
import re
from fractions import Fraction
from pathlib import Path

import pytest
from kadr_importers.edl import EdlImporter
from kadr_sdk.errors import KadrError, SerializationError, ValidationError
from kadr_sdk.importing import TIMECODED, Imported, ImportOptions

HOLIDAY = """\
TITLE: Holiday
FCM: NON-DROP FRAME

001  AX       AA/V  C        00:00:00:00 00:00:02:00 01:00:00:00 01:00:02:00
* FROM CLIP NAME: beach.mp4
002  AX       V     C        00:00:02:00 00:00:02:00 01:00:02:00 01:00:02:00
002  AX       V     D    012 00:00:01:00 00:00:03:00 01:00:02:00 01:00:04:00
* FROM CLIP NAME: beach.mp4
* TO CLIP NAME: boat.mov
003  BL       V     D    024 00:00:00:00 00:00:01:00 01:00:04:00 01:00:05:00
004  TAPE7    V     C        00:00:00:00 00:00:01:00 01:00:05:00 01:00:06:00
M2   TAPE7    -048.0               00:00:00:00
* LOC: 01:00:05:12 RED     look here
"""


def load(folder: Path, text: str, fps: Fraction | None = Fraction(24)) -> Imported:
    path = folder / "cut.edl"
    path.write_text(text, "utf-8")
    return EdlImporter().load(path, ImportOptions(fps))


def test_a_list_with_everything(tmp_path: Path) -> None:
    found = load(tmp_path, HOLIDAY)
    project = found.project
    pictures, sound = project.timeline.tracks
    rows = [(c.source_file, c.start_time, c.duration, c.source_start) for c in pictures.clips]
    assert rows == [("beach.mp4", 0, 2, 0), ("boat.mov", 2, 3, 1), ("TAPE7", 5, 1, 0)]
    assert [(c.source_file, c.start_time, c.duration) for c in sound.clips] == [("beach.mp4", 0, 2)]
    assert all(c.muted and c.extensions == {TIMECODED: True} for c in pictures.clips)
    (joint,) = pictures.transitions
    assert (joint.transition_type, joint.duration, joint.alignment) == ("dissolve", Fraction(1, 2), "start")
    keys = [(k.time, k.value) for k in pictures.clips[1].opacity.keyframes]  # type: ignore[union-attr]  # animated
    assert keys == [(2, 1), (3, 0)]
    assert (pictures.clips[2].speed, pictures.clips[2].reversed) == (2, True)
    (mark,) = project.timeline.markers
    assert (mark.time, mark.name, mark.color) == (Fraction("5.5"), "look here", "red")
    assert project.metadata.name == "Holiday"
    assert found.kept == {"transitions": 1, "fades": 1, "clips": 4, "tracks": 2, "markers": 1}
    assert [n.where for n in found.notes] == ["line 11", "line 11", ""]


@pytest.mark.parametrize(
    ("fcm", "code", "rate"),
    [
        ("FCM: NON-DROP FRAME", "00:00:01:23", 24),
        ("FCM: NON-DROP FRAME", "00:00:01:24", 25),
        ("FCM: NON-DROP FRAME", "00:00:01:29", 30),
        ("FCM: DROP FRAME", "00:00:01:29", Fraction(30000, 1001)),
        ("", "00:00:01;29", Fraction(30000, 1001)),
        ("", "00:00:01:59", 60),
    ],
)
def test_the_rate_is_read_off_the_frames_and_said(tmp_path: Path, fcm: str, code: str, rate: object) -> None:
    text = f"{fcm}\n1 a V C 00:00:00:00 {code} 00:00:00:00 {code}\n"
    found = load(tmp_path, text, None)
    assert found.project.timeline.fps == rate
    assert "--fps" in found.notes[0].message


def test_drop_frame_counts_as_it_does(tmp_path: Path) -> None:
    text = "FCM: DROP FRAME\n1 a V C 00:00:00:00 00:01:00:02 00:00:00:00 00:01:00:02\n"
    (clip,) = load(tmp_path, text, Fraction(30000, 1001)).project.timeline.tracks[0].clips
    assert clip.duration == 1800 / Fraction(30000, 1001)


def test_a_dissolve_from_a_clip_that_is_nowhere_else(tmp_path: Path) -> None:
    text = """\
001 one V C     00:00:09:00 00:00:09:00 00:00:00:00 00:00:00:00
001 two V D 012 00:00:00:00 00:00:02:00 00:00:00:00 00:00:02:00
002 tri V W001 024 00:00:00:00 00:00:02:00 00:00:02:00 00:00:04:00
003 fou V D 012 00:00:00:00 00:00:02:00 00:00:10:00 00:00:12:00
"""
    found = load(tmp_path, text)
    (track,) = found.project.timeline.tracks
    assert [(c.source_file, c.start_time, c.duration) for c in track.clips] == [
        ("one", 0, Fraction(1, 2)),
        ("two", 0, 2),
        ("tri", 2, 2),
        ("fou", 10, 2),
    ]
    assert [(t.between, t.transition_type, t.duration) for t in track.transitions] == [
        (("V-1", "V-2"), "dissolve", None),
        (("V-2", "V-3"), "wipe", 1),
    ]
    assert [n.message for n in found.notes if n.kind == "changed"] == ["the wipe 001 is kadr's own"]
    assert track.clips[3].opacity != 1, "from nothing it rises"


def test_sound_on_its_channels(tmp_path: Path) -> None:
    first, later = ("00:00:00:00 00:00:01:00 " + record for record in (
        "00:00:00:00 00:00:01:00", "00:00:01:00 00:00:02:00"
    ))  # fmt: skip
    rows = [f"1 a A C {first}", f"2 a A2 C {first}", f"3 b A3 C {first}", f"4 c B C {later}"]
    found = load(tmp_path, "\n".join(rows))
    assert [(t.id, t.type, len(t.clips)) for t in found.project.timeline.tracks] == [
        ("V", "video", 1),
        ("A", "audio", 2),
        ("A3", "audio", 1),
    ]


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("", SerializationError, "no event of a CMX3600 list"),
        ("hello\nworld", SerializationError, "no event"),
        ("1 a V C 00:00:00:00 00:00:01:30 00:00:00:00 00:00:01:00", ValidationError, "line 1.*--fps"),
        ("1 a V C 00:00:02:00 00:00:01:00 00:00:00:00 00:00:01:00", ValidationError, "ends before it begins"),
        (
            "1 a V C 00:00:00:00 00:00:02:00 00:00:00:00 00:00:02:00\n"
            "2 b V C 00:00:00:00 00:00:02:00 00:00:01:00 00:00:03:00",
            ValidationError,
            "line 2: it begins before the event of line 1 ends",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_line(
    tmp_path: Path, text: str, error: type[KadrError], words: str
) -> None:
    with pytest.raises(error) as caught:
        load(tmp_path, text)
    assert re.search(words, str(caught.value), re.DOTALL)


def test_what_is_not_understood_is_lost_and_told(tmp_path: Path) -> None:
    text = (
        HOLIDAY + "* VIDEO EFFECT NAME: Glow\nsome words\n"
        "5 x NONE C 00:00:00:00 00:00:01:00 01:00:07:00 01:00:08:00\n"
    )
    lost = [(n.where, n.message) for n in load(tmp_path, text).notes if n.kind == "lost"]
    assert lost == [
        ("line 14", "the effect 'Glow'"),
        ("line 15", "not understood: some words"),
        ("line 16", "the channels 'NONE' are not known"),
    ]


def test_whatever_is_broken_ends_in_one_error(tmp_path: Path) -> None:
    chosen, refused = random.Random(3), set()
    for _ in range(400):
        text = list(HOLIDAY)
        for _ in range(chosen.randrange(1, 6)):
            text[chosen.randrange(len(text))] = chosen.choice("0129:;. ACDV\n*\x00é")
        try:
            load(tmp_path, "".join(text), None)
        except KadrError as error:
            refused.add(str(error))
    assert len(refused) > 5


def test_a_long_line_costs_no_more_than_its_length(tmp_path: Path) -> None:
    """Where a label was searched for with every blank in it, this took hours."""
    notes = load(tmp_path, f"{HOLIDAY}A{' ' * 500_000}.\n").notes
    assert [n.where for n in notes if n.message.startswith("not understood: A")] == ["line 14"]


def test_remarks_without_a_star_and_more_sound(tmp_path: Path) -> None:
    text = "1 AX AA C 00:00:00:00 00:00:01:00 00:00:00:00 00:00:01:00\nFROM CLIP NAME: shot\nAUD  3\n"
    tracks = load(tmp_path, text + "EFFECTS NAME IS CROSS DISSOLVE\n").project.timeline.tracks
    assert [(t.id, t.clips[0].source_file) for t in tracks] == [("A", "shot"), ("A3", "shot")]


# -- files that other programs wrote -----------------------------------------------------------


def test_samples_of_other_programs(interchange: Path) -> None:
    wanted = {
        "25fps": (4, 0),
        "avid_example": (2, 0),
        "cdl": (2, 0),
        "dissolve_test": (3, 1),
        "dissolve_test_3": (3, 1),
        "gap_test": (3, 0),
        "premiere_example": (2, 0),
        "screening_example": (9, 0),
    }
    for name, counts in wanted.items():
        found = EdlImporter().load(interchange / f"{name}.edl", ImportOptions())
        (track,) = found.project.timeline.tracks
        assert (len(track.clips), len(track.transitions)) == counts, name
        assert not [n for n in found.notes if n.kind == "lost"], name
