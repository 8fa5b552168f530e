"""Every exporter and preset keeps its promises, and the README lists them."""

from __future__ import annotations

import io
import tomllib
from importlib import import_module
from pathlib import Path

import kadr_exporters
import pydantic
import pytest
from kadr_sdk.contributions import ExporterDescriptor, PresetDescriptor
from kadr_sdk.frames import FORMATS
from kadr_sdk.manifest import Contribution, read_manifest
from kadr_sdk.project import AudioExport, Export, VideoExport
from kadr_sdk.times import parse_rate

FOLDER = Path(kadr_exporters.__file__).parent
MANIFEST = read_manifest(FOLDER / "plugin.toml")
README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
EXPORTERS = [row for row in MANIFEST.contributions if row.kind == "exporter"]
PRESETS = [row for row in MANIFEST.contributions if row.kind == "preset"]
NOT_EXPORT = ("id", "title", "summary", "max_resolution", "max_fps", "limits", "proxies")
SOUND_WITHOUT_RATE = ("flac", "alac", "wavpack", "pcm_")


def data(row: Contribution) -> dict[str, object]:
    return tomllib.loads((FOLDER / row.file).read_text("utf-8"))


def exporter(row: Contribution) -> ExporterDescriptor:
    return ExporterDescriptor.from_dict(data(row))


def preset(row: Contribution) -> PresetDescriptor:
    return PresetDescriptor.from_dict(data(row))


def test_every_descriptor_file_is_contributed() -> None:
    there = {p.relative_to(FOLDER).as_posix() for p in FOLDER.glob("*/*.toml")}
    assert there == {row.file for row in MANIFEST.contributions}
    assert len(EXPORTERS) >= 9
    assert len(PRESETS) >= 14


@pytest.mark.parametrize("row", MANIFEST.contributions, ids=lambda r: r.id)
def test_texts_agree_and_are_in_the_readme(row: Contribution) -> None:
    found = exporter(row) if row.kind == "exporter" else preset(row)
    assert (found.id, found.title, found.summary) == (row.id, row.title, row.summary)
    assert f"| `{row.id}` | {row.title} | {row.summary} |" in README


@pytest.mark.parametrize("row", EXPORTERS, ids=lambda r: r.id)
def test_exporter_settings_are_those_of_a_project(row: Contribution) -> None:
    found = exporter(row)
    if found.video is not None:
        video = VideoExport.model_validate(dict(found.video))
        assert video.codec == found.video_codecs[0]
        assert video.pixel_format in {*FORMATS, None}
    if found.audio is not None:
        assert AudioExport.model_validate(dict(found.audio)).codec == found.audio_codecs[0]
    assert (found.video is None, found.audio is None) == (not found.video_codecs, not found.audio_codecs)
    assert all(e.startswith(".") and e == e.lower() for e in found.extensions)
    assert found.faststart == bool(found.faststart_options)
    by_code = bool(row.entry) and not found.renditions  # of a ladder code writes the playlist alone
    assert bool(found.muxer) != by_code, "a muxer or code writes the files, not both"


@pytest.mark.parametrize("row", [r for r in EXPORTERS if exporter(r).renditions], ids=lambda r: r.id)
def test_a_ladder_goes_down(row: Contribution) -> None:
    found = exporter(row).renditions
    assert len({r["name"] for r in found}) == len(found)
    sizes, rates = [r["max_resolution"] for r in found], [r["video"]["maxrate"] for r in found]
    assert sizes == sorted(sizes, reverse=True)
    assert rates == sorted(rates, reverse=True)
    for rendition in found:
        VideoExport.model_validate(rendition["video"])
        AudioExport.model_validate(rendition.get("audio", {}))


def test_extensions_are_unique() -> None:
    names = [name for row in EXPORTERS for name in exporter(row).extensions]
    assert len(set(names)) == len(names)


# A transport stream has no list: tests/e2e/deliveries.toml has what goes into it.
@pytest.mark.parametrize("row", [r for r in EXPORTERS if not r.entry and r.id != "ts"], ids=lambda r: r.id)
def test_the_muxer_holds_every_codec(row: Contribution) -> None:
    av = pytest.importorskip("av")
    found = exporter(row)
    with av.open(io.BytesIO(), "w", format=found.muxer) as container:
        assert set(found.video_codecs) | set(found.audio_codecs) <= container.supported_codecs


