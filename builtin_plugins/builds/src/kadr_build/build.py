"""One build from choice to proof."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kadr_sdk.errors import InvalidParameterError, InvalidPathError, PermissionDeniedError, VerifyError
from kadr_sdk.manifest import Manifest
from kadr_sdk.plugin import Kernel
from kadr_sdk.services import Gate
from kadr_sdk.text import printable

from kadr_build.artefacts import make_folder, make_pex, make_wheelhouse
from kadr_build.chosen import Chosen, Shelf, choose
from kadr_build.distributions import closure, distribution_of, make_metapackage, make_wheel, version_of
from kadr_build.embedded import embed
from kadr_build.sbom import bill_of_materials, unlisted
from kadr_build.staging import Staged, Wanted
from kadr_build.staging import stage as fetch
from kadr_build.verify import Proof, Shape, prove
from kadr_build.wheel import Wheel

__all__ = ["ARTEFACTS", "Made", "Order", "build"]

ARTEFACTS = ("folder", "wheelhouse", "pex")


@dataclass(frozen=True, slots=True)
class Order:
    """What to build.

    Attributes:
        plugins: ids.
        projects: what the build must be able to render.
        artefacts: of :data:`ARTEFACTS`.
        wanted: what is to come from registries.
    """

    plugins: tuple[str, ...] = ()
    projects: tuple[Path, ...] = ()
    artefacts: tuple[str, ...] = ()
    wanted: Wanted = field(default_factory=Wanted)


@dataclass(frozen=True, slots=True)
class Made:
    """What came of it.

    Attributes:
        size: bytes of all wheels unpacked.
    """

    plugins: tuple[str, ...]
    wheels: tuple[Wheel, ...]
    artefacts: tuple[Path, ...]
    proofs: tuple[Proof, ...]

    @property
    def size(self) -> int:
        """Bytes of all wheels, unpacked."""
        return sum(wheel.size for wheel in self.wheels)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "plugins": list(self.plugins),
            "bytes": self.size,
            "components": [
                {"name": w.name, "version": w.version, "bytes": w.size, "sha256": w.digest}
                for w in self.wheels
            ],
            "artefacts": [str(path) for path in self.artefacts],
            "proofs": [{"artefact": p.artefact, "renders": dict(p.digests)} for p in self.proofs],
        }


def build(
    kernel: Kernel, order: Order, output: Path, *, say: Callable[[str], object], verify: bool = True
) -> Made:
    """Make a build in a new folder; on any failure there is none.

    Raises:
        InvalidPathError: the folder exists.
        KadrError: of choosing, of distributions, of an artefact, or of the proof.
    """
    if not (order.plugins or order.projects or order.wanted):
        raise InvalidParameterError(
            "nothing is chosen", hint="name plugins with -p or --install, or projects with --from-project"
        )
    if output.exists():
        raise InvalidPathError("exists already", path=output, hint="name a new folder")
    output.absolute().parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".kadr-build-", dir=output.absolute().parent) as name:
        staged = _staged(kernel, order, Path(name) / "home", say)
        with staged.importable() if staged else nullcontext():
            shelf = Shelf.of(kernel, staged)
            say("choose    plugins")
            chosen = choose(kernel, shelf, order.plugins, order.projects, staged)
            for plugin, why in sorted(chosen.why.items()):
                say(f"          {plugin}  ({why})")
            stage = Path(name) / "build"
            stage.mkdir()
            _allowed(kernel, chosen, staged)
            wheels = _wheels(kernel, shelf, chosen, Path(name) / "wheels", say)
            made = _freeze(kernel, order, chosen, wheels, stage, say)
        if staged:
            (stage / "plugins.lock").write_bytes(staged.lock)
        proofs = _proofs(kernel, order, chosen, made, say) if verify else ()
        shutil.move(stage, output)
    artefacts = tuple(output / path.relative_to(stage) for path in made.values())
    return Made(tuple(chosen.plugins), wheels, artefacts, proofs)


def _staged(kernel: Kernel, order: Order, home: Path, say: Callable[[str], object]) -> Staged | None:
    if not order.wanted:
        return None
    say("resolve   plugins of registries")
    staged = fetch(kernel, order.wanted, home)
    say(f"lock      {len(staged.manifests)} plugins, plugins.lock")
    for item in (item for item in staged.installed.plugins if item.id in staged.fetched):
        say(f"          {item.id} {item.version} of {item.registry}, {item.digest[:12]}")
    return staged


def _allowed(kernel: Kernel, chosen: Chosen, staged: Staged | None) -> None:
    """In the build a plugin has all that it asks for, so it must have that here.

    Raises:
        PermissionDeniedError: it has not.
    """
    gate = kernel.container.get(Gate)
    for plugin, manifest in chosen.plugins.items():
        if staged and plugin in staged.fetched:
            continue  # the client has asked for every one of them
        if missing := [p for p in manifest.permission_set if not gate.allowed(plugin, p)]:
            wants = "; ".join(printable(p.sentence()) for p in missing)
            words = " ".join(f"--grant {printable(p)}" for p in manifest.permission_set)
            raise PermissionDeniedError(
                f"{plugin} asks to {wants}, and you have not allowed it here",
                hint=f"in the build it would have it; allow it first: kadr plugin enable {plugin} {words}",
                key="grant",
            )


def _wheels(
    kernel: Kernel, shelf: Shelf, chosen: Chosen, folder: Path, say: Callable[[str], object]
) -> tuple[Wheel, ...]:
    folder.mkdir()
    named = {plugin: distribution_of(plugin) for plugin in chosen.plugins}
    embedded = [
        _embedded(kernel, shelf, chosen.plugins[plugin], folder, say)
        for plugin, name in named.items()
        if not name
    ]
    say("collect   distributions")
    roots = sorted({"kadr-kernel", *filter(None, named.values())})
    needed = closure({*roots, *(need for wheel in embedded for need in wheel.requires)})
    say(f"stage     {len(needed)} wheels, of what is installed here")
    wheels = [*embedded, *(make_wheel(name, needs, folder) for name, needs in needed.items())]
    say(f"prune     {sum(w.pruned for w in wheels) / 1e6:.1f} MB of tests and of files for compilers")
    absent = {"absent.json": _absent(kernel, chosen)}
    pins = {name: version_of(name) for name in roots} | {w.name: w.version for w in embedded}
    return (make_metapackage(kernel.version, pins, absent, folder), *wheels)


def _embedded(
    kernel: Kernel, shelf: Shelf, manifest: Manifest, folder: Path, say: Callable[[str], object]
) -> Wheel:
    """A plugin that comes in no distribution, and what it will have in the build."""
    store, item = shelf.installed.get(manifest.id, (kernel.installations.folder, None))
    wheel = embed(manifest, item, store, folder)
    asked = "; ".join(permission.sentence() for permission in manifest.permission_set) or "nothing"
    say(f"embed     {manifest.id} {wheel.version}; it may: {printable(asked)}")
    return wheel


def _freeze(
    kernel: Kernel,
    order: Order,
    chosen: Chosen,
    wheels: tuple[Wheel, ...],
    stage: Path,
    say: Callable[[str], object],
) -> dict[str, Path]:
    """Artefacts by kind."""
    facts: dict[str, Any] = {
        "kadr": kernel.version,
        "python": ".".join(map(str, sys.version_info[:2])),
        "plugins": {plugin: manifest.version for plugin, manifest in chosen.plugins.items()},
        "embedded": {w.plugin: {"record": w.record, "may": list(w.permissions)} for w in wheels if w.plugin},
    }
    makers: dict[str, Callable[[], Path]] = {
        "folder": lambda: make_folder(stage / "folder", wheels),
        "wheelhouse": lambda: make_wheelhouse(stage / "wheelhouse", wheels),
        "pex": lambda: make_pex(stage / "kadr.pex", wheels),
    }
    made = {}
    for name in order.artefacts:
        say(f"freeze    {name}")
        made[name] = makers[name]()
    bill = bill_of_materials(kernel.version, wheels)
    _write(stage / "sbom.cdx.json", bill)
    if "folder" in made and (names := unlisted(bill, stage / "folder" / "lib")):
        raise VerifyError(f"the bill of materials lacks {', '.join(names)}", path=stage / "sbom.cdx.json")
    _write(stage / "build.json", facts | {"wheels": {w.path.name: w.digest for w in wheels}})
    say(f"list      sbom.cdx.json, {len(wheels)} components")
    return made


def _write(path: Path, data: object) -> None:
    path.write_text(json.dumps(data, indent=2, sort_keys=True) + "\n", "utf-8", newline="\n")


def _absent(kernel: Kernel, chosen: Chosen) -> dict[str, str]:
    """What plugins that are left out have, so that a project which needs one is told which."""
    found: dict[str, str] = {}
    for row in kernel.plugins.rows():
        if row.manifest is not None and row.id not in chosen.plugins:
            for item in row.manifest.contributions:
                for name in (item.id, *item.names):
                    found.setdefault(f"{item.kind} {name}", row.id)
    return found


def _proofs(
    kernel: Kernel,
    order: Order,
    chosen: Chosen,
    made: dict[str, Path],
    say: Callable[[str], object],
) -> tuple[Proof, ...]:
    shape = Shape(tuple(chosen.plugins), _left_out(kernel, chosen), _absent(kernel, chosen))
    proofs = []
    for name, path in made.items():
        if name == "wheelhouse":  # the folder and the file are made of the same wheels
            continue
        say(f"verify    {name}: plugins, {len(order.projects)} projects")
        command = [sys.executable, str(path)] if name == "pex" else [str(path)]
        proofs.append(prove(command, shape, order.projects))
    return tuple(proofs)


def _left_out(kernel: Kernel, chosen: Chosen) -> tuple[str, ...]:
    return tuple(row.id for row in kernel.plugins.rows() if row.manifest and row.id not in chosen.plugins)
