"""Manifests of renders: written beside the output, and held against what is here now."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from kadr_sdk.errors import InvalidPathError, KadrError, Problem, SerializationError, ValidationError
from kadr_sdk.plan import RenderPlan, media_paths
from kadr_sdk.project import Project, dump_project, parse_project
from kadr_sdk.records import MANIFEST_SUFFIX, InputRecord, RenderManifest, SegmentRecord
from kadr_sdk.rendering import RenderRequest
from kadr_sdk.times import parse_rate

from kadr_kernel import __version__
from kadr_kernel.disk import storage_error
from kadr_kernel.render.library import MediaLibrary
from kadr_kernel.render.machine import processor_class
from kadr_kernel.render.means import Means

__all__ = ["Replay", "manifest_of", "manifest_path", "replayed"]

_MOST_BYTES = 256 << 20
_NOW = ("output", "overwrite", "workers", "executor", "address", "verify", "cache", "manifest")
"""Of a request: what the bytes do not depend on."""
_HINT = "bring back what it was, or render the project anew"


def manifest_path(output: Path) -> Path:
    """Where the manifest of an output stands."""
    return output.with_name(output.name + MANIFEST_SUFFIX)


def manifest_of(
    plan: RenderPlan,
    project: Project,
    base: Path,
    request: RenderRequest,
    library: MediaLibrary,
    made: tuple[str, int],
) -> RenderManifest:
    """The manifest of a finished render.

    Args:
        made: digest and size of the output.
    """
    assert request.output is not None
    base = base.absolute()
    return RenderManifest(
        kadr=__version__,
        processor="" if plan.portable else processor_class(),
        base=_relative(base, request.output.absolute().parent),
        project=json.loads(dump_project(project)),
        request=_dumped(request, plan),
        inputs=tuple(_input(path, base, library) for path in sorted(media_paths(plan))),
        plan=plan.hash,
        segments=tuple(SegmentRecord(s.hash, s.start, s.count, s.copy is not None) for s in plan.segments),
        audio=plan.audio.hash if plan.audio is not None else "",
        film=plan.film,
        plugins=dict(plan.plugins),
        toolchain=dict(plan.toolchain),
        output=request.output.name,
        sha256=made[0],
        size=made[1],
    )


def _relative(path: Path, folder: Path) -> str:
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # another drive
        return path.as_posix()


def _input(path: str, base: Path, library: MediaLibrary) -> InputRecord:
    found = Path(path).absolute()
    name = found.relative_to(base).as_posix() if found.is_relative_to(base) else found.as_posix()
    return InputRecord(name, library.digest(path), found.stat().st_size)


def _dumped(request: RenderRequest, plan: RenderPlan) -> dict[str, Any]:
    found: dict[str, Any] = {
        "preset": request.preset,
        # By name, since the output may be called something else the next time.
        "container": request.container or (None if request.preset else plan.output.exporter),
        "range": [str(Fraction(t)) for t in request.range] if request.range else None,
        "resolution": list(request.resolution) if request.resolution else None,
        "fps": str(request.fps) if request.fps else None,
        "video": dict(request.video),
        "audio": dict(request.audio),
        "damage": request.damage,
        "purpose": request.purpose,
        "smart_copy": request.smart_copy,
    }
    return {key: value for key, value in found.items() if value not in (None, {})}


def _loaded(data: Mapping[str, Any]) -> RenderRequest:
    span, size, fps = data.get("range"), data.get("resolution"), data.get("fps")
    return RenderRequest(
        preset=data.get("preset"),
        container=data.get("container"),
        range=(Fraction(span[0]), Fraction(span[1])) if span else None,
        resolution=(int(size[0]), int(size[1])) if size else None,
        fps=parse_rate(fps) if fps else None,
        video=dict(data.get("video", {})),
        audio=dict(data.get("audio", {})),
        damage=str(data.get("damage", "error")),
        purpose=str(data.get("purpose", "export")),
        smart_copy=str(data.get("smart_copy", "")),
    )


Replay = tuple[Project, Path, RenderRequest]
"""What is rendered again: the project, its folder, and the request with the digest that must come out."""


def replayed(path: Path, wanted: RenderRequest, means: Means) -> Replay:
    """Read a manifest and make sure that the same bytes can come out.

    Args:
        wanted: output, overwriting, workers, cache and verification as they are now.

    Raises:
        InvalidPathError, SerializationError: no manifest.
        ValidationError: with everything that differs: versions, inputs, the processor, the plan.
    """
    manifest = _read(path)
    base = (path.absolute().parent / manifest.base).resolve()
    problems = list(_differences(manifest, base, means))
    if not problems:
        project, request = _parsed(manifest, wanted, path)
        problems = list(_planned(manifest, means.planner.plan(project, base, request)))
        if not problems:
            return project, base, request
    raise ValidationError(f"{path.name} cannot be replayed: other bytes would come out", problems)


def _read(path: Path) -> RenderManifest:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except FileNotFoundError as error:
        raise InvalidPathError("the manifest does not exist", path=path, hint="check the path") from error
    except OSError as error:
        raise storage_error(error, path, "be read") from error
    if len(data) > _MOST_BYTES:
        raise SerializationError("is too large for a manifest", path=path)
    return RenderManifest.parse(data, str(path))


def _parsed(manifest: RenderManifest, wanted: RenderRequest, path: Path) -> tuple[Project, RenderRequest]:
    try:
        request = _loaded(manifest.request)
    except (ValueError, TypeError, KeyError, IndexError, ZeroDivisionError, AttributeError) as error:
        raise SerializationError(f"its request is damaged: {error}", path=path) from error
    now = {name: getattr(wanted, name) for name in _NOW}
    request = replace(request, **now, digest=manifest.sha256)
    return parse_project(manifest.project, name=str(path)), request


def _differences(manifest: RenderManifest, base: Path, means: Means) -> Iterator[Problem]:
    capabilities = means.backend().capabilities()
    yield from _versions("toolchain", manifest.toolchain, dict(capabilities.versions))
    here = means.planner.versions(manifest.plugins)
    yield from _versions("plugins", manifest.plugins, here)
    if manifest.processor and manifest.processor != processor_class():
        text = f"it was rendered on {manifest.processor}, and this is {processor_class()}"
        yield Problem("processor", text, "some of its effects depend on the processor: use such a one")
    for row in manifest.inputs:
        if text := _changed(row, base, means.library):
            yield Problem(f"inputs: {row.path}", text, _HINT)


def _versions(where: str, before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Problem]:
    for name, version in sorted(before.items()):
        if name not in now:
            yield Problem(f"{where}: {name}", f"was {version}, and is not here", f"install {name} {version}")
        elif now[name] != version:
            text = f"was {version}, and is {now[name]}"
            yield Problem(f"{where}: {name}", text, f"install {name} {version}")


def _changed(row: InputRecord, base: Path, library: MediaLibrary) -> str:
    path = base / row.path
    try:
        size = path.stat().st_size
        if size != row.size:
            return f"has {size} bytes instead of {row.size}"
        digest = library.digest(str(path))
    except OSError as error:
        return "is not there" if isinstance(error, FileNotFoundError) else f"cannot be read: {error.strerror}"
    except KadrError as error:
        return error.message
    return "" if digest == row.sha256 else "has another content than it had"


def _planned(manifest: RenderManifest, plan: RenderPlan) -> Iterator[Problem]:
    if plan.hash == manifest.plan:
        return
    before, now = [s.hash for s in manifest.segments], [s.hash for s in plan.segments]
    hint = f"it was written by kadr {manifest.kadr}, and this is kadr {__version__}: use that one"
    if manifest.kadr == __version__:
        hint = "the manifest was changed since, or the code of kadr or a plugin without a new version"
    if len(before) != len(now):
        yield Problem("segments", f"were {len(before)}, and are {len(now)}", hint)
    elif changed := [number for number, (a, b) in enumerate(zip(before, now, strict=True)) if a != b]:
        yield Problem("segments", f"{', '.join(map(str, changed[:10]))} would be others", hint)
    if manifest.audio != (plan.audio.hash if plan.audio is not None else ""):
        yield Problem("audio", "the sound would be another", hint)
    yield Problem("plan", f"was {manifest.plan[:16]}, and is {plan.hash[:16]}", hint)
