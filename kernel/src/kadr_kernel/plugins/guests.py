"""Contributions of plugins that have a guest in place of Python code: commands, importers, analyzers of rows.

The kernel reads what a guest is to see and writes what it gives; the guest gets bytes and returns
bytes. The documents in between are described in ``docs/data-guests.md``.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from kadr_sdk.data_guests import CommandDescriptor, DataGuest, DataRuntime, DataTerms, RowsDescriptor
from kadr_sdk.errors import DependencyMissingError, NotFoundError, PluginError
from kadr_sdk.importing import ImporterDescriptor
from kadr_sdk.manifest import Contribution, Manifest

from kadr_kernel.plugins.descriptors import read_descriptor
from kadr_kernel.plugins.guest_command import GuestCommand
from kadr_kernel.plugins.guest_data import Asked
from kadr_kernel.plugins.guest_importer import GuestImporter
from kadr_kernel.plugins.guest_rows import GuestRows
from kadr_kernel.sandbox.house import House
from kadr_kernel.sandbox.limits import Limits, limits_for

__all__ = ["GuestMaker"]

_KINDS: Mapping[str, tuple[Callable[[Mapping[str, Any]], Any], Callable[[Asked, Any], Any]]] = {
    "command": (CommandDescriptor.from_dict, GuestCommand),
    "importer": (ImporterDescriptor.from_dict, GuestImporter),
    "analyzer": (RowsDescriptor.from_dict, GuestRows),
}
_MOST_CODE = 64 << 20
_MOST_OUTPUT = 16 << 20


class GuestMaker:
    """Makes the objects of such contributions.

    Args:
        runtime: the runtime of a name.
        house: limits and settings of plugins.
    """

    def __init__(self, runtime: Callable[[str], Any], house: House) -> None:
        self._runtime = runtime
        self._house = house

    def make(self, item: Contribution, manifest: Manifest) -> Any:
        """The object. Its guest is read and started by the first call: help needs neither it nor a runtime.

        Raises:
            PluginError: the kind or the descriptor is not taken; names the plugin.
        """
        if item.kind not in _KINDS:
            text = f"{item.kind} {item.id!r} of plugin {manifest.id!r} is data and has no code"
            raise PluginError(text, plugin=manifest.id)
        read, adapter = _KINDS[item.kind]
        path = Path(manifest.location) / item.file
        try:
            described = read(read_descriptor(path, manifest.id))
        except ValueError as error:
            text = f"the descriptor of {item.id} in plugin {manifest.id} is wrong: {error}"
            raise PluginError(text, path=path, hint="report this to its author", plugin=manifest.id) from None
        guest = _Lazy(lambda: self._opened(item, manifest, described.wasm))
        return adapter(Asked(item, described.function, guest), described)

    def _opened(self, item: Contribution, manifest: Manifest, file: str) -> DataGuest:
        runtime = self._data_runtime(manifest)
        code = _code(item, manifest, file)
        return runtime.open(code, self._terms(item, manifest, code))

    def _data_runtime(self, manifest: Manifest) -> DataRuntime:
        name = manifest.runtime
        try:
            found = self._runtime(name)
        except NotFoundError as error:
            hint = error.hint or f'install it: pip install "kadr[{name}]"'
            text = f"plugin {manifest.id!r} runs by {name}, and no active plugin has that runtime"
            raise DependencyMissingError(text, hint=hint, plugin=manifest.id) from None
        if not isinstance(found, DataRuntime):
            raise PluginError(f"the runtime {name!r} takes no guests that work on data", plugin=manifest.id)
        return found

    def _terms(self, item: Contribution, manifest: Manifest, code: bytes) -> DataTerms:
        house, limits = self._house, Limits()
        if house.confinement is not None:
            held = house.confinement(manifest.id, hashlib.sha256(code).hexdigest())
            try:
                limits = limits_for(limits, held.level, held.ceiling, house.asked(manifest.id))
            except ValueError as error:
                text = f"the guests of plugin {manifest.id} are not taken: {error}"
                hint = "its author must ask for less, or a [[sandbox]] rule of the policy raise its ceiling"
                raise PluginError(text, hint=hint, plugin=manifest.id) from None
        return DataTerms(
            manifest.id,
            item.id,
            start_seconds=limits.start_seconds,
            call_seconds=limits.call_seconds,
            memory_bytes=limits.working_bytes,
            output_bytes=min(_MOST_OUTPUT, limits.working_bytes),
            settings={name: _text(value) for name, value in house.settings(manifest.id).items()},
        )


class _Lazy:
    """A guest that is opened when it is needed."""

    def __init__(self, opened: Callable[[], DataGuest]) -> None:
        self._opened = opened
        self._lock = threading.Lock()
        self._guest: DataGuest | None = None

    def call(self, function: str, data: bytes) -> bytes:
        with self._lock:
            guest = self._guest = self._guest or self._opened()
        return guest.call(function, data)

    def close(self) -> None:
        with self._lock:
            if self._guest is not None:
                self._guest.close()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _code(item: Contribution, manifest: Manifest, name: str) -> bytes:
    folder = Path(manifest.location)
    why = 'write wasm = "NAME.wasm" in its descriptor'
    try:
        path = (folder / name).resolve()
        if not name or folder.resolve() not in path.parents:
            raise OSError(f"{name!r} is no file inside the plugin's folder")
        with path.open("rb") as file:
            code = file.read(_MOST_CODE + 1)
        if len(code) > _MOST_CODE:
            raise OSError(f"it is larger than {_MOST_CODE >> 20} MiB")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        text = f"the guest of {item.id} in plugin {manifest.id} cannot be read: {reason}"
        raise PluginError(text, path=item.file, hint=why, plugin=manifest.id) from None
    return code
