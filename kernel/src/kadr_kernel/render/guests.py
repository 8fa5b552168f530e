"""Guests among the effects: which effects one carries out, and its code as a file of the plugin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kadr_sdk.contributions import Guest
from kadr_sdk.effects import EffectDeclaration
from kadr_sdk.errors import NotFoundError, PluginError
from kadr_sdk.services import Catalogue

__all__ = ["RUNTIME", "find_guest"]

RUNTIME = "core"
"""The runtime of guests that say ``wasm``."""
_MOST = 64 << 20


def find_guest(catalogue: Catalogue, kind: str, name: str) -> Guest | None:
    """The guest that carries out an effect where its native form does not; None where Python does.

    It is the one where the descriptor names ``wasm`` before ``frame`` and ``audio``: planner and
    renderer both ask here, and so agree.

    Raises:
        PluginError: the guest is missing or not taken; names plugin, effect and reason.
    """
    data = catalogue.describe(kind, name)
    if not _first(data) or not _has_runtime(catalogue):
        return None
    found = catalogue.find(kind, name)
    declaration = EffectDeclaration.from_dict(dict(data))
    if not declaration.wasm:
        text = f"{found.id} says that it has a guest and names none"
        raise PluginError(text, path=found.file, hint='write wasm = "NAME.wasm"', plugin=found.plugin)
    path = catalogue.resource(kind, found.id, declaration.wasm)
    try:
        with path.open("rb") as file:
            code = file.read(_MOST)
    except OSError as error:
        text = f"the guest of {found.id} cannot be read: {error.strerror or error}"
        raise PluginError(text, path=path, hint="install the plugin again", plugin=found.plugin) from error
    guest: Guest = catalogue.load("runtime", RUNTIME).load(code, declaration, found.plugin)
    return guest


def _first(data: Mapping[str, Any]) -> bool:
    ways = data.get("implementations", ())
    return next((way for way in ways if way in ("wasm", "frame", "audio")), "") == "wasm"


def _has_runtime(catalogue: Catalogue) -> bool:
    try:
        catalogue.find("runtime", RUNTIME)
    except NotFoundError:
        return False
    return True
