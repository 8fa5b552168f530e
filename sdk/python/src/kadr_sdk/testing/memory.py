"""An in-memory backend: media are small JSON descriptions, pictures numpy planes.

It obeys the whole contract of :class:`kadr_sdk.backend.Backend` without a codec library, so
that the kernel's own tests run on it. A source file is JSON::

    {"video": {"width": 64, "height": 36, "rate": "25", "frames": 100, "first": 0},
     "audio": {"rate": 48000, "seconds": "4", "level": 0.5}}

Frame ``n`` of the video is :func:`~kadr_sdk.testing.synthetic.barcode_frame` number
``first + n``; the sound is constant at ``level``. Outputs are JSON lines with base64 packets;
read one with :func:`read_output`.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from kadr_sdk.backend import Capabilities, EncoderTrial, RenderContext
from kadr_sdk.color import BT709
from kadr_sdk.copying import CopyOffer, SeamFault
from kadr_sdk.errors import MediaFileError, Problem, UnsupportedFormatError
from kadr_sdk.frames import AudioBlock, VideoFrame
from kadr_sdk.media import AudioStream, Cue, FrameIndex, MediaInfo, VideoStream
from kadr_sdk.output import Output
from kadr_sdk.parts import Packet, PacketSource, PartReader, PartWriter
from kadr_sdk.plan import AudioClip, AudioPlan, Copy, Node, Segment, Source
from kadr_sdk.reports import CheckReport, Expectation
from kadr_sdk.testing.nodes import render_node

__all__ = ["MemoryBackend", "MemoryOutput", "read_output", "write_source"]

_BLOCK = 4800


def write_source(path: Path, **streams: Any) -> Path:
    """Write a source file; see the module's docstring for the fields."""
    path.write_text(json.dumps(streams), "utf-8")
    return path


class MemoryOutput:
    """A finished output.

    Attributes:
        header: what the join wrote.
        frames: luma planes in order; samples: the sound, shape (channels, n), or None.
    """

    def __init__(self, header: dict[str, Any], frames: list[Any], samples: Any) -> None:
        self.header = header
        self.frames = frames
        self.samples = samples


def read_output(path: Path) -> MemoryOutput:
    """Decode a file that :meth:`MemoryBackend.join` wrote."""
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    header = lines[0]
    frames = []
    sound = []
    for row in lines[1:]:
        data = base64.b64decode(row["data"])
        if row["stream"] == "video":
            luma = np.frombuffer(data, np.uint8)[: header["width"] * header["height"]]
            frames.append(luma.reshape(header["height"], header["width"]))
        else:
            sound.append(np.frombuffer(data, np.float32).reshape(header["channels"], -1))
    return MemoryOutput(header, frames, np.concatenate(sound, axis=1) if sound else None)


