"""The set of plugins: named, or those that take part in rendering projects, and what they require."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from kadr_sdk.errors import NotFoundError, PluginError, StorageError, did_you_mean
from kadr_sdk.installed import Installed, read_installed
from kadr_sdk.manifest import Manifest, split_requirement
from kadr_sdk.plugin import Kernel
from kadr_sdk.rendering import ProjectStore, Renderer, RenderRequest

from kadr_build.staging import Staged

__all__ = ["Chosen", "Shelf", "choose"]


@dataclass(frozen=True, slots=True)
class Shelf:
    """What can be built in: what is installed here, and what was fetched for this build.

    Attributes:
        manifests: by id, of plugins that may be built in.
        states: of the others, by id.
        installed: rows of what came from registries, by id, with the store they lie in.
    """

    manifests: Mapping[str, Manifest]
    states: Mapping[str, str]
    installed: Mapping[str, tuple[Path, Installed]]

    @classmethod
    def of(cls, kernel: Kernel, staged: Staged | None) -> Shelf:
        """Of a kernel; what was fetched stands before what is here under the same id.

        Raises:
            StorageError: what is installed from registries is damaged.
        """
        rows = list(kernel.plugins.rows())
        here = {row.id: row.manifest for row in rows if row.manifest and row.state == "active"}
        states = {row.id: row.state for row in rows if row.id not in here}
        store = kernel.installations.folder
        try:
            installed = {item.id: (store, item) for item in read_installed(store).plugins}
        except (OSError, ValueError) as error:
            text = f"what is installed from registries cannot be read: {error}"
            raise StorageError(text, path=store, hint="kadr plugin rollback") from error
        if staged:
            here |= staged.manifests
            installed |= {item.id: (staged.store, item) for item in staged.installed.plugins}
        return cls(here, {k: v for k, v in states.items() if k not in here}, installed)

    def owner(self, kind: str, name: str) -> str:
        """Which plugin has a contribution; empty where the kernel itself has it."""
        for plugin, manifest in self.manifests.items():
            if any(i.kind == kind and name in (i.id, *i.names) for i in manifest.contributions):
                return plugin
        return ""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What goes into the build.

    Attributes:
        plugins: manifests by id.
        why: for each id, who wants it.
    """

    plugins: Mapping[str, Manifest]
    why: Mapping[str, str]


def choose(
    kernel: Kernel, shelf: Shelf, named: Iterable[str], projects: Iterable[Path], staged: Staged | None = None
) -> Chosen:
    """The plugins of a build; each project is planned, so one that cannot be rendered is refused.

    Raises:
        NotFoundError: a plugin is not installed.
        PluginError: a plugin is broken or not active.
        ValidationError: a project cannot be rendered here.
    """
    why: dict[str, str] = {}
    known = {*shelf.manifests, *shelf.states}
    for name in named:
        if name not in known and f"kadr.{name}" in known:
            name = f"kadr.{name}"
        if name not in known:
            hint = f"{did_you_mean(name, known)}; from a registry: --install {name}"
            raise NotFoundError("plugin", name, hint=hint)
        why.setdefault(name, "asked for")
    for plugin in sorted(staged.fetched) if staged else ():
        why.setdefault(plugin, "from a registry")
    for project in projects:
        for plugin in _needed(kernel, shelf, project, staged):
            why.setdefault(plugin, f"needed by {project.name}")
    for row in kernel.catalogue.all("host")[:1]:
        why.setdefault(row.plugin, "the host")
    return Chosen(dict(sorted(_with_requirements(shelf, why))), why)


def _with_requirements(shelf: Shelf, why: dict[str, str]) -> Iterator[tuple[str, Manifest]]:
    """Each plugin of ``why``, which grows by what they require."""
    todo = list(why)
    for plugin in todo:  # grows while it is read
        manifest = shelf.manifests.get(plugin)
        if manifest is None:
            raise PluginError(
                f"plugin {plugin!r} is {shelf.states.get(plugin, 'absent')} and cannot be built in",
                hint=f"kadr plugin info {plugin} says why; kadr plugin enable {plugin}",
            )
        yield plugin, manifest
        for text in manifest.requires:
            required = split_requirement(text)[0]
            if required not in why:
                why[required] = f"required by {plugin}"
                todo.append(required)


def _needed(kernel: Kernel, shelf: Shelf, project: Path, staged: Staged | None) -> Iterable[str]:
    """Plugins whose code or data takes part in a render of a project."""
    if staged:
        told = staged.plan(project)
        used = {str(plugin) for plugin, _ in told["plugins"]}
        output = told["output"]
        names = {"backend": told["backend"], "exporter": output["exporter"], "preset": output["preset"]}
    else:
        document = kernel.container.get(ProjectStore).open(project)
        plan = kernel.container.get(Renderer).plan(document, project.parent, RenderRequest())
        used = {plugin for plugin, _ in plan.plugins}
        names = {"backend": plan.backend, "exporter": plan.output.exporter, "preset": plan.output.preset}
    used |= {shelf.owner(kind, name) for kind, name in names.items() if name}
    return sorted(used - {"kadr.kernel", ""})
