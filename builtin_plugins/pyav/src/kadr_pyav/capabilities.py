"""What this build of libav can do: lists where a list is true, a trial where it may lie.

Encoders that live in the library itself are listed. One that needs a device or a driver is
known only by opening it; ``prepare`` opens every encoder that is about to be used.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from threading import Lock

from kadr_sdk.backend import Capabilities

__all__ = ["CapabilityList"]

_BUILD = b" - core "


class CapabilityList:
    """Collected once per instance; safe to use from several threads."""

    def __init__(self, name: str = "pyav") -> None:
        self._name = name
        self._lock = Lock()

    def get(self) -> Capabilities:
        """The capabilities; cheap after the first call."""
        with self._lock:
            return self._found

    @cached_property
    def _found(self) -> Capabilities:
        import av.filter

        from kadr_pyav.muxers import muxer_names
        from kadr_pyav.opening import MAX_PIXELS
        from kadr_pyav.syntax import SYNTAX

        return Capabilities(
            name=self._name,
            versions=versions(),
            encoders=encoders(),
            decoders=decoders(),
            filters=frozenset(av.filter.filters_available),
            muxers=muxer_names(),
            implementations=("filter", "frame", "audio"),
            blends=_blends(),
            max_pixels=MAX_PIXELS,
            copies=frozenset(SYNTAX),
        )


def versions() -> tuple[tuple[str, str], ...]:
    """Libraries that pixels and samples go through, and their versions, by name.

    x264's build is what its own stream says; the other encoders inside the wheel change only
    with the version of ``av``.
    """
    import av
    import numpy as np
    import PIL

    found = {name: ".".join(map(str, numbers)) for name, numbers in av.library_versions.items()}
    found |= {"av": av.__version__, "ffmpeg": str(av.ffmpeg_version_info)}
    found |= {"numpy": np.__version__, "pillow": PIL.__version__}
    build = x264_build()
    if build:
        found["x264"] = build
    return tuple(sorted(found.items()))


def encoders() -> dict[str, tuple[str, ...]]:
    """Encoders of this build by codec name, best first."""
    from kadr_pyav.encoder_choice import encoder_exists
    from kadr_pyav.encoder_table import AUDIO, VIDEO

    found: dict[str, tuple[str, ...]] = {}
    rows = [(row.codec, row.name) for row in VIDEO] + [(row.codec, row.name) for row in AUDIO]
    for codec, name in rows:
        if encoder_exists(name):
            found[codec] = (*found.get(codec, ()), name)
    return found


def decoders() -> frozenset[str]:
    """Codecs of this build that can be decoded."""
    import av
    from av.codec.codec import UnknownCodecError

    found = set()
    for name in av.codecs_available:
        try:
            found.add(av.Codec(name, "r").canonical_name)
        except UnknownCodecError:
            continue  # an encoder only
    return frozenset(found)


def x264_build() -> str:
    """The build of x264, read from the first packet of one small frame; empty without x264."""
    import av

    from kadr_pyav.encoder_choice import encoder_exists

    if not encoder_exists("libx264"):
        return ""
    context = av.Codec("libx264", "w").create("video")
    context.width, context.height, context.pix_fmt = 32, 32, "yuv420p"
    context.framerate = Fraction(25)
    context.thread_count = 1
    packets = [*context.encode(av.VideoFrame(32, 32, "yuv420p")), *context.encode(None)]
    data = b"".join(bytes(packet) for packet in packets)
    _, found, tail = data.partition(_BUILD)
    return tail.split(b" - ", 1)[0].decode("ascii", "replace") if found else ""


def _blends() -> frozenset[str]:
    from kadr_pyav.blends import BLENDS

    return frozenset(BLENDS)
