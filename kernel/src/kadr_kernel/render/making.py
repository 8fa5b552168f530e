"""One segment made, wherever: with the kernel's backend, into parts that stand whole or not."""

from __future__ import annotations

from kadr_sdk.backend import Backend
from kadr_sdk.errors import StorageError
from kadr_sdk.execution import PartDone, PartTask
from kadr_sdk.parts import PartReader

from kadr_kernel.render.job import PartContext
from kadr_kernel.render.reuse import NotedWriter

__all__ = ["damage_of", "make_part"]


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


def damage_of(task: PartTask, done: PartDone) -> str:
    """Why parts are not what their maker told of, by reading them whole; "" where they are."""
    try:
        for path, digest in zip(task.paths, done.digests, strict=True):
            with PartReader(path) as part:
                if part.digest != digest:
                    return "it is another part than the one that was made"
                if not part.verify():
                    return "its content has changed"
    except (StorageError, ValueError) as error:
        return str(error)
    return ""
