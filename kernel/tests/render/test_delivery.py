"""What is delivered: request over project over preset over the exporter's defaults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from kadr_kernel.render.delivery import Delivery, Exporters, deliver, output_of
from kadr_sdk.errors import NotFoundError, PluginError, Problem
from kadr_sdk.manifest import Contribution
from kadr_sdk.project import parse_project
from kadr_sdk.rendering import RenderRequest

DATA: dict[tuple[str, str], dict[str, Any]] = {
    ("exporter", "mp4"): {
        "id": "mp4", "title": "MP4", "muxer": "mp4", "extensions": [".mp4", ".m4v"],
        "video_codecs": ["h264", "hevc"], "audio_codecs": ["aac"],
        "video": {"crf": 20, "gop": 250, "options": {"a": "1", "b": "1"}},
        "faststart": True, "options": {"brand": "mp42"}, "faststart_options": {"movflags": "+faststart"},
    },
    ("exporter", "wav"): {
        "id": "wav", "title": "WAV", "muxer": "wav", "extensions": [".wav"], "audio_codecs": ["pcm_s16le"],
    },
    ("exporter", "gif"): {
        "id": "gif", "title": "GIF", "muxer": "gif", "extensions": [".gif"], "video_codecs": ["gif"],
    },
    ("exporter", "broken"): {"id": "broken", "title": "B", "extension": [".b"]},
    ("preset", "web"): {
        "id": "web", "title": "Web", "container": "mp4", "resolution": [1280, 720], "fps": "29.97",
        "video": {"crf": 23, "options": {"b": "2", "c": "2"}}, "audio": {"bitrate": 128000},
        "faststart": False,
    },
    ("preset", "podcast"): {"id": "podcast", "title": "P", "container": "wav"},
}  # fmt: skip


class Table:
    """A catalogue of the data above; a broken exporter is asked only by name."""

    def find(self, kind: str, name: str) -> Contribution:
        known = [i for k, i in DATA if k == kind]
        if name not in known:
            raise NotFoundError(kind, name, known)
        return Contribution(kind, name, "test.plugin")

    def all(self, kind: str) -> Sequence[Contribution]:
        return [Contribution(k, i, "test.plugin") for k, i in DATA if k == kind and i != "broken"]

    def describe(self, kind: str, name: str) -> Mapping[str, Any]:
        return DATA[kind, name]

    def load(self, kind: str, name: str) -> Any:
        raise NotFoundError(kind, name)


def delivered(
    export: dict[str, Any] | None = None, *, output: str = "", **request: Any
) -> tuple[Delivery | None, list[str]]:
    problems: list[Problem] = []
    project = parse_project({"export": export or {}})
    path = Path(output) if output else None
    found = deliver(project, RenderRequest(path, **request), Exporters(Table()), problems)
    return found, [str(p) for p in problems]


def good(export: dict[str, Any] | None = None, **request: Any) -> Delivery:
    found, problems = delivered(export, **request)
    assert problems == []
    assert found is not None
    return found


class TestPrecedence:
    @pytest.mark.parametrize(
        ("export", "request_", "crf"),
        [
            ({}, {}, 20),
            ({"preset": "web"}, {}, 23),
            ({"preset": "web", "video": {"crf": 18}}, {}, 18),
            ({"preset": "web", "video": {"crf": 18}}, {"video": {"crf": 30}}, 30),
            ({"video": {"crf": 18}}, {"preset": "web"}, 18),
            ({"video": {"crf": None, "gop": 5}}, {}, 20),
        ],
    )
    def test_settings(self, export: dict[str, Any], request_: dict[str, Any], crf: float) -> None:
        video = good(export, **request_).video
        assert video is not None
        assert video.crf == crf

    def test_settings_beside_it_stay(self) -> None:
        video = good({"preset": "web", "video": {"options": {"c": "3"}}}, video={"options": {"d": "4"}}).video
        assert video is not None
        assert (video.gop, video.options) == (250, {"a": "1", "b": "2", "c": "3", "d": "4"})

    def test_one_way_of_rate_control_replaces_the_other(self) -> None:
        video = good({"preset": "web", "video": {"bitrate": 5_000_000}}).video
        assert video is not None
        assert (video.crf, video.bitrate, video.quality) == (None, 5_000_000, None)

    def test_two_at_once_are_refused(self) -> None:
        _, problems = delivered({"video": {"crf": 20, "bitrate": 1000}})
        assert problems == ["export.video: bitrate and crf exclude each other (give one of them)"]

    def test_another_codec_forgets_what_was_meant_for_the_first(self) -> None:
        video = good({"video": {"codec": "h264", "crf": 18, "gop": 10}}, video={"codec": "hevc"}).video
        assert video is not None
        assert (video.codec, video.crf, video.gop) == ("hevc", None, None)
        same = good({"video": {"codec": "h264", "gop": 10}}, video={"codec": "h264"}).video
        assert same is not None
        assert same.gop == 10

    def test_size_and_rate(self) -> None:
        plain = good()
        assert (plain.resolution, plain.fps) == ((1920, 1080), 30)
        preset = good({"preset": "web"})
        assert (preset.resolution, preset.fps) == ((1280, 720), Fraction(30000, 1001))
        own = good({"preset": "web", "resolution": [640, 360], "fps": 24})
        assert (own.resolution, own.fps) == ((640, 360), 24)
        asked = good({"resolution": [640, 360]}, resolution=(320, 180), fps=Fraction(12))
        assert (asked.resolution, asked.fps) == ((320, 180), 12)

    def test_faststart(self) -> None:
        assert good().faststart
        assert not good({"preset": "web"}).faststart
        assert good({"preset": "web", "faststart": True}).faststart


class TestContainer:
    @pytest.mark.parametrize(
        ("export", "request_", "name"),
        [
            ({}, {}, "mp4"),
            ({"container": "gif"}, {}, "gif"),
            ({"preset": "podcast"}, {}, "wav"),
            ({"preset": "podcast", "container": "mp4"}, {}, "mp4"),
            ({"container": "gif"}, {"preset": "podcast"}, "wav"),
            ({"preset": "podcast"}, {"output": "a.MP4"}, "mp4"),
            ({}, {"output": "a.b/film.m4v"}, "mp4"),
            ({}, {"output": "a.wav", "container": "mp4"}, "mp4"),
            ({"container": "gif"}, {"output": "film"}, "gif"),
        ],
    )
    def test_who_decides(self, export: dict[str, Any], request_: dict[str, Any], name: str) -> None:
        assert good(export, **request_).contribution == name

    @pytest.mark.parametrize(
        ("export", "request_", "problem"),
        [
            ({"preset": "wbe"}, {}, "export: unknown preset 'wbe' (did you mean 'web'?)"),
            ({}, {"preset": "podcasts"}, "export: unknown preset 'podcasts' (did you mean 'podcast'?)"),
            ({"container": "mp5"}, {}, "export: unknown exporter 'mp5' (did you mean 'mp4'?)"),
            ({}, {"output": "film.mp5"}, "export: unknown output extension '.mp5' (did you mean '.mp4'?)"),
            (
                {},
                {"output": "film"},
                "export: unknown output extension 'film' (add one of: .gif, .m4v, .mp4, .wav)",
            ),
        ],
    )
    def test_unknown_names(self, export: dict[str, Any], request_: dict[str, Any], problem: str) -> None:
        found, problems = delivered(export, **request_)
        assert (found, problems) == (None, [problem])

    def test_a_broken_descriptor_names_its_exporter(self) -> None:
        with pytest.raises(
            PluginError, match=r"exporter broken is broken: unknown key 'extension'; did you mean"
        ):
            delivered(container="broken")


class TestSettings:
    @pytest.mark.parametrize(
        ("export", "request_", "problem"),
        [
            (
                {"video": {"codec": "vp9"}},
                {},
                "export.video.codec: mp4 does not hold video as 'vp9' (it holds: h264, hevc)",
            ),
            (
                {},
                {"audio": {"codec": "opus"}},
                "export.audio.codec: mp4 does not hold audio as 'opus' (it holds: aac)",
            ),
            (
                {},
                {"video": {"crt": 5}},
                "export.video.crt: extra inputs are not permitted (did you mean 'crf'?)",
            ),
            ({}, {"video": {"gop": 0}}, "export.video.gop: input should be greater than or equal to 1"),
        ],
    )
    def test_what_is_wrong(self, export: dict[str, Any], request_: dict[str, Any], problem: str) -> None:
        assert delivered(export, **request_)[1] == [problem]

    def test_all_at_once(self) -> None:
        _, problems = delivered({"video": {"codec": "vp9"}}, video={"gop": 0}, audio={"rate": 1})
        assert len(problems) >= 2

    def test_what_a_container_cannot_hold_is_not_asked_for(self) -> None:
        assert good(output="a.wav").video is None
        assert good(output="a.gif").audio is None


class TestOutput:
    def make(
        self,
        export: dict[str, Any] | None = None,
        *,
        pictures: bool = True,
        sound: bool = True,
        **request: Any,
    ) -> tuple[Any, list[str]]:
        problems: list[Problem] = []
        project = parse_project({"metadata": {"name": "Film", "author": "Me"}, "export": export or {}})
        delivery = deliver(project, RenderRequest(**request), Exporters(Table()), problems)
        assert delivery is not None
        found = output_of(delivery, project, pictures=pictures, sound=sound, chapters=(), problems=problems)
        return found, [str(p) for p in problems]

    def test_options_metadata_and_streams(self) -> None:
        found, problems = self.make({"metadata": {"title": "Other", "year": "2024"}})
        assert problems == []
        assert found.options == (("brand", "mp42"), ("movflags", "+faststart"))
        assert found.metadata == (("artist", "Me"), ("title", "Other"), ("year", "2024"))
        assert (found.video.codec, found.audio.codec) == ("h264", "aac")
        assert (found.audio.rate, found.audio.layout) == (48000, "stereo")
        assert found.video.options == (("a", "1"), ("b", "1"))

    def test_only_what_the_project_has(self) -> None:
        assert self.make(pictures=False)[0].video is None
        assert self.make(sound=False)[0].audio is None

    @pytest.mark.parametrize(
        ("container", "more", "problem"),
        [
            (
                "wav",
                {"sound": False},
                "export: wav holds sound and the project has none (choose another container)",
            ),
            (
                "gif",
                {"pictures": False},
                "export: gif holds pictures and the project has none (choose another container)",
            ),
        ],
    )
    def test_nothing_to_hold(self, container: str, more: dict[str, Any], problem: str) -> None:
        assert self.make(container=container, **more) == (None, [problem])

    @pytest.mark.parametrize(
        ("export", "problem"),
        [
            (
                {"faststart": True, "container": "gif"},
                "export.faststart: gif has no index that could stand in front (leave faststart out)",
            ),
        ],
    )
    def test_what_is_not_done_is_said(self, export: dict[str, Any], problem: str) -> None:
        _, problems = self.make(export)
        assert len(problems) == 1
        assert problems[0].startswith(problem)
