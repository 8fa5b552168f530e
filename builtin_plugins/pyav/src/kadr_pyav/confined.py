"""What reads a file in a cell, in the shape of what reads it here: scans, frames, sound."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import numpy as np
from av.filter import Graph
from av.video.frame import VideoFrame
from kadr_sdk.errors import MediaFileError
from kadr_sdk.media import Cue, MediaInfo

from kadr_pyav.cell import Cells
from kadr_pyav.damage import Damage
from kadr_pyav.flow import Step
from kadr_pyav.index import Scan
from kadr_pyav.opening import DecoderOptions
from kadr_pyav.scan_data import scan_from
from kadr_pyav.sound import Samples, channels_of
from kadr_pyav.told import understood

__all__ = ["ConfinedFlow", "ConfinedSound", "confined_cues", "confined_probe", "confined_scan"]


def confined_probe(cells: Cells, path: Path) -> MediaInfo:
    """As :func:`kadr_pyav.probe.probe`."""
    with _checked(path):
        return understood(MediaInfo, cells.json(path, do="probe"))


def confined_cues(cells: Cells, path: Path, stream: int) -> tuple[Cue, ...]:
    """As :func:`kadr_pyav.cues.read_cues`."""
    with _checked(path):
        return understood(tuple[Cue, ...], cells.json(path, do="cues", stream=stream))


def confined_scan(cells: Cells, path: Path, stream: int) -> Scan:
    """As :func:`kadr_pyav.index.scan_stream`."""
    with _checked(path):
        return scan_from(cells.told(path, do="scan", stream=stream))


class _checked:  # noqa: N801 - used like a function
    """Nonsense from the child is the file's fault."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        """Nothing to do."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, ValueError | KeyError | TypeError) and not isinstance(error, MediaFileError):
            message = "the confined process answers nonsense"
            hint = "the file is damaged or made to do harm: leave it out"
            raise MediaFileError(message, path=self._path, hint=hint) from None


_ASPECT: Any = Fraction | None


class ConfinedFlow:
    """As :class:`kadr_pyav.flow.Flow`; where the child is replaced meanwhile, it goes on where it was."""

    def __init__(self, cells: Cells, path: Path, stream: int, options: DecoderOptions) -> None:
        self._cells, self._path, self._options = cells, path, options
        self._stream = stream
        self._cell = cells.borrow()
        self._number, self._age = 0, 0
        self._key, self._pulled = 0, 0
        self._marker: tuple[Any, tuple[Any, Any, Graph]] | None = None
        try:
            self._open()
        except BaseException:
            cells.give_back(self._cell)
            raise

    def _open(self) -> None:
        head = {"do": "open", "stream": self._stream, "max_pixels": self._options.max_pixels}
        with _checked(self._path):
            answer, _, self._age = self._cell.ask(self._path, head)
            self._number = understood(int, answer["number"])

    def close(self) -> None:
        """Close the file, where the child is still there."""
        try:
            self._ask("close")
        except (LookupError, MediaFileError):
            pass  # the child took it along
        finally:
            self._cells.give_back(self._cell)

    def start(self, key: int) -> None:
        """Go to a random access point by its number in the index; 0 is the very start."""
        self._key, self._pulled = key, 0
        try:
            self._ask("start", key=key)
        except LookupError:
            self._again()

    def pull(self) -> Step | None:
        """The next frame; None at the end."""
        with self._cell, _checked(self._path):  # the block is read before the next picture comes
            try:
                answer, body = self._ask("pull")
            except LookupError:
                self._again()
                answer, body = self._ask("pull")
            self._pulled += 1
            return None if answer.get("end") else self._step(answer, body)

    def _again(self) -> None:
        self._open()
        self._ask("start", key=self._key)
        for _ in range(self._pulled):
            self._ask("pull")

    def _ask(self, do: str, **more: Any) -> tuple[dict[str, Any], bytes]:
        head = {"do": do, "number": self._number} | more
        answer, body, _ = self._cell.ask(self._path, head, age=self._age)
        return answer, body

    def _step(self, answer: dict[str, Any], body: bytes) -> Step:
        width, height, format = understood(tuple[int, int, str], answer["shape"])
        if width < 1 or height < 1 or width * height > self._options.max_pixels:
            raise ValueError("no size of a picture")
        frame = VideoFrame(width, height, format)
        lines, sizes = (understood(tuple[int, ...], answer[name]) for name in ("lines", "sizes"))
        if min(sizes, default=0) < 1:
            raise ValueError("no planes")
        data = memoryview(body) if body else self._cell.shared(sum(sizes))
        at = 0
        for plane, line, size in zip(frame.planes, lines, sizes, strict=True):
            _copy(plane, data[at : at + size], line)
            at += size
        tags = understood(tuple[int, int, int, int], answer["tags"])
        frame.colorspace, frame.color_primaries, frame.color_trc, frame.color_range = tags
        pts = understood(int, answer["pts"]) if answer["pts"] is not None else None
        frame = self._marked(frame, understood(_ASPECT, answer["aspect"]), understood(str, answer["fields"]))
        frame.pts = pts
        return Step(
            pts, frame, understood(bool, answer["corrupt"]), understood(bool, answer["bidirectional"])
        )

    def _marked(self, frame: VideoFrame, aspect: Fraction | None, fields: str) -> VideoFrame:
        """The frame with its aspect and fields, which some encoders write down and PyAV cannot set."""
        marks = [("setsar", f"sar={aspect.numerator}/{aspect.denominator}")] if aspect else []
        marks += [("setfield", f"mode={fields}")] if fields in ("tff", "bff") else []
        if not marks:
            return frame
        wanted = (frame.width, frame.height, frame.format.name, int(frame.colorspace), int(frame.color_range))
        if self._marker is None or self._marker[0] != (wanted, marks):
            self._marker = (wanted, marks), _chain(wanted, marks)
        first, last, _ = self._marker[1]
        first.push(frame)
        return cast(VideoFrame, last.pull())


