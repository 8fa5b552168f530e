"""The cached index of manifests: a hundred plugins listed without reading a hundred files.

One JSON file for each environment. It holds what discovery found and the state (modification
time, size) of everything it looked at: the entries of ``sys.path``, the plugin folders and
every ``plugin.toml``. Where any of them differs, discovery runs again. The index is only a
copy: damaged, foreign or unwritable, it is made anew or done without.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kadr_sdk.manifest import API_VERSION

from kadr_kernel import __version__
from kadr_kernel.plugins.discovery import Found, discover
from kadr_kernel.plugins.store import Store

__all__ = ["Index", "find_plugins"]

_FORMAT = 3
_State = list[int] | None  # modification time in ns and size; None: absent


@dataclass(frozen=True, slots=True)
class Index:
    """What discovery found.

    Attributes:
        found: plugins and broken rows, in order of id.
        pinned: publisher and id of the plugins of distributions that the metapackage pins.
        cached: read from the cache folder, not discovered now.
    """

    found: tuple[Found, ...]
    pinned: tuple[tuple[str, str], ...]
    cached: bool = False


def find_plugins(
    folders: Sequence[Path] = (), cache: Path | None = None, store: Store | None = None
) -> Index:
    """The plugins of this environment, of ``folders`` and of ``store``, through the index in ``cache``."""
    path = None if cache is None else cache / f"plugins-{_environment(folders)}.json"
    key = _key(store)
    if path is not None and (known := _load(path, key)) is not None:
        return known
    # The states are taken before looking, so a change in between makes the index stale, not wrong.
    states = dict(_states([*_watched(folders), *(store.watched() if store else ())]))
    found = tuple(discover(folders, store.rows() if store else ()))
    states |= dict(_states(row.manifest_path for row in found if row.manifest_path))
    index = Index(found, _pinned())
    if path is not None:
        _store(path, {"key": key, "states": states, "pinned": index.pinned,
                      "found": [row.as_dict() for row in found]})  # fmt: skip
    return index


def _pinned() -> tuple[tuple[str, str], ...]:
    from kadr_kernel.permissions.builtin import default_policy

    return tuple((rule.publisher, rule.plugin) for rule in default_policy().rules)


def _environment(folders: Sequence[Path]) -> str:
    text = "\n".join([sys.prefix, *(str(f) for f in folders)])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _key(store: Store | None) -> list[Any]:
    installed = [str(store.folder), store.set.number, store.error] if store else []
    return [_FORMAT, __version__, API_VERSION, list(sys.version_info[:3]), list(sys.path), installed]


def _watched(folders: Sequence[Path]) -> Iterator[str]:
    yield from (entry or os.curdir for entry in sys.path)
    for folder in folders:
        yield str(folder)
        for pattern in ("*", "*/src"):
            yield from (str(p) for p in sorted(folder.glob(pattern)))


def _states(paths: Iterator[str] | Sequence[str]) -> Iterator[tuple[str, _State]]:
    for path in paths:
        yield path, _state(path)


def _state(path: str) -> _State:
    try:
        stat = Path(path).stat()
    except (OSError, ValueError):
        return None
    return [stat.st_mtime_ns, stat.st_size]


def _load(path: Path, key: list[Any]) -> Index | None:
    """The index where it is whole and nothing has changed since."""
    try:
        digest, _, body = path.read_bytes().partition(b"\n")
        if hashlib.sha256(body).hexdigest().encode() != digest:
            return None
        data = json.loads(body)
        if data["key"] != key or any(_state(p) != state for p, state in data["states"].items()):
            return None
        found = tuple(Found.from_dict(row) for row in data["found"])
        pinned = tuple((publisher, plugin) for publisher, plugin in data["pinned"])
        return Index(found, pinned, cached=True)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _store(path: Path, data: dict[str, Any]) -> None:
    body = json.dumps(data).encode()
    temporary = path.with_name(f"{path.stem}-{os.urandom(6).hex()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
        temporary.replace(path)
    except OSError:  # a read-only or full cache folder costs time, nothing else
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
