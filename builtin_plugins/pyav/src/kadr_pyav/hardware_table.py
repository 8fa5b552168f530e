"""What is known of encoders in hardware: plain data, beside :mod:`kadr_pyav.encoder_table`.

None of them repeats its bytes on another machine, so none is taken unless it is asked for.
"""

from __future__ import annotations

from kadr_pyav.encoder_table import PRESETS, Quality, VideoEncoder

__all__ = ["HARDWARE", "KINDS"]

KINDS = {
    "nvenc": "NVIDIA NVENC",
    "qsv": "Intel Quick Sync Video",
    "vaapi": "VA-API (Linux: Intel, AMD)",
    "amf": "AMD AMF",
    "videotoolbox": "Apple VideoToolbox",
}
"""Names of encoders end in one of these; in order of preference."""

_NVENC_PRESETS = dict(
    zip(PRESETS, ("p1", "p1", "p2", "p2", "p3", "p4", "p5", "p6", "p7", "p7"), strict=True)
) | {f"p{n}": f"p{n}" for n in range(1, 8)}
_QSV_PRESETS = {name: name for name in PRESETS[2:-1]} | {
    "ultrafast": "veryfast",
    "superfast": "veryfast",
    "placebo": "veryslow",
}
_AMF_PRESETS = {
    name: ("speed" if n < 5 else "balanced" if n < 6 else "quality") for n, name in enumerate(PRESETS)
}
_NV12 = {"yuv420p": "nv12", "yuv420p10le": "p010le"}
_CODECS = ("h264", "hevc", "av1")


def _nvenc(codec: str) -> VideoEncoder:
    return VideoEncoder(
        f"{codec}_nvenc",
        codec,
        Quality("cq", 26, worst=45, best=14, top=51),
        bitrate=True,
        defaults=(("preset", "p5"), ("rc", "vbr"), ("forced-idr", "1")),
        preset="preset",
        presets=_NVENC_PRESETS,
        level="" if codec == "av1" else "level",
        capped=("crf", "bitrate"),
        b_frames=True,
        flags="+cgop",
        hardware="nvenc",
    )


def _qsv(codec: str) -> VideoEncoder:
    return VideoEncoder(
        f"{codec}_qsv",
        codec,
        Quality("global_quality", 26, worst=45, best=14, top=51, whole=True),
        bitrate=True,
        defaults=(("preset", "medium"),),
        preset="preset",
        presets=_QSV_PRESETS,
        capped=("bitrate",),
        b_frames=True,
        flags="+cgop",
        hardware="qsv",
        fed=_NV12,
    )


def _amf(codec: str) -> VideoEncoder:
    return VideoEncoder(
        f"{codec}_amf",
        codec,
        Quality("qvbr_quality_level", 26, worst=45, best=14, top=51, whole=True),
        bitrate=True,
        defaults=(("quality", "quality"), ("usage", "transcoding")),
        preset="quality",
        presets=_AMF_PRESETS,
        level="" if codec == "av1" else "level",
        capped=("bitrate",),
        flags="+cgop",
        hardware="amf",
        fed={"yuv420p10le": "p010le"},
    )


def _plain(codec: str, kind: str) -> VideoEncoder:
    """Where this build has it; a bitrate is what all of them understand."""
    return VideoEncoder(f"{codec}_{kind}", codec, bitrate=True, flags="+cgop", hardware=kind, fed=_NV12)


HARDWARE: tuple[VideoEncoder, ...] = (
    *(_nvenc(codec) for codec in _CODECS),
    *(_qsv(codec) for codec in _CODECS),
    *(_plain(codec, "vaapi") for codec in _CODECS),
    *(_amf(codec) for codec in _CODECS),
    *(_plain(codec, "videotoolbox") for codec in _CODECS[:2]),
)
"""Every known encoder in hardware, for each codec the best first."""
