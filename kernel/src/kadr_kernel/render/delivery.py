"""What is delivered: request over project over preset over the exporter's defaults."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pydantic
from kadr_sdk.contributions import ExporterDescriptor, PresetDescriptor
from kadr_sdk.errors import (
    InvalidPathError,
    KadrError,
    NotFoundError,
    PluginError,
    Problem,
    did_you_mean,
)
from kadr_sdk.output import AudioEncoding, Chapter, LightLevels, Output, VideoEncoding
from kadr_sdk.plan import LoudnessTarget
from kadr_sdk.project import AudioExport, Project, VideoExport
from kadr_sdk.rendering import RenderRequest
from kadr_sdk.sequences import is_pattern
from kadr_sdk.services import Catalogue
from kadr_sdk.times import parse_rate

from kadr_kernel.render.canvas import TIMELINE_COLORS

__all__ = ["Delivery", "Exporters", "deliver", "fitted", "output_of", "prepared"]


_RATES = {"crf", "bitrate", "quality"}
"""The ways of rate control: one at a time, and one from above replaces one from below."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """The settings before media and backend have had their say.

    Attributes:
        video, audio: None where the exporter holds none.
        preset: whose settings are among them.
    """

    exporter: ExporterDescriptor
    contribution: str
    video: VideoExport | None
    audio: AudioExport | None
    resolution: tuple[int, int]
    fps: Fraction
    faststart: bool
    extension: str
    preset: PresetDescriptor | None = None

    @property
    def loudness(self) -> LoudnessTarget | None:
        """What the sound is brought to."""
        wanted = self.audio.loudness if self.audio else None
        return LoudnessTarget(wanted.integrated, wanted.true_peak) if wanted else None


class Exporters:
    """Exporters and presets of the catalogue, read from their descriptors."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def exporter(self, name: str) -> tuple[str, ExporterDescriptor]:
        """Contribution id and descriptor of a container by name."""
        found = self._catalogue.find("exporter", name)
        return found.id, self._read("exporter", found.id, ExporterDescriptor)

    def preset(self, name: str) -> PresetDescriptor:
        """A preset by name."""
        found = self._catalogue.find("preset", name)
        preset: PresetDescriptor = self._read("preset", found.id, PresetDescriptor)
        return preset

    def by_extension(self, path: Path) -> str:
        """Name of the exporter for a file name.

        Raises:
            NotFoundError: none; lists the known extensions.
        """
        known = {e: name for name, exporter in reversed(self._all()) for e in exporter.extensions}
        suffix = path.suffix.lower()
        if suffix not in known:
            hint = did_you_mean(suffix, known) if suffix else f"add one of: {', '.join(sorted(known))}"
            raise NotFoundError("output extension", suffix or str(path.name), known, path=path, hint=hint)
        return known[suffix]

    def refuse_pattern(self, path: Path) -> None:
        """Of a folder of pictures the folder is named, not each picture.

        Raises:
            InvalidPathError: the path is ``frames/e_%04d.png``.
        """
        if not is_pattern(path):
            return
        for name, exporter in self._all():
            if exporter.many and not exporter.index and path.suffix.lower() in exporter.extensions:
                message = f"would be the name of every picture, and {name} is a folder of them"
                hint = f"name a new folder, they are numbered in it: -o frames --container {name}"
                raise InvalidPathError(message, path=path, hint=hint)

    def _all(self) -> list[tuple[str, ExporterDescriptor]]:
        ids = [item.id for item in self._catalogue.all("exporter")]
        return [(name, self._read("exporter", name, ExporterDescriptor)) for name in ids]

    def _read(self, kind: str, name: str, shape: Any) -> Any:
        try:
            return shape.from_dict(dict(self._catalogue.describe(kind, name)))
        except (ValueError, TypeError) as error:
            raise PluginError(f"the descriptor of {kind} {name} is broken: {error}") from error


