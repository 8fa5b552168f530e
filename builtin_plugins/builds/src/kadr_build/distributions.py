"""Distributions that are installed here, with what they need, as wheels."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.metadata import Distribution, PackageNotFoundError, distribution, entry_points
from json import dumps, loads
from pathlib import Path, PurePosixPath

from kadr_sdk.errors import DependencyMissingError, StorageError
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from kadr_build.wheel import Wheel, pure_wheel, write_wheel

__all__ = ["closure", "distribution_of", "is_native", "make_metapackage", "make_wheel", "version_of"]

_NEVER = ("INSTALLER", "REQUESTED", "direct_url.json", "RECORD", "uv_cache.json", "uv_build.json")
_UNUSED = (".pyi", ".pxd", ".pyx", ".a", ".lib", ".h", ".hpp", ".c")


def distribution_of(plugin: str) -> str:
    """Name of the distribution that a plugin comes in; empty where it comes in none."""
    for entry in entry_points(group="kadr.plugins"):
        if entry.name == plugin and entry.dist is not None:
            return _canonical(entry.dist.name)
    return ""


def closure(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """What is installed of distributions and all that they need here, with direct needs by name.

    Raises:
        DependencyMissingError: something that is needed is not installed, or in a wrong version.
    """
    found: dict[str, tuple[str, ...]] = {}
    todo = sorted(map(_canonical, names))
    for name in todo:  # grows while it is read
        if name in found:
            continue
        needs = sorted(_needs(name))
        found[name] = tuple(needs)
        todo += needs
    return dict(sorted(found.items()))


def _canonical(name: str) -> str:
    return str(canonicalize_name(name))


def _needs(name: str) -> Iterator[str]:
    for text in _installed(name).requires or ():
        wanted = Requirement(text)
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
            continue
        here = _installed(wanted.name, by=name)
        if not wanted.specifier.contains(here.version, prereleases=True):
            raise DependencyMissingError(
                f"{name} needs {wanted}, and {here.version} is installed", hint=f'pip install "{wanted}"'
            )
        yield _canonical(wanted.name)


def _installed(name: str, by: str = "") -> Distribution:
    try:
        return distribution(name)
    except PackageNotFoundError:
        reason = f", which {by} needs," if by else ""
        raise DependencyMissingError(
            f"the distribution {name!r}{reason} is not installed", hint=f"pip install {name}"
        ) from None


def make_wheel(name: str, needs: tuple[str, ...], folder: Path) -> Wheel:
    """The wheel of an installed distribution, the same bytes every time.

    What is installed from a checkout is built; anything else is packed as it lies here, so that
    a build needs no network and holds what was tried.

    Raises:
        StorageError: files of the distribution are missing here.
        DependencyMissingError: a checkout, and nothing that builds wheels.
    """
    source = _installed(name)
    tags, files = _built(source, folder) if _is_editable(source) else _packed(source)
    whole = sum(map(len, files.values()))
    files = {file: data for file, data in files.items() if not _is_unused(file)}
    version = source.version
    path = folder / f"{name.replace('-', '_')}-{version}-{tags}.whl"
    write_wheel(path, next(n.partition("/")[0] for n in files if n.endswith(".dist-info/METADATA")), files)
    engines = tuple(sorted(PurePosixPath(n).name for n in files if is_native(n)))
    text = _fact(source, "License-Expression") or _fact(source, "License") or _classified(source)
    return Wheel(
        name,
        version,
        " ".join(text.split())[:100],
        path,
        hashlib.sha256(path.read_bytes()).hexdigest(),
        sum(map(len, files.values())),
        engines,
        needs,
        whole - sum(map(len, files.values())),
    )


def make_metapackage(
    version: str, roots: Mapping[str, str], data: Mapping[str, object], folder: Path
) -> Wheel:
    """The distribution ``kadr`` of a build: it requires what was chosen, and so vouches for it.

    Args:
        roots: versions of the distributions that were chosen, by name.
        data: JSON files of its package ``kadr_trimmed``, by name.
    """
    version = f"{version}+trimmed"
    files = {"kadr_trimmed/__init__.py": b'"""What this build of kadr leaves out."""\n'}
    files |= {
        f"kadr_trimmed/{name}": dumps(content, sort_keys=True).encode() for name, content in data.items()
    }
    pins = [f"{name}=={pinned}" for name, pinned in sorted(roots.items())]
    path = pure_wheel("kadr", version, {"License": ["Apache-2.0"], "Requires-Dist": pins}, files, folder)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Wheel("kadr", version, "Apache-2.0", path, digest, sum(map(len, files.values())), (), tuple(roots))


def version_of(name: str) -> str:
    """The version of a distribution that is installed here.

    Raises:
        DependencyMissingError: it is not.
    """
    return str(_installed(name).version)


def _classified(source: Distribution) -> str:
    rows = source.metadata.get_all("Classifier") or []
    return ", ".join(row.rpartition(" :: ")[2] for row in rows if row.startswith("License ::")) or "unknown"


def _fact(source: Distribution, key: str) -> str:
    return str((source.metadata.get_all(key) or [""])[0])


def _is_editable(source: Distribution) -> bool:
    text = source.read_text("direct_url.json")
    return bool(text and loads(text).get("dir_info", {}).get("editable"))


def _is_unused(name: str) -> bool:
    """Tests of libraries, and what only compilers and type checkers read. Ours keep everything."""
    file = PurePosixPath(name)
    ours = file.parts[0].startswith("kadr")
    return not ours and (file.suffix in _UNUSED or "tests" in file.parts[:-1])


def is_native(name: str) -> bool:
    """True for a library that comes with a wheel, and is no extension module of Python."""
    file = PurePosixPath(name)
    if not any(part in (".so", ".dylib", ".dll") for part in file.suffixes):
        return False
    return not file.name.endswith(tuple(suffix for suffix in EXTENSION_SUFFIXES if suffix != ".so"))


def _packed(source: Distribution) -> tuple[str, Mapping[str, bytes]]:
    """Tags and content of what lies here."""
    files: dict[str, bytes] = {}
    for entry in source.files or ():
        name = PurePosixPath(str(entry).replace("\\", "/"))
        if ".." in name.parts or name.is_absolute() or "__pycache__" in name.parts:
            continue  # scripts and compiled code are made anew where it is installed
        if name.parts[0].endswith(".dist-info") and name.name in _NEVER:
            continue
        path = Path(str(source.locate_file(entry)))
        try:
            files[str(name)] = path.read_bytes()
        except OSError as error:
            raise StorageError(
                f"a file of {source.name} cannot be read: {error.strerror}",
                path=path,
                hint=f"pip install --force-reinstall {source.name}=={source.version}",
            ) from error
    return _tags(source.read_text("WHEEL") or ""), files


def _tags(text: str) -> str:
    """``py3-none-any`` of a WHEEL file; of several platforms all, as wheels are named."""
    rows = [row.partition(": ")[2].strip().split("-") for row in text.splitlines() if row.startswith("Tag: ")]
    columns = zip(*rows, strict=True) if rows else [("py3",), ("none",), ("any",)]
    return "-".join(".".join(sorted(set(column))) for column in columns)


def _built(source: Distribution, folder: Path) -> tuple[str, Mapping[str, bytes]]:
    """Tags and content of a wheel built from a checkout."""
    checkout = loads(source.read_text("direct_url.json") or "{}")["url"].removeprefix("file://")
    place = folder / ".built" / source.name
    if (uv := shutil.which("uv")) is not None:
        command = [uv, "build", "--quiet", "--wheel", "--out-dir", str(place), checkout]
    else:
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(place), checkout]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own arguments
    wheels = sorted(place.glob("*.whl")) if place.is_dir() else []
    if done.returncode or not wheels:
        raise DependencyMissingError(
            f"{source.name} is installed from a checkout, and no wheel could be built of it",
            hint=f"install uv or pip; it said: {done.stderr.strip()[-300:]}",
        )
    with zipfile.ZipFile(wheels[-1]) as wheel:
        files = {n: wheel.read(n) for n in wheel.namelist() if not n.endswith(("/", "/RECORD"))}
    shutil.rmtree(place, ignore_errors=True)
    return "-".join(wheels[-1].stem.split("-")[-3:]), files
