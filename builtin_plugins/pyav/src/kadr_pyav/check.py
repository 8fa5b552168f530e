"""Verifying a file: ``fast`` reads every packet, ``full`` decodes them all as well.

What was noted of pictures and sound while they were encoded comes with the expectation; ``full``
holds what it decodes against it.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from av.video.stream import VideoStream
from kadr_sdk.errors import MediaFileError, Problem
from kadr_sdk.reports import CheckReport, Defect, Expectation, Stretch

from kadr_pyav.check_content import heard, seen
from kadr_pyav.check_decode import decode_all
from kadr_pyav.check_packets import Track, read_tracks, undecodable
from kadr_pyav.check_seek import check_seek
from kadr_pyav.check_streams import unlike
from kadr_pyav.check_times import Found, begin_apart, deviations, oddities
from kadr_pyav.check_webp import check_webp, is_moving_webp
from kadr_pyav.endings import bytes_missing
from kadr_pyav.oddities import missing_sound
from kadr_pyav.opening import close_quietly, open_media
from kadr_pyav.packets import cut_off

if TYPE_CHECKING:
    from av.container import InputContainer

__all__ = ["check"]

_MEANT = "cameras and screen recorders write such times; kadr shows each frame at its own"
_COPY = "copy the file or export it again"
_AGAIN = "render again; if it persists, the container or encoder does not keep its word"
# What these say of colour is a convention of the format, not a tag of ours.
_UNTAGGED = ("mjpeg", "png", "gif", "webp", "tiff")
# Their decoders give another pixel format than was encoded.
_REPACKED = ("gif",)
# These carry colour in the stream itself; the others only where the container has room for it.
_TAGGED = ("h264", "hevc", "av1")


def check(path: Path, expected: Expectation, level: str) -> CheckReport:
    """Verify a file against what it must be.

    Args:
        level: ``fast``: number, order and spacing of packets, times, sizes, tags, length of
            the sound, seams, a seek; ``full``: the same, and every frame and sample decoded and
            compared with what is known of them.

    Returns:
        All problems; a file that cannot be read is one of them. Uneven times are problems where the
        expectation has a rate, else remarks.
    """
    if level not in ("fast", "full"):
        raise ValueError(f"level is fast or full, not {level!r}")
    if is_moving_webp(path):
        return check_webp(path, expected, level)
    report = _Report(str(path), expected)
    try:
        container = open_media(path)
    except MediaFileError as error:
        return CheckReport(level, tuple(_unopened(error)), {})
    tracks: dict[str, Track] = {}
    try:
        tracks = read_tracks(container)
        report.whole(path, container)
        report.facts["container"] = container.format.name
        report.facts["bytes"] = path.stat().st_size
        report.video(tracks.get("video"), container)
        report.audio(tracks.get("audio"), container)
        report.sync(tracks)
        report.facts["seconds"] = max((t.seconds for t in tracks.values()), default=0.0)
        report.seek(tracks.get("video"), container)
        report.streams(tracks)
    except MediaFileError as error:
        report.problems += _unopened(error)
    finally:
        close_quietly(container)
    if level == "full":
        report.content(path, tracks)
    return CheckReport(level, tuple(report.problems), report.facts, report.stretches, tuple(report.remarks))


def _unopened(error: MediaFileError) -> list[Problem]:
    return [Defect(p.path, p.message, p.hint, "damaged") for p in error.problems]


class _Report:
    """Collects problems and facts."""

    def __init__(self, path: str, expected: Expectation) -> None:
        self._path, self._expected = path, expected
        self._known = expected != Expectation()
        self.problems: list[Problem] = []
        self.remarks: list[Problem] = []
        self.facts: dict[str, Any] = {}
        self.stretches: tuple[Stretch, ...] = ()

    def streams(self, tracks: dict[str, Track]) -> None:
        """They are those that were to be delivered."""
        for row in unlike(tracks, self._expected):
            self.wrong(*row)

    def _late(self, container: InputContainer) -> bool:
        """Times may begin anywhere."""
        return self._expected.late or container.format.name == "mpegts"

    def wrong(
        self, where: str, message: str, kind: str, at: float | None = None, until: float | None = None
    ) -> None:
        hint = _AGAIN if self._known else _COPY
        self.problems.append(Defect(f"{self._path}: {where}", message, hint, kind, at, until))

    def _odd(self, where: str, found: Found) -> None:
        """Nobody has said what the file must be: its clock may be meant."""
        self.remarks.append(Defect(f"{self._path}: {where}", found.message, _MEANT, found.kind, found.at))

    def _same(self, where: str, what: str, found: object, wanted: object, kind: str = "format") -> None:
        if wanted is not None and found != wanted:
            self.wrong(where, f"{what} is {found} instead of {wanted}", kind)

    def video(self, track: Track | None, container: InputContainer) -> None:
        want = self._expected
        if track is None:
            if want.frames is not None:
                self.wrong("video", "there is no video stream", "stream")
            return
        self.facts["video"] = track.facts()
        self._same("video", "the number of packets", len(track.pts), want.frames, "count")
        self._same("video", "the width", track.width, want.width)
        self._same("video", "the height", track.height, want.height)
        if track.codec not in _REPACKED:
            found = _as_planned(track.codec, track.pixel_format)
            self._same("video", "the pixel format", found, want.pixel_format)
        self._colors(track)
        if "matroska" not in container.format.name:  # it holds no decode times: a demuxer guesses them
            self._order(track)
        self._spacing(track, container)
        self._seams(track)

    def _seams(self, track: Track) -> None:
        """Parts begin where decoding can begin: a player that goes there would show rubbish else."""
        times = track.times
        seams = [frame for frame in self._expected.seams if frame < len(times)]
        keys = {*track.pts[:1], *(times[frame] for frame in seams)}.intersection(track.keys)
        if not self._expected.seams and track.pts and track.pts[0] not in keys:
            text = "it begins with frames that need one before them, which is missing"
            self.wrong("video", text, "decode", float(track.pts[0] * track.time_base))
        for frame in seams:
            if times[frame] not in keys:
                at = float(times[frame] * track.time_base)
                self.wrong("video", f"the part at frame {frame} does not begin with a key frame", "seam", at)

    def whole(self, path: Path, container: InputContainer) -> None:
        """Nothing of it is missing, and all of it can be decoded."""
        where, found = f"{self._path}: container", self.problems
        found += [Defect(where, text, _COPY, "stream") for text in undecodable(container)]
        video = container.streams.best("video")
        said = [cut_off(container, video)] if isinstance(video, VideoStream) else []
        if (missing := bytes_missing(path)) > 1:  # the last may be one of padding
            said.append(f"the file is cut off: {missing} bytes are missing at its end")
        for text in (*said, missing_sound(path)):
            if text:
                found.append(Defect(where, text, _COPY, "damaged"))

    def seek(self, track: Track | None, container: InputContainer) -> None:
        """Going to a place works."""
        if track is not None and track.codec not in _UNTAGGED and (text := check_seek(container, track)):
            self.wrong("video", text, "seek")

    def _colors(self, track: Track) -> None:
        if track.codec in _UNTAGGED:
            return
        names = ("matrix", "primaries", "transfer", "range")
        for name, found, wanted in zip(names, track.color, self._expected.color or (), strict=False):
            absent = found == "unknown" and track.codec not in _TAGGED
            if wanted != "unknown" and found != wanted and not absent:
                self.wrong("video", f"the colour {name} is {found} instead of {wanted}", "color")

    def _order(self, track: Track) -> None:
        for number, (before, after) in enumerate(pairwise(track.dts), 1):
            if after <= before:
                at = float(after * track.time_base)
                text = f"packet {number} is decoded at {after}, not after {before}"
                self.wrong("video", text, "order", at)
                return

    def _spacing(self, track: Track, container: InputContainer) -> None:
        late = self._late(container)
        if not track.pts:
            return
        if self._expected.rate:
            from_zero = late and container.format.name != "mpegts"  # as fragments of MP4 count
            for found in deviations(track, Fraction(self._expected.rate), late=late, from_zero=from_zero):
                self.wrong("video", *found)
        else:
            for found in oddities(track, late=late):
                self._odd("video", found)

    def audio(self, track: Track | None, container: InputContainer) -> None:
        want = self._expected
        if track is None:
            if want.samples is not None:
                self.wrong("audio", "there is no audio stream", "stream")
            return
        self.facts["audio"] = track.facts()
        self._same("audio", "the sample rate", track.sample_rate, want.sample_rate)
        if want.samples is None or not track.longest:
            return  # one packet of a codec whose packets do not say how long they last
        samples = track.samples(from_start=self._late(container))
        self.facts["audio"]["samples"] = samples
        # A transport stream has no place for the codec's delay: it counts as sound.
        allowed = track.frame_samples * (2 if self._late(container) else 1)
        if abs(samples - want.samples) > allowed:
            self.wrong("audio", f"the sound has {samples} samples instead of {want.samples}", "length")

    def sync(self, tracks: dict[str, Track]) -> None:
        """Sound and picture must begin together."""
        video, audio = tracks.get("video"), tracks.get("audio")
        if not (video and audio and video.pts and audio.pts):
            return
        for found in begin_apart(video, audio, delivered=bool(self._expected.rate)):
            if self._expected.rate:
                self.wrong("audio", *found)
            else:
                self._odd("audio", found)

    def content(self, path: Path, tracks: dict[str, Track]) -> None:
        """Decode it all, and hold it against what is known."""
        want, video = self._expected, tracks.get("video")
        rate = Fraction(want.rate) if want.rate else video.rate if video else None
        zero = min(video.pts) * video.time_base if video and video.pts else Fraction(0)
        found = decode_all(path, rate, zero)
        if found.loudness is not None:
            self.facts["loudness"] = found.loudness
        self.facts["decoded"] = found.facts()
        for error in found.errors:
            self.wrong(error.stream, error.message, "decode", error.at)
        if found.more_errors:
            self.wrong("container", f"{found.more_errors} more cannot be decoded", "decode")
        if want.frames is not None:
            self._same("video", "the number of decoded frames", found.frames, want.frames, "count")
        if want.samples is not None and abs(found.samples - want.samples) > 2 * max(1, found.longest):
            text = f"{found.samples} samples were decoded instead of {want.samples}"
            self.wrong("audio", text, "length")
        for defect in (*seen(found, want, rate), *heard(found, want)):
            self.wrong(*defect)
        self.stretches = found.pictures.stretches(rate or Fraction(25))


def _as_planned(codec: str, pixel_format: str) -> str:
    """ProRes 4444 is decoded into 12 bits, of which 10 were encoded."""
    return pixel_format.replace("444p12", "444p10") if codec == "prores" else pixel_format
