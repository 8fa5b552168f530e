"""What a render says of itself when it is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from kadr_sdk.compliance import Rule
from kadr_sdk.errors import Problem

__all__ = ["CheckReport", "Defect", "Expectation", "RenderReport", "Stretch"]


@dataclass(frozen=True, slots=True)
class Defect(Problem):
    """Something wrong in a finished file.

    Attributes:
        kind: one word for programs: ``gap``, ``black``, ``sync`` and more.
        at, until: seconds of the film where it is seen or heard; None where it has no place.
    """

    kind: str = ""
    at: float | None = None
    until: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        row: dict[str, Any] = {"path": self.path, "message": self.message, "hint": self.hint}
        return row | {"kind": self.kind, "at": self.at, "until": self.until}


@dataclass(frozen=True, slots=True)
class Stretch:
    """Frames ``first`` to before ``end`` that are all ``black``, or all the same (``frozen``)."""

    kind: str
    first: int
    end: int

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a finished file must be; None: not checked.

    What has a rate is a delivery: progressive, in square pixels, not turned by the player.

    Attributes:
        frames: packets and, at level ``full``, decoded frames of the video stream.
        samples: length of the sound in samples, within one codec frame.
        codecs: of each kind of stream that it has, ``video`` and ``audio``, and no other.
        late: pictures and sound may begin later than 0, together: the container has no place for
            the codec's delay.
        color: matrix, primaries, transfer and range as FFmpeg names them.
        seams: frames at which parts begin: decoding can begin there.
        pictures: what was noted of each frame on its way to the encoder: 4 x 4 means of its first
            plane in codes of 8 bit, row by row; empty bytes where nothing is known.
        hues: the means of its second and third plane.
        quantizer: how coarsely the pictures may have been encoded, on H.264's scale of 0 to 51.
        levels: what was noted of the sound, a byte for each 10 ms: half decibels above -50 dBFS.
        channel_levels: the same for each second, a byte a channel.
        noted_loudness: LUFS of what was encoded.
        loudness: LUFS and the highest true peak in dBTP that were asked for.
    """

    frames: int | None = None
    rate: str | None = None
    width: int | None = None
    height: int | None = None
    pixel_format: str | None = None
    color: tuple[str, str, str, str] | None = None
    samples: int | None = None
    sample_rate: int | None = None
    late: bool = False
    seams: tuple[int, ...] = ()
    pictures: tuple[bytes, ...] = ()
    hues: tuple[bytes, ...] = ()
    quantizer: float = 0.0
    levels: bytes = b""
    channel_levels: bytes = b""
    noted_loudness: float | None = None
    loudness: tuple[float, float] | None = None
    codecs: Mapping[str, str] | None = None
    channels: int | None = None


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The result of verifying a file: no problems means good.

    Attributes:
        stretches: black and frozen ones, which may well be meant.
        remarks: what is odd in a file of which nobody has said what it must be, and is no defect.
    """

    level: str
    problems: tuple[Problem, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    stretches: tuple[Stretch, ...] = ()
    remarks: tuple[Problem, ...] = ()

    @property
    def good(self) -> bool:
        """True where nothing is wrong."""
        return not self.problems


@dataclass(frozen=True, slots=True)
class RenderReport:
    """A finished render.

    Attributes:
        seconds: of wall clock for the whole job; ``stages`` splits it.
        digest: sha256 of the output file as hex.
        reused: segments that an earlier render had made, of ``segments``.
        copied: frames whose packets were copied from a source, of ``frames``.
        encoded: where copying was asked for, the frames that were not copied, by the reason.
        guests: what sandboxed effects did, by effect: ``calls``, ``traps``, ``seconds``,
            ``replaced`` and more.
        preset: whose limits the file was checked against; rules: each of them, kept or not.
        loudness: of the sound by EBU R128: ``integrated`` (LUFS), ``range`` (LU) and ``true_peak``
            (dBTP), None where there is no value; empty without sound.
    """

    job: str
    output: str
    frames: int
    duration: float
    bytes: int
    seconds: float
    workers: int
    segments: int
    digest: str
    plan: str
    stages: dict[str, float] = field(default_factory=dict)
    check: CheckReport | None = None
    warnings: tuple[Problem, ...] = ()
    reused: int = 0
    copied: int = 0
    encoded: dict[str, int] = field(default_factory=dict)
    guests: dict[str, dict[str, float]] = field(default_factory=dict)
    preset: str = ""
    rules: tuple[Rule, ...] = ()
    loudness: dict[str, float | None] = field(default_factory=dict)

    @property
    def replaced(self) -> int:
        """Frames in which an effect failed and was skipped or held, as the user wanted."""
        return int(sum(row.get("replaced", 0) for row in self.guests.values()))

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready data."""
        return asdict(self) | {"replaced": self.replaced}