def deliver(
    project: Project, request: RenderRequest, exporters: Exporters, problems: list[Problem]
) -> Delivery | None:
    """Everything that can be decided without media; problems are appended."""
    export, timeline = project.export, project.timeline
    try:
        preset_name = request.preset or export.preset
        preset = exporters.preset(preset_name) if preset_name else None
        container = _container(project, request, preset, exporters)
        name, exporter = exporters.exporter(container)
    except NotFoundError as error:
        problems.append(Problem("export", error.message, error.hint))
        return None
    own_video = export.video.model_dump(exclude_none=True, exclude_unset=True) if export.video else {}
    own_audio = export.audio.model_dump(exclude_unset=True) if export.audio else {}
    own_audio = {k: v for k, v in own_audio.items() if v is not None or k == "loudness"}  # null: as it is
    layers_video = [exporter.video, preset.video if preset else None, own_video, request.video]
    layers_video[0] = _open_to(layers_video, timeline.color)
    layers_audio = [exporter.audio, preset.audio if preset else None, own_audio, request.audio]
    video = _merged(VideoExport, layers_video, "export.video", problems) if exporter.video_codecs else None
    audio = _merged(AudioExport, layers_audio, "export.audio", problems) if exporter.audio_codecs else None
    for kind, settings, codecs in (
        ("video", video, exporter.video_codecs),
        ("audio", audio, exporter.audio_codecs),
    ):
        if settings is not None and settings.codec is not None and settings.codec not in codecs:
            message = f"{exporter.id} does not hold {kind} as {settings.codec!r}"
            problems.append(Problem(f"export.{kind}.codec", message, f"it holds: {', '.join(codecs)}"))
    faststart = next(
        (f for f in (export.faststart, preset.faststart if preset else None) if f is not None),
        exporter.faststart,
    )
    return Delivery(
        exporter,
        name,
        video,
        audio,
        request.resolution or export.resolution or _size(preset, timeline.resolution),
        request.fps or export.fps or _rate(preset, timeline.fps),
        faststart,
        request.output.suffix if request.output else "",
        preset,
    )


def _open_to(layers: list[Any], color: str) -> dict[str, Any]:
    """The exporter's own settings; its pixel format is one for SDR, and left open for anything more."""
    first, *others = (dict(layer or {}) for layer in layers)
    color = next((found["color"] for found in reversed(others) if found.get("color")), color)
    if color in TIMELINE_COLORS and TIMELINE_COLORS[color].high_range:
        first.pop("pixel_format", None)
    return first


def _size(preset: PresetDescriptor | None, size: tuple[int, int]) -> tuple[int, int]:
    """The preset's size; else the timeline's, made smaller in its own shape until it fits."""
    if preset is None or (preset.resolution is None and preset.max_resolution is None):
        return size
    if preset.resolution is not None:
        return preset.resolution
    assert preset.max_resolution is not None
    return fitted(size, preset.max_resolution)


def fitted(size: tuple[int, int], most: tuple[int, int]) -> tuple[int, int]:
    """A size made smaller in its own shape until it fits, whichever way up; even, as 4:2:0 needs."""
    factor = min(Fraction(1), Fraction(max(most), max(size)), Fraction(min(most), min(size)))
    if factor == 1:
        return size
    width, height = (max(2, round(side * factor / 2) * 2) for side in size)
    return width, height


def _rate(preset: PresetDescriptor | None, fps: Fraction) -> Fraction:
    """The preset's rate; else the timeline's, halved until it is not above the preset's greatest."""
    if preset is not None and preset.fps:
        return parse_rate(preset.fps)
    while preset is not None and preset.max_fps and fps > parse_rate(preset.max_fps):
        fps /= 2
    return fps


def _container(
    project: Project, request: RenderRequest, preset: PresetDescriptor | None, exporters: Exporters
) -> str:
    if request.container:
        return request.container
    if request.output is not None and request.output.suffix:
        return exporters.by_extension(request.output)
    wanted = project.export.container
    if preset is not None and (request.preset or wanted is None):
        wanted = preset.container
    if wanted is None and request.output is not None:
        return exporters.by_extension(request.output)  # it has none: says which there are
    return wanted or "mp4"


def _merged(model: Any, layers: list[Any], path: str, problems: list[Problem]) -> Any:
    values: dict[str, Any] = {}
    for layer in (dict(found or {}) for found in layers):
        if "codec" in layer and values.get("codec") not in (None, layer["codec"]):
            # another codec: the settings below were made for the old one
            values = {k: v for k, v in values.items() if k == "loudness"}
        if rates := _RATES & set(layer):
            values = {k: v for k, v in values.items() if k not in _RATES}
        if model is VideoExport and len(rates) > 1:
            message = f"{' and '.join(sorted(rates))} exclude each other"
            problems.append(Problem(path, message, "give one of them"))
            layer = {k: v for k, v in layer.items() if k not in _RATES}  # said once is enough
        for key, value in layer.items():
            values[key] = values.get(key, {}) | value if key == "options" else value
    try:
        return model.model_validate(values)
    except pydantic.ValidationError as error:
        for row in error.errors(include_url=False):
            where = ".".join(str(p) for p in row["loc"])
            hint = (
                did_you_mean(str(row["loc"][-1]), model.model_fields)
                if row["type"] == "extra_forbidden"
                else ""
            )
            problems.append(Problem(f"{path}.{where}", row["msg"].lower(), hint))
        return None


