"""What is known of each encoder beforehand: its own names, and what makes it repeat.

Plain data; :mod:`kadr_pyav.encoders` turns it into options. The ``pinned`` rows are those
that determinism needs (the same frames give the same bytes): a fixed number of threads, since
bits may depend on it, x264 without the processor's own mbtree code,
x265 with fixed pools and frame threads, libvpx without row threads, SVT-AV1 with a fixed
level of parallelism. Sessions run side by side instead.
"""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["AUDIO", "PRESETS", "VIDEO", "AudioEncoder", "Quality", "VideoEncoder"]

_FAST = ("ultrafast", "superfast", "veryfast", "faster", "fast")
PRESETS = (*_FAST, "medium", "slow", "slower", "veryslow", "placebo")
"""Names of the presets of x264, fastest first; every encoder with presets takes them."""
_X264_PROFILES = ("baseline", "main", "high", "high10", "high422", "high444")
_X265_444 = ("main444-8", "main444-10", "main444-12")
_X265_PROFILES = ("main", "main10", "main12", "mainstillpicture", "main422-10", "main422-12", *_X265_444)


@dataclass(frozen=True, slots=True)
class Quality:
    """Constant quality of an encoder.

    ``quality`` 0..100 is mapped evenly: ``value = worst + (best - worst) * quality / 100``.

    Attributes:
        option: the encoder's own, or ``qscale`` (the quantiser, by ``qmin`` and ``qmax``).
        default: where nothing is asked for.
        worst, best: values at quality 0 and 100.
        top: the greatest value that the encoder takes.
        whole: the encoder takes whole numbers only.
    """

    option: str
    default: float
    worst: float
    best: float
    top: float
    whole: bool = False

    def value(self, quality: float) -> float:
        """The encoder's own number for a quality 0..100."""
        value = self.worst + (self.best - self.worst) * quality / 100
        return round(value) if self.whole else round(value, 2)


@dataclass(frozen=True, slots=True)
class VideoEncoder:
    """An encoder of pictures.

    Attributes:
        quality: None where it is lossless or has no such scale.
        bitrate: it can aim at bits per second.
        pinned: options that nobody may change.
        defaults: options that the user may replace.
        params: name of its option of the form ``a=1:b=2``, with the pinned rows within.
        preset: option that the preset goes to, and the encoder's value by preset name.
        profiles: known profile names; empty: as the option's own choices say.
        level: option that the level goes to (``level``, or a name inside ``params``).
        capped: ways of rate control with which it keeps a greatest rate.
        passes: it can see the film twice, with what it saw in a file.
        intra: every frame is a key frame.
        hardware: kind of device that it needs; empty: none.
        fed: the pixel format that it is given, by that of the plan, where only the order of
            the samples differs.
    """

    name: str
    codec: str
    quality: Quality | None = None
    bitrate: bool = False
    pinned: tuple[tuple[str, str], ...] = ()
    defaults: tuple[tuple[str, str], ...] = ()
    params: str = ""
    params_pinned: tuple[tuple[str, str], ...] = ()
    preset: str = ""
    presets: dict[str, str] = field(default_factory=dict)
    profiles: tuple[str, ...] = ()
    level: str = ""
    capped: tuple[str, ...] = ()
    passes: bool = False
    intra: bool = False
    b_frames: bool = False
    flags: str = ""
    hidden_alpha: bool = False
    hardware: str = ""
    fed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AudioEncoder:
    """An encoder of sound; ``bitrate``: it takes one."""

    name: str
    codec: str
    bitrate: bool = True


def _same(names: tuple[str, ...]) -> dict[str, str]:
    return {name: name for name in names}


def _steps(*values: str) -> dict[str, str]:
    """Numbers for the names of x264's presets, fastest first; the numbers themselves as well."""
    named = dict(zip(PRESETS, values, strict=True))
    return named | {value: value for value in values}


