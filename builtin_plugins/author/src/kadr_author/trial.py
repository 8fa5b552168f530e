"""The effects of a plugin that is not installed, made to work: guests in the sandbox, Python by import."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from kadr_sdk.contributions import GuestTrials
from kadr_sdk.errors import InvalidPathError, NotSupportedError, PluginError
from kadr_sdk.plugin import Kernel

from kadr_author.project import Project, Work

__all__ = ["Bench", "on_trial"]

OWN_WAYS = ("frame", "audio")


class Bench:
    """Gives the effects of a project; everything is let go with :func:`on_trial`'s block."""

    def __init__(self, project: Project, runtime: Any, exits: ExitStack) -> None:
        self._project = project
        self._runtime = runtime
        self._exits = exits

    def effect(self, work: Work, code: bytes | None = None) -> Any:
        """The implementation of an effect that a render would take.

        Args:
            code: its guest; None: the file that is there.

        Raises:
            PluginError: the guest is not taken, or the Python code cannot be used; says why.
            NotSupportedError: it has no implementation that can be tried by itself.
        """
        for name in work.declaration.implementations:
            if name == "wasm":
                return self._guest(work, code)
            if name in OWN_WAYS:
                return self._python(work)
        raise NotSupportedError(
            f"{work.id} is made of libavfilter nodes, and cannot be tried by itself",
            hint="try it in a render, with the plugin in a plugin folder",
        )

    def _guest(self, work: Work, code: bytes | None) -> Any:
        assert work.module is not None
        if code is None:
            if not work.module.is_file():
                raise InvalidPathError("the guest is not built", path=work.module, hint="kadr plugin build")
            code = work.module.read_bytes()
        guest = self._runtime.load(code, work.declaration, self._project.manifest.id)
        bound = guest.bind("fail")
        self._exits.callback(bound.close)
        return bound.effect(lambda *_: None)

    def _python(self, work: Work) -> Any:
        module, _, name = work.item.entry.partition(":")
        try:
            found = getattr(importlib.import_module(module), name)
            return found() if isinstance(found, type) else found
        except (Exception, SystemExit) as error:
            hint = "an entry is a class that is made without arguments, or an object"
            text = f"the code of {work.id} cannot be used: {error!r}"
            raise PluginError(text, path=work.item.entry, hint=hint) from error


@contextmanager
def on_trial(kernel: Kernel, project: Project, folder: Path, *, apart: bool = False) -> Iterator[Bench]:
    """Effects of a project, until the block ends.

    Args:
        folder: for compiled code and for what the guests keep.
        apart: guests in processes of their own.
    """
    runtime = kernel.catalogue.load("runtime", "core")
    if not isinstance(runtime, GuestTrials):
        raise NotSupportedError("the runtime of guests takes none on trial", hint="use kadr's own: core")
    with ExitStack() as exits, _importable(project.home):
        used = exits.enter_context(runtime.trial(project.manifest, folder, apart=apart))
        yield Bench(project, used, exits)


@contextmanager
def _importable(home: Path) -> Iterator[None]:
    """The import package, read anew, and forgotten again."""
    place, package = str(home.resolve().parent), home.name
    _forget(package)
    sys.path.insert(0, place)
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(place)
        _forget(package)


def _forget(package: str) -> None:
    for name in [n for n in sys.modules if n == package or n.startswith(f"{package}.")]:
        del sys.modules[name]
