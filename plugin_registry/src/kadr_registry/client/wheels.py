"""Wheels of plugins with Python code: checked with the host's packages, unpacked into a folder of kadr's own.

No script of a wheel runs, none is made, and nothing is fetched from anywhere but the registry:
what a wheel requires has to be in the host or among the plugins that are installed with it.
"""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.parser import Parser
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from installer import install
from installer.destinations import SchemeDictionaryDestination
from installer.exceptions import InstallerError
from installer.sources import WheelFile
from packaging.requirements import InvalidRequirement, Requirement
from packaging.tags import sys_tags
from packaging.utils import canonicalize_name, parse_wheel_filename

from kadr_registry.client.conflicts import ConflictError
from kadr_registry.faults import RegistryError
from kadr_registry.record import Blob, Record
from kadr_registry.wheel_files import check_members

if TYPE_CHECKING:
    from packaging.version import Version

__all__ = ["Wheel", "check_requirements", "choose", "machine_tags", "read_wheel", "unpack"]

_METADATA = re.compile(r"[^/]+\.dist-info/METADATA")


@dataclass(frozen=True, slots=True)
class Wheel:
    """One wheel of a plugin.

    Attributes:
        by: the plugin, ``id version``.
        file: name of the wheel; ``path`` is named by its digest.
        requires: as its metadata says.
    """

    by: str
    name: str
    version: Version
    file: str
    path: Path
    requires: tuple[str, ...] = ()


def machine_tags() -> frozenset[str]:
    """Tags of wheels that run here."""
    return frozenset(map(str, sys_tags()))


def choose(record: Record) -> list[Blob]:
    """The wheel of each distribution that fits this machine best.

    Raises:
        RegistryError: there is none of one of them.
    """
    ranks = {str(tag): rank for rank, tag in enumerate(sys_tags())}
    best: dict[str, tuple[int, Blob]] = {}
    names = set()
    for blob in record.of_role("wheel"):
        name, _, _, tags = parse_wheel_filename(blob.path)
        names.add(name)
        rank = min((ranks[str(tag)] for tag in tags if str(tag) in ranks), default=None)
        if rank is not None and (name not in best or rank < best[name][0]):
            best[name] = (rank, blob)
    if missing := sorted(names - best.keys()):
        text = f"{record.id} {record.version} has no wheel of {missing[0]} for this machine"
        raise RegistryError(text, hint="ask its publisher, or install another version")
    return [blob for _, blob in best.values()]


def read_wheel(by: str, blob: Blob, path: Path) -> Wheel:
    """What a wheel is and requires.

    Raises:
        RegistryError: it is damaged or breaks a rule.
    """
    name, version, _, _ = parse_wheel_filename(blob.path)
    try:
        with zipfile.ZipFile(path) as archive:
            check_members(archive)
            (found,) = [n for n in archive.namelist() if _METADATA.fullmatch(n)]
            text = archive.read(found).decode("utf-8", "replace")
    except (ValueError, OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise RegistryError(f"the wheel {blob.path} of {by} is damaged: {error}") from error
    requires = Parser().parsestr(text, headersonly=True).get_all("Requires-Dist") or []
    return Wheel(by, name, version, blob.path, path, tuple(requires))


def check_requirements(wheels: Sequence[Wheel], sites: Path) -> None:
    """All wheels fit together and to the packages of the host.

    Args:
        sites: folder of unpacked wheels, which do not count as the host's.

    Raises:
        ConflictError: names the plugin, its wheel, what it requires and what is there.
    """
    host = _host(sites)
    ours: dict[str, Wheel] = {}
    for wheel in wheels:
        if (version := host.get(wheel.name)) is not None:
            text = f"{wheel.by} brings {wheel.name} {wheel.version}, and the host has {wheel.name} {version}"
            raise ConflictError(text, hint="what the host has is updated with the host")
        if (other := ours.get(wheel.name)) is not None:
            text = f"{other.by} and {wheel.by} both bring {wheel.name}"
            raise ConflictError(text, hint="remove one of them")
        ours[wheel.name] = wheel
    there = host | {name: str(wheel.version) for name, wheel in ours.items()}
    for wheel in wheels:
        for needed in _needed(wheel):
            _check(wheel, needed, there, ours)


def _check(wheel: Wheel, needed: Requirement, there: Mapping[str, str], ours: Mapping[str, Wheel]) -> None:
    name = canonicalize_name(needed.name)
    chain = f"{wheel.by}: its wheel {wheel.name} {wheel.version} requires {needed}"
    if name not in there:
        hint = f"install it beside kadr, for example: pip install '{needed}'"
        raise ConflictError(f"{chain}, which the host does not have", hint=hint)
    if not needed.specifier.contains(there[name], prereleases=True):
        owner = f"{ours[name].by} brings" if name in ours else "the host has"
        text = f"{chain}, and {owner} {name} {there[name]}"
        raise ConflictError(text, hint="install another version of it")


def _needed(wheel: Wheel) -> Iterator[Requirement]:
    for text in wheel.requires:
        try:
            found = Requirement(text)
        except InvalidRequirement as error:
            raise RegistryError(f"{wheel.by}: the wheel requires {text!r}, which cannot be read") from error
        if found.marker is None or found.marker.evaluate({"extra": ""}):
            yield found


def _host(sites: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in metadata.distributions():
        place = Path(str(one.locate_file("")))
        name = one.metadata["Name"]
        if name and sites not in (place, *place.parents):
            found.setdefault(canonicalize_name(name), one.version)
    return found


def unpack(wheel: Wheel, site: Path) -> None:
    """Unpack a wheel; every file is checked against its own list.

    Raises:
        RegistryError: it is damaged, or a file is there already.
    """
    schemes = {name: str(site) for name in ("purelib", "platlib")}
    # Console scripts have no place here; the library writes them, into a folder that goes away.
    unused = site / ".unused"
    schemes |= {name: str(unused) for name in ("scripts", "headers", "data")}
    target = SchemeDictionaryDestination(schemes, interpreter="python", script_kind="posix")
    try:
        with zipfile.ZipFile(wheel.path) as archive:
            archive.filename = wheel.file  # the blob is named by its digest, and the library reads the name
            source = WheelFile(archive)
            source.validate_record(validate_contents=True)
            install(source, target, additional_metadata={"INSTALLER": b"kadr\n"})
    except (InstallerError, ValueError, OSError, AssertionError, zipfile.BadZipFile) as error:
        raise RegistryError(f"the wheel {wheel.name} of {wheel.by} cannot be unpacked: {error}") from error
    finally:
        shutil.rmtree(unused, ignore_errors=True)
