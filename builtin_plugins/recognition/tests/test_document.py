"""The document and its other forms."""

from __future__ import annotations

import csv
import io
import json
from fractions import Fraction

import pytest
from kadr_recognition.detection import Detection
from kadr_recognition.document import Results, Row
from kadr_recognition.formats import FORMATS, format_of
from kadr_sdk.errors import InvalidParameterError, SerializationError

TICK = Fraction(1001, 30000)
DOG = Detection("dog", 0.8, (1.0, 2.0, 10.0, 20.0), track=3)
CAT = Detection("=cat", 0.5, (0.0, 0.0, 2.0, 2.0), (2, 2, 12), ((1.0, 1.5, 1.0), (0.0, 0.5, 0.2)))
FOUND = Results(
    {"name": "a.mp4", "digest": "d", "width": 4, "height": 4, "end": 1},
    {"id": "m", "digest": "e", "task": "detection"},
    {"every": "1"},
    tuple((n, n * TICK) for n in range(4)),
    (Row(0, 0 * TICK, DOG), Row(1, TICK, DOG), Row(1, TICK, CAT), Row(3, 3 * TICK, DOG)),
)


def test_there_and_back() -> None:
    assert Results.from_bytes(FOUND.to_bytes()) == FOUND
    document = json.loads(FOUND.to_bytes())
    assert document["frames"][1] == [1, "1001/30000"]
    assert document["detections"][0] == {
        **{"t": 0, "frame": 0, "class": "dog", "score": 0.8},
        **{"box": [1.0, 2.0, 10.0, 20.0], "track": 3},
    }


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"[]", b"{}", b'{"format": "kadr.detections", "version": 2}', b"[" * 100_000, b"\xff"),
        FOUND.to_bytes().replace(b'"box":[', b'"box":[1,'),
    ],
)
def test_not_such_a_document(data: bytes) -> None:
    with pytest.raises(SerializationError, match="not a document of detections"):
        Results.from_bytes(data)


def test_only_some_classes() -> None:
    assert [r.what for r in FOUND.only(["=cat"]).rows] == [CAT]
    assert FOUND.only(["=cat"]).frames == FOUND.frames
    assert FOUND.only([]) == FOUND
    assert [[w.name for w in what] for _, _, what in FOUND.by_frame()] == [
        ["dog"],
        ["dog", "=cat"],
        [],
        ["dog"],
    ]


def test_csv() -> None:
    rows = list(csv.DictReader(io.StringIO(FORMATS["csv"](FOUND).decode())))
    assert len(rows) == 4
    assert rows[1] == {
        **{"t": "0.033367", "frame": "1", "class": "dog", "score": "0.8"},
        **{"x": "1.0", "y": "2.0", "width": "10.0", "height": "20.0", "track": "3"},
    }
    assert (rows[2]["class"], rows[2]["track"]) == ("'=cat", "")


def test_coco() -> None:
    document = json.loads(FORMATS["coco"](FOUND))
    assert [i["frame"] for i in document["images"]] == [0, 1, 2, 3]
    names = {c["id"]: c["name"] for c in document["categories"]}
    note = document["annotations"][2]
    assert names[note["category_id"]] == "=cat"
    assert note["segmentation"] == {"size": [4, 4], "counts": [2, 2, 12]}
    assert note["area"] == 2
    assert (note["keypoints"], note["num_keypoints"]) == ([1.0, 1.5, 2, 0.0, 0.5, 0], 1)
    assert document["annotations"][3]["image_id"] == 4
    assert document["annotations"][3]["track_id"] == 3


def test_mot() -> None:
    lines = FORMATS["mot"](FOUND).decode().splitlines()
    assert lines[0] == "1,3,1.00,2.00,10.00,20.00,0.8000,-1,-1,-1"
    assert lines[2].startswith("2,-1,")


def test_subtitles_say_what_stays() -> None:
    two = Results(FOUND.media, {}, {}, FOUND.frames, (*FOUND.rows[:2], *FOUND.rows[3:]))
    assert FORMATS["srt"](two).decode() == (
        "1\n00:00:00,000 --> 00:00:00,067\ndog\n\n2\n00:00:00,100 --> 00:00:01,000\ndog\n"
    )
    pair = Results(FOUND.media, {}, {}, FOUND.frames[:1], (Row(0, 0 * TICK, DOG), Row(0, 0 * TICK, DOG)))
    assert "dog x2" in FORMATS["srt"](pair).decode()


def test_the_format_by_the_ending() -> None:
    assert [format_of(None, s) for s in (".json", ".CSV", ".txt", ".srt", "")] == [
        *("json", "csv", "mot", "srt", "json")
    ]
    assert format_of("coco", ".json") == "coco"
    with pytest.raises(InvalidParameterError, match=r"no format is known by the ending '\.xml'"):
        format_of(None, ".xml")