class MemoryBackend:
    """Satisfies :class:`kadr_sdk.backend.Backend`.

    Attributes:
        fail_at: frame of a segment at which encoding fails, for tests of failures.
        composed: frames that were made, for tests of what is made once.
        mixed: stretches of sound that were mixed into parts.
        lie: report one packet too few to the check, for tests of verification.
        faults: first frames of copies whose seams are called wrong, for tests of falling back.
    """

    def __init__(self) -> None:
        self.fail_at: int | None = None
        self.lie = False
        self.faults: set[int] = set()
        self.probed: list[str] = []
        self.composed = 0
        self.mixed = 0

    def capabilities(self) -> Capabilities:
        """Raw pictures and sound, effects by their frame implementation, on sound by ``volume``."""
        return Capabilities(
            "memory",
            (("memory", "1"),),
            {
                "raw": ("raw",),
                "h264": ("raw",),
                "ffv1": ("raw",),
                "png": ("raw",),
                "aac": ("raw",),
                "flac": ("raw",),
            },
            frozenset({"raw"}),
            frozenset({"volume"}),
            frozenset({"mp4", "matroska"}),
            ("frame",),
            frozenset({"normal"}),
            1 << 24,
            frozenset({"raw"}),
        )

    def probe(self, path: Path) -> MediaInfo:
        """What the JSON says."""
        self.probed.append(str(path))
        data = _read(path)
        video, audio = data.get("video"), data.get("audio")
        streams: tuple[VideoStream, ...] = ()
        if video:
            rate = Fraction(video.get("rate", 25))
            streams = (
                VideoStream(
                    0,
                    "raw",
                    video["width"],
                    video["height"],
                    "yuv420p",
                    BT709,
                    rate=rate,
                    duration=video["frames"] / rate,
                    frames=video["frames"],
                    time_base=1 / rate,
                    still=video.get("still", False),
                ),
            )
        sounds: tuple[AudioStream, ...] = ()
        if audio:
            seconds = Fraction(audio["seconds"])
            sounds = (AudioStream(1, "raw", audio["rate"], 2, "stereo", duration=seconds),)
        lengths = [s.duration for s in streams] + [s.duration for s in sounds]
        duration = max((d for d in lengths if d is not None), default=None)
        return MediaInfo(str(path), "memory", duration, path.stat().st_size, streams, sounds)

    def index(self, path: Path, stream: int) -> FrameIndex:
        """Evenly spaced frames, all of them key frames."""
        if stream != 0:
            raise MediaFileError(f"no video stream {stream}", path=path)
        video = _read(path)["video"]
        numbers = tuple(range(video["frames"]))
        return FrameIndex(1 / Fraction(video.get("rate", 25)), numbers, numbers, video["frames"])

    def cues(self, path: Path, stream: int) -> Sequence[Cue]:
        """None: these sources have no subtitles."""
        raise MediaFileError(f"no subtitle stream {stream}", path=path)

    def hardware(self) -> tuple[EncoderTrial, ...]:
        """One that works and one that does not."""
        return (
            EncoderTrial("raw_fast", "h264", "Memory", works=True),
            EncoderTrial("raw_slow", "h264", "Memory", works=False, reason="it is only a test"),
        )

    def prepare(self, output: Output) -> Output:
        """Names the only encoder there is."""
        if output.video is not None and output.video.codec not in self.capabilities().encoders:
            raise UnsupportedFormatError(f"no encoder for {output.video.codec}", path="export.video.codec")
        video = output.video
        if video is not None:
            video = replace(video, encoder="raw", pixel_format=video.pixel_format or "yuv420p")
        audio = replace(output.audio, encoder="raw") if output.audio else None
        master = replace(video, two_pass=False, bitrate=None) if video and video.two_pass else None
        return replace(output, video=video, audio=audio, master=master)

    def frames(self, root: Node, context: RenderContext) -> Iterator[VideoFrame]:
        """The frames of a graph."""
        for number in range(root.frames):
            context.check()
            yield render_node(root, number, context, _source_frame)

    def encode(self, segment: Segment, output: Output, sink: PartWriter, context: RenderContext) -> str:
        """One packet a frame: its planes."""
        return self.encode_all(segment, (output,), (sink,), context)[0]

    def encode_all(
        self,
        segment: Segment,
        outputs: Sequence[Output],
        sinks: Sequence[PartWriter],
        context: RenderContext,
    ) -> tuple[str, ...]:
        """The same packets for every output."""
        number = 0
        for span in segment.spans:
            for frame in self.frames(span.root, context):
                if number == self.fail_at:
                    raise MediaFileError("the test asked for damage here", path="memory")
                self.composed += 1
                data = b"".join(np.ascontiguousarray(p).tobytes() for p in frame.planes)
                for sink in sinks:
                    sink.write(Packet(data, number, 1, True))
                context.advance(1)
                number += 1
        video = outputs[0].video
        assert video is not None
        header = {"codec": "raw", "extradata": "", "frames": number, "facts": {}}
        return tuple(sink.finish(header | {"width": video.width, "height": video.height}) for sink in sinks)

    def encode_film(
        self, parts: Sequence[PartReader], output: Output, sink: PartWriter, context: RenderContext
    ) -> str:
        """The same packets, counted over the whole film."""
        assert output.master is not None
        number = 0
        for part in parts:
            for packet in part:
                context.check()
                sink.write(Packet(packet.data, number, 1, True))
                context.advance(1)
                number += 1
        return sink.finish(parts[0].header | {"frames": number})

    def copyable(self, source: Source, first: int, end: int, output: Output) -> CopyOffer:
        """Every ``key``-th frame of a source is a random access point; each packet can be the last."""
        assert output.video is not None
        every = _read(Path(source.path))["video"].get("key", 1)
        begin = -(-first // every) * every
        if begin >= end:
            return CopyOffer(end, end, reason="no frame of it is a random access point")
        size = output.video.width * output.video.height * 3 // 2
        return CopyOffer(begin, end, (end - begin) * size)

    def copied(self, copy: Copy, output: Output) -> PacketSource:
        """The frames as :meth:`encode` would write them."""
        return _CopiedPart(copy, output)

    def check_seams(
        self,
        path: Path,  # noqa: ARG002 - its packets are the pictures: there is no seam to go wrong
        segments: Sequence[Segment],
        parts: Sequence[PacketSource],  # noqa: ARG002 - the same
        output: Output,  # noqa: ARG002 - the same
        context: RenderContext,  # noqa: ARG002 - the same
    ) -> tuple[SeamFault, ...]:
        """Nothing is wrong but what the test wants to be."""
        wrong = [s for s in segments if s.copy is not None and s.copy.first in self.faults]
        return tuple(SeamFault(s.index, "the test asked for a fault here") for s in wrong)

    def mix(self, plan: AudioPlan, context: RenderContext) -> Iterator[AudioBlock]:
        """Constant levels times the gains, by the plain reading of the plan."""
        mixed = np.zeros((plan.channels, plan.total), np.float32)
        for clip in plan.clips:
            context.check()
            level = self._level(clip, context)
            for ramps in clip.gains:
                level *= np.array([_gain(ramps, n) for n in range(clip.count)], np.float32)
            for ramps in plan.buses[clip.bus].gains if clip.bus is not None else ():
                level *= np.array([_gain(ramps, clip.start + n) for n in range(clip.count)], np.float32)
            mixed[:, clip.start : clip.start + clip.count] += level
        mixed = mixed[:, plan.lead : plan.lead + plan.count]
        for first in range(0, plan.count, _BLOCK):
            yield AudioBlock(mixed[:, first : first + _BLOCK], plan.rate, first, plan.layout)

    def _level(self, clip: AudioClip, context: RenderContext) -> Any:
        if clip.mix is None:
            return np.full(clip.count, _read(Path(clip.path))["audio"]["level"], np.float32)
        if not clip.path:
            return np.concatenate([b.samples[0] for b in self.mix(clip.mix, context)])
        with PartReader(Path(clip.path)) as part:
            return np.concatenate([np.frombuffer(packet.data, np.float32) for packet in part])

    def mix_part(self, plan: AudioPlan, sink: PartWriter, context: RenderContext) -> str:
        """The first channel: all of them sound the same."""
        self.mixed += 1
        for block in self.mix(plan, context):
            sink.write(Packet(block.samples[0].tobytes(), block.first, block.samples.shape[1], True))
        return sink.finish({"codec": "raw", "samples": plan.count, "facts": {}})

    def loudness(self, sound: Iterable[AudioBlock]) -> Mapping[str, float | None]:
        """The highest sample; it does not weigh frequencies."""
        peak = max((float(np.abs(block.samples).max(initial=0.0)) for block in sound), default=0.0)
        return {"integrated": None, "range": None, "true_peak": 20 * math.log10(peak) if peak else None}

    def render_audio(self, plan: AudioPlan, output: Output, sink: PartWriter, context: RenderContext) -> str:
        """One packet a block."""
        for block in self.mix(plan, context):
            count = block.samples.shape[1]
            sink.write(Packet(np.ascontiguousarray(block.samples).tobytes(), block.first, count, True))
            if output.video is None:
                context.advance(count)
        facts = {"codec": "raw", "extradata": "", "rate": plan.rate, "layout": plan.layout, "delay": 0}
        return sink.finish(facts | {"samples": plan.count, "channels": plan.channels, "facts": {}})

    def join(
        self,
        parts: Sequence[PacketSource],
        audio: PartReader | None,
        output: Output,
        target: Path,
        context: RenderContext,
    ) -> None:
        """JSON lines: a header, then packets with times over the whole film."""
        context.check()
        video = output.video
        header = {
            "width": video.width if video else 0,
            "height": video.height if video else 0,
            "rate": str(video.rate) if video else "",
            "channels": audio.header["channels"] if audio else 0,
            "metadata": dict(output.metadata),
        }
        start = 0
        with target.open("w", encoding="utf-8", newline="\n") as file:
            file.write(json.dumps(header) + "\n")
            for part in parts:
                for packet in part:
                    file.write(_row("video", packet, start))
                start += part.header["frames"]
            for packet in audio or ():
                file.write(_row("audio", packet, 0))

    def check(self, path: Path, expected: Expectation, level: str) -> CheckReport:
        """Count frames and samples."""
        found = read_output(path)
        frames = len(found.frames) - int(self.lie)
        samples = 0 if found.samples is None else found.samples.shape[1]
        problems = []
        if expected.frames is not None and frames != expected.frames:
            problems.append(Problem("video", f"{frames} frames instead of {expected.frames}"))
        if expected.samples is not None and samples != expected.samples:
            problems.append(Problem("audio", f"{samples} samples instead of {expected.samples}"))
        return CheckReport(level, tuple(problems), {"frames": frames, "samples": samples})

    def image(self, frame: VideoFrame, kind: str = "png") -> bytes:
        """Kind, size and the bytes of the planes."""
        head = f"{kind} {frame.width} {frame.height}\n".encode()
        return head + b"".join(np.ascontiguousarray(p).tobytes() for p in frame.planes)

    def write(
        self,
        target: Path,
        output: Output,
        frames: Iterable[VideoFrame] | None,
        sound: Iterable[AudioBlock] | None,
    ) -> None:
        """A source file with as many frames and samples as were given."""
        streams: dict[str, Any] = {}
        if frames is not None and output.video is not None:
            count = sum(1 for _ in frames)
            size = {"width": output.video.width, "height": output.video.height}
            streams["video"] = size | {"rate": str(output.video.rate), "frames": count}
        if sound is not None and output.audio is not None:
            count = sum(block.samples.shape[1] for block in sound)
            seconds = str(Fraction(count, output.audio.rate))
            streams["audio"] = {"rate": output.audio.rate, "seconds": seconds, "level": 0.5}
        write_source(target, **streams)


class _CopiedPart:
    """Frames of a source as packets."""

    def __init__(self, copy: Copy, output: Output) -> None:
        assert output.video is not None
        self.path = Path(copy.path)
        self._copy = copy
        size = {"width": output.video.width, "height": output.video.height}
        self.header: dict[str, Any] = {"codec": "raw", "extradata": "", "frames": copy.count} | size

    def __iter__(self) -> Iterator[Packet]:
        rate = Fraction(_read(self.path)["video"].get("rate", 25))
        for number in range(self._copy.count):
            frame = _source_frame(str(self.path), (self._copy.first + number) / rate)
            data = b"".join(np.ascontiguousarray(p).tobytes() for p in frame.planes)
            yield Packet(data, number, 1, True)

    def close(self) -> None:
        """Nothing is open."""


def _read(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise MediaFileError(f"not readable as media: {error}", path=path) from error
    if not isinstance(data, dict):
        raise MediaFileError("not readable as media: not an object", path=path)
    return data


def _source_frame(path: str, time: Fraction) -> VideoFrame:
    from kadr_sdk.testing.synthetic import barcode_frame

    video = _read(Path(path))["video"]
    number = int(time * Fraction(video.get("rate", 25)))
    number = min(max(number, 0), video["frames"] - 1)
    return barcode_frame(video.get("first", 0) + number, video["width"], video["height"])


def _gain(ramps: Sequence[Any], sample: int) -> float:
    """An envelope at one sample, straight from the definition of :class:`kadr_sdk.plan.Ramp`."""
    from math import cos, pi, sin

    if not ramps:
        return 1.0
    for ramp in ramps:
        if sample < ramp.stop:
            span = ramp.stop - ramp.start
            t = min(max((sample - ramp.start) / span, 0.0), 1.0) if span else 1.0
            if ramp.shape == "linear":
                return float(ramp.a + (ramp.b - ramp.a) * t)
            if ramp.b >= ramp.a:
                return float(ramp.a + (ramp.b - ramp.a) * sin(pi / 2 * t))
            return float(ramp.b + (ramp.a - ramp.b) * cos(pi / 2 * t))
    return float(ramps[-1].b)


def _row(stream: str, packet: Packet, start: int) -> str:
    data = base64.b64encode(packet.data).decode()
    return json.dumps({"stream": stream, "pts": start + packet.pts, "data": data}) + "\n"
