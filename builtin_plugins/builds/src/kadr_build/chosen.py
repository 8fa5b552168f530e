"""The set of plugins: named, or those that take part in rendering projects, and what they require."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from kadr_sdk.errors import NotFoundError, PluginError
from kadr_sdk.manifest import Manifest
from kadr_sdk.plugin import Kernel
from kadr_sdk.rendering import ProjectStore, Renderer, RenderRequest

__all__ = ["Chosen", "choose"]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What goes into the build.

    Attributes:
        plugins: manifests by id.
        why: for each id, who wants it.
    """

    plugins: Mapping[str, Manifest]
    why: Mapping[str, str]


def choose(kernel: Kernel, named: Iterable[str], projects: Iterable[Path]) -> Chosen:
    """The plugins of a build; each project is planned, so one that cannot be rendered is refused.

    Raises:
        NotFoundError: a plugin is not installed.
        PluginError: a plugin is broken or not active.
        ValidationError: a project cannot be rendered here.
    """
    rows = {row.id: row for row in kernel.plugins.rows()}
    why: dict[str, str] = {}
    for name in named:
        if name not in rows and f"kadr.{name}" in rows:
            name = f"kadr.{name}"
        if name not in rows:
            raise NotFoundError("plugin", name, rows)
        why.setdefault(name, "asked for")
    for project in projects:
        for plugin in _needed(kernel, project):
            why.setdefault(plugin, f"needed by {project.name}")
    for plugin in _hosts(kernel):
        why.setdefault(plugin, "the host")
    found: dict[str, Manifest] = {}
    todo = list(why)
    for plugin in todo:  # grows while it is read
        row = rows[plugin]
        if row.manifest is None or row.state != "active":
            raise PluginError(
                f"plugin {plugin!r} is {row.state} and cannot be built in",
                hint=f"kadr plugin info {plugin} says why; kadr plugin enable {plugin}",
            )
        found[plugin] = row.manifest
        for required in row.manifest.requires:
            if required not in why:
                why[required] = f"required by {plugin}"
                todo.append(required)
    return Chosen(dict(sorted(found.items())), why)


def _needed(kernel: Kernel, project: Path) -> Iterable[str]:
    """Plugins whose code or data takes part in a render of a project."""
    document = kernel.container.get(ProjectStore).open(project)
    plan = kernel.container.get(Renderer).plan(document, project.parent, RenderRequest())
    catalogue = kernel.catalogue
    used = {plugin for plugin, _ in plan.plugins}
    used.add(catalogue.find("backend", plan.backend).plugin)
    used.add(catalogue.find("exporter", plan.output.exporter).plugin)
    if plan.output.preset:
        used.add(catalogue.find("preset", plan.output.preset).plugin)
    return sorted(used - {"kadr.kernel"})


def _hosts(kernel: Kernel) -> Iterable[str]:
    return [row.plugin for row in kernel.catalogue.all("host")[:1]]
