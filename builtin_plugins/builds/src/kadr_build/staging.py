"""Plugins that are not installed here: resolved, locked and fetched by the client of registries.

The client is asked as a user asks it, by its command, in a home of its own that goes away. It
begins as a copy of what is installed from registries here, with what was allowed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kadr_sdk.errors import PluginError, Problem, ValidationError
from kadr_sdk.installed import InstalledSet, read_installed
from kadr_sdk.manifest import FILE_NAME, Manifest, read_manifest
from kadr_sdk.plugin import Kernel

__all__ = ["Staged", "Wanted", "stage"]

_START = "import sys; from kadr_kernel.boot import main; sys.exit(main(sys.argv[1:]))"
_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to come from registries.

    Attributes:
        install: plugins, as ``kadr plugin install`` takes them.
        lock: a lock that says every release; None: the newest that fit.
        grants: permissions that the build gives them.
        sources: places to take files from instead, as ``--from`` takes them.
    """

    install: tuple[str, ...] = ()
    lock: Path | None = None
    grants: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.install or self.lock)


@dataclass(frozen=True, slots=True)
class Staged:
    """A home with what came from registries.

    Attributes:
        run: runs kadr in it.
        here: the store that it began as a copy of.
        store: its folder of plugins.
        manifests: by id.
        fetched: ids of what is not installed here, or in another release.
    """

    run: Callable[..., str]
    here: Path
    store: Path
    installed: InstalledSet
    manifests: Mapping[str, Manifest]
    fetched: frozenset[str]

    @property
    def lock(self) -> bytes:
        """The lock of what came."""
        return (self.store / "generations" / str(self.installed.number) / "plugins.lock").read_bytes()

    def plan(self, project: Path) -> dict[str, Any]:
        """The plan of a project, by a kernel that has these plugins.

        Raises:
            KadrError: it cannot be planned; says why.
        """
        return json.loads(self.run("plan", str(project.absolute()), "--json").splitlines()[-1])  # type: ignore[no-any-return]  # our own command

    @contextmanager
    def importable(self) -> Iterator[None]:
        """Let its wheels of plugins with Python code be found, instead of those that are installed here."""
        before, own = list(sys.path), str(self.here / "sites") + os.sep
        sys.path[:] = [entry for entry in before if not entry.startswith(own)]
        if self.installed.site:
            sys.path.append(str(self.store / self.installed.site))
        try:
            yield
        finally:
            sys.path[:] = before


def stage(kernel: Kernel, wanted: Wanted, home: Path) -> Staged:
    """Have plugins of registries in a home of their own.

    Raises:
        KadrError: what the client says: unknown, revoked, not to be reached, not allowed …
    """
    here, store = kernel.installations.folder, home / "data" / "registry"
    if here.is_dir():
        shutil.copytree(here, store, ignore=shutil.ignore_patterns("staging", "lock"))
    if (grants := here.parent / "grants.json").is_file():
        store.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(grants, store.parent / grants.name)
    run = _Home(home, tuple(map(str, kernel.config.get("plugins.folders"))))
    given = ["--yes", *_options("--grant", wanted.grants), *_options("--from", wanted.sources), "--json"]
    if wanted.lock:
        run("plugin", "sync", str(wanted.lock.absolute()), *given)
    if wanted.install:
        run("plugin", "install", *wanted.install, *given)
    installed = read_installed(store)
    manifests = {item.id: read_manifest(store / item.folder / FILE_NAME) for item in installed.plugins}
    before = {(item.id, item.digest) for item in read_installed(here).plugins}
    fetched = {item.id for item in installed.plugins if (item.id, item.digest) not in before}
    return Staged(run, here, store, installed, manifests, frozenset(fetched))


def _options(name: str, values: Sequence[str]) -> list[str]:
    return [text for value in values for text in (name, value)]


@dataclass(frozen=True, slots=True)
class _Home:
    """A folder that another kadr has as its home, with the plugin folders of this one."""

    folder: Path
    plugins: tuple[str, ...]

    def __call__(self, *arguments: str) -> str:
        """Run kadr; its output.

        Raises:
            KadrError: what it says, or that it does not end.
        """
        environ = {**os.environ, "KADR_HOME": str(self.folder)}
        if self.plugins:
            environ["KADR_PLUGINS__FOLDERS"] = ",".join(self.plugins)
        try:
            done = subprocess.run(  # noqa: S603 - this program itself
                [sys.executable, "-c", _START, *arguments],
                env=environ,
                capture_output=True,
                text=True,
                encoding="utf-8",
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            text = f"the plugins could not be fetched within {_SECONDS:g} s"
            hint = "install them first: kadr plugin install, then name them with -p"
            raise PluginError(text, hint=hint) from None
        if done.returncode:
            raise _error(done.stdout, done.stderr)
        return done.stdout


def _error(output: str, more: str) -> PluginError | ValidationError:
    """The error that the child told, as ours."""
    try:
        told = json.loads(output.strip().splitlines()[-1])
        problems = [Problem(p["path"], p["message"], p["hint"]) for p in told["problems"]]
        if len(problems) > 1:
            return ValidationError(told["message"], problems)
        hint = problems[0].hint if problems else ""
        return PluginError(told["message"], hint=hint)
    except (ValueError, LookupError, TypeError):
        return PluginError(f"the plugins could not be fetched: {more.strip()[-500:]}")
