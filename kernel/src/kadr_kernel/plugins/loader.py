"""Import a plugin's code, on first use, and say who failed.

The package of a plugin folder is made importable alone: its folder does not go on
``sys.path``, so nothing beside the package can shadow another module.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NoReturn

from kadr_sdk.errors import PluginError
from kadr_sdk.plugin import PluginContext
from kadr_sdk.text import printable

from kadr_kernel.plugins.contained import contained_spec
from kadr_kernel.plugins.crashes import CrashGuard
from kadr_kernel.plugins.discovery import Found
from kadr_kernel.plugins.failures import Failures, attributed

__all__ = ["Loader"]


class Loader:
    """Imports entries ``module`` or ``module:attribute``.

    Args:
        found: where packages of plugin folders lie.
        crashes: guards the import against taking the process down for good.
        failures: remembers what went wrong.
        used: told of a plugin whose code runs now.
    """

    def __init__(
        self,
        found: Iterable[Found],
        crashes: CrashGuard,
        failures: Failures,
        used: Callable[[str], object] = lambda _plugin: None,
    ) -> None:
        rows = list(found)
        self._contents = {row.id: row.contents for row in rows if row.contents}
        self._used = used
        self._folders = {row.package: row for row in rows if row.location}
        self._confined = {
            row.id: row.manifest.runtime for row in rows if row.manifest and row.manifest.runtime != "python"
        }
        self._crashes = crashes
        self._failures = failures
        self._lock = threading.RLock()

    def get(self, plugin: str, entry: str) -> Any:
        """The object that an entry names, imported and not called.

        Raises:
            PluginError: its code raised, or there is no such object; names plugin and entry.
            KadrError: its code raised one.
        """
        if (runtime := self._confined.get(plugin)) is not None:
            # It was started without a question because it said that it has no such code.
            text = (
                f"plugin {plugin!r} runs by {runtime}, so its Python code {printable(entry)} is not imported"
            )
            raise PluginError(text, hint='its author must write runtime = "python"', plugin=plugin)
        return self.run(plugin, entry, "loading", lambda: self._import(entry))

    def make(self, plugin: str, entry: str, context: PluginContext) -> Any:
        """The object of an entry; a class is instantiated, with the context if it takes one.

        Raises:
            PluginError: as :meth:`get`, and where the constructor raises or wants more.
        """
        thing = self.get(plugin, entry)
        if not isinstance(thing, type):
            return thing
        return self.run(plugin, entry, "constructing", lambda: thing(*_arguments(thing, context)))

    def run(self, plugin: str, entry: str, doing: str, work: Callable[[], Any]) -> Any:
        """Run foreign code of an entry, guarded against crashes, its errors named and kept.

        Raises:
            PluginError: it raised, or called sys.exit; names plugin and entry.
            KadrError: it raised one.
        """
        try:
            self._used(plugin)
            with self._crashes.around(plugin, entry, self._contents.get(plugin, "")):
                return work()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - sys.exit at import must not end kadr
            self._raise(plugin, f"{doing} {entry!r}", error)

    def _raise(self, plugin: str, doing: str, error: BaseException) -> NoReturn:
        named = attributed(plugin, doing, error)
        self._failures.add(plugin, named)
        if named is error:
            raise named
        raise named from error

    def _import(self, entry: str) -> Any:
        name, _, attributes = entry.partition(":")
        top = name.partition(".")[0]
        if top in self._folders:
            self._import_contained(self._folders[top])
        thing: Any = importlib.import_module(name)
        for attribute in attributes.split(".") if attributes else ():
            thing = getattr(thing, attribute)
        return thing

    def _import_contained(self, row: Found) -> None:
        """Import the package of a plugin folder, and nothing else from there."""
        start = Path(row.location) / "__init__.py"
        with self._lock:
            known = sys.modules.get(row.package)
            if known is not None:
                if Path(getattr(known, "__file__", None) or "") == start:
                    return
                raise PluginError(f"the package name {row.package!r} is already taken", path=row.location)
            spec = contained_spec(row.package, row.location)
            if spec is None or spec.loader is None:
                raise PluginError("this is not an import package", path=row.location)
            module = importlib.util.module_from_spec(spec)
            sys.modules[row.package] = module
            try:
                spec.loader.exec_module(module)
            except BaseException:
                sys.modules.pop(row.package, None)
                raise


def _arguments(kind: type, context: PluginContext) -> tuple[PluginContext, ...]:
    import inspect

    try:
        parameters = inspect.signature(kind).parameters.values()
    except (ValueError, TypeError):  # classes written in C need not say
        return ()
    required = [
        p for p in parameters
        if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]  # fmt: skip
    if len(required) > 1:
        names = ", ".join(p.name for p in required)
        raise PluginError(
            f"the constructor of {kind.__qualname__} requires {len(required)} arguments ({names})",
            hint="it may take one: the plugin's context",
        )
    return (context,) if required else ()
