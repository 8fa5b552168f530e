"""The parts of a film put together: joined, looked at where copies meet others, verified."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import replace
from pathlib import Path

from kadr_sdk.backend import Backend
from kadr_sdk.contributions import ExporterDescriptor
from kadr_sdk.copying import SeamFault
from kadr_sdk.errors import BackendError, RenderError, VerifyError
from kadr_sdk.parts import PacketSource, PartReader
from kadr_sdk.plan import RenderPlan
from kadr_sdk.reports import CheckReport
from kadr_sdk.services import Catalogue

from kadr_kernel.render.job import JobContext
from kadr_kernel.render.recorded import expected, stretches
from kadr_kernel.render.target import Target

__all__ = ["Assembly"]


class Assembly:
    """Joins and verifies.

    Args:
        quiet: a context for the join, whose packets are not what the progress counts.
        level: of the check: ``fast``, ``full`` or ``off``.
        stage: measures the time of a stage by name.
    """

    def __init__(
        self,
        backend: Backend,
        catalogue: Catalogue,
        quiet: JobContext,
        level: str,
        stage: Callable[[str], AbstractContextManager[None]],
    ) -> None:
        self._backend = backend
        self._catalogue = catalogue
        self._quiet = quiet
        self._level = level
        self._stage = stage

    def put_together(
        self,
        plan: RenderPlan,
        exporter: ExporterDescriptor,
        pictures: Sequence[Path | None],
        sound: Path | None,
        target: Target,
    ) -> tuple[CheckReport | None, tuple[SeamFault, ...]]:
        """Join the parts into the target and verify it.

        Args:
            pictures: parts of the segments, none for a copy; or one of the whole film.

        Returns:
            The check, or the faults of copies, which are to be encoded after all.

        Raises:
            RenderError, VerifyError: what is wrong is not the copies' doing.
        """
        try:
            with ExitStack() as stack:
                with self._stage("join"):
                    parts = list(self._open(plan, pictures, stack))
                    audio = stack.enter_context(PartReader(sound)) if sound else None
                    self._join(plan, exporter, parts, audio, target)
                with self._stage("verify"):
                    faults = self._seams(plan, parts, target)
                    return (None, faults) if faults else (self._verify(plan, exporter, parts, target), ())
        except (BackendError, RenderError, VerifyError) as error:
            copies = [s.index for s in plan.segments if s.copy is not None]
            if not copies:
                raise
            return None, tuple(SeamFault(index, error.message) for index in copies)

    def _open(
        self, plan: RenderPlan, pictures: Sequence[Path | None], stack: ExitStack
    ) -> Iterator[PacketSource]:
        for number, path in enumerate(pictures):
            if path is not None:
                yield stack.enter_context(PartReader(path))
            elif (copy := plan.segments[number].copy) is not None:
                yield stack.enter_context(closing(self._backend.copied(copy, plan.output)))

    def _join(
        self,
        plan: RenderPlan,
        exporter: ExporterDescriptor,
        parts: Sequence[PacketSource],
        audio: PartReader | None,
        target: Target,
    ) -> None:
        if exporter.muxer:
            self._backend.join(parts, audio, plan.output, target.temporary, self._quiet)
            return
        deliverer = self._catalogue.load("exporter", exporter.id)
        deliverer.deliver(parts, audio, plan.output, target.temporary, self._quiet)

    def _seams(
        self, plan: RenderPlan, parts: Sequence[PacketSource], target: Target
    ) -> tuple[SeamFault, ...]:
        """Looked at whatever the level of the check: a copy is never trusted unseen."""
        if not any(segment.copy for segment in plan.segments):
            return ()
        return self._backend.check_seams(target.temporary, plan.segments, parts, plan.output, self._quiet)

    def _verify(
        self,
        plan: RenderPlan,
        exporter: ExporterDescriptor,
        parts: Sequence[PacketSource],
        target: Target,
    ) -> CheckReport | None:
        if self._level == "off" or (target.many and not exporter.index):
            return None
        # What was noted is not compared: an encoder asked for little is no reason to refuse an export.
        wanted = expected(plan, [{}] * len(parts), {})
        check = self._backend.check(target.temporary / exporter.index, wanted, self._level)
        if not check.good:
            rows = "; ".join(str(p) for p in check.problems)
            raise VerifyError(
                f"the result is not what was planned: {rows}",
                path=target.path,
                hint="this is a defect of kadr or of an encoder; nothing was written",
                problems=[p.as_dict() for p in check.problems],
            )
        facts = (part.facts if isinstance(part, PartReader) else {} for part in parts)
        return replace(check, stretches=stretches(plan, facts))
