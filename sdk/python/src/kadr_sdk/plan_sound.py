"""The sound of a plan: clips, tracks with a sound of their own, the whole mix.

The order of work: a clip is read, brought to its speed, goes through its stages, its gains and
its pan. Clips of a *bus* (a track whose sound is worked on as a whole, or that another one ducks
under) are summed, go through the bus's stages and gains. All that is summed, goes through the
master's stages, and is brought to its loudness. Every position is a sample of the mix.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from kadr_sdk.effects import FilterSpec
from kadr_sdk.media import ONE

__all__ = [
    "Acting",
    "AudioBus",
    "AudioClip",
    "AudioFilters",
    "AudioPlan",
    "AudioStage",
    "Duck",
    "LoudnessTarget",
    "Ramp",
    "SoundCall",
    "Warp",
]


def _unhashed(default: Any) -> Any:
    """A field that does not enter the content hash."""
    return field(default=default, metadata={"hash": False})


@dataclass(frozen=True, slots=True)
class Ramp:
    """A gain between two samples of a clip: ``linear``, or ``sine`` for equal power.

    ``sine`` goes from a to b as ``a + (b - a) * sin(pi/2 * t)`` where it rises and as
    ``b + (a - b) * cos(pi/2 * t)`` where it falls, so that two opposite ones add up in power.
    """

    start: int
    stop: int
    a: float
    b: float
    shape: str = "linear"


Acting = tuple[int, int | None]
"""From and up to which sample (since the first that goes in) an effect is heard; None: to the end.