@pytest.mark.parametrize("row", PRESETS, ids=lambda r: r.id)
def test_a_preset_fits_its_container(row: Contribution) -> None:
    found = preset(row)
    holder = next(exporter(r) for r in EXPORTERS if r.id == found.container)
    if found.video is not None:
        video = VideoExport.model_validate(dict(found.video))
        assert video.codec in holder.video_codecs
        assert sum(v is not None for v in (video.crf, video.quality, video.bitrate)) <= 1
        assert video.pixel_format in FORMATS
    if found.audio is not None:
        audio = AudioExport.model_validate(dict(found.audio))
        assert audio.codec in holder.audio_codecs
        assert audio.codec is not None
        assert (audio.bitrate is None) == audio.codec.startswith(SOUND_WITHOUT_RATE)
    assert (found.video is None) == (not holder.video_codecs)
    assert not found.faststart or holder.faststart_options


@pytest.mark.parametrize("row", PRESETS, ids=lambda r: r.id)
def test_a_preset_is_an_export_object(row: Contribution) -> None:
    found = preset(row)
    shape = {key: value for key, value in data(row).items() if key not in NOT_EXPORT}
    assert Export.model_validate(shape).container == found.container
    if found.fps is not None:
        assert parse_rate(found.fps) > 0
    if found.resolution is not None:
        assert all(side % 2 == 0 for side in found.resolution)


# kbit/s (target, most, buffer), speed, GOP, B-frames, references, two passes, kbit/s of the sound.
NUMBERS = {
    "youtube-1080p": ("h264", "high", "4.1+", 12000, 16000, 24000, "medium", 60, 2, "3", True, 256),
    "youtube-4k": ("hevc", "main10", "5.1", 45000, 60000, 90000, "slow", 60, 3, "5", True, 320),
    "tiktok-vertical": ("h264", "main", "4.1+", 6000, 8000, 16000, "fast", 30, 0, None, None, 192),
    "vimeo-1080p": ("h264", "high", "4.2", 20000, 25000, 40000, "slow", 120, 3, "5", True, 320),
    "h264-master": ("h264", "high", "5.1+", 80000, 80000, 160000, "slower", 30, 3, "8", True, 320),
    "iphone": ("h264", "high", "4.1", 6000, 8000, 16000, "medium", 30, None, None, None, 192),
}


@pytest.mark.parametrize("name", sorted(NUMBERS))
def test_the_numbers_of_the_platforms(name: str) -> None:
    found = preset(next(row for row in PRESETS if row.id == name))
    video, audio = VideoExport.model_validate(dict(found.video or {})), dict(found.audio or {})
    rates = [rate // 1000 for rate in (video.bitrate, video.maxrate, video.bufsize) if rate]
    rest = (video.preset, video.gop, video.b_frames, video.options.get("refs"), video.two_pass)
    assert (video.codec, video.profile, video.level, *rates, *rest, audio["bitrate"] // 1000) == NUMBERS[name]


def test_defaults_that_users_rely_on() -> None:
    found = {row.id: exporter(row) for row in EXPORTERS}
    assert (found["mp4"].video_codecs[0], found["mp4"].audio_codecs[0]) == ("h264", "aac")
    assert found["mp4"].faststart
    assert found["mp4"].faststart_options == {"movflags": "+faststart"}
    assert (found["mkv"].video_codecs[0], found["mkv"].audio_codecs[0]) == ("ffv1", "flac")
    assert {"vp9", "av1"} <= set(found["webm"].video_codecs)
    assert {"pcm_s16le", "pcm_s24le"} <= set(found["wav"].audio_codecs)
    assert {"h264", "prores"} <= set(found["mov"].video_codecs)
    assert found["png"].many


def test_unknown_keys_are_refused_with_a_hint() -> None:
    broken = data(EXPORTERS[0]) | {"muxxer": "mp4"}
    with pytest.raises(ValueError, match=r"unknown key 'muxxer'.*muxer"):
        ExporterDescriptor.from_dict(broken)
    with pytest.raises(ValueError, match=r"unknown key 'contaner'.*container"):
        PresetDescriptor.from_dict(data(PRESETS[0]) | {"contaner": "mp4"})
    with pytest.raises(pydantic.ValidationError, match="crff"):
        VideoExport.model_validate({**dict(preset(PRESETS[0]).video or {}), "crff": 3})


@pytest.mark.parametrize("row", [r for r in EXPORTERS if r.entry], ids=lambda r: r.id)
def test_entries_can_be_imported(row: Contribution) -> None:
    module, attribute = row.entry.split(":")
    made = getattr(import_module(module), attribute)()
    assert callable(made.tie if exporter(row).renditions else made.deliver)
