"""A trial encode in a process of its own: ``python -m kadr_pyav.trial ENCODER PIXEL_FORMAT``.

Drivers may crash or hang, which must cost a child and not the film. The child encodes a few
frames and prints one line of JSON: ``{"works": true, "reason": ""}``.
"""

from __future__ import annotations

import json
import subprocess
import sys
from fractions import Fraction
from typing import Any

__all__ = ["attempt", "run_trial"]

_FRAMES, _SIDE = 12, 256
_SECONDS = 20
_CHILD = ("-m", "kadr_pyav.trial")


def run_trial(encoder: str, pixel_format: str, seconds: float = _SECONDS) -> str:
    """Why an encoder does not work here; empty where it does.

    Args:
        seconds: after which the child is killed.
    """
    command = [sys.executable, *_CHILD, encoder, pixel_format]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and module, names of our table
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        return f"the trial did not end within {seconds:g} s"
    except OSError as error:
        return f"the trial could not be started: {error.strerror}"
    try:
        found = json.loads(done.stdout.decode("utf-8", "replace").strip().splitlines()[-1])
        return "" if found["works"] else str(found["reason"])
    except (ValueError, IndexError, KeyError, TypeError):
        return f"the trial crashed (exit code {done.returncode})"


def attempt(encoder: str, pixel_format: str) -> str:
    """Encode a few frames here; why that fails, empty where it does not."""
    import av
    import av.error
    import av.logging
    from av.codec.codec import UnknownCodecError

    av.logging.set_level(av.logging.ERROR)
    with av.logging.Capture(local=False) as logs:
        try:
            packets = _encode(av.Codec(encoder, "w").create("video"), pixel_format)
        except UnknownCodecError:
            return "this build of FFmpeg does not have it"
        except (av.error.FFmpegError, ValueError) as error:
            return _reason(logs, error)
    if packets != _FRAMES:
        return f"{_FRAMES} frames gave {packets} packets"
    return ""


def _encode(context: Any, pixel_format: str) -> int:
    import av

    context.width = context.height = _SIDE
    context.pix_fmt, context.framerate, context.time_base = pixel_format, Fraction(25), Fraction(1, 25)
    context.bit_rate = 1_000_000
    count = 0
    for number in range(_FRAMES):
        frame = av.VideoFrame(_SIDE, _SIDE, pixel_format)
        for plane in frame.planes:
            plane.update(bytes([16 * number]) * plane.buffer_size)
        frame.pts = number
        count += len(context.encode(frame))
    return count + len(context.encode(None))


def _reason(logs: list[Any], error: Exception) -> str:
    """The driver's own words, since libav's are only ``Operation not permitted``."""
    words = [str(text).strip().rstrip(".") for _, _, text in logs]
    said = "; ".join(dict.fromkeys(word for word in words if word))
    return (said or str(getattr(error, "strerror", None) or error))[:400]


def main(arguments: list[str]) -> int:
    """The child."""
    reason = attempt(*arguments)
    sys.stdout.write(json.dumps({"works": not reason, "reason": reason}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