It hears everything from the first sample on. Outside, the sound passes bit for bit; from one to
the other it goes in a straight line over 10 ms (of a shorter stretch: half of it) that lie inside.
"""


@dataclass(frozen=True, slots=True)
class AudioFilters:
    """An effect on sound carried out by libavfilter nodes in a chain.

    Attributes:
        filters: as they stand at the first sample.
        changes: from which sample on (since the first that goes in) they stand otherwise; the
            same filters with other options, which are told to them on the way.
        delay: samples that the output is late by; the backend takes them back.
        acts: see :data:`Acting`.
    """

    filters: tuple[FilterSpec, ...]
    changes: tuple[tuple[int, tuple[FilterSpec, ...]], ...] = ()
    delay: int = 0
    acts: Acting | None = None


@dataclass(frozen=True, slots=True)
class SoundCall:
    """An effect on sound carried out by Python (or a guest) over blocks of float32.

    Blocks are those of :data:`~kadr_sdk.audio_effects.SOUND_BLOCK`, counted from the first sample
    that goes in.

    Attributes:
        effect: id of a contribution ``audio_effect``.
        digest: of the code, in the hash.
        values: parameters by name, sampled once a block.
        total: samples of the clip, the track or the mix.
        latency, tail: in samples, as the effect declares.
        inputs: 1, or 0 for a generator.
        acts: see :data:`Acting`.
    """

    effect: str
    version: int
    digest: str
    values: tuple[tuple[str, Any], ...]
    total: int
    seed: int = 0
    latency: int = 0
    tail: int = 0
    inputs: int = 1
    portable: bool = True
    acts: Acting | None = None


AudioStage = AudioFilters | SoundCall
"""A step that the sound of a clip, a bus or the master goes through; keeps its length."""


@dataclass(frozen=True, slots=True)
class Warp:
    """A speed that varies: the speed goes straight from frame to frame.

    The clip's first sample is at clip time ``at``; from there it runs forwards, or backwards
    where the clip is reversed. The source position is the integral of the speed since clip time
    0; before the first and after the last frame the edge speed holds.

    Attributes:
        rate: frames per second. speeds: at each frame's start and the end of the last.
        at: seconds.
    """

    rate: Fraction
    speeds: tuple[Fraction, ...]
    at: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class AudioClip:
    """A piece of sound on the mix.

    Attributes:
        start, count: samples of the mix, from its first (those that lead in included).
        source_start: seconds in the source at the first sample; of a reversed clip the end
            of the stretch that is played, whose last sample comes first; of a warped clip that
            of clip time 0.
        speed: source seconds per second; keep_pitch: stretched instead of resampled.
        gains: envelopes multiplied together; each a list of ramps in samples since ``start``;
            before the first and after the last ramp its edge value holds.
        pan: balance, -1..1, an envelope like the gains.
        damage: what to do where sound cannot be decoded: ``error``, or ``hold`` or ``black``
            for silence. After the end of the media there is silence.
        stages: effects on the sound, before gains and pan.
        lead: samples before the first that go through the stages and are not heard, so that
            a clip cut by the range of a render sounds as in the whole; ``source_start`` is
            that of the first of them.
        warp: where the speed varies, instead of ``speed``.
        bus: number of the bus that it belongs to; None: the mix itself.
        generator: what makes the sound where there is no media; ``path`` is empty then.
        mix: what is played in the place of media: the sound of a sequence, or a block of the whole
            mix; ``source_start`` counts from its first sample that is delivered. ``path`` is empty
            then, or the part that :meth:`kadr_sdk.backend.Backend.mix_part` made of it.
        fed: samples that go into the stages, counted like ``lead``; silence comes behind them,
            so that effects ring on. 0: ``lead + count``.
    """

    path: str
    stream: int
    start: int
    count: int
    source_start: Fraction
    speed: Fraction = ONE
    keep_pitch: bool = True
    reversed: bool = False
    gains: tuple[tuple[Ramp, ...], ...] = ()
    pan: tuple[Ramp, ...] = ()
    damage: str = "error"
    stages: tuple[AudioStage, ...] = ()
    lead: int = 0
    warp: Warp | None = None
    bus: int | None = None
    generator: SoundCall | None = None
    fed: int = 0
    mix: AudioPlan | None = None
    track: str = _unhashed("")
    clip: str = _unhashed("")


@dataclass(frozen=True, slots=True)
class Duck:
    """A sound that makes way for others: turned down while they are loud.

    The keys' power is measured in steps of 10 ms from the first sample of the mix. The gain is
    ``amount`` from a step above the threshold to ``hold`` steps after the last one, else 0; it
    is reached in a straight line of decibels, down in ``attack`` steps (which end where the
    sound begins), up in ``release`` steps.

    Attributes:
        keys: numbers of the buses listened to, all before this one.
        threshold: mean power of the loudest channel in decibels. amount: decibels, below 0.
    """

    keys: tuple[int, ...]
    threshold: float
    amount: float
    attack: int
    hold: int
    release: int


@dataclass(frozen=True, slots=True)
class AudioBus:
    """Clips that are worked on together; ``gains`` in samples of the mix, after the stages."""

    stages: tuple[AudioStage, ...] = ()
    gains: tuple[tuple[Ramp, ...], ...] = ()
    duck: Duck | None = None
    track: str = _unhashed("")


@dataclass(frozen=True, slots=True)
class LoudnessTarget:
    """Loudness of the whole by EBU R128: integrated in LUFS, and a true peak in dBTP."""

    integrated: float
    true_peak: float


@dataclass(frozen=True, slots=True)
class AudioPlan:
    """The whole mix; ``count`` samples at ``rate``.

    Attributes:
        buses: in an order in which each comes after those that it listens to.
        stages: effects on the whole mix.
        pan_law: decibels that both sides lose in the middle; see :data:`Timeline.pan_law`.
        lead, trail: samples mixed before and after those delivered, where effects remember or
            look ahead; positions of clips count from the first that leads in.
        loudness: what the delivered samples are brought to.
        exact: decoding, mixing and encoding give the same on every processor, effects aside.
    """

    rate: int
    layout: str
    channels: int
    count: int
    clips: tuple[AudioClip, ...]
    buses: tuple[AudioBus, ...] = ()
    stages: tuple[AudioStage, ...] = ()
    pan_law: float = 0.0
    lead: int = 0
    trail: int = 0
    loudness: LoudnessTarget | None = None
    hash: str = ""
    exact: bool = _unhashed(True)

    @property
    def total(self) -> int:
        """Samples that are mixed."""
        return self.lead + self.count + self.trail

    @property
    def every_clip(self) -> Iterator[AudioClip]:
        """All clips, and those of the mixes within."""
        for clip in self.clips:
            yield clip
            if clip.mix is not None:
                yield from clip.mix.every_clip

    @property
    def parts(self) -> Iterator[AudioStage]:
        """Every generator and stage of clips, buses and the master, here and in the mixes within."""
        for clip in self.clips:
            yield from (clip.generator,) if clip.generator else ()
            yield from clip.mix.parts if clip.mix else ()
            yield from clip.stages
        for bus in self.buses:
            yield from bus.stages
        yield from self.stages

    @property
    def portable(self) -> bool:
        """True where nothing depends on the class of processor."""
        return self.exact and all(part.portable for part in self.parts if isinstance(part, SoundCall))
