"""A kernel that makes segments for another process: ``python -m kadr_kernel.worker``.

The process gets a recipe (which plugins, which settings, which versions), boots once and works
on one task after the other until its input ends.
"""

from __future__ import annotations

import os
import pickle
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kadr_kernel import __version__

if TYPE_CHECKING:
    from kadr_sdk.children import Parent
    from kadr_sdk.execution import PartDone, PartTask

    from kadr_kernel.kernel import Kernel

__all__ = ["WorkerHouse", "WorkerRecipe", "main", "recipe_of", "versions_of"]

_INTERVAL = 0.05  # seconds between two reports: a pause or a cancel is noticed as fast


def versions_of(kernel: Kernel, *, portable: bool) -> dict[str, str]:
    """Everything that the bytes of a segment depend on, besides the segment.

    Args:
        portable: nothing that is made depends on the class of processor.
    """
    from kadr_sdk.rendering import Renderer

    from kadr_kernel.render.code import package_digest
    from kadr_kernel.render.machine import processor_class

    found = {"kadr": __version__}
    for row in kernel.plugins.rows():
        if row.state == "active" and row.manifest is not None:
            entries = sorted(item.entry for item in row.manifest.contributions if item.entry)
            code = package_digest(entries[0].partition(":")[0].partition(".")[0]) if entries else ""
            found[f"plugin {row.id}"] = f"{row.manifest.version} {code[:12]}".strip()
    libraries = kernel.container.get(Renderer).backend().capabilities().versions
    found |= {f"library {name}": version for name, version in libraries}
    return found if portable else found | {"class of processor": processor_class()}


@dataclass(frozen=True, slots=True)
class WorkerRecipe:
    """Satisfies :class:`kadr_sdk.execution.Recipe`.

    Attributes:
        plugins: ids of the plugins to run.
        environ: variables of kadr's own.
        overrides: settings that beat those of the machine.
    """

    versions: Mapping[str, str]
    plugins: tuple[str, ...]
    portable: bool
    environ: Mapping[str, str] = field(default_factory=dict)
    overrides: Mapping[str, Any] = field(default_factory=dict)

    def open(self) -> WorkerHouse:
        """A started kernel with the same plugins.

        Raises:
            DependencyMissingError: something here has another version.
            PluginNotFoundError: a plugin is not installed here.
        """
        from kadr_kernel.boot import boot

        environ = os.environ | dict(self.environ)
        kernel = boot(environ=environ, overrides=self.overrides, plugins=self.plugins, helper=True)
        try:
            _require_equal(self.versions, versions_of(kernel, portable=self.portable))
        except BaseException:
            kernel.close()
            raise
        return WorkerHouse(kernel)


def recipe_of(kernel: Kernel, environ: Mapping[str, str], *, portable: bool) -> WorkerRecipe:
    """How to have a kernel like this one in another process."""
    active = tuple(sorted(row.id for row in kernel.plugins.rows() if row.state == "active"))
    own = {name: value for name, value in environ.items() if name.startswith("KADR_")}
    given = {key: value for key, value, layer in kernel.config.items() if layer == "override"}
    return WorkerRecipe(versions_of(kernel, portable=portable), active, portable, own, given)


class WorkerHouse:
    """Satisfies :class:`kadr_sdk.execution.House`."""

    def __init__(self, kernel: Kernel) -> None:
        from kadr_sdk.rendering import Renderer

        self._kernel = kernel
        self._backend = kernel.container.get(Renderer).backend()

    def run(self, task: PartTask, advance: Callable[[int], None]) -> PartDone:
        """Make a part; what ``advance`` raises ends it."""
        from contextlib import closing

        from kadr_kernel.render.job import JobContext, PartContext
        from kadr_kernel.render.making import make_part

        beat = _Beat(advance)
        publish = self._kernel.events.publish
        with closing(
            JobContext(beat, self._kernel.catalogue, publish, beat.count, task.on_failure)  # type: ignore[arg-type]  # a control that only beats
        ) as job:
            done = make_part(self._backend, task, PartContext(job))
            beat.flush()
            return done

    def close(self) -> None:
        """Stop the kernel."""
        self._kernel.close()


class _Beat:
    """Counts frames and reports them a few times a second; the control of a job elsewhere."""

    cancelled = False

    def __init__(self, advance: Callable[[int], None]) -> None:
        self._advance = advance
        self._frames = 0
        self._last = time.monotonic()

    def count(self, frames: int) -> None:
        self._frames += frames

    def check(self) -> None:
        if time.monotonic() - self._last >= _INTERVAL:
            self.flush()

    def flush(self) -> None:
        frames, self._frames = self._frames, 0
        self._advance(frames)
        self._last = time.monotonic()


def _require_equal(wanted: Mapping[str, str], here: Mapping[str, str]) -> None:
    from kadr_sdk.errors import DependencyMissingError

    names = sorted(name for name in wanted.keys() | here.keys() if wanted.get(name) != here.get(name))
    if names:
        rows = "; ".join(f"{n}: {here.get(n, 'none')} here, {wanted.get(n, 'none')} wanted" for n in names)
        raise DependencyMissingError(
            f"this worker would not make the same bytes: {rows}",
            hint="install the same versions on both sides",
        )


def main() -> int:
    """Serve the parent until it is gone."""
    from kadr_sdk.children import Parent
    from kadr_sdk.wire import WireError

    parent, house = Parent(), None
    try:
        while True:
            head, body = parent.receive()
            try:
                if head["do"] == "open":
                    house = pickle.loads(body).open()  # noqa: S301 - our parent's
                    answer: object = None
                else:
                    assert house is not None
                    task = pickle.loads(body)  # noqa: S301 - our parent's
                    answer = house.run(task, lambda frames: _report(parent, frames))
                head = {}
            except WireError:
                raise
            except Exception as error:  # noqa: BLE001 - raised on the other side
                head, answer = {"error": True}, error
            parent.send(head, _pickled(answer))
    except (WireError, KeyboardInterrupt):
        return 0
    finally:
        if house is not None:
            house.close()


def _report(parent: Parent, frames: int) -> None:
    parent.send({"advance": frames})
    parent.receive()  # "go on": it does not come while the job is paused


def _pickled(answer: object) -> bytes:
    from kadr_sdk.errors import InternalError

    try:
        return pickle.dumps(answer)
    except Exception:  # noqa: BLE001 - an error that cannot travel is told in words
        return pickle.dumps(InternalError(f"{type(answer).__name__}: {answer}"))


if __name__ == "__main__":
    raise SystemExit(main())