def output_of(
    delivery: Delivery,
    project: Project,
    *,
    pictures: bool,
    sound: bool,
    chapters: tuple[Chapter, ...],
    problems: list[Problem],
) -> Output | None:
    """The output, not yet prepared by the backend."""
    exporter = delivery.exporter
    video = delivery.video if pictures else None
    audio = delivery.audio if sound else None
    if video is None and audio is None:
        if not problems:  # else clips were refused, and that is told already
            kind = "pictures" if exporter.video_codecs and not exporter.audio_codecs else "sound"
            message = f"{exporter.id} holds {kind} and the project has none"
            problems.append(Problem("export", message, "choose another container"))
        return None
    options = dict(exporter.options or {})
    if delivery.faststart:
        options |= exporter.faststart_options or {}
    if project.export.faststart and not exporter.faststart_options:
        text = f"{exporter.id} has no index that could stand in front"
        problems.append(Problem("export.faststart", text, "leave faststart out"))
    if project.export.renditions and not exporter.renditions:
        text = f"{exporter.id} is one file, and renditions are a folder of several"
        problems.append(Problem("export.renditions", text, "choose the container hls, or leave them out"))
    pictures_as = _video(video, delivery, project) if video is not None else None
    chunk = 0
    if exporter.chunk and pictures_as is not None:
        pictures_as, chunk = _chunked(pictures_as, exporter.chunk)
    return Output(
        delivery.contribution,
        exporter.muxer,
        pictures_as,
        _audio(audio, delivery, project) if audio is not None else None,
        tuple(sorted(options.items())),
        _metadata(project),
        chapters if project.export.chapters else (),
        delivery.extension or next(iter(exporter.extensions), ""),
        preset=delivery.preset.id if delivery.preset else "",
        chunk=chunk,
    )


def _video(video: VideoExport, delivery: Delivery, project: Project) -> VideoEncoding:
    color = TIMELINE_COLORS[video.color or project.timeline.color]
    return VideoEncoding(
        codec=video.codec or delivery.exporter.video_codecs[0],
        pixel_format=video.pixel_format or "",  # empty: the encoder's usual one
        width=delivery.resolution[0],
        height=delivery.resolution[1],
        rate=delivery.fps,
        color=color,
        crf=video.crf,
        quality=video.quality,
        encoder=video.encoder or "",
        bitrate=video.bitrate,
        maxrate=video.maxrate,
        bufsize=video.bufsize,
        preset=video.preset,
        profile=video.profile,
        level=video.level,
        gop=video.gop,
        b_frames=video.b_frames,
        two_pass=bool(video.two_pass),
        light=_light(video),
        options=tuple(sorted(video.options.items())),
    )


def _chunked(video: VideoEncoding, seconds: int) -> tuple[VideoEncoding, int]:
    """Key frames every two seconds, or as asked for, and a whole number of such groups in a piece."""
    gop = video.gop or max(1, round(2 * video.rate))
    return replace(video, gop=gop), gop * max(1, round(seconds * video.rate / gop))


def _light(video: VideoExport) -> LightLevels | None:
    display, content = video.mastering_display, video.content_light
    if display is None and content is None:
        return None
    shown = (display.red, display.green, display.blue, display.white) if display else ()
    range = (display.min_luminance, display.max_luminance) if display else (0.0, 0.0)
    return LightLevels(shown, range, (content.max_cll, content.max_fall) if content else None)


def _audio(audio: AudioExport, delivery: Delivery, project: Project) -> AudioEncoding:
    return AudioEncoding(
        codec=audio.codec or delivery.exporter.audio_codecs[0],
        rate=audio.sample_rate or project.timeline.sample_rate,
        layout=audio.channels or project.timeline.channels,
        bitrate=audio.bitrate,
    )


def _metadata(project: Project) -> tuple[tuple[str, str], ...]:
    values: dict[str, str] = {}
    if project.metadata.name:
        values["title"] = project.metadata.name
    if project.metadata.author:
        values["artist"] = project.metadata.author
    if project.metadata.description:
        values["comment"] = project.metadata.description
    return tuple(sorted((values | project.export.metadata).items()))


def prepared(output: Output, prepare: Any, problems: list[Problem]) -> Output | None:
    """The output as the backend prepares it; its refusal becomes a problem."""
    try:
        result = prepare(output)
    except KadrError as error:
        problems.append(Problem(error.path or "export", error.message, error.hint))
        return None
    assert isinstance(result, Output)
    return result
