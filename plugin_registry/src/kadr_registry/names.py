"""Names: namespaces of publishers, paths of files in a repository, and look-alikes."""

from __future__ import annotations

import re
from collections.abc import Iterable

from kadr_sdk.installed import blob_path
from kadr_sdk.text import shown

__all__ = [
    "INDEX",
    "REVOCATIONS",
    "blob_path",
    "check_file_path",
    "check_namespace",
    "listing_path",
    "look_alikes",
    "namespace_of",
    "overlapping",
    "owned_paths",
    "publisher_role",
]

INDEX = "index/plugins.tsv"
"""Target: one line for every plugin, for searching."""
REVOCATIONS = "revocations.json"
"""Target: the list of what was revoked."""

_NAMESPACE = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*")
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,119}")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)
_MAX_PATH = 240


def check_namespace(text: str) -> str:
    """The namespace itself.

    Raises:
        ValueError: not lower-case words joined by dots.
    """
    if len(text) > 80 or not _NAMESPACE.fullmatch(text):
        raise ValueError(f"{shown(text)} is not a namespace; write lower-case words joined by dots")
    return text


def namespace_of(plugin: str, namespaces: Iterable[str]) -> str:
    """The namespace that a plugin's id lies in; empty where none does."""
    return next((n for n in namespaces if plugin.startswith(f"{n}.")), "")


def overlapping(namespace: str, others: Iterable[str]) -> str:
    """A namespace that is the same, above or below; empty where there is none."""
    mine = f"{namespace}."
    return next((o for o in others if mine.startswith(f"{o}.") or f"{o}.".startswith(mine)), "")


def publisher_role(namespace: str) -> str:
    """The TUF role that signs for a namespace."""
    return f"publisher.{namespace}"


def owned_paths(namespace: str) -> str:
    """The pattern of targets that a namespace may sign."""
    return f"packages/{namespace}.*.json"


def listing_path(plugin: str) -> str:
    """The target that lists the releases of a plugin."""
    return f"packages/{plugin}.json"


def check_file_path(path: str) -> str:
    """The path of a file inside a package, the same and safe on every system.

    Raises:
        ValueError: absolute, leading out, reserved on some system, or with unusual characters.
    """
    if len(path) > _MAX_PATH:
        raise ValueError(f"{shown(path)} is longer than {_MAX_PATH} characters")
    for part in path.split("/"):
        if not _PART.fullmatch(part) or part.endswith(".") or _RESERVED.fullmatch(part):
            rule = "names of files are letters, digits and . _ + -, and none that a system reserves"
            raise ValueError(f"{shown(path)} is not a safe path: {rule}")
    return path


def look_alikes(name: str, others: Iterable[str]) -> list[str]:
    """Names that a reader could take for this one: same skeleton, or one letter apart."""
    mine = _skeleton(name)
    return [o for o in others if o != name and (_skeleton(o) == mine or _one_apart(name, o))]


def _skeleton(name: str) -> str:
    folded = name.replace("_", "").replace("rn", "m").replace("vv", "w").translate(_SAME)
    return re.sub(r"(.)\1+", r"\1", folded)


_SAME = str.maketrans("015i", "olsl")


def _one_apart(a: str, b: str) -> bool:
    """One letter changed, added, removed, or two neighbours swapped; short names are left alone."""
    if abs(len(a) - len(b)) > 1 or min(len(a), len(b)) < 6:
        return False
    start = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    rest_a, rest_b = a[start:], b[start:]
    swapped = rest_a[:2] == rest_b[1::-1] and rest_a[2:] == rest_b[2:]
    return swapped or rest_a[1:] == rest_b[1:] or rest_a[1:] == rest_b or rest_a == rest_b[1:]
