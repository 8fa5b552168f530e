from __future__ import annotations

import struct
import zlib
from fractions import Fraction
from pathlib import Path

import av
import pytest
from kadr_pyav.measures import image_size
from kadr_pyav.orientation import matrix_orientation
from kadr_pyav.probe import probe
from kadr_sdk.color import Color
from kadr_sdk.errors import MediaFileError


def test_film(film) -> None:
    path = film.write("a.mp4", count=30, rate=Fraction(30000, 1001))
    info = probe(path)
    video = info.main_video
    assert video is not None
    assert (video.codec, video.width, video.height, video.pixel_format) == ("h264", 128, 32, "yuv420p")
    assert (video.rate, video.frames, video.start) == (Fraction(30000, 1001), 30, 0)
    assert video.duration == info.duration == Fraction(30 * 1001, 30000)
    assert (video.rotation, video.mirrored, video.still, video.alpha) == (0, False, False, False)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(MediaFileError, match=r"gone\.mp4: no such file \(check the path"):
        probe(tmp_path / "gone.mp4")


def test_folder(tmp_path: Path) -> None:
    with pytest.raises(MediaFileError, match="this is a folder, not a media file"):
        probe(tmp_path)


def test_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.touch()
    with pytest.raises(MediaFileError, match=r"the file is empty \(0 bytes\) \(copy or export it again\)"):
        probe(path)


def test_text_is_not_media(tmp_path: Path) -> None:
    for name in ("a.mp4", "a.txt"):
        path = tmp_path / name
        path.write_text("just some words\n" * 50, encoding="utf-8")
        with pytest.raises(MediaFileError, match=r"not media|not readable as media"):
            probe(path)


def test_playlists_cannot_name_other_files(film, tmp_path: Path) -> None:
    film.write("real.mp4", count=2)
    listing = tmp_path / "list.ffconcat"
    listing.write_text("ffconcat version 1.0\nfile real.mp4\n", encoding="utf-8")
    with pytest.raises(MediaFileError, match="playlist"):
        probe(listing)
    remote = tmp_path / "list.m3u8"
    remote.write_text(
        "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n",
        encoding="utf-8",
    )
    with pytest.raises(MediaFileError):
        probe(remote)


def test_names_are_taken_literally(film, tmp_path: Path) -> None:
    for name in (
        "a%03d.mp4",
        "concat:b.mp4" if Path("/").anchor == "/" else "b.mp4",
        "ä ö 🎬.mp4",
        "c'd.mp4",
    ):
        path = film.write("plain.mp4", count=2).rename(tmp_path / name)
        assert probe(path).main_video is not None
    from PIL import Image

    Image.new("RGB", (8, 8)).save(tmp_path / "a%03d.png")
    Image.new("RGB", (16, 16)).save(tmp_path / "a001.png")
    video = probe(tmp_path / "a%03d.png").main_video
    assert video is not None
    assert video.width == 8


