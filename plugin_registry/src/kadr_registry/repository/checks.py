"""What is looked at before a release is taken: everything at once, each with its remedy."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from kadr_sdk.effects import EffectDeclaration
from kadr_sdk.errors import KadrError, Problem
from kadr_sdk.manifest import FILE_NAME, read_manifest
from kadr_sdk.permissions import PermissionSet
from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from kadr_registry.names import look_alikes
from kadr_registry.record import Blob, Record
from kadr_registry.repository.documents import check_documents
from kadr_registry.wheel_files import check_members

__all__ = ["Checks", "GuestCheck", "check_release"]

GuestCheck = Callable[[bytes, EffectDeclaration, str], None]
"""Tries a guest: code, declaration, plugin. Raises KadrError or AssertionError where it fails."""
_EFFECTS = ("effect", "transition", "generator", "audio_effect", "analyzer")


@dataclass(frozen=True, slots=True)
class Checks:
    """What a release is held against.

    Attributes:
        known: ids of plugins that there are.
        granted: permissions of the last release; None for the first one.
        guest: tries guests; None: they are not tried, and the outcome says so.
        allow: permissions that the release may ask for anew.
    """

    known: tuple[str, ...] = ()
    granted: PermissionSet | None = None
    guest: GuestCheck | None = None
    allow: PermissionSet = field(default_factory=PermissionSet)


def check_release(record: Record, read: Callable[[Blob], bytes], checks: Checks) -> list[Problem]:
    """Every rule that a release breaks.

    Args:
        read: the bytes of a blob, known to fit its digest.
    """
    problems = [*_license(record), *_names(record, checks), *_permissions(record, checks)]
    with TemporaryDirectory() as name:
        folder = Path(name)
        for blob in record.blobs:
            path = folder / blob.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(read(blob))
        problems += _manifest(record, folder)
        if not problems:
            problems += [*check_documents(record, folder), *_guests(record, folder, checks)]
            problems += _wheels(record, folder)
    return problems


def _license(record: Record) -> Iterator[Problem]:
    text = record.manifest.license
    hint = 'an SPDX expression such as "Apache-2.0", in plugin.license'
    if not text:
        yield Problem("plugin.license", "a licence is needed", hint)
        return
    try:
        canonicalize_license_expression(text)
    except InvalidLicenseExpression:
        yield Problem("plugin.license", f"{text!r} is not a licence by its SPDX name", hint)


def _names(record: Record, checks: Checks) -> Iterator[Problem]:
    if record.id in checks.known:
        return
    for other in look_alikes(record.id, checks.known):
        yield Problem("plugin.id", f"{record.id!r} looks like {other!r}", "choose another id")
    last = record.id.rpartition(".")[2]
    if last.startswith(("official", "kadr_")) and record.publisher != "kadr":
        yield Problem("plugin.id", f"{record.id!r} claims to be official", "choose another id")


def _permissions(record: Record, checks: Checks) -> Iterator[Problem]:
    if checks.granted is None:
        return
    new = record.manifest.permission_set.beyond(checks.granted).beyond(checks.allow)
    for permission in new:
        text = f"it asks for more than the last release: {permission.sentence()}"
        yield Problem("permissions", text, f"if this is meant: --allow-permission {permission}")


def _manifest(record: Record, folder: Path) -> Iterator[Problem]:
    try:
        found = read_manifest(folder / FILE_NAME)
    except KadrError as error:
        yield from error.problems
        return
    mine = replace(found, version=record.version, location="")
    if mine.as_dict() != {**record.manifest.as_dict(), "location": ""}:
        yield Problem(FILE_NAME, "the record does not say what the manifest says", "pack the plugin again")
    roles = {blob.path: blob.role for blob in record.blobs}
    for item in found.contributions:
        if item.file and roles.get(item.file) != "descriptor":
            yield Problem(item.file, f"the descriptor of {item.id} is not in the package")


def _guests(record: Record, folder: Path, checks: Checks) -> Iterator[Problem]:
    import tomllib

    for item in record.manifest.contributions:
        if item.kind not in _EFFECTS or not item.file.endswith(".toml"):
            continue
        try:
            data = tomllib.loads((folder / item.file).read_text("utf-8"))
            declaration = EffectDeclaration.from_dict(data)
        except (ValueError, TypeError) as error:
            yield Problem(item.file, f"the descriptor is broken: {error}")
            continue
        if declaration.id != item.id:
            yield Problem(item.file, f"it describes {declaration.id!r}, the manifest says {item.id!r}")
        if "wasm" in declaration.implementations:
            yield from _guest(record, declaration, (folder / item.file).parent, folder, checks)


def _guest(
    record: Record, declaration: EffectDeclaration, beside: Path, folder: Path, checks: Checks
) -> Iterator[Problem]:
    names = [
        p for p in (beside / declaration.wasm, folder / declaration.wasm) if declaration.wasm and p.is_file()
    ]
    if not names:
        yield Problem(declaration.id, f"there is no guest {declaration.wasm!r}", "pack the plugin again")
        return
    if checks.guest is None:
        return
    try:
        checks.guest(names[0].read_bytes(), declaration, record.id)
    except KadrError as error:
        yield from error.problems
    except AssertionError as error:
        yield Problem(declaration.wasm, f"it does not do what {declaration.id} promises: {error}")


def _wheels(record: Record, folder: Path) -> Iterator[Problem]:
    wheels = record.of_role("wheel")
    if record.tier == "native" and not wheels:
        yield Problem("plugin", "it has Python code and no wheel", "build one: uv build --wheel")
    manifest = (folder / FILE_NAME).read_bytes()
    for blob in wheels:
        try:
            yield from _wheel(record, folder / blob.path, manifest)
        except (zipfile.BadZipFile, OSError, KeyError, ValueError, RuntimeError) as error:
            yield Problem(blob.path, f"the wheel cannot be read: {error}")


def _wheel(record: Record, path: Path, manifest: bytes) -> Iterator[Problem]:
    """The wheel must hold the same manifest, under the package that the record names."""
    with zipfile.ZipFile(path) as archive:
        check_members(archive)
        sizes: Mapping[str, int] = {i.filename: i.file_size for i in archive.infolist()}
        inside = f"{record.package}/{FILE_NAME}"
        if inside not in sizes:
            yield Problem(path.name, f"there is no {inside} in the wheel", "build it from this folder")
        elif sizes[inside] != len(manifest) or archive.read(inside) != manifest:
            yield Problem(path.name, f"its {FILE_NAME} is another one", "build it from this folder")
        yield from _points(record, archive, sizes)


def _points(record: Record, archive: zipfile.ZipFile, names: Iterable[str]) -> Iterator[Problem]:
    from configparser import ConfigParser, Error

    for name in names:
        if name.count("/") == 1 and name.endswith(".dist-info/entry_points.txt"):
            parser = ConfigParser(delimiters=("=",), interpolation=None)
            parser.optionxform = str  # type: ignore[assignment,method-assign]  # names keep their case
            try:
                parser.read_string(archive.read(name)[: 1 << 16].decode("utf-8"))
            except (Error, ValueError) as error:
                yield Problem(name, f"it cannot be read: {error}")
                return
            if parser.get("kadr.plugins", record.id, fallback="") == record.package:
                return
    hint = f'[project.entry-points."kadr.plugins"] "{record.id}" = "{record.package}"'
    yield Problem("wheel", f"no entry point names the plugin {record.id}", hint)
