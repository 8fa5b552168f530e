"""Models of the project file, version 1.0.0.

Every field of the format stands here once, with its default, unit and range. An
``extensions`` object may stand on any object and survives load and save untouched; any
other unknown key is an error.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from kadr_sdk.project.values import (
    Animated,
    ColorText,
    Duration,
    EasingSpec,
    PanLaw,
    Rate,
    StreamChoice,
    Time,
    Value,
)

__all__ = [
    "AudioExport",
    "Clip",
    "ContentLight",
    "Crop",
    "Duck",
    "EffectUse",
    "Export",
    "Generator",
    "Loudness",
    "Marker",
    "Mask",
    "MasteringDisplay",
    "Metadata",
    "Model",
    "NamedExport",
    "Project",
    "Rendition",
    "Stream",
    "Timeline",
    "Track",
    "Transform",
    "TransitionUse",
    "VideoExport",
]

_Id = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$")]
_OptionalId = Annotated[str, Field(max_length=200)]
_MAX_SIDE = 16384
_Side = Annotated[int, Field(ge=1, le=_MAX_SIDE)]
_Unit = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
_Space = Literal["bt709", "bt601", "bt2020", "bt2100-pq", "bt2100-hlg"]
_Text = Annotated[str, Field(max_length=100_000)]


class Model(BaseModel):
    """Base: unknown keys are errors, ``extensions`` are kept."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, strict=False)

    extensions: dict[str, Any] = Field(default_factory=dict)

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        # Frozen, so it is shared: else every clip would copy the defaults of its transform and crop.
        return self


class Metadata(Model):
    """About the project."""

    id: _Id = "untitled"
    name: str = ""
    description: _Text = ""
    author: str = ""
    created_at: str = ""
    modified_at: str = ""


class Marker(Model):
    """A named place on the timeline; ``chapter`` markers become chapters of the output."""

    time: Time
    name: str = ""
    color: str = ""
    kind: Literal["chapter", "note", "export"] = "note"


class Stream(Model):
    """Which streams of the file are used: an index in the container, or ``none``."""

    video: StreamChoice = None
    audio: StreamChoice = None


class Generator(Model):
    """A picture made from nothing."""

    type: _Id
    parameters: dict[str, Value] = Field(default_factory=dict)


class Transform(Model):
    """Where the picture stands.

    Scale 1 fills the frame as ``fit`` says; position is the offset of the anchor from the
    frame's centre as a fraction of its width and height (x right, y down); rotation in
    degrees clockwise; the anchor is a fraction of the picture.
    """

    scale_x: Animated = 1.0
    scale_y: Animated = 1.0
    position_x: Animated = 0.0
    position_y: Animated = 0.0
    rotation: Animated = 0.0
    anchor_x: Animated = 0.5
    anchor_y: Animated = 0.5


class Crop(Model):
    """Parts of the upright source cut off, as fractions of its width and height."""

    left: _Unit = 0.0
    top: _Unit = 0.0
    right: _Unit = 0.0
    bottom: _Unit = 0.0


class Mask(Model):
    """Where an effect acts: an effect with an input ``under``, which cuts what the other one made.

    Attributes:
        inputs: as those of an effect use, for a mask that is another track's picture.
    """

    type: _Id
    parameters: dict[str, Value] = Field(default_factory=dict)
    inputs: tuple[_Id, ...] = ()


class EffectUse(Model):
    """An effect on a clip or track; times are clip times.

    Attributes:
        mask: the part of the picture that it acts on; None: all of it.
        inputs: of a composite effect: its further inputs. On a track, ids of tracks below, which
            show nothing by themselves while it acts; on a clip, ids of sequences.
    """

    id: _OptionalId = ""
    effect_type: _Id
    parameters: dict[str, Value] = Field(default_factory=dict)
    inputs: tuple[_Id, ...] = ()
    mask: Mask | None = None
    enabled: bool = True
    start_time: Time | None = None
    end_time: Time | None = None


def _kind(value: Any) -> str:
    return "object" if isinstance(value, dict | EffectUse) else "id"


_Effects = tuple[
    Annotated[Annotated[str, Tag("id")] | Annotated[EffectUse, Tag("object")], Discriminator(_kind)], ...
]
"""Uses of effects in order: ids of the project's own, or the effects themselves."""


