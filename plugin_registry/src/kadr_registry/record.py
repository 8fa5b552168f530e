"""The release record: what a release is, and the digest and size of every file of it.

Canonical JSON. Its own sha256 is named by the signed listing of the plugin, so it, and every
blob that it names, is believed whatever server or mirror it comes from.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kadr_sdk.ids import check_contribution_id, check_plugin_id
from kadr_sdk.manifest import Contribution, Manifest, split_requirement
from kadr_sdk.permissions import PermissionSet
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from kadr_registry import canonical
from kadr_registry.faults import RegistryError
from kadr_registry.names import check_file_path, check_namespace

__all__ = ["MAX_BLOB", "MAX_BLOBS", "MAX_RECORD", "ROLES", "SCHEMA", "Blob", "Record"]

SCHEMA = 1
MAX_RECORD = 1 << 20
MAX_BLOB = 512 << 20
MAX_BLOBS = 2000

ROLES = ("manifest", "descriptor", "wasm", "wheel", "readme", "license", "icon", "sbom", "data")
"""What a blob can be."""
_DIGEST = re.compile(r"[0-9a-f]{64}")
_TEXTS = ("id", "version", "title", "summary", "license", "homepage", "api", "runtime", "hooks")
_LISTS = ("authors", "requires", "conflicts", "permissions")


@dataclass(frozen=True, slots=True)
class Blob:
    """One file of a release.

    Attributes:
        path: below the plugin's folder, ``/`` between parts; for a wheel its file name.
        role: one of :data:`ROLES`.
        size: bytes.
        sha256: 64 hexadecimal digits.
    """

    path: str
    role: str
    size: int
    sha256: str

    def __post_init__(self) -> None:
        check_file_path(self.path)
        if self.role not in ROLES:
            raise ValueError(f"{self.role!r} is not what a blob can be: {', '.join(ROLES)}")
        if type(self.size) is not int or not 0 <= self.size <= MAX_BLOB:
            raise ValueError(f"{self.path}: a size is at most {MAX_BLOB} bytes, not {self.size!r}")
        if not _DIGEST.fullmatch(self.sha256):
            raise ValueError(f"{self.path}: {self.sha256!r} is not a sha256")


@dataclass(frozen=True, slots=True)
class Record:
    """One release of a plugin.

    Attributes:
        manifest: its ``plugin.toml``, as data: identity, host API range, dependencies,
            permissions, runtime, contributions.
        package: name of the import package that the files make up.
        publisher: the namespace whose keys signed it.
        platforms: tags of its wheels (PEP 425); empty where it runs everywhere.
        blobs: in order of path.
    """

    manifest: Manifest
    package: str
    publisher: str
    blobs: tuple[Blob, ...]
    platforms: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Of the plugin."""
        return self.manifest.id

    @property
    def version(self) -> str:
        """Of the release."""
        return self.manifest.version

    @property
    def tier(self) -> str:
        """``native`` where code runs with the account's rights, else ``sandboxed``."""
        return tier_of(self.manifest)

    @property
    def size(self) -> int:
        """Bytes of all blobs."""
        return sum(blob.size for blob in self.blobs)

    def of_role(self, role: str) -> tuple[Blob, ...]:
        """The blobs of one role."""
        return tuple(blob for blob in self.blobs if blob.role == role)

    def to_bytes(self) -> bytes:
        """The canonical bytes."""
        manifest = self.manifest.as_dict()
        del manifest["location"]
        return canonical.encode(
            {
                "schema": SCHEMA,
                "manifest": manifest,
                "package": self.package,
                "publisher": self.publisher,
                "platforms": list(self.platforms),
                "tier": self.tier,
                "blobs": [_row(blob) for blob in self.blobs],
            }
        )

    def digest(self) -> str:
        """sha256 of the canonical bytes."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    @classmethod
    def from_bytes(cls, data: bytes) -> Record:
        """The record in canonical bytes.

        Raises:
            RegistryError: too large, not canonical, a newer schema, or a rule is broken.
        """
        if len(data) > MAX_RECORD:
            raise RegistryError(f"the release record is larger than {MAX_RECORD} bytes")
        found = canonical.decode(data, "the release record")
        if found.get("schema") != SCHEMA:
            text = f"the release record has schema {found.get('schema')!r}, this kadr knows {SCHEMA}"
            raise RegistryError(text, hint="update kadr")
        try:
            return _read(found)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise RegistryError(f"the release record is broken: {error}") from error


def tier_of(manifest: Manifest) -> str:
    """``native`` where the plugin has Python code or a program of its own, else ``sandboxed``."""
    own = manifest.hooks or any(item.entry for item in manifest.contributions)
    return "native" if own and manifest.runtime == "python" else "sandboxed"


def _row(blob: Blob) -> dict[str, Any]:
    return {"path": blob.path, "role": blob.role, "size": blob.size, "sha256": blob.sha256}


def _read(data: Mapping[str, Any]) -> Record:
    known = {"schema", "manifest", "package", "publisher", "platforms", "tier", "blobs"}
    if set(data) != known:
        raise ValueError(f"its keys are {', '.join(sorted(data))}; expected {', '.join(sorted(known))}")
    manifest = _manifest(data["manifest"])
    blobs = tuple(Blob(**row) for row in data["blobs"])
    names = [blob.path.casefold() for blob in blobs]
    if len(blobs) > MAX_BLOBS or len(set(names)) != len(names):
        raise ValueError(f"files have one name each, and there are at most {MAX_BLOBS}")
    if [b.path for b in blobs] != sorted(b.path for b in blobs):
        raise ValueError("its files are not in order of path")
    if [b.path for b in blobs if b.role == "manifest"] != ["plugin.toml"]:
        raise ValueError("it needs one manifest, plugin.toml")
    if not str(data["package"]).isidentifier() or not all(isinstance(p, str) for p in data["platforms"]):
        raise ValueError("package is an identifier, platforms a list of texts")
    publisher = check_namespace(data["publisher"])
    if not manifest.id.startswith(f"{publisher}."):
        raise ValueError(f"{manifest.id} does not lie in the namespace {publisher}")
    record = Record(manifest, data["package"], publisher, blobs, tuple(data["platforms"]))
    if record.tier != data["tier"]:
        raise ValueError(f"its tier is {record.tier}, it says {data['tier']!r}")
    return record


def _manifest(data: Mapping[str, Any]) -> Manifest:
    """A manifest from a stranger's data: every field is looked at before it is used."""
    for key in _TEXTS:
        if not isinstance(data[key], str):
            raise ValueError(f"manifest.{key} is not a text")
    for key in _LISTS:
        if not isinstance(data[key], list) or not all(isinstance(v, str) for v in data[key]):
            raise ValueError(f"manifest.{key} is not a list of texts")
    check_plugin_id(data["id"])
    if str(Version(data["version"])) != data["version"]:
        raise ValueError(f"the version {data['version']!r} is written {Version(data['version'])}")
    SpecifierSet(data["api"])
    for text in (*data["requires"], *data["conflicts"]):
        split_requirement(text)
    PermissionSet.of(data["permissions"])
    for row in data["contributions"]:
        _contribution(row, data["id"])
    if not isinstance(data["config"], dict) or not isinstance(data["extensions"], dict):
        raise ValueError("manifest.config and manifest.extensions are tables")
    return Manifest.from_dict({**data, "location": ""})


def _contribution(row: Mapping[str, Any], plugin: str) -> None:
    item = Contribution(**row)
    texts = (item.kind, item.entry, item.file, item.title, item.summary, item.scope, item.provides)
    if not all(isinstance(text, str) for text in texts) or type(item.priority) is not int:
        raise ValueError("a contribution has values of the wrong type")
    for name in (item.id, *item.names):
        check_contribution_id(name)
    if item.plugin != plugin:
        raise ValueError(f"the contribution {item.id} says that it is of {item.plugin!r}")
    if item.file:
        check_file_path(item.file)
