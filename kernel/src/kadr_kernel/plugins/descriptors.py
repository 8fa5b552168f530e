"""Descriptor files of contributions: TOML or JSON beside the code, read without it."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kadr_sdk.errors import PluginError

__all__ = ["read_descriptor"]

_MAX_BYTES = 1_000_000


def read_descriptor(path: Path, plugin: str) -> Mapping[str, Any]:
    """The file as read-only data; ``.json`` is JSON, everything else TOML.

    Raises:
        PluginError: missing, too large, not of its format or not a table.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ValueError("it is larger than 1 MB")
        text = path.read_text("utf-8")
        data = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
        if not isinstance(data, dict):
            raise ValueError("a table is expected")
    except (OSError, ValueError, RecursionError) as error:
        text = f"the descriptor of plugin {plugin!r} cannot be read: {error}"
        raise PluginError(text, path=path, hint="install the plugin again", plugin=plugin) from error
    return MappingProxyType(data)
