"""Proof of a build: opened in an empty environment, it has what was chosen, no more, and renders."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kadr_sdk.errors import VerifyError

__all__ = ["Proof", "Shape", "prove"]

_KEPT = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LANG", "PYTHON")  # what any program needs to start
_START, _RENDER = 120, 3600  # seconds


@dataclass(frozen=True, slots=True)
class Proof:
    """What was tried with an artefact.

    Attributes:
        digests: sha256 of each project's render, by its name.
    """

    artefact: str
    plugins: tuple[str, ...]
    digests: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """What an artefact must be.

    Attributes:
        plugins: ids of what is in it.
        without: ids that are here and not in it.
        names: for kind and name of a contribution that is not in it (``effect glow``), its plugin.
    """

    plugins: tuple[str, ...]
    without: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)


def prove(artefact: Sequence[str], shape: Shape, projects: Iterable[Path]) -> Proof:
    """Run an artefact with an empty environment and home.

    Args:
        artefact: the command.

    Raises:
        VerifyError: it is not what was asked for; says what.
    """
    wanted = tuple(sorted(shape.plugins))
    with tempfile.TemporaryDirectory(prefix="kadr-proof-") as home:
        rows = [json.loads(row) for row in _run(artefact, home, "plugin", "list", "--json").splitlines()]
        found = tuple(sorted(row["id"] for row in rows if row["state"] == "active"))
        if found != wanted:
            raise VerifyError(
                f"the build runs {', '.join(found) or 'no plugin'}, and not {', '.join(wanted)}",
                path=artefact[-1],
            )
        _refused(artefact, home, shape.without)
        _told(artefact, home, shape.names)
        digests = [(project.name, _rendered(artefact, home, project)) for project in projects]
    return Proof(artefact[-1], found, tuple(digests))


def _rendered(artefact: Sequence[str], home: str, project: Path) -> str:
    output = Path(home) / f"{project.stem}.out"
    arguments = ["render", str(project.absolute()), "--json", "--no-cache", "-y", "-o"]
    plan = json.loads(_run(artefact, home, "plan", str(project.absolute()), "--json"))
    output = output.with_suffix(_suffix(plan))
    rows = _run(artefact, home, *arguments, str(output), seconds=_RENDER).splitlines()
    return str(json.loads(rows[-1])["digest"])


def _suffix(plan: dict[str, object]) -> str:
    output = plan.get("output")
    name = output.get("exporter") if isinstance(output, dict) else None
    return f".{name or 'mp4'}"


def _refused(artefact: Sequence[str], home: str, without: Sequence[str]) -> None:
    """No plugin that was left out is there: one is asked for, and none of the others is a row."""
    rows = _run(artefact, home, "plugin", "list", "--json").splitlines()
    if there := {json.loads(row)["id"] for row in rows} & set(without):
        raise VerifyError(f"{', '.join(sorted(there))} is in the build", path=artefact[-1])
    for absent in without[:1]:
        done = _start(artefact, home, ["--plugins", absent, "plugin", "list"], _START)
        if done.returncode == 0 or absent not in done.stderr:
            raise VerifyError(f"the plugin {absent!r} can be loaded, and was not chosen", path=artefact[-1])


def _told(artefact: Sequence[str], home: str, names: Mapping[str, str]) -> None:
    """A project that needs what was left out is refused, and says which plugin has it."""
    effect = next((name for name in sorted(names) if name.startswith("effect ")), "")
    if not effect:
        return
    clip = {
        "id": "a",
        "duration": "1",
        "generator": {"type": "color"},
        "effects": [{"effect_type": effect.partition(" ")[2]}],
    }
    project = Path(home) / "absent.tlp"
    project.write_text(json.dumps({"timeline": {"tracks": [{"id": "v", "clips": [clip]}]}}), "utf-8")
    done = _start(artefact, home, ["plan", str(project)], _START)
    if done.returncode == 0 or names[effect] not in done.stderr:
        text = f"a project with the {effect} is not told that it needs {names[effect]}"
        raise VerifyError(f"{text}: {done.stderr.strip()[-300:]}", path=artefact[-1])


def _run(artefact: Sequence[str], home: str, *arguments: str, seconds: int = _START) -> str:
    done = _start(artefact, home, list(arguments), seconds)
    if done.returncode:
        reason = (done.stderr or done.stdout).strip()[-600:]
        raise VerifyError(
            f"the build does not do {' '.join(arguments[:2])!r} in an empty environment: {reason}",
            path=artefact[-1],
        )
    return done.stdout


def _start(
    artefact: Sequence[str], home: str, arguments: list[str], seconds: int
) -> subprocess.CompletedProcess[str]:
    environ = {name: os.environ[name] for name in _KEPT if name in os.environ}
    environ |= {"HOME": home, "USERPROFILE": home, "KADR_HOME": str(Path(home) / "kadr"), "PEX_ROOT": home}
    return subprocess.run(  # noqa: S603 - the artefact that was just made
        [*artefact, *arguments],
        env=environ,
        cwd=home,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=seconds,
        check=False,
    )
