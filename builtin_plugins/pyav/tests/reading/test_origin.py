"""Time, camera, place, chapters and timecode, by tags and by EXIF."""

from __future__ import annotations

import struct
import zlib
from fractions import Fraction
from pathlib import Path

import av
import pytest
from kadr_pyav.exif import PictureFacts, picture_facts
from kadr_pyav.origin import origin_of
from kadr_pyav.probe import probe
from kadr_sdk.media import Origin
from kadr_sdk.output import Chapter
from PIL import Image, ImageFile


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({}, Origin()),
        ({"creation_time": "2020-02-03T04:05:06.000000Z"}, Origin("2020-02-03T04:05:06Z")),
        ({"CREATION_TIME": "2020-02-03"}, Origin("2020-02-03")),
        ({"creation_time": "soon"}, Origin()),
        ({"creation_time": "2020-13-03"}, Origin()),
        ({"location": "+40.6800-074.4999/"}, Origin("", "", "", 40.68, -74.4999)),
        ({"location": "-27.5916+086.5640+8850/"}, Origin("", "", "", -27.5916, 86.564, 8850.0)),
        ({"location": "+95.0+010.0/"}, Origin()),
        (
            {"com.apple.quicktime.make": "Apple", "com.apple.quicktime.model": "iPhone"},
            Origin("", "Apple", "iPhone"),
        ),
    ],
)
def test_tags(tags: dict[str, str], expected: Origin) -> None:
    assert origin_of(tags) == expected


def exif_file(path: Path, gps: dict[int, object]) -> Path:
    image = Image.new("RGB", (8, 8))
    exif = image.getexif()
    exif[0x010F], exif[0x0110] = "Maker\0", "Camera"
    exif.get_ifd(0x8769)[0x9003] = "2021:06:07 08:09:10"
    exif.get_ifd(0x8769)[0x9011] = "+02:00"
    exif.get_ifd(0x8825).update(gps)
    image.save(path, exif=exif)
    return path


def test_exif(tmp_path: Path) -> None:
    gps = {1: "S", 2: (10.0, 30.0, 36.0), 3: "W", 4: (20.0, 15.0, 0.0), 5: b"\x00", 6: 12.5}
    found = probe(exif_file(tmp_path / "a.jpg", gps)).origin
    assert found == Origin("2021-06-07T08:09:10+02:00", "Maker", "Camera", -10.51, -20.25, 12.5)


def test_exif_behind_the_pixels_of_a_png_is_found_without_decoding_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "late.png"
    Image.new("RGB", (8, 8), "red").save(path)
    exif = Image.Exif()
    exif[0x0110], exif[0x0112] = "Camera", 6
    late = b"eXIf" + exif.tobytes().removeprefix(b"Exif\0\0")
    data, end = path.read_bytes()[:-12], path.read_bytes()[-12:]
    path.write_bytes(
        data + struct.pack(">I", len(late) - 4) + late + struct.pack(">I", zlib.crc32(late)) + end
    )
    with Image.open(path) as shown:
        assert shown.getexif()[0x0112] == 6  # Pillow, which decodes for it, agrees
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda _: pytest.fail("decoded"))
    assert picture_facts(path) == PictureFacts((90, False), Origin(model="Camera"))


@pytest.mark.parametrize(
    "gps", [{}, {1: "N", 2: (0.0, 0.0, 0.0), 3: "E", 4: (0.0, 0.0, 0.0)}, {1: "N", 2: (1.0, 2.0, 3.0)}]
)
def test_no_fix_is_no_place(tmp_path: Path, gps: dict[int, object]) -> None:
    found = picture_facts(exif_file(tmp_path / "a.jpg", gps)).origin
    assert found is not None
    assert (found.model, found.latitude, found.longitude) == ("Camera", None, None)


def test_a_damaged_picture_has_no_origin(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"\xff\xd8\xff\xe1 not a picture")
    assert picture_facts(path) == PictureFacts()


def test_chapters_and_timecode(tmp_path: Path) -> None:
    path = tmp_path / "a.mov"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        out.metadata["timecode"] = "10:00:00:12"
        base = Fraction(1, 1000)
        rows = [(0, 400, "one"), (400, 1000, "two")]
        out.set_chapters(
            [
                {"id": n, "start": a, "end": b, "time_base": base, "metadata": {"title": t}}
                for n, (a, b, t) in enumerate(rows)
            ]
        )
        for number in range(25):
            frame = av.VideoFrame(64, 48, "yuv420p")
            frame.pts = number
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    info = probe(path)
    expected = (Chapter(Fraction(0), Fraction(2, 5), "one"), Chapter(Fraction(2, 5), Fraction(1), "two"))
    assert info.chapters == expected
    assert info.timecode == "10:00:00:12"


def test_real_files(media: Path) -> None:
    found = probe(media / "video" / "ax_iphone_dolbyvision_rot.MOV")
    assert (found.origin.model, found.origin.latitude) == ("iPhone 14 Pro", 51.5334)
    assert found.video[0].high_range == "HLG"
    assert [c.title for c in probe(media / "video" / "ax_chapters.mp4").chapters] == [
        "Chapter 1",
        "Chapter 2",
        "Chapter 3",
    ]
    assert probe(media / "images" / "me_exif_orientation6.jpg").origin.latitude is None
