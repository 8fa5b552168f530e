"""Smart copy: which stretches of the output are packets of a source as they are.

Looked for in the finished spans, so whatever touches a picture shows as a node there. A stretch
whose graph does nothing but decode frames one after the other can be copied where the backend
finds a random access point in it; the frames before that point are encoded, and so are those
behind the last one that needs nothing later. The reason why a stretch is not copied is kept.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import islice, takewhile
from pathlib import Path

from kadr_sdk.backend import Backend
from kadr_sdk.errors import Problem
from kadr_sdk.media import FrameIndex, VideoStream
from kadr_sdk.output import Output
from kadr_sdk.plan import Conform, Copy, Decode, FrameTimes, Segment, Source, Span

from kadr_kernel.render.library import MediaLibrary
from kadr_kernel.render.segments import CutRule
from kadr_kernel.render.touched import conversion, work

__all__ = ["Choice", "Copier"]

_LEAST = Fraction(1, 2)  # seconds; a shorter copy saves nothing and costs two seams
_MOST_REASONS = 5


@dataclass(slots=True)
class _Run:
    """Frames of one source that follow each other, wherever spans begin."""

    source: Source
    start: int
    first: int
    count: int

    def leads_to(self, other: _Run) -> bool:
        """The other goes on where this one ends, in the output and in the source."""
        here = (self.source, self.start + self.count, self.first + self.count)
        return here == (other.source, other.start, other.first)


@dataclass(frozen=True, slots=True)
class _Why:
    """Output frames that are not copied. ``edge``: they only lead up to or away from a copy."""

    start: int
    end: int
    text: str
    edge: bool = False


@dataclass(slots=True)
class Choice:
    """What is copied, by the output frame at which it begins, and why the rest is not."""

    copies: dict[int, Copy] = field(default_factory=dict)
    reasons: list[_Why] = field(default_factory=list)

    def cuts(self, cuts: Sequence[int], end: int, fps: Fraction) -> list[int]:
        """First frames of all segments: the edges of the copies, and the cuts between them.

        A cut that close to a copy would make a segment of a few frames; it is left out.
        """
        least = CutRule().frames(fps).shortest
        edges = sorted({e for start, copy in self.copies.items() for e in (start, start + copy.count)})
        found = {e for e in edges if e < end} | {0}
        for cut in cuts:
            at = bisect_right(edges, cut) - 1
            before, after = edges[at] if at >= 0 else 0, edges[at + 1] if at + 1 < len(edges) else end
            inside = before in self.copies and at >= 0
            if not inside and cut - before >= least and (after - cut >= least or after == end):
                found.add(cut)
        return sorted(found)

    def applied(self, segments: Sequence[Segment]) -> list[Segment]:
        """The segments with their copies, and the others with their reasons."""
        found = []
        reasons = sorted(self.reasons, key=lambda why: why.start)
        at = 0
        for segment in segments:
            end = segment.start + segment.count
            while at < len(reasons) and reasons[at].end <= segment.start:
                at += 1
            copy = self.copies.get(segment.start)
            here = takewhile(lambda why: why.start < end, islice(reasons, at, None))  # noqa: B023 - used at once
            texts = list(dict.fromkeys(why.text for why in here))[:_MOST_REASONS] if copy is None else []
            portable = copy is not None or segment.portable
            found.append(replace(segment, copy=copy, portable=portable, reason="; ".join(texts)))
        return found

    def refusals(self, fps: Fraction) -> list[Problem]:
        """Every stretch of which more than the edges would be encoded, as problems."""
        found = []
        for why in _joined(w for w in self.reasons if not w.edge):
            where = f"{float(why.start / fps):.3f} to {float(why.end / fps):.3f} s"
            hint = "use --smart-copy auto to encode it"
            found.append(Problem(where, f"cannot be copied: {why.text}", hint))
        return found


class Copier:
    """Looks for what can be copied.

    Args:
        refused: copies whose seams turned out to be wrong.
    """

    def __init__(
        self, library: MediaLibrary, backend: Backend, output: Output, refused: Collection[Copy] = ()
    ) -> None:
        assert output.video is not None
        self._library, self._backend = library, backend
        self._output, self._video = output, output.video
        self._refused = refused

    def choose(self, spans: Sequence[Span]) -> Choice:
        """What is copied of spans that follow each other, counted from the first frame of the output."""
        choice = Choice()
        end = spans[-1].start + spans[-1].count if spans else 0
        reason = self._for_no_source()
        if reason:
            choice.reasons.append(_Why(0, end, reason))
            return choice
        for run in self._runs(spans, choice.reasons):
            self._copy(run, choice)
        return choice

    def _for_no_source(self) -> str:
        """Why nothing can be copied whatever the source is."""
        video, copies = self._video, self._backend.capabilities().copies
        if video.codec not in copies:
            return f"packets of {video.codec} are not copied"
        if not self._output.muxer:
            return f"{self._output.exporter} takes pictures, not packets"
        if self._output.chunk:
            return f"{self._output.exporter} cuts the film into pieces of one length"
        if video.bitrate or self._output.master is not None:
            return "a bitrate makes the whole film one encoder session"
        return ""

    # -- runs of frames that nothing touches ----------------------------------------------------

    def _runs(self, spans: Sequence[Span], reasons: list[_Why]) -> Iterator[_Run]:
        current: _Run | None = None
        for span in spans:
            found = self._untouched(span)
            if isinstance(found, str):
                reasons.append(_Why(span.start, span.start + span.count, found))
                continue
            for run in self._numbered(span, found, reasons):
                if current is not None and current.leads_to(run):
                    current.count += run.count
                    continue
                if current is not None:
                    yield current
                current = run
        if current is not None:
            yield current

    def _untouched(self, span: Span) -> Decode | str:
        """The source of a span that shows it as it is, else what is done to it."""
        root = span.root
        if isinstance(root, Decode):
            decode = root
        elif isinstance(root, Conform) and isinstance(root.input, Decode):
            decode = root.input
            text = conversion(root, decode)
            if text:
                return text
        else:
            return work(span)
        video = self._stream(decode.source)
        if decode.source.still or video is None:
            return "a still picture has no packets to copy"
        if video.codec != self._video.codec:
            return f"the source is {video.codec} and the output {self._video.codec}"
        if decode.deinterlace != "off" or video.interlaced:
            return "the source is interlaced"
        if self._video.light not in (None, video.light):
            return "the light levels of the output are not those that the source states"
        return decode

    def _stream(self, source: Source) -> VideoStream | None:
        found = self._library.probe(Path(source.path)).video
        return next((v for v in found if v.index == source.stream), None)

    def _numbered(self, span: Span, decode: Decode, reasons: list[_Why]) -> Iterator[_Run]:
        """Runs of frames that are shown once each, in their order."""
        source = decode.source
        shown = _shown(self._library.index(Path(source.path), source.stream), decode.times, span.count)
        begin = 0
        for k in range(1, span.count + 1):
            if k < span.count and shown[k] == shown[k - 1] + 1:
                continue
            start, count = span.start + begin, k - begin
            if count < span.count and count < _LEAST * self._video.rate:
                text = "the speed or rate is another, so frames are left out or repeated"
                reasons.append(_Why(start, start + count, text))
            else:
                yield _Run(source, start, shown[begin], count)
            begin = k

    # -- packets -------------------------------------------------------------------------------

    def _copy(self, run: _Run, choice: Choice) -> None:
        """Divide a run into what is copied and what is not, with the reasons."""
        first, end = run.first, run.first + run.count
        shift = run.start - run.first
        least = max(1, -(-self._video.rate * _LEAST // 1))
        left: list[_Why] = []
        copied = False
        while first < end:
            offer = self._backend.copyable(run.source, first, end, self._output)
            copy = Copy(
                run.source.path, run.source.stream, self._video.codec, offer.first, offer.count, offer.bytes
            )
            text = offer.reason or "decoding cannot begin there"
            if offer.count < least or copy in self._refused:
                if copy in self._refused:
                    wrong = "a copy of it did not show what was planned"
                    choice.reasons.append(_Why(first + shift, offer.end + shift, wrong))
                else:
                    text = "too few frames follow a random access point" if offer.count else text
                    left.append(_Why(first + shift, offer.end + shift, text))
                first = max(offer.end, first + 1)
                continue
            if offer.first > first:
                left.append(_Why(first + shift, offer.first + shift, text))
            choice.copies[offer.first + shift] = copy
            copied = True
            first = offer.end
        choice.reasons += [replace(w, text=_EDGE, edge=True) if copied else w for w in left]


_EDGE = "frames between the cut and the nearest place where packets can be cut"


def _shown(index: FrameIndex, times: FrameTimes, count: int) -> list[int]:
    """Numbers of the source's frames on screen: the rule of :class:`~kadr_sdk.plan.Decode`."""
    base, pts = index.time_base, index.pts
    half = Fraction(1, 2)
    if times.listed:
        ticks = ((t / base + half).__floor__() for t in times.listed[:count])
    else:
        # Whole numbers over one denominator: an hour has a hundred thousand frames.
        start, step = times.start / base + half, times.step / base
        over = start.denominator * step.denominator
        a, b = start.numerator * step.denominator, step.numerator * start.denominator
        ticks = ((a + k * b) // over for k in range(count))
    return [max(0, bisect_right(pts, tick) - 1) for tick in ticks]


def _joined(reasons: Iterator[_Why]) -> Iterator[_Why]:
    """Neighbours with the same reason as one."""
    last: _Why | None = None
    for why in sorted(reasons, key=lambda w: w.start):
        if last is not None and (last.end, last.text) == (why.start, why.text):
            last = replace(last, end=why.end)
            continue
        if last is not None:
            yield last
        last = why
    if last is not None:
        yield last
