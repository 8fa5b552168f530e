"""What a client of registries has installed: written by the client, read by the kernel as data.

Below the store's folder a *generation* is a numbered folder that is written once::

    current                       the number of the generation that counts
    generations/7/installed.json  its plugins, and where their files lie
    packages/DIGEST/PACKAGE/…     files of a release, named by the digest of its record
    sites/DIGEST/…                unpacked wheels of plugins with Python code
    blobs/sha256/ab/abcd…         what was downloaded by its digest, the record of each release too

``current`` is replaced last and whole, so whatever interrupts an installation, the kernel sees
the old set of plugins or the new one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from kadr_sdk.ids import check_plugin_id

__all__ = [
    "CURRENT",
    "Installed",
    "InstalledSet",
    "blob_path",
    "current_number",
    "read_installed",
    "read_set",
]

CURRENT = "current"
"""Name of the file that says which generation counts."""
_FORMAT = 1
_MAX_BYTES = 16 << 20
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Installed:
    """One plugin of a set.

    Attributes:
        publisher: ``key:<id>`` of who signed the release; grants are bound to it.
        digest: sha256 of the release record.
        package: import package.
        folder: of ``plugin.toml``, below the store.
        tier: ``sandboxed`` or ``native``.
        registry: where it came from.
        files: path below ``folder`` and sha256 of every file; empty for native ones.
    """

    id: str
    version: str
    publisher: str
    digest: str
    package: str
    folder: str
    tier: str
    registry: str
    files: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        check_plugin_id(self.id)
        if not self.package.isidentifier() or not _DIGEST.fullmatch(self.digest):
            raise ValueError(f"{self.id}: the package or the digest is none")
        for path in (self.folder, *(name for name, _ in self.files)):
            _check_inside(path)


@dataclass(frozen=True, slots=True)
class InstalledSet:
    """All plugins of a generation.

    Attributes:
        number: of the generation; 0: nothing was ever installed.
        before: the generation that it replaced.
        site: folder of unpacked wheels, below the store; empty where there are none.
        why: what made it, for people.
    """

    number: int = 0
    plugins: tuple[Installed, ...] = ()
    site: str = ""
    before: int = 0
    why: str = ""

    def __post_init__(self) -> None:
        if self.site:
            _check_inside(self.site)

    def to_bytes(self) -> bytes:
        """The content of ``installed.json``."""
        return (json.dumps({"format": _FORMAT} | asdict(self), indent=1, sort_keys=True) + "\n").encode()

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> InstalledSet:
        """The set in the data of ``installed.json``.

        Raises:
            ValueError: damaged, or of another format.
        """
        if data.get("format") != _FORMAT:
            raise ValueError("it was written by another kadr")
        rows = tuple(
            Installed(**{**row, "files": tuple((str(p), str(d)) for p, d in row["files"])})
            for row in data["plugins"]
        )
        return cls(int(data["number"]), rows, str(data["site"]), int(data["before"]), str(data["why"]))


def blob_path(sha256: str) -> str:
    """Where the bytes of a digest lie, below a store and below a registry."""
    return f"blobs/sha256/{sha256[:2]}/{sha256}"


def current_number(store: Path) -> int:
    """The generation that counts; 0 where nothing is installed.

    Raises:
        OSError, ValueError: the file cannot be read, or holds no number.
    """
    try:
        text = (store / CURRENT).read_text("ascii").strip()
    except FileNotFoundError:
        return 0
    if not text.isdigit() or len(text) > 9:
        raise ValueError(f"{store / CURRENT} holds no number")
    return int(text)


def read_installed(store: Path) -> InstalledSet:
    """The set that counts; an empty one where nothing is installed.

    Raises:
        OSError, ValueError: it cannot be read, or is damaged.
    """
    number = current_number(store)
    return read_set(store, number) if number else InstalledSet()


def read_set(store: Path, number: int) -> InstalledSet:
    """The set of one generation.

    Raises:
        OSError, ValueError: it cannot be read, or is damaged.
    """
    path = store / "generations" / str(number) / "installed.json"
    if path.stat().st_size > _MAX_BYTES:
        raise ValueError(f"{path} is larger than {_MAX_BYTES} bytes")
    try:
        data = json.loads(path.read_bytes())
        found = InstalledSet.from_dict(data)
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"{path} is damaged: {error!r}") from error
    if found.number != number:
        raise ValueError(f"{path} says that it is generation {found.number}")
    return found


def _check_inside(path: str) -> None:
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or "\\" in path or ":" in parts[0]:
        raise ValueError(f"{path!r} is not a path below the store")
