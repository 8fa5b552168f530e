"""Permissions: a closed list, with scoped values.

A plugin may do a thing when its manifest asks for it AND the user granted it AND the policy
allows it; a denial anywhere wins. For sandboxed guests and worker processes this is
enforced. For Python plugins inside the kernel's process it is a declaration and a consent:
such code has the rights of the account it runs under, and kadr says so when it asks.

========== ======================= ===================================================
name       scope                   meaning
========== ======================= ===================================================
read       path or ``*``           read files at or below the path
write      path or ``*``           create and change files at or below the path
net        ``host[:port]``, ``*``  connect; ``*.example.org`` covers subdomains only;
                                   ASCII (punycode) names, IPv6 in brackets
process    program name or ``*``   start programs
gpu        ``*``                   use GPU devices
model      model id or ``*``       run a machine-learning model
environment variable name or ``*`` read environment variables
clock      ``*``                   read the time of day
native     ``*``                   run native code in the kernel's process
log        ``*``                   write into the log (guests)
progress   ``*``                   follow the job it works in (guests)
config     ``*``                   read the plugin's own settings (guests)
storage    ``*``                   keep data of its own from render to render (guests)
========== ======================= ===================================================
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from kadr_sdk.errors import did_you_mean

__all__ = ["PERMISSIONS", "Permission", "PermissionSet"]

PERMISSIONS: dict[str, str] = {
    "read": "read files",
    "write": "create and change files",
    "net": "connect to other computers",
    "process": "start programs",
    "gpu": "use the graphics processor",
    "model": "run machine-learning models",
    "environment": "read environment variables",
    "clock": "read the time of day",
    "native": "run native code with the rights of your account",
    "log": "write into the log",
    "progress": "follow the job that it works in",
    "config": "read its own settings",
    "storage": "keep data of its own",
}
"""Every permission and what it lets a plugin do, in the user's words."""

_UNSCOPED = ("gpu", "clock", "native", "log", "progress", "config", "storage")
_NET = re.compile(
    r"((?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?",
    re.ASCII | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, order=True)
class Permission:
    """One permission with its scope; ``*`` is the whole of its kind."""

    name: str
    scope: str = "*"

    def __post_init__(self) -> None:
        if self.name not in PERMISSIONS:
            raise ValueError(f"unknown permission {self.name!r}; {did_you_mean(self.name, PERMISSIONS)}")
        if not self.scope or any(ord(c) < 32 for c in self.scope) or len(self.scope) > 4096:
            raise ValueError(f"permission {self.name}: the scope is empty or not plain text")
        if self.name in _UNSCOPED and self.scope != "*":
            raise ValueError(f"permission {self.name} has no scope; write *")
        # Anything but a plain host here, such as "evil.org/.example.org", could pass for a subdomain.
        if self.name == "net" and self.scope != "*" and not _NET.fullmatch(self.scope):
            raise ValueError(f"permission net: {self.scope!r} is not host[:port], *.domain or *")

    @classmethod
    def parse(cls, text: str) -> Permission:
        """``read:/media`` or ``gpu``.

        Raises:
            ValueError: unknown name or malformed scope.
        """
        name, colon, scope = text.partition(":")
        return cls(name, scope if colon else "*")

    def __str__(self) -> str:
        return self.name if self.name in _UNSCOPED else f"{self.name}:{self.scope}"

    def covers(self, wanted: Permission) -> bool:
        """True where having this permission allows ``wanted``."""
        if self.name != wanted.name:
            return False
        if self.scope == "*":
            return True
        if wanted.scope == "*":
            return False
        if self.name in ("read", "write"):
            return _path_covers(self.scope, wanted.scope)
        if self.name == "net":
            return _host_covers(self.scope, wanted.scope)
        return self.scope == wanted.scope

    def sentence(self) -> str:
        """What it lets a plugin do, in the user's words."""
        what = PERMISSIONS[self.name]
        if self.name in _UNSCOPED:
            return what
        return f"{what}: {'any' if self.scope == '*' else self.scope}"


def _path_covers(granted: str, wanted: str) -> bool:
    # realpath, so that a symbolic link or '..' below a granted folder cannot lead out of it.
    base, target = PurePath(os.path.realpath(granted)), PurePath(os.path.realpath(wanted))
    return target == base or base in target.parents


def _host_covers(granted: str, wanted: str) -> bool:
    granted_host, granted_port = _split_host(granted)
    wanted_host, wanted_port = _split_host(wanted)
    if granted_port and granted_port != wanted_port:
        return False
    if granted_host.startswith("*."):
        return wanted_host.endswith(granted_host[1:]) and len(wanted_host) > len(granted_host) - 1
    return granted_host == wanted_host


def _split_host(scope: str) -> tuple[str, str]:
    match = _NET.fullmatch(scope)
    assert match, "checked when the permission was made"
    return match[1].lower().rstrip("."), match[2] or ""


@dataclass(frozen=True, slots=True)
class PermissionSet:
    """Permissions in a fixed order."""

    permissions: tuple[Permission, ...] = ()

    @classmethod
    def of(cls, permissions: Iterable[Permission | str]) -> PermissionSet:
        """A set from permissions or their texts."""
        parsed = {p if isinstance(p, Permission) else Permission.parse(p) for p in permissions}
        return cls(tuple(sorted(parsed)))

    @classmethod
    def from_table(cls, table: Mapping[str, Sequence[str] | bool]) -> PermissionSet:
        """A set from a manifest's table: ``read = ["/media"]``, ``gpu = true``.

        Raises:
            ValueError: unknown name, malformed scope, or neither a list of texts nor a boolean.
        """
        found: list[Permission] = []
        for name, scopes in table.items():
            if scopes is True:
                found.append(Permission(name))
            elif scopes is not False:
                found.extend(Permission(name, scope) for scope in _texts(name, scopes))
        return cls.of(found)

    def covers(self, wanted: Permission) -> bool:
        """True where one of them covers ``wanted``."""
        return any(p.covers(wanted) for p in self.permissions)

    def beyond(self, granted: PermissionSet) -> PermissionSet:
        """Those that ``granted`` does not cover: what an update asks for anew."""
        return PermissionSet(tuple(p for p in self.permissions if not granted.covers(p)))

    def digest(self) -> str:
        """sha256 of the canonical text; grants are bound to it."""
        return hashlib.sha256("\n".join(map(str, self.permissions)).encode()).hexdigest()

    def __iter__(self) -> Iterator[Permission]:
        return iter(self.permissions)

    def __len__(self) -> int:
        return len(self.permissions)


def _texts(name: str, scopes: object) -> list[str]:
    # A bare text is iterable too: "/media" would ask for "/", "m", "e" and so on.
    if not isinstance(scopes, list | tuple) or not all(isinstance(scope, str) for scope in scopes):
        raise ValueError(f"permission {name}: write a list of texts or true")
    return list(scopes)
