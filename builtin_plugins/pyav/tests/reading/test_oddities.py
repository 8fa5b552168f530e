from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest
from kadr_pyav.oddities import oddities
from kadr_pyav.probe import probe
from kadr_sdk.errors import MediaFileError
from PIL import Image


def sound(path: Path) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(np.zeros(8000, "<i2").tobytes())
    return path


def test_a_wav_file_that_was_cut_off(tmp_path: Path) -> None:
    whole = sound(tmp_path / "a.wav")
    assert oddities(whole, False) == []
    cut = tmp_path / "b.wav"
    cut.write_bytes(whole.read_bytes()[:-6000])
    (warning,) = probe(cut).warnings
    assert warning.message == "the file is cut off: 6000 bytes of sound are missing at its end"


def test_a_recording_of_untold_length_is_fine(tmp_path: Path) -> None:
    data = bytearray(sound(tmp_path / "a.wav").read_bytes())
    data[40:44] = b"\xff" * 4
    (tmp_path / "a.wav").write_bytes(data)
    assert oddities(tmp_path / "a.wav", False) == []


def test_names_that_say_something_else(tmp_path: Path, film) -> None:
    made = film.write("a.mp4", count=5)
    named = made.rename(made.with_suffix(".jpg"))
    assert [w.message for w in probe(named).warnings] == ["this is a film, though its name ends in .jpg"]
    Image.new("RGB", (8, 8)).save(tmp_path / "b.png")
    picture = (tmp_path / "b.png").rename(tmp_path / "b.mp4")
    assert [w.message for w in probe(picture).warnings] == ["this is a picture, though its name ends in .mp4"]


def test_a_picture_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    noise = np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(path, quality=95)
    path.write_bytes(path.read_bytes()[:4000])
    with pytest.raises(MediaFileError, match="the picture is damaged or cut off"):
        probe(path)


def test_a_webp_that_moves_is_refused_as_such(tmp_path: Path) -> None:
    pictures = [Image.new("RGB", (16, 16), shade) for shade in ("red", "blue")]
    pictures[0].save(tmp_path / "a.webp", save_all=True, append_images=pictures[1:], duration=100)
    with pytest.raises(MediaFileError, match="WebP that moves cannot be decoded") as caught:
        probe(tmp_path / "a.webp")
    assert "GIF" in caught.value.hint
