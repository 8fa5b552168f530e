"""The blocks of a mix, each made once or reused, and what is to be encoded of them."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from kadr_sdk.errors import StorageError
from kadr_sdk.plan import AudioPlan, RenderPlan, sound_paths

from kadr_kernel.render.job import PartContext
from kadr_kernel.render.means import Means
from kadr_kernel.render.reuse import NotedWriter, Part, Reuse
from kadr_kernel.render.sound_blocks import KIND, SoundBlock, assembled, sound_blocks

__all__ = ["SoundMaker"]


class SoundMaker:
    """Makes the blocks of a job's mix.

    Without a cache nobody would read them again, so each is mixed while it is encoded; but
    where the mix is gone through several times (for its loudness) they are made first.

    Args:
        folder: where parts are made.
    """

    def __init__(self, means: Means, reuse: Reuse, folder: Path) -> None:
        self._means = means
        self._reuse = reuse
        self._folder = folder
        self._made: list[Path] = []
        self.reused = 0

    def mix(self, plan: RenderPlan, context: PartContext) -> AudioPlan:
        """The mix as the sum of its blocks, those of the cache among them; counts half of the work.

        Raises:
            MediaFileError: sound that cannot be read or decoded.
        """
        audio = plan.audio
        assert audio is not None
        blocks = sound_blocks(audio)
        if not blocks:
            return audio
        if not self._reuse.keeps and audio.loudness is None:
            return assembled(audio, blocks, [""] * len(blocks))
        keys, half = self._means.planner.block_keys(plan, blocks), audio.count // 2
        context.weigh(half, sum(block.plan.count for block in blocks))
        made: list[str] = []
        for number, (block, key) in enumerate(zip(blocks, keys, strict=True)):
            made.append(self._block(number, block, key, context))
            context.advance(block.plan.count)
        context.weigh(audio.count - half, audio.count)
        return assembled(audio, blocks, made)

    def drop(self) -> None:
        """Remove what was made here; the cache has its own."""
        for path in self._made:
            with suppress(OSError):
                path.unlink(missing_ok=True)
        self._made.clear()

    def _block(self, number: int, block: SoundBlock, key: str, context: PartContext) -> str:
        """The path of its part; none where there is no room for it: it is mixed later, then."""
        own = PartContext(context.job, quiet=True)
        path = self._folder / f"sound-{number:06d}.part"
        self._made.append(path)
        try:
            part = self._reuse.part(
                KIND, key, lambda: self._make(block.plan, path, own), sound_paths(block.plan)
            )
        except StorageError as error:
            context.job.warn(f"sound is mixed without being kept: {error.message}", "", error.hint)
            return ""
        self.reused += part.origin == "cached"
        context.heard(part.warnings)
        return str(part.path)

    def _make(self, plan: AudioPlan, path: Path, context: PartContext) -> Part:
        sink = NotedWriter(path, context)
        try:
            digest = self._means.backend().mix_part(plan, sink, context)
        except BaseException:
            sink.abandon()
            raise
        return Part(path, digest, tuple(context.warnings))
