"""One segment made, wherever: with the kernel's backend, into parts that stand whole or not."""

from __future__ import annotations

from kadr_sdk.backend import Backend
from kadr_sdk.execution import PartDone, PartTask

from kadr_kernel.render.job import PartContext
from kadr_kernel.render.reuse import NotedWriter

__all__ = ["make_part"]


def make_part(backend: Backend, task: PartTask, context: PartContext) -> PartDone:
    """Encode a segment for each output; where that fails nothing stands at ``task.paths``."""
    sinks: list[NotedWriter] = []
    try:
        sinks += (NotedWriter(path, context) for path in task.paths)
        context.check()
        if len(sinks) > 1:
            digests = tuple(backend.encode_all(task.segment, task.outputs, sinks, context))
        else:
            digests = (backend.encode(task.segment, task.outputs[0], sinks[0], context),)
    except BaseException:
        for sink in sinks:
            sink.abandon()
        raise
    return PartDone(digests, tuple(context.warnings))
