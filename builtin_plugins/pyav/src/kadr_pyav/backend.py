"""The backend: every verb of the contract, carried out by the module that owns it.

Nothing of libav is imported before it is needed, so that a listing of backends stays quick.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from kadr_pyav.capabilities import CapabilityList

if TYPE_CHECKING:
    from kadr_sdk.backend import Capabilities, EncoderTrial, RenderContext
    from kadr_sdk.copying import CopyOffer, SeamFault
    from kadr_sdk.frames import AudioBlock, VideoFrame
    from kadr_sdk.media import Cue, FrameIndex, MediaInfo
    from kadr_sdk.output import Output
    from kadr_sdk.parts import PacketSource, PartReader, PartWriter
    from kadr_sdk.plan import AudioPlan, Copy, Node, Segment, Source
    from kadr_sdk.plugin import PluginContext
    from kadr_sdk.reports import CheckReport, Expectation
    from kadr_sdk.services import Cache

    from kadr_pyav.audio_reader import OpenSound
    from kadr_pyav.cell import Cells
    from kadr_pyav.encoders import Trials
    from kadr_pyav.index import IndexCache
    from kadr_pyav.index_memory import IndexMemory
    from kadr_pyav.pools import JobPools

__all__ = ["PyAvBackend"]


class PyAvBackend:
    """Satisfies :class:`kadr_sdk.backend.Backend`; used from several threads at once.

    Owns what outlives a call: scans of media, readers of running jobs, what was tried of the
    encoders. :meth:`close` lets all of it go.

    Args:
        untrusted: files are read in processes that have given up whatever they do not need.
        cache: gives the service in which scans outlive the process.
    """

    def __init__(self, *, untrusted: bool = False, cache: Callable[[], Cache] | None = None) -> None:
        self._untrusted, self._cache = untrusted, cache
        self._capabilities = CapabilityList()
        self._lock = Lock()
        self._parts: _Parts | None = None

    def close(self) -> None:
        """Close every file still held; the backend can be used again afterwards."""
        with self._lock:
            parts, self._parts = self._parts, None
        if parts is not None:
            parts.close()

    def _own(self) -> _Parts:
        with self._lock:
            if self._parts is None:
                self._parts = _Parts(untrusted=self._is_untrusted(), memory=self._memory())
            return self._parts

    def _is_untrusted(self) -> bool:
        return self._untrusted

    def _memory(self) -> IndexMemory | None:
        from kadr_pyav.index_memory import IndexMemory

        return None if self._cache is None else IndexMemory(self._cache, str(self.capabilities().versions))

    def capabilities(self) -> Capabilities:
        """What it can do; cheap after the first call."""
        return self._capabilities.get()

    def probe(self, path: Path) -> MediaInfo:
        """What a file holds. See :func:`kadr_pyav.probe.probe`."""
        from kadr_pyav.probe import probe

        parts = self._own()
        if parts.cells is not None:
            from kadr_pyav.confined import confined_probe

            return confined_probe(parts.cells, path)
        return probe(path, indexes=parts.indexes)

    def index(self, path: Path, stream: int) -> FrameIndex:
        """Timestamps and random access points, read once for each state of the file."""
        return self._own().indexes.get(path, stream).frames

    def cues(self, path: Path, stream: int) -> Sequence[Cue]:
        """Subtitles in order of time. See :func:`kadr_pyav.cues.read_cues`."""
        from kadr_pyav.cues import read_cues

        cells = self._own().cells
        if cells is not None:
            from kadr_pyav.confined import confined_cues

            return confined_cues(cells, path, stream)
        return read_cues(path, stream)

    def prepare(self, output: Output) -> Output:
        """Encoders chosen, options written out. See :func:`kadr_pyav.encoders.prepare`."""
        from kadr_pyav.encoders import prepare

        parts = self._own()
        return prepare(output, parts.trials, parts.hardware)

    def hardware(self) -> tuple[EncoderTrial, ...]:
        """Trials of every encoder in hardware. See :mod:`kadr_pyav.hardware`."""
        return self._own().hardware.all()

    def frames(self, root: Node, context: RenderContext) -> Iterator[VideoFrame]:
        """The frames of a graph as planes; each is valid until the next is taken."""
        from kadr_pyav.stages import frames_of

        with self._own().pools.of(context) as pool:
            yield from frames_of(root, context, pool)

    def encode(self, segment: Segment, output: Output, sink: PartWriter, context: RenderContext) -> str:
        """Encode a segment. See :func:`kadr_pyav.encode.encode`."""
        return self.encode_all(segment, (output,), (sink,), context)[0]

    def encode_all(
        self,
        segment: Segment,
        outputs: Sequence[Output],
        sinks: Sequence[PartWriter],
        context: RenderContext,
    ) -> tuple[str, ...]:
        """Encode a segment for several outputs. See :func:`kadr_pyav.encode.encode_all`."""
        from kadr_pyav.encode import encode_all
        from kadr_pyav.resources import Resources

        with self._own().pools.of(context) as pool:
            return encode_all(segment, outputs, sinks, context, Resources(pool, context))

    def encode_film(
        self, parts: Sequence[PartReader], output: Output, sink: PartWriter, context: RenderContext
    ) -> str:
        """Encode masters in one session. See :func:`kadr_pyav.film.encode_film`."""
        from kadr_pyav.film import encode_film

        return encode_film(parts, output, sink, context)

    def copyable(self, source: Source, first: int, end: int, output: Output) -> CopyOffer:
        """What can be copied of a source. See :func:`kadr_pyav.copying.copyable`."""
        from kadr_pyav.copying import copyable

        if self._own().cells is not None:
            from kadr_sdk.copying import CopyOffer

            return CopyOffer(first, first, reason="packets of files that are not trusted are not copied")
        table = self._own().tables.get(Path(source.path), source.stream)
        return copyable(table, first, end, output)

    def copied(self, copy: Copy, output: Output) -> PacketSource:
        """The packets of a copy. See :class:`kadr_pyav.copied.CopiedPart`."""
        from kadr_pyav.copying import copied

        return copied(self._own().tables, copy, output)

    def check_seams(
        self,
        path: Path,
        segments: Sequence[Segment],
        parts: Sequence[PacketSource],
        output: Output,
        context: RenderContext,
    ) -> tuple[SeamFault, ...]:
        """Decode around both ends of every copied segment. See :mod:`kadr_pyav.seams`."""
        from kadr_pyav.resources import Resources
        from kadr_pyav.seams import check_seams

        with self._own().pools.of(context) as pool:
            return check_seams(path, segments, parts, output, Resources(pool, context))

    def loudness(self, sound: Iterable[AudioBlock]) -> Mapping[str, float | None]:
        """Loudness by EBU R128. See :func:`kadr_pyav.loudness.measured`."""
        from kadr_pyav.loudness import measured

        return measured(sound).facts()

    def render_audio(self, plan: AudioPlan, output: Output, sink: PartWriter, context: RenderContext) -> str:
        """Mix and encode the sound. See :func:`kadr_pyav.audio_encode.render_audio`."""
        from kadr_pyav.audio_encode import render_audio

        return render_audio(plan, output, sink, context, self._own().sounds)

    def mix_part(self, plan: AudioPlan, sink: PartWriter, context: RenderContext) -> str:
        """A mix as a part of samples. See :func:`kadr_pyav.made_mix.write_block`."""
        from kadr_pyav.made_mix import write_block

        return write_block(self.mix(plan, context), plan, sink)

    def mix(self, plan: AudioPlan, context: RenderContext) -> Iterator[AudioBlock]:
        """The mix as blocks. See :func:`kadr_pyav.mix.mix`."""
        from kadr_pyav.mix import mix

        return mix(plan, context, self._own().sounds)

    def join(
        self,
        parts: Sequence[PacketSource],
        audio: PartReader | None,
        output: Output,
        target: Path,
        context: RenderContext,
    ) -> None:
        """Write the container by copying packets. See :func:`kadr_pyav.join.join`."""
        from kadr_pyav.join import join

        join(parts, audio, output, target, context)

    def check(self, path: Path, expected: Expectation, level: str) -> CheckReport:
        """Verify a file. See :func:`kadr_pyav.check.check`."""
        from kadr_pyav.check import check

        return check(path, expected, level)

    def image(self, frame: VideoFrame, kind: str = "png") -> bytes:
        """A frame as a PNG, JPEG or WebP file. See :func:`kadr_pyav.image.encode_image`."""
        from kadr_pyav.image import encode_image

        return encode_image(frame, kind)

    def write(
        self,
        target: Path,
        output: Output,
        frames: Iterable[VideoFrame] | None,
        sound: Iterable[AudioBlock] | None,
    ) -> None:
        """Frames and sound from memory into a file. See :func:`kadr_pyav.write.write`."""
        from kadr_pyav.write import write

        write(target, self.prepare(output), frames, sound)


class InstalledBackend(PyAvBackend):
    """The contribution: as the user has set it up (``media.untrusted``), with the service ``Cache``."""

    def __init__(self, context: PluginContext) -> None:
        from kadr_sdk.services import Cache

        super().__init__(cache=lambda: context.container.get(Cache))
        self._context = context

    def _is_untrusted(self) -> bool:
        from kadr_sdk.services import Config

        return bool(self._context.container.get(Config).get("media.untrusted"))


class _Parts:
    """What a backend owns once it works with media."""

    def __init__(self, *, untrusted: bool, memory: IndexMemory | None) -> None:
        from functools import partial

        from kadr_pyav.audio_decode import AudioDecoder
        from kadr_pyav.cell import Cells
        from kadr_pyav.confined import ConfinedSound, confined_scan
        from kadr_pyav.encoders import Trials
        from kadr_pyav.hardware import HardwareTrials
        from kadr_pyav.index import IndexCache
        from kadr_pyav.packet_table import PacketTables
        from kadr_pyav.pools import JobPools

        self.trials: Trials = Trials()
        self.hardware: HardwareTrials = HardwareTrials()
        self.cells: Cells | None = Cells() if untrusted else None
        self.sounds: OpenSound = AudioDecoder if self.cells is None else partial(ConfinedSound, self.cells)
        scan = None if self.cells is None else partial(confined_scan, self.cells)
        self.indexes: IndexCache = IndexCache(scan=scan, memory=memory)
        self.tables: PacketTables = PacketTables(self.indexes)
        self.pools: JobPools = JobPools(self.indexes, self.cells)

    def close(self) -> None:
        """Close files and end processes."""
        self.pools.close()
        if self.cells is not None:
            self.cells.close()
