"""Sound against libav's own filters in the same run: seconds of stereo a second, and ratios.

    python tests/benchmarks/bench_sound.py [--json PATH]

Each row is a mix of one minute of a WAV file at 48 kHz, in one thread. The peers are an ``atempo``,
an ``aresample`` and a ``loudnorm`` of libavfilter over the same decoded sound.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from _bench import Row, measure, table
from kadr_pyav.audio_reader import SoundFile
from kadr_pyav.damage import Damage
from kadr_pyav.encoders import Trials, prepare
from kadr_pyav.mix import mix
from kadr_pyav.sound import Chain, Samples
from kadr_pyav.write import write
from kadr_sdk.frames import AudioBlock
from kadr_sdk.output import AudioEncoding, Output
from kadr_sdk.plan import AudioBus, AudioClip, AudioPlan, Duck, LoudnessTarget, Warp

RATE, SECONDS = 48000, 60


class Context:
    """A render that nobody watches."""

    def check(self) -> None:
        """Goes on."""

    def advance(self, amount: int) -> None:
        """Counts nothing."""

    def warn(self, message: str, path: str = "", hint: str = "") -> None:
        """Keeps quiet."""


def source(folder: Path) -> str:
    """Noise in bursts over a chord."""
    rng, t = np.random.default_rng(1), np.arange((SECONDS * 2 + 2) * RATE) / RATE
    chord = sum(np.sin(2 * np.pi * f * t) for f in (110, 277, 440)) * 0.1
    burst = rng.standard_normal((2, t.size)) * 0.1 * (np.sin(t * 2) > 0)
    output = prepare(Output("wav", "wav", None, AudioEncoding("pcm_s16le", RATE, "stereo")), Trials())
    write(folder / "in.wav", output, None, [AudioBlock((burst + chord).astype(np.float32), RATE)])
    return str(folder / "in.wav")


def plans(path: str) -> Iterator[tuple[str, AudioPlan]]:
    """What is measured."""
    total = SECONDS * RATE
    clip = AudioClip(path, 0, 0, total, Fraction(0))
    plan = AudioPlan(RATE, "stereo", 2, total, (clip,))
    curve = tuple(1 + Fraction(k % 250, 500) for k in range(SECONDS * 25 + 1))
    warp = Warp(Fraction(25), curve)
    duck = Duck((0,), -40, -12, 20, 50, 80)
    yield "one clip", plan
    yield "constant speed, pitch kept", replace(plan, clips=(replace(clip, speed=Fraction(5, 4)),))
    yield "varying speed, pitch kept", replace(plan, clips=(replace(clip, warp=warp),))
    yield "varying speed, as a tape", replace(plan, clips=(replace(clip, warp=warp, keep_pitch=False),))
    both = (replace(clip, bus=0), replace(clip, bus=1))
    yield "two tracks, one ducks", replace(plan, clips=both, buses=(AudioBus(), AudioBus(duck=duck)))
    yield "loudness by a gain", replace(plan, loudness=LoudnessTarget(-30, -1))
    yield "loudness through the limiter", replace(plan, loudness=LoudnessTarget(-10, -3))


def filtered(path: str, name: str, options: dict[str, str]) -> Callable[[int], object]:
    """One of libav's filters over the decoded file."""

    def work(count: int) -> None:
        file = SoundFile(path, 0, RATE, "stereo", Damage(path, "error", Context().warn))
        left = count * RATE

        def pieces() -> Iterator[Samples]:
            nonlocal left
            for piece in file.forwards(0):
                yield piece[:, :left]
                left -= piece.shape[1]
                if left <= 0:
                    return

        for _ in Chain([(name, options)], RATE, "stereo").run(pieces()):
            pass

    return work


def mixed(plan: AudioPlan) -> Callable[[int], object]:
    """The mix of its first seconds."""

    def work(count: int) -> None:
        clips = tuple(replace(c, count=count * RATE) for c in plan.clips)
        for _ in mix(replace(plan, count=count * RATE, clips=clips), Context()):  # type: ignore[arg-type]  # no effects
            pass

    return work


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="sound")
    parser.add_argument("--json", type=Path, metavar="PATH")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        path = source(Path(name))
        peers = [
            ("libav: atempo 1.25", filtered(path, "atempo", {"tempo": "1.25"})),
            ("libav: aresample to 38400", filtered(path, "aresample", {"out_sample_rate": "38400"})),
            ("libav: loudnorm, one pass", filtered(path, "loudnorm", {"I": "-16"})),
        ]
        work = [(label, mixed(plan)) for label, plan in plans(path)] + peers
        rows = [measure(label, one, count=SECONDS, repeats=3) for label, one in work]
    rows = [Row(r.name, r.value, r.low, r.high, "s/s") for r in rows]
    table("Sound, seconds of stereo a second", rows, options.json)
    by_name = {r.name: r.value for r in rows}
    for ours, theirs in (
        ("constant speed, pitch kept", "libav: atempo 1.25"),
        ("varying speed, pitch kept", "libav: atempo 1.25"),
        ("varying speed, as a tape", "libav: aresample to 38400"),
        ("loudness by a gain", "libav: loudnorm, one pass"),
        ("loudness through the limiter", "libav: loudnorm, one pass"),
    ):
        sys.stdout.write(f"{ours}: {by_name[ours] / by_name[theirs]:.2f} of {theirs}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
