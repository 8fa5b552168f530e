"""The command that a refused user can type."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterable

from kadr_sdk.permissions import Permission
from kadr_sdk.text import printable

__all__ = ["enable_command"]


def enable_command(plugin: str, permissions: Iterable[Permission]) -> str:
    """``kadr plugin enable ID --grant read:/media``, quoted for the shell of this system."""
    words = ["kadr", "plugin", "enable", printable(plugin)]
    for permission in permissions:
        words += ["--grant", printable(permission, 4096)]
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)
