"""Settings of plugins as settings among others: ``plugin.<id>.<name>``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from kadr_sdk.errors import InvalidParameterError, NotFoundError
from kadr_sdk.plugin import Kernel

if TYPE_CHECKING:
    from kadr_sdk.params import Param

__all__ = ["check_plugin_setting", "plugin_settings"]

_SECTION = "plugin."


def plugin_settings(kernel: Kernel) -> Iterator[tuple[str, Any, str]]:
    """Key, value and layer of every setting that an installed plugin declares, in order of the key."""
    for key, param, plugin in _declared(kernel):
        given = kernel.config.plugin(plugin)
        yield (key, given[param.name], "file") if param.name in given else (key, param.default, "default")


def check_plugin_setting(kernel: Kernel, key: str, value: Any) -> Any:
    """The value, where it is one that the plugin takes.

    Raises:
        NotFoundError: no installed plugin declares the setting.
        InvalidParameterError: not what its manifest allows.
    """
    declared = {name: param for name, param, _ in _declared(kernel)}
    if key not in declared:
        raise NotFoundError("setting", key, declared)
    try:
        declared[key].parse(value)
    except ValueError as error:
        raise InvalidParameterError(str(error), path=key) from None
    return value  # as it was given: what it means is for the plugin, when it reads the file


def _declared(kernel: Kernel) -> Iterator[tuple[str, Param, str]]:
    from kadr_sdk.params import Param  # late: most runs ask for no setting of a plugin

    for row in sorted(kernel.plugins.rows(), key=lambda row: row.id):
        for name, table in sorted(row.manifest.config.items()) if row.manifest else ():
            with suppress(ValueError):  # the plugin's own fault, which the doctor tells
                yield f"{_SECTION}{row.id}.{name}", Param.from_dict({**table, "name": name}), row.id