def _png(path: Path, width: int, height: int) -> Path:
    """A black picture of one bit a pixel, tiny on disk."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress(bytes((width // 8 + 1) * height), 1)
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b""))
    return path


def test_too_large_a_picture_is_refused_before_decoding(tmp_path: Path) -> None:
    path = _png(tmp_path / "huge.png", 12000, 12000)
    with pytest.raises(MediaFileError, match="12000x12000, more than the limit of 67108864 pixels"):
        probe(path)
    video = probe(path, max_pixels=12288 * 12288).main_video
    assert video is not None
    assert video.still


def test_too_large_a_webp_is_refused(media: Path) -> None:
    with pytest.raises(MediaFileError, match="16000x9000, more than the limit"):
        probe(media / "images/ax_black_large.webp")


def test_size_in_the_header(tmp_path: Path) -> None:
    from PIL import Image

    picture = Image.new("RGBA", (300, 200), (1, 2, 3, 100))
    for name, options in (
        ("l", {"lossless": True}),
        ("y", {}),
        ("x", {"exif": b"Exif\0\0II*\0\x08\0\0\0\0\0"}),
    ):
        path = tmp_path / f"{name}.webp"
        (picture.convert("RGB") if name == "y" else picture).save(path, **options)
        assert image_size(path) == (300, 200)
    picture.save(tmp_path / "a.png")
    picture.convert("RGB").save(tmp_path / "a.jpg", progressive=True)
    assert image_size(tmp_path / "a.png") == image_size(tmp_path / "a.jpg") == (300, 200)
    (tmp_path / "a.raw").write_bytes(b"\xff\xd8\xff")
    assert image_size(tmp_path / "a.raw") == (0, 0)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1, (0, False)), (2, (0, True)), (3, (180, False)), (4, (180, True)), (5, (90, True)), (6, (90, False)),
     (7, (270, True)), (8, (270, False))],
)  # fmt: skip
def test_exif_orientation_is_what_pillow_shows(
    tmp_path: Path, value: int, expected: tuple[int, bool]
) -> None:
    import numpy as np
    from PIL import Image, ImageOps

    pixels = np.zeros((32, 48, 3), np.uint8)
    pixels[:16, :24] = (255, 0, 0)
    pixels[:16, 24:] = (0, 255, 0)
    picture = Image.fromarray(pixels)
    exif = Image.Exif()
    exif[0x0112] = value
    path = tmp_path / "a.jpg"
    picture.save(path, exif=exif, quality=95)
    video = probe(path).main_video
    assert video is not None
    assert (video.rotation, video.mirrored) == expected
    turned = picture.rotate(-video.rotation, expand=True)
    upright = ImageOps.mirror(turned) if video.mirrored else turned
    with Image.open(path) as stored:
        shown = ImageOps.exif_transpose(stored)
    difference = np.abs(np.asarray(upright).astype(int) - np.asarray(shown).astype(int))
    assert difference.mean() < 5


def test_matrices() -> None:
    for angle, matrix in {
        0: (1, 0, 0, 1),
        90: (0, 1, -1, 0),
        180: (-1, 0, 0, -1),
        270: (0, -1, 1, 0),
    }.items():
        assert matrix_orientation(matrix) == (angle, False)
    assert matrix_orientation((-1, 0, 0, 1)) == (0, True)
    assert matrix_orientation((1, 0, 0, -1)) == (180, True)


def test_too_many_streams_are_ignored(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as out:
        streams = [out.add_stream("pcm_s16le", rate=8000, layout="mono") for _ in range(103)]
        for stream in streams:
            frame = av.AudioFrame("s16", "mono", 80)
            frame.sample_rate, frame.pts = 8000, 0
            out.mux(stream.encode(frame))
    info = probe(path)
    assert len(info.audio) == 100
    assert "103 streams; those after the first 100 are ignored" in info.warnings[0].message


def test_still_has_no_time(tmp_path: Path) -> None:
    from PIL import Image

    for name in ("a.png", "a.jpg", "a.webp", "a.bmp", "a.tiff", "a.gif"):
        Image.new("RGB", (64, 48), (200, 10, 10)).save(tmp_path / name)
        info = probe(tmp_path / name)
        video = info.main_video
        assert video is not None
        assert video.still, name
        assert (video.rate, video.duration, info.duration) == (None, None, None)


def test_moving_gif_is_no_still(film) -> None:
    video = probe(film.write("a.gif", "gif", 5, fmt="gray")).main_video
    assert video is not None
    assert not video.still


REAL = {
    "video/ax_rotate_and_reflect.mp4": {"rotation": 90, "mirrored": True},
    "video/moviepy_fire2_phone_rot180_vfr.mp4": {"rotation": 180, "rate": Fraction(750000, 71393)},
    "derived/car_rot90_flag.mp4": {"rotation": 270},
    "video/si_ios9_rot.mov": {"rotation": 90},
    "images/me_exif_orientation6.jpg": {"rotation": 90, "still": True},
    "video/ae_sar_2by3.mp4": {"sample_aspect": Fraction(2, 3), "display_size": (427, 360)},
    "video/moviepy_vp9_alpha.webm": {"alpha": True, "pixel_format": "yuva420p", "codec": "vp9"},
    "derived/dancer_vp8_alpha_4s.webm": {"alpha": True, "pixel_format": "yuva420p", "codec": "vp8"},
    "derived/dancer_prores4444_alpha.mov": {"alpha": True, "bit_depth": 12},
    "derived/car_interlaced_tff.mp4": {"interlaced": "tff"},
    "video/me_sony_a7m3_1080i_interlaced.mts": {"interlaced": "tff", "rate": Fraction(25)},
    "video/ax_mkv_srt.mkv": {"rate": Fraction(30), "variable": False},
    "video/ax_av1_hdr10_portrait.mp4": {
        "codec": "av1",
        "bit_depth": 10,
        "color": Color("bt2020nc", "bt2020", "smpte2084", "tv", "left"),
    },
    "video/tc_bt709_full_range.mp4": {"color": Color("bt709", "bt709", "bt709", "pc", "left")},
    "video/ax_edit_list_positive_shift.mp4": {"start": Fraction(1)},
    "video/moviepy_no_duration_vp9_alpha.webm": {"duration": None},
    "images/me_photo.avif": {"still": True, "width": 5472},
}


@pytest.mark.parametrize("name", REAL)
def test_real_files(media: Path, name: str) -> None:
    video = probe(media / name).main_video
    assert {key: getattr(video, key) for key in REAL[name]} == REAL[name]


def test_cover_art_is_not_the_video(media: Path) -> None:
    info = probe(media / "video/ae_attached_picture.mp4")
    assert [(v.codec, v.attached) for v in info.video] == [("h264", False), ("png", True)]
    assert info.main_video is info.video[0]


def test_nonsense_duration_is_refused(media: Path) -> None:
    duration = probe(media / "video/ax_fragmented.mp4").duration
    assert duration is not None
    assert duration < 2
