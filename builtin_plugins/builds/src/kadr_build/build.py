"""One build from choice to proof."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kadr_sdk.errors import InvalidParameterError, InvalidPathError
from kadr_sdk.plugin import Kernel

from kadr_build.artefacts import make_folder, make_pex, make_wheelhouse
from kadr_build.chosen import Chosen, choose
from kadr_build.distributions import Wheel, closure, distribution_of, make_metapackage, make_wheel
from kadr_build.sbom import bill_of_materials
from kadr_build.verify import Proof, prove

__all__ = ["ARTEFACTS", "Made", "Order", "build"]

ARTEFACTS = ("folder", "wheelhouse", "pex")


@dataclass(frozen=True, slots=True)
class Order:
    """What to build.

    Attributes:
        plugins: ids.
        projects: what the build must be able to render.
        artefacts: of :data:`ARTEFACTS`.
    """

    plugins: tuple[str, ...] = ()
    projects: tuple[Path, ...] = ()
    artefacts: tuple[str, ...] = ()


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
    if not order.plugins and not order.projects:
        raise InvalidParameterError(
            "nothing is chosen", hint="name plugins with -p, or projects with --from-project"
        )
    if output.exists():
        raise InvalidPathError("exists already", path=output, hint="name a new folder")
    output.absolute().parent.mkdir(parents=True, exist_ok=True)
    say("choose    plugins")
    chosen = choose(kernel, order.plugins, order.projects)
    for plugin, why in sorted(chosen.why.items()):
        say(f"          {plugin}  ({why})")
    with tempfile.TemporaryDirectory(prefix=".kadr-build-", dir=output.absolute().parent) as name:
        stage = Path(name) / "build"
        stage.mkdir()
        wheels = _wheels(kernel, chosen, Path(name) / "wheels", say)
        made = _freeze(kernel, order, chosen, wheels, stage, say)
        proofs = _proofs(kernel, order, chosen, made, say) if verify else ()
        shutil.move(stage, output)
    artefacts = tuple(output / path.relative_to(stage) for path in made.values())
    return Made(tuple(chosen.plugins), wheels, artefacts, proofs)


def _wheels(kernel: Kernel, chosen: Chosen, folder: Path, say: Callable[[str], object]) -> tuple[Wheel, ...]:
    say("resolve   distributions")
    roots = sorted({"kadr-kernel", *map(distribution_of, chosen.plugins)})
    needed = closure(roots)
    say(f"stage     {len(needed)} wheels, of what is installed here")
    folder.mkdir()
    wheels = [make_wheel(name, needs, folder) for name, needs in needed.items()]
    say(f"prune     {sum(w.pruned for w in wheels) / 1e6:.1f} MB of tests and of files for compilers")
    absent = {"absent.json": _absent(kernel, chosen)}
    return (make_metapackage(kernel.version, roots, absent, folder), *wheels)


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
    absent = next((r.id for r in kernel.plugins.rows() if r.manifest and r.id not in chosen.plugins), "")
    proofs = []
    for name, path in made.items():
        if name == "wheelhouse":  # the folder and the file are made of the same wheels
            continue
        say(f"verify    {name}: plugins, {len(order.projects)} projects")
        command = [sys.executable, str(path)] if name == "pex" else [str(path)]
        proofs.append(prove(command, chosen.plugins, absent, order.projects))
    return tuple(proofs)