def _chain(shape: tuple[int, int, str, int, int], filters: list[tuple[str, str]]) -> tuple[Any, Any, Graph]:
    graph = Graph()
    graph.threads = 1
    width, height, format, matrix, span = shape
    options = f"video_size={width}x{height}:pix_fmt={format}:time_base=1/25:colorspace={matrix}:range={span}"
    chain = [graph.add("buffer", options), *(graph.add(n, o) for n, o in filters), graph.add("buffersink")]
    for one, other in pairwise(chain):
        one.link_to(other)
    graph.configure()
    return chain[0], chain[-1], graph


def _copy(plane: Any, source: memoryview, line: int) -> None:
    """Rows of a plane; those of the child may be longer or shorter in memory."""
    target = np.frombuffer(plane, np.uint8)
    rows = len(target) // plane.line_size
    if line < 1 or len(source) // line < rows:
        raise ValueError("a plane is too small")
    ours = target.reshape(rows, plane.line_size)
    theirs = np.frombuffer(source, np.uint8)[: rows * line].reshape(rows, line)
    width = min(line, plane.line_size)
    ours[:, :width] = theirs[:, :width]


class ConfinedSound:
    """As :class:`kadr_pyav.audio_decode.AudioDecoder`."""

    def __init__(self, cells: Cells, path: str, stream: int, damage: Damage) -> None:
        self._cells, self._path, self._damage = cells, Path(path), damage
        self._cell = cells.borrow()
        self._open = True
        try:
            with _checked(self._path):
                head = {"do": "sound", "stream": stream, "policy": damage.policy}
                answer, _, self._age = self._cell.ask(self._path, head)
                self._number = understood(int, answer["number"])
                self.rate = understood(int, answer["rate"])
                self.layout = understood(str, answer["layout"])
                self._channels = channels_of(self.layout)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file, where the child is still there."""
        if not self._open:
            return
        self._open = False
        try:
            head = {"do": "close", "number": getattr(self, "_number", 0)}
            self._cell.ask(self._path, head, age=getattr(self, "_age", -1))
        except (LookupError, MediaFileError):
            pass  # the child took it along
        finally:
            self._cells.give_back(self._cell)

    def pieces(self, start: int) -> Iterator[Samples]:
        """Sound from a position to the end of the stream.

        Raises:
            MediaFileError: as the decoder, or the child is gone.
        """
        head = {"do": "more", "number": self._number, "start": start}
        try:
            while True:
                with _checked(self._path):
                    answer, body = self._more(head)
                    found = self._split(answer, body)
                    said = understood(tuple[tuple[str, str], ...], answer["said"])
                yield from found
                for kind, message in said:
                    (self._damage.report if kind == "report" else self._damage.mention)(message[:500])
                if not found:
                    return
        finally:
            self.close()

    def _more(self, head: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        try:
            answer, body, _ = self._cell.ask(self._path, head, age=self._age)
        except LookupError:
            message = "the confined process that read its sound is gone"
            raise MediaFileError(message, path=self._path, hint="render again") from None
        return answer, body

    def _split(self, answer: dict[str, Any], body: bytes) -> list[Samples]:
        counts = understood(tuple[int, ...], answer["counts"])
        if min(counts, default=0) < 0 or sum(counts) * self._channels * 4 != len(body):
            raise ValueError("not so many samples")
        whole, found, at = np.frombuffer(body, np.float32), [], 0
        for count in counts:
            size = count * self._channels
            found.append(whole[at : at + size].reshape(self._channels, count))
            at += size
        return found