class Clip(Model):
    """A piece of a source on a track.

    Attributes:
        source_file: path, relative to the project file; or ``generator``, or ``sequence``
            (id of a nested timeline): exactly one of them.
        source_rate: pictures a second of a sequence (``frames_%04d.png``); None: the timeline's.
        start_time, duration: on the timeline, after speed; seconds.
        source_start: first moment used of the source; seconds.
        speed: above 0; source seconds per timeline second.
        freeze: source time to hold for the whole clip.
        opacity, volume: 0..1 and 0..4, may be animated.
        pan: -1 (left) .. 1 (right).
        fade_in, fade_out: of the sound; seconds.
    """

    id: _Id
    source_file: str | None = None
    generator: Generator | None = None
    sequence: str | None = None
    source_rate: Rate | None = None
    stream: Stream = Stream()
    start_time: Time = Fraction(0)
    duration: Duration | None = None
    source_start: Time = Fraction(0)
    speed: Animated = 1.0
    reversed: bool = False
    freeze: Time | None = None
    keep_pitch: bool = True
    past_end: Literal["error", "hold"] = "error"
    opacity: Animated = 1.0
    blend: str = "normal"
    transform: Transform = Transform()
    crop: Crop = Crop()
    fit: Literal["contain", "cover", "stretch", "none"] = "contain"
    deinterlace: Literal["auto", "on", "off"] = "auto"
    effects: _Effects = ()
    volume: Animated = 1.0
    pan: Animated = 0.0
    muted: bool = False
    fade_in: Time = Fraction(0)
    fade_out: Time = Fraction(0)


class TransitionUse(Model):
    """From one clip to the next on the same track."""

    id: _OptionalId = ""
    transition_type: _Id
    between: tuple[_Id, _Id]
    duration: Duration | None = None
    alignment: Literal["center", "start", "end"] = "center"
    direction: str = ""
    easing: EasingSpec = "linear"
    parameters: dict[str, Value] = Field(default_factory=dict)
    audio: Literal["crossfade", "cut"] = "crossfade"


class Duck(Model):
    """Turns a track down while others sound; levels in decibels, times in seconds."""

    under: Annotated[tuple[_Id, ...], Field(min_length=1, max_length=64)]
    amount: Annotated[float, Field(ge=-60, le=0)] = -12.0
    threshold: Annotated[float, Field(ge=-90, le=0)] = -40.0
    attack: Annotated[float, Field(ge=0, le=5)] = 0.2
    hold: Annotated[float, Field(ge=0, le=30)] = 0.5
    release: Annotated[float, Field(ge=0, le=30)] = 0.8


class Track(Model):
    """Clips in time; video tracks stack from the first (bottom) to the last (top)."""

    id: _Id
    name: str = ""
    type: Literal["video", "audio", "subtitle"] = "video"
    enabled: bool = True
    locked: bool = False
    muted: bool = False
    solo: bool = False
    volume: Animated = 1.0
    pan: Animated = 0.0
    duck: Duck | None = None
    opacity: Animated = 1.0
    blend: str = "normal"
    effects: _Effects = ()
    clips: tuple[Clip, ...] = ()
    transitions: tuple[TransitionUse, ...] = ()


class Timeline(Model):
    """The edit."""

    fps: Rate = Fraction(30)
    resolution: tuple[_Side, _Side] = (1920, 1080)
    sample_rate: Annotated[int, Field(ge=8000, le=384_000)] = 48000
    channels: Literal["mono", "stereo", "5.1", "7.1"] = "stereo"
    pan_law: PanLaw = 0.0
    effects: _Effects = ()
    color: _Space = "bt709"
    background: ColorText = "#000000"
    tracks: tuple[Track, ...] = ()
    markers: tuple[Marker, ...] = ()


class Loudness(Model):
    """EBU R128 targets: integrated in LUFS, true peak in dBTP."""

    integrated: Annotated[float, Field(ge=-70, le=0)] = -23.0
    true_peak: Annotated[float, Field(ge=-20, le=0)] = -1.0


_Chromaticity = tuple[Annotated[float, Field(ge=0, le=1)], Annotated[float, Field(ge=0, le=1)]]


