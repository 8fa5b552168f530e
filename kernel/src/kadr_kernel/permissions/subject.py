"""Whom the gate judges: a plugin, who published it, and what its manifest asks for."""

from __future__ import annotations

from dataclasses import dataclass, field

from kadr_sdk.manifest import Manifest
from kadr_sdk.permissions import PermissionSet

__all__ = ["Subject", "distribution_publisher", "folder_publisher"]


@dataclass(frozen=True, slots=True)
class Subject:
    """A plugin as permissions see it.

    Attributes:
        plugin: its id.
        publisher: ``dist:<name>`` of an installed distribution, ``key:<id>`` of a signing key,
            ``folder:<path>`` of code that nobody vouches for.
        version: as its manifest says.
        asked: what its manifest asks for.
        runtime: ``python`` runs inside the kernel with all its rights; others are held to
            what was granted; ``data`` runs nothing.
        title: for people.
        contents: digest of its files where the caller knows it, else empty.
    """

    plugin: str
    publisher: str
    version: str
    asked: PermissionSet = field(default_factory=PermissionSet)
    runtime: str = "python"
    title: str = ""
    contents: str = ""

    @classmethod
    def of(cls, manifest: Manifest, publisher: str, *, contents: str = "") -> Subject:
        """The subject of a manifest; of a signed plugin without any code there is only data."""
        code = manifest.hooks or any(item.entry for item in manifest.contributions)
        data = manifest.runtime == "python" and not code and publisher.startswith("key:")
        return cls(
            plugin=manifest.id,
            publisher=publisher,
            version=manifest.version,
            asked=manifest.permission_set,
            runtime="data" if data else manifest.runtime,
            title=manifest.title,
            contents=contents,
        )

    @property
    def confined(self) -> bool:
        """True where the kernel can hold it to its grants; False for Python plugins."""
        return self.runtime != "python"

    @property
    def has_publisher(self) -> bool:
        """True where a later version can be recognised as coming from the same hands."""
        return not self.publisher.startswith("folder:")


def distribution_publisher(name: str) -> str:
    """The publisher of an installed distribution; spelling variants of a name are one.

    A name is what the package index vouches for, no more: it is not a signature.
    """
    from packaging.utils import canonicalize_name

    return f"dist:{canonicalize_name(name)}"


def folder_publisher(path: object) -> str:
    """The publisher of a plugin that lies in a folder."""
    return f"folder:{path}"
