"""What becomes of each broken file: a sentence at the probe, or frames, or named damage."""

from __future__ import annotations

from pathlib import Path

import pytest
from kadr_pyav.index import scan_stream
from kadr_pyav.probe import probe
from kadr_pyav.reader import FrameReader
from kadr_sdk.errors import MediaFileError

REFUSED = {
    "ax_encrypted_clearkey.mp4": "the file is encrypted (DRM)",
    "ax_malformed_free_box.mp4": "not readable as media",
    "ax_vp9_invalid_bitstream.webm": "no frame of video stream 0 can be decoded",
    "fq_header_zeros.mp3": "not readable as media",
    "made_missing_moov.mp4": "not readable as media",
    "made_random_bytes.mp4": "not readable as media",
    "made_text_as_video.mp4": "not readable as media",
    "made_truncated.jpg": "the picture is damaged or cut off",
    "made_zero_bytes.mp4": "the file is empty (0 bytes)",
    "moviepy_zero_bytes.webm": "the file is empty (0 bytes)",
    "si_empty.flv": "not readable as media",
}

# Frames in the index, how many of them are damaged, and a word of the warnings.
READ = {
    "ax_empty_track.mp4": (30, 0, "no frame of video stream 1"),
    "ax_missing_stsd_audio.mp4": (30, 0, "audio stream 1 has no decoder"),
    "made_corrupt_packets.mp4": (60, 60, ""),
    "made_mp4_named.jpg": (60, 0, "this is a film"),
    "made_png_named.mp4": (1, 0, "this is a picture"),
    "made_truncated_front_moov.mp4": (30, 0, "the file is cut off: 30 frames"),
    "moviepy_failing_audio.mp4": (280, 0, ""),
}
SOUND = {"made_truncated.wav"}


def test_every_file_stands_in_a_table(media: Path) -> None:
    assert {p.name for p in (media / "broken").iterdir()} == {*REFUSED, *READ, *SOUND}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(media: Path, name: str) -> None:
    with pytest.raises(MediaFileError) as caught:
        probe(media / "broken" / name)
    assert REFUSED[name] in caught.value.message
    assert caught.value.path.endswith(name)
    assert caught.value.hint


@pytest.mark.parametrize("name", READ)
def test_read(media: Path, name: str) -> None:
    path = media / "broken" / name
    count, damaged, warning = READ[name]
    info = probe(path)
    assert warning in " ".join(w.message for w in info.warnings)
    assert info.main_video is not None
    scan = scan_stream(path, info.main_video.index)
    assert len(scan.frames.pts) == count
    forward = FrameReader(path, info.main_video.index, scan, policy="black")
    lost = [n for n in range(count) if forward.frame(n) is None]
    assert len(lost) == damaged
    backward = FrameReader(path, info.main_video.index, scan, policy="black")
    assert [n for n in reversed(range(count)) if backward.frame(n) is None] == lost[::-1]


def test_sound_alone(media: Path) -> None:
    info = probe(media / "broken/made_truncated.wav")
    assert info.main_video is None
    assert info.main_audio is not None
