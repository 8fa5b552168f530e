"""The composition root: the only place that constructs; starts the installed host.

As a library::

    with kadr_kernel.boot.boot() as kernel:
        kernel.catalogue.find("effect", "blur")
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kadr_kernel import __version__

if TYPE_CHECKING:
    from pathlib import Path

    from kadr_sdk.errors import KadrError
    from kadr_sdk.execution import Recipe
    from kadr_sdk.manifest import Contribution, Manifest

    from kadr_kernel.config import Config
    from kadr_kernel.events import Bus, PluginBus
    from kadr_kernel.kernel import Kernel, KernelParts
    from kadr_kernel.permissions.confinement import Confinement
    from kadr_kernel.permissions.gate import PermissionGate
    from kadr_kernel.permissions.policy import Policy
    from kadr_kernel.plugins.context import Context
    from kadr_kernel.plugins.contexts import Contexts
    from kadr_kernel.plugins.crashes import CrashGuard
    from kadr_kernel.plugins.index import Index
    from kadr_kernel.plugins.roster import Choice
    from kadr_kernel.sandbox.house import House

__all__ = ["boot", "main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the installed host; the exit code. Options and variables: :mod:`kadr_kernel.run`."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["--version"]:
        print(f"kadr {__version__}")  # noqa: T201 - the answer itself, before anything is imported
        return 0
    from kadr_kernel.run import run

    return run(arguments, os.environ, boot)


def boot(
    *,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
    plugins: Iterable[str] | None = None,
    safe_mode: bool = False,
    hosts: bool = False,
    helper: bool = False,
) -> Kernel:
    """A started kernel; close it, or use it as a context manager.

    Args:
        environ: environment variables; None: those of the process.
        overrides: settings that beat everything.
        plugins: ids of the plugins to run, with what they require; None: all.
        safe_mode: run only what the metapackage pins.
        hosts: run the installed hosts too, whatever ``plugins`` says.
        helper: it works for another kernel, which may go on after it: what was allowed for once stays.

    Raises:
        ConfigError: the configuration or the permission policy is wrong, everything at once.
        PluginNotFoundError: one of ``plugins`` is not installed.
    """
    from pathlib import Path

    from kadr_kernel.config import Config
    from kadr_kernel.events import Bus
    from kadr_kernel.folders import standard_folders
    from kadr_kernel.kernel import Kernel
    from kadr_kernel.plugins.crashes import CrashGuard
    from kadr_kernel.plugins.index import find_plugins
    from kadr_kernel.plugins.store import Store, leave_path

    environ = os.environ if environ is None else environ
    bus = Bus()
    config = Config(standard_folders(environ), environ=environ, overrides=overrides, publish=bus.publish)
    folders = [Path(folder).expanduser() for folder in config.get("plugins.folders")]
    crashes = CrashGuard(config.folders.state / "crashes")
    store = Store.open(_store_folder(config)).without(crashes.crashes())
    leave_path(store.folder)  # of a kernel before this one; rows are read as data, not found on the path
    index = find_plugins(folders, config.folders.cache, store)
    if not safe_mode:
        store.join_path()
    choice = _choice(index, plugins, safe_mode=safe_mode, hosts=hosts)
    kernel = Kernel(_assemble(config, bus, index, choice, crashes, environ, lambda: kernel, helper=helper))
    return kernel.start()


def _store_folder(config: Config) -> Path:
    return config.folders.data / "registry"


def _choice(index: Index, plugins: Iterable[str] | None, *, safe_mode: bool, hosts: bool) -> Choice:
    from kadr_sdk.errors import PluginNotFoundError, did_you_mean

    from kadr_kernel.plugins.roster import Choice

    known = {row.id for row in index.found}
    only = None if plugins is None else frozenset(plugins)
    for plugin in sorted((only or frozenset()) - known):
        hint = did_you_mean(plugin, known) or "no plugin is installed"
        raise PluginNotFoundError(f"no plugin {plugin!r} is installed", hint=hint, plugin=plugin)
    if only is not None and hosts:
        manifests = [row.manifest for row in index.found if row.manifest]
        only |= {m.id for m in manifests if any(item.kind == "host" for item in m.contributions)}
    return Choice(only=only, pinned=frozenset(index.pinned) if safe_mode else None)


def _assemble(
    config: Config,
    bus: Bus,
    index: Index,
    choice: Choice,
    crashes: CrashGuard,
    environ: Mapping[str, str],
    kernel: Callable[[], Kernel],
    *,
    helper: bool,
) -> KernelParts:
    from kadr_sdk.events import WarningRaised

    from kadr_kernel.container import Registry
    from kadr_kernel.kernel import KernelParts
    from kadr_kernel.permissions.gate import PermissionGate
    from kadr_kernel.permissions.grants import Grants
    from kadr_kernel.plugins.catalogue import Catalogue
    from kadr_kernel.plugins.consent import Consent
    from kadr_kernel.plugins.contexts import Contexts
    from kadr_kernel.plugins.endings import Endings
    from kadr_kernel.plugins.failures import Failures
    from kadr_kernel.plugins.hooks import Hooks
    from kadr_kernel.plugins.installations import Installations
    from kadr_kernel.plugins.loader import Loader
    from kadr_kernel.plugins.manager import PluginManager, PluginParts
    from kadr_kernel.plugins.services import PluginServices
    from kadr_kernel.render.teams import Processes, Threads
    from kadr_kernel.sandbox.component import ComponentRuntime
    from kadr_kernel.sandbox.ledger import Ledger
    from kadr_kernel.sandbox.runtime import CoreRuntime

    folders, failures, registry = config.folders, Failures(), Registry()

    def report(plugin: str, error: KadrError) -> None:
        failures.add(plugin, error)
        bus.publish(WarningRaised(error.message, hint=error.hint))

    grants = Grants(folders.data, helper=helper)
    policy = _policy(config, index)
    gate = PermissionGate(grants, policy, publish=bus.publish)
    kept = (folders.data / "plugins", folders.data / "guests")
    installations = Installations(_store_folder(config), grants, policy, crashes, kept)
    loader = Loader(index.found, crashes, failures, grants.use)
    contexts = Contexts(_context_maker(config, gate, kernel), bus.for_plugin)

    def data_guest(item: Contribution, manifest: Manifest) -> Any:
        from kadr_kernel.plugins.guests import GuestMaker  # late: it needs pydantic

        return GuestMaker(lambda name: catalogue.load("runtime", name), house).make(item, manifest)

    catalogue = Catalogue(loader, contexts.of, lambda kind, name: manager.absent(kind, name), data_guest)
    hooks = Hooks(lambda plugin, entry: loader.make(plugin, entry, contexts.of(plugin)), report)
    endings = Endings(failures.add)
    services = PluginServices(registry, loader, contexts.of, report, endings)
    consent = Consent(gate, grants)
    parts = PluginParts(
        bus, config, catalogue, hooks, services, contexts, crashes, consent, failures, endings
    )
    manager = PluginManager(index.found, parts, choice, kernel)
    house = _house(config, gate, index, contexts, bus, kernel)
    ledger = Ledger(folders.state / "guests.json")
    made: dict[tuple[str, str], Any] = {("executor", "threads"): Threads()}
    made["executor", "processes"] = Processes()
    runtime = CoreRuntime(folders.cache / "guests", house=house, ledger=ledger)
    made["runtime", "component"] = ComponentRuntime(folders.cache / "guests")

    def recipe(kernel: Kernel, portable: bool) -> Recipe:
        from kadr_kernel.worker import recipe_of

        return recipe_of(kernel, environ, portable=portable)

    catalogue.add(_own_contributions(), made | {("runtime", "core"): runtime})
    return KernelParts(
        config, bus, gate, registry, catalogue, hooks, services, manager, installations, runtime, recipe
    )


def _house(
    config: Config,
    gate: PermissionGate,
    index: Index,
    contexts: Contexts,
    bus: Bus,
    kernel: Callable[[], Kernel],
) -> House:
    """What guests meet: the gate, the user's settings, their plugin's manifest and folder."""
    from kadr_kernel.sandbox.house import House

    limits = {row.id: row.manifest.limits for row in index.found if row.manifest}

    def confinement(plugin: str, digest: str) -> Confinement:
        trusted = {str(text).lower() for text in config.get("sandbox.trusted")}
        return gate.confinement(plugin, digest, config.get, trusted)

    def measured(plugin: str, effect: str, numbers: Mapping[str, float]) -> None:
        from kadr_sdk.services import Metrics

        metrics = kernel().container.get(Metrics)
        for name, value in numbers.items():
            put = metrics.gauge if name == "peak_memory" else metrics.count
            put(f"guest.{name}", value, plugin=plugin, effect=effect)

    return House(
        keys=gate,
        confinement=confinement,
        asked=lambda plugin: limits.get(plugin, {}),
        settings=lambda plugin: contexts.of(plugin).config,
        storage=config.folders.data / "guests",
        publish=bus.publish,
        measured=measured,
    )


def _own_contributions() -> Manifest:
    """What the kernel itself contributes: the runtimes of WASM guests, and two executors."""
    from kadr_sdk.manifest import Contribution, Manifest

    name = "kadr.kernel"
    core = Contribution("runtime", "core", name, title="Core WebAssembly", summary="Guests of the frame ABI")
    component = Contribution(
        "runtime", "component", name, title="Components", summary="Guests that work on data, in Python too"
    )
    threads = Contribution("executor", "threads", name, title="Threads", summary="Segments in this process")
    processes = Contribution(
        "executor", "processes", name, title="Processes", summary="Segments in processes beside this one"
    )
    return Manifest(name, __version__, title="Kernel", contributions=(core, component, threads, processes))


def _context_maker(
    config: Config, gate: Any, kernel: Callable[[], Kernel]
) -> Callable[[Manifest, PluginBus], Context]:
    from kadr_kernel.plugins.context import Context

    data = config.folders.data / "plugins"

    def make(manifest: Manifest, events: PluginBus) -> Context:
        return Context(
            manifest,
            data=data,
            settings=lambda: config.plugin(manifest.id),
            permissions=lambda: gate.granted(manifest.id),
            events=events,
            container=lambda: kernel().container,
        )

    return make


def _policy(config: Config, index: Index) -> Policy:
    """Trust for what the metapackage pins, and the policies of the machine and of the user."""
    from kadr_kernel.permissions.policy import Policy, Rule

    pinned = "pinned by the distribution kadr"
    trusted = [Rule("trust", publisher, plugin, reason=pinned) for publisher, plugin in index.pinned]
    policy = Policy(tuple(trusted))
    folders = config.folders
    for folder in (folders.system, folders.config):
        if folder is not None and (path := folder / "policy.toml").exists():
            from kadr_kernel.permissions.policy_file import read_policy

            policy = policy.merged(read_policy(path))
    return policy