class MasteringDisplay(Model):
    """The display that the film was graded on (SMPTE ST 2086).

    Attributes:
        red, green, blue, white: CIE 1931 x and y.
        min_luminance, max_luminance: cd/m2.
    """

    red: _Chromaticity = (0.68, 0.32)
    green: _Chromaticity = (0.265, 0.69)
    blue: _Chromaticity = (0.15, 0.06)
    white: _Chromaticity = (0.3127, 0.329)
    min_luminance: Annotated[float, Field(ge=0, le=10)] = 0.0001
    max_luminance: Annotated[float, Field(gt=0, le=10_000)] = 1000.0


class ContentLight(Model):
    """Light of the content (CTA 861.3), cd/m2: of the brightest pixel and the brightest frame's mean."""

    max_cll: Annotated[int, Field(ge=0, le=65_535)]
    max_fall: Annotated[int, Field(ge=0, le=65_535)]


class VideoExport(Model):
    """How pictures are encoded; None means as the preset or exporter says.

    Attributes:
        encoder: name of one encoder, ``auto`` (one in hardware where a trial of it works, else
            on the processor) or ``hardware`` (one in hardware or none); left open: on the processor.
        bitrate: bits per second.
        maxrate: most bits per second over any stretch of ``bufsize`` bits.
        quality: 0..100, mapped to the encoder's own scale.
        level: of the codec, ``4.1``; ``4.1+``: at least, and higher where size and rate need it.
        gop: most frames between key frames.
        color: colour space of the output; left open: the timeline's.
        options: options of the encoder by its own names.
    """

    codec: str | None = None
    encoder: str | None = None
    crf: Annotated[float, Field(ge=0, le=63)] | None = None
    bitrate: Annotated[int, Field(gt=0)] | None = None
    maxrate: Annotated[int, Field(gt=0)] | None = None
    bufsize: Annotated[int, Field(gt=0)] | None = None
    quality: Annotated[float, Field(ge=0, le=100)] | None = None
    preset: str | None = None
    profile: str | None = None
    level: str | None = None
    pixel_format: str | None = None
    color: _Space | None = None
    gop: Annotated[int, Field(ge=1, le=10_000)] | None = None
    b_frames: Annotated[int, Field(ge=0, le=16)] | None = None
    two_pass: bool | None = None
    mastering_display: MasteringDisplay | None = None
    content_light: ContentLight | None = None
    options: dict[str, str] = Field(default_factory=dict)


class AudioExport(Model):
    """How sound is encoded; bitrate in bits per second."""

    codec: str | None = None
    bitrate: Annotated[int, Field(gt=0)] | None = None
    sample_rate: Annotated[int, Field(ge=8000, le=384_000)] | None = None
    channels: Literal["mono", "stereo", "5.1", "7.1"] | None = None
    loudness: Loudness | None = None


class Rendition(Model):
    """A step of a ladder (HLS): a size that the film is fitted into, and what is encoded otherwise there."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
    max_resolution: tuple[_Side, _Side]
    video: VideoExport | None = None
    audio: AudioExport | None = None


class Export(Model):
    """What the project is delivered as; what is left open the preset decides."""

    preset: str | None = None
    container: str | None = None
    video: VideoExport | None = None
    audio: AudioExport | None = None
    resolution: tuple[_Side, _Side] | None = None
    fps: Rate | None = None
    range: tuple[Time, Time] | None = None
    faststart: bool | None = None
    smart_copy: Literal["off", "auto", "require"] | None = None
    metadata: dict[str, str] = Field(default_factory=dict)
    chapters: bool = True
    renditions: tuple[Rendition, ...] = ()


class NamedExport(Export):
    """One of several deliveries of a project; what it leaves open is as in a project without ``export``.

    Attributes:
        output: path relative to the project file, in its folder or below.
    """

    id: _Id
    output: Annotated[str, Field(min_length=1, max_length=1000)]


class Project(Model):
    """The whole document."""

    version: Literal["1.0.0"] = "1.0.0"
    metadata: Metadata = Metadata()
    timeline: Timeline = Timeline()
    sequences: dict[str, Timeline] = Field(default_factory=dict)
    effects: tuple[EffectUse, ...] = ()
    export: Export = Export()
    exports: tuple[NamedExport, ...] = ()
