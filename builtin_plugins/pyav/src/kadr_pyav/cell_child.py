"""The confined process: ``python -m kadr_pyav.cell_child SHARED MEMORY`` answers questions about files."""

from __future__ import annotations

import itertools
import json
import mmap
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from kadr_sdk.children import Parent
from kadr_sdk.errors import KadrError, MediaFileError
from kadr_sdk.wire import WireError

from kadr_pyav.audio_decode import AudioDecoder
from kadr_pyav.confinement import confine
from kadr_pyav.cues import read_cues
from kadr_pyav.damage import Damage
from kadr_pyav.flow import Flow
from kadr_pyav.index import IndexCache
from kadr_pyav.opening import DecoderOptions
from kadr_pyav.probe import probe
from kadr_pyav.scan_data import scan_to
from kadr_pyav.told import spoken

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

    from kadr_pyav.sound import Samples

__all__ = ["Servant", "main"]

Answer = tuple[dict[str, Any], bytes]
_PIECES, _SOUND = 64, 1 << 20  # pieces and bytes of sound in one answer


def main() -> int:
    """Confine this process and answer until the parent goes."""
    parent = Parent()
    with Path(sys.argv[1]).open("r+b") as file:
        block = mmap.mmap(file.fileno(), 0)
    parent.send({"confined": confine(int(sys.argv[2]))})
    servant = Servant(block)
    try:
        while True:
            head, _ = parent.receive()
            parent.send(*servant.answer(head))
    except WireError:
        return 0


class Servant:
    """Answers questions; every error is an answer too."""

    def __init__(self, block: mmap.mmap) -> None:
        self._block = block
        self._indexes = IndexCache()
        self._flows: dict[int, Flow] = {}
        self._sounds: dict[int, _Sound] = {}
        self._numbers = itertools.count(1)
        self._verbs: dict[str, Callable[[Path, dict[str, Any]], Answer]] = {
            "probe": self._probe, "scan": self._scan, "cues": self._cues, "open": self._open,
            "start": self._start, "pull": self._pull, "close": self._close, "sound": self._sound,
            "more": self._more,
        }  # fmt: skip

    def answer(self, head: dict[str, Any]) -> Answer:
        """Head and body of the answer."""
        try:
            return self._verbs[head["do"]](Path(head["path"]), head)
        except KadrError as error:
            return {"error": [error.message, error.hint, str(error.data.get("log", ""))[-1000:]]}, b""
        except MemoryError:
            return {"error": ["reading it needs more memory than it may have"]}, b""
        except Exception as error:  # noqa: BLE001 - whatever a foreign file brings about is its fault
            return {"error": [f"it cannot be read: {type(error).__name__}: {error}"]}, b""

    def _probe(self, path: Path, _: dict[str, Any]) -> Answer:
        return {}, json.dumps(spoken(probe(path, indexes=self._indexes))).encode()

    def _scan(self, path: Path, head: dict[str, Any]) -> Answer:
        return {}, scan_to(self._indexes.get(path, head["stream"]))

    def _cues(self, path: Path, head: dict[str, Any]) -> Answer:
        return {}, json.dumps(spoken(read_cues(path, head["stream"]))).encode()

    def _open(self, path: Path, head: dict[str, Any]) -> Answer:
        number = next(self._numbers)
        options = DecoderOptions(max_pixels=head["max_pixels"])
        scan = self._indexes.get(path, head["stream"], options)
        self._flows[number] = Flow(path, head["stream"], scan, options)
        return {"number": number}, b""

    def _start(self, _: Path, head: dict[str, Any]) -> Answer:
        self._flows[head["number"]].start(head["key"])
        return {}, b""

    def _pull(self, _: Path, head: dict[str, Any]) -> Answer:
        flow = self._flows[head["number"]]
        step = flow.pull()
        if step is None:
            return {"end": True}, b""
        told: dict[str, Any] = {"pts": step.pts, "corrupt": step.corrupt, "bidirectional": step.bidirectional}
        told["aspect"] = spoken(flow.aspect)
        told["fields"] = flow.fields if step.frame.interlaced_frame else ""
        shape, body = self._shared(step.frame)
        return told | shape, body

    def _shared(self, frame: VideoFrame) -> Answer:
        """The planes one behind the other, in the shared block where they fit."""
        planes = [memoryview(plane) for plane in frame.planes]
        tags = (frame.colorspace, frame.color_primaries, frame.color_trc, frame.color_range)
        head: dict[str, Any] = {
            "shape": [frame.width, frame.height, frame.format.name],
            "lines": [plane.line_size for plane in frame.planes],
            "sizes": [plane.nbytes for plane in planes],
            "tags": [int(tag) for tag in tags],
        }
        if sum(head["sizes"]) > len(self._block):
            return head, b"".join(planes)
        at = 0
        for plane in planes:
            self._block[at : at + plane.nbytes] = plane.cast("B") if plane.ndim != 1 else plane
            at += plane.nbytes
        return head, b""

    def _close(self, _: Path, head: dict[str, Any]) -> Answer:
        for table in (self._flows, self._sounds):
            found = table.pop(head["number"], None)
            if found is not None:
                found.close()
        return {}, b""

    def _sound(self, path: Path, head: dict[str, Any]) -> Answer:
        number = next(self._numbers)
        self._sounds[number] = sound = _Sound(path, head["stream"], head["policy"])
        return {"number": number, "rate": sound.decoder.rate, "layout": sound.decoder.layout}, b""

    def _more(self, _: Path, head: dict[str, Any]) -> Answer:
        return self._sounds[head["number"]].more(head["start"])


class _Sound:
    """A run over a stream of sound, and what was said of damage meanwhile."""

    def __init__(self, path: Path, stream: int, policy: str) -> None:
        self._said: list[list[str]] = []
        self.decoder = AudioDecoder(str(path), stream, _Notes(str(path), policy, self._said))
        self._pieces: Iterator[Samples] | None = None
        self._trouble: MediaFileError | None = None

    def more(self, start: int) -> Answer:
        if self._trouble is not None:
            raise self._trouble
        if self._pieces is None:
            self._pieces = self.decoder.pieces(start)
        found: list[Samples] = []
        try:
            for piece in self._pieces:
                found.append(np.ascontiguousarray(piece))
                if len(found) == _PIECES or sum(p.nbytes for p in found) > _SOUND:
                    break
        except MediaFileError as error:
            self._trouble = error
            if not found:
                raise
        head = {"counts": [p.shape[1] for p in found], "said": list(self._said)}
        self._said.clear()
        return head, b"".join(p.tobytes() for p in found)

    def close(self) -> None:
        self.decoder.close()


class _Notes(Damage):
    """Damage that is only written down: the parent warns."""

    def __init__(self, path: str, policy: str, said: list[list[str]]) -> None:
        super().__init__(path, policy, lambda *_: None)
        self._list = said

    def report(self, message: str) -> None:
        if self.policy == "error":
            super().report(message)
        self._list.append(["report", message])

    def mention(self, message: str) -> None:
        self._list.append(["mention", message])


if __name__ == "__main__":
    raise SystemExit(main())