_X264 = VideoEncoder(
    "libx264",
    "h264",
    Quality("crf", 23, worst=43, best=10, top=51),
    bitrate=True,
    # Two frame threads, whatever the machine: bits may depend on their number. One segment then
    # keeps two processors busy, so segments can be long; measured 1.67x one thread. PyAV's own
    # choice would be slices, which cost 1.1 % of size.
    pinned=(("thread_type", "frame"), ("threads", "2")),
    defaults=(("preset", "medium"), ("a53cc", "0")),
    params="x264-params",
    params_pinned=(("cpu-independent", "1"),),
    preset="preset",
    presets=_same(PRESETS),
    profiles=_X264_PROFILES,
    level="level",
    capped=("crf", "bitrate"),
    passes=True,
    b_frames=True,
    flags="+cgop",
)
_X264_RGB = VideoEncoder(
    "libx264rgb",
    "h264",
    _X264.quality,
    bitrate=True,
    pinned=_X264.pinned,
    defaults=_X264.defaults,
    params="x264-params",
    params_pinned=_X264.params_pinned,
    preset="preset",
    presets=_X264.presets,
    profiles=("high444",),
    level="level",
    capped=("crf", "bitrate"),
    passes=True,
    b_frames=True,
    flags="+cgop",
)
_X265 = VideoEncoder(
    "libx265",
    "hevc",
    Quality("crf", 28, worst=48, best=14, top=51),
    bitrate=True,
    defaults=(("preset", "medium"), ("a53cc", "0")),
    params="x265-params",
    params_pinned=(
        ("pools", "none"),
        ("frame-threads", "1"),
        ("wpp", "0"),
        ("open-gop", "0"),
        ("log-level", "none"),
    ),
    preset="preset",
    presets=_same(PRESETS),
    profiles=_X265_PROFILES,
    level="level-idc",
    capped=("crf", "bitrate"),
    passes=True,
    b_frames=True,
    flags="+cgop",
    hidden_alpha=True,
)
_SVT = VideoEncoder(
    "libsvtav1",
    "av1",
    Quality("crf", 35, worst=60, best=12, top=63, whole=True),
    bitrate=True,
    defaults=(("preset", "8"),),
    params="svtav1-params",
    params_pinned=(("lp", "1"),),
    capped=("crf",),
    preset="preset",
    presets=_steps("12", "11", "10", "9", "8", "7", "6", "5", "4", "2")
    | {"0": "0", "1": "1", "3": "3", "13": "13"},
)
_VP9 = VideoEncoder(
    "libvpx-vp9",
    "vp9",
    Quality("crf", 31, worst=60, best=12, top=63, whole=True),
    bitrate=True,
    pinned=(("row-mt", "0"),),
    defaults=(("deadline", "good"), ("cpu-used", "3")),
    preset="cpu-used",
    presets=_steps("8", "7", "6", "5", "4", "3", "2", "1", "0", "0"),
    hidden_alpha=True,
)
_VP8 = VideoEncoder(
    "libvpx",
    "vp8",
    Quality("crf", 10, worst=60, best=4, top=63, whole=True),
    bitrate=True,
    defaults=(("deadline", "good"), ("cpu-used", "2")),
    preset="cpu-used",
    presets=_steps("8", "7", "6", "5", "4", "3", "2", "1", "0", "0"),
    hidden_alpha=True,
)
_QSCALE = Quality("qscale", 2, worst=31, best=2, top=31, whole=True)
_MPEG2 = VideoEncoder(
    "mpeg2video",
    "mpeg2video",
    _QSCALE,
    bitrate=True,
    # The encoder cannot close its GOPs and cut at scenes at once.
    pinned=(("sc_threshold", "1000000000"),),
    profiles=("422", "high", "ss", "snr", "main", "simple"),
    capped=("bitrate",),
    b_frames=True,
    flags="+cgop+bitexact",
)
_MPEG4 = VideoEncoder(
    "mpeg4",
    "mpeg4",
    _QSCALE,
    bitrate=True,
    pinned=(("sc_threshold", "1000000000"),),
    b_frames=True,
    flags="+cgop+bitexact",
)
_PRORES = VideoEncoder("prores_ks", "prores", intra=True, flags="+bitexact")
_MJPEG = VideoEncoder(
    "mjpeg", "mjpeg", _QSCALE, pinned=(("strict", "unofficial"),), intra=True, flags="+bitexact"
)
_FFV1 = VideoEncoder(
    "ffv1",
    "ffv1",
    pinned=(("g", "1"),),
    defaults=(("level", "3"), ("slices", "4"), ("slicecrc", "1")),
    intra=True,
    flags="+bitexact",
)
_LOSSLESS = tuple(
    VideoEncoder(name, name, intra=True, flags="+bitexact")
    for name in ("png", "tiff", "utvideo", "huffyuv", "qtrle", "v210", "dnxhd")
)
_WEBP = VideoEncoder("libwebp", "webp", Quality("quality", 75, worst=0, best=100, top=100), intra=True)
# Only GIF stores changes against the frame before; its first frame of a session is whole.
_GIF = VideoEncoder("gif", "gif", intra=True, flags="+bitexact")

VIDEO: tuple[VideoEncoder, ...] = (_X264, _X264_RGB, _X265, _SVT, _VP9, _VP8, _PRORES, _FFV1)
VIDEO += (_MPEG2, _MPEG4, _MJPEG, *_LOSSLESS, _WEBP, _GIF)
"""Every known encoder of pictures, for each codec the best first."""

AUDIO: tuple[AudioEncoder, ...] = (
    AudioEncoder("aac", "aac"),
    AudioEncoder("libopus", "opus"),
    AudioEncoder("libmp3lame", "mp3"),
    AudioEncoder("flac", "flac", bitrate=False),
    AudioEncoder("alac", "alac", bitrate=False),
    AudioEncoder("mp2", "mp2"),
    AudioEncoder("ac3", "ac3"),
    AudioEncoder("eac3", "eac3"),
    AudioEncoder("wavpack", "wavpack", bitrate=False),
    *(
        AudioEncoder(name, name, bitrate=False)
        for name in ("pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_s16be", "pcm_s24be", "pcm_u8")
    ),
)
"""Every known encoder of sound."""
