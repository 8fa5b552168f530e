"""Plugins on disk and a manager around them, without the installed plugins of this environment."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from kadr_kernel.container import Container, Registry
from kadr_kernel.events import Bus
from kadr_kernel.permissions import Grants, PermissionGate, Policy, Rule
from kadr_kernel.plugins.catalogue import Catalogue
from kadr_kernel.plugins.consent import Consent
from kadr_kernel.plugins.context import Context
from kadr_kernel.plugins.contexts import Contexts
from kadr_kernel.plugins.crashes import CrashGuard
from kadr_kernel.plugins.discovery import Found, discover
from kadr_kernel.plugins.endings import Endings
from kadr_kernel.plugins.failures import Failures
from kadr_kernel.plugins.hooks import Hooks
from kadr_kernel.plugins.loader import Loader
from kadr_kernel.plugins.manager import PluginManager, PluginParts
from kadr_kernel.plugins.roster import Choice
from kadr_kernel.plugins.services import PluginServices
from kadr_sdk.errors import PluginError
from kadr_sdk.events import Event


class DictConfig:
    """Settings in a dict."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def get(self, key: str, default: Any = None) -> Any:
        return self.values.get(key, default)

    def set(self, key: str, value: Any) -> None:
        self.values[key] = value

    def items(self) -> Sequence[tuple[str, Any, str]]:
        return [(k, v, "user") for k, v in self.values.items()]


@dataclass
class Site:
    """A folder of ``sys.path`` with fake distributions in it."""

    folder: Path
    packages: list[str] = field(default_factory=list)

    def add(
        self,
        plugin: str,
        toml: str = "",
        files: Mapping[str, str] | None = None,
        *,
        version: str = "1.0",
        dist_version: str = "",
        head: str = "",
        manifest: str | None = None,
        value: str = "",
        where: Path | None = None,
    ) -> str:
        """Write a package and its dist-info; ``toml`` follows the [plugin] table. Its package name."""
        package = plugin.replace(".", "_")
        self.packages.append(package)
        folder = (where or self.folder) / package
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in {"__init__.py": "", **(files or {})}.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text), "utf-8")
        if manifest is None:
            manifest = f'manifest = 1\n[plugin]\nid = "{plugin}"\nversion = "{version}"\n{head}\n'
            manifest += textwrap.dedent(toml).replace("PKG", package)
        (folder / "plugin.toml").write_text(manifest, "utf-8")
        if where is None:
            self.dist_info(plugin, value or package, dist_version or version)
        return package

    def dist_info(self, plugin: str, value: str, version: str, text: str | None = None) -> Path:
        name = plugin.replace(".", "_")
        info = self.folder / f"{name}-{version}.dist-info"
        info.mkdir(parents=True)
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        (info / "METADATA").write_text(metadata, "utf-8")
        text = f"[kadr.plugins]\n{plugin} = {value}\n" if text is None else text
        (info / "entry_points.txt").write_text(text, "utf-8")
        return info


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A Site; no other distribution is visible to discovery."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    import importlib.metadata as metadata

    everything = metadata.distributions
    monkeypatch.setattr(metadata, "distributions", lambda: everything(path=[str(folder)]))
    made = Site(folder)
    yield made
    for name in list(sys.modules):
        if name.partition(".")[0] in made.packages:
            del sys.modules[name]


@dataclass
class House:
    """A manager with everything around it."""

    manager: PluginManager
    catalogue: Catalogue
    hooks: Hooks
    services: PluginServices
    container: Container
    contexts: Contexts
    bus: Bus
    config: DictConfig
    failures: Failures
    events: list[Event]

    def states(self) -> dict[str, str]:
        return {row.id: row.state for row in self.manager.rows()}

    def names(self) -> list[str]:
        return [event.name for event in self.events]


class Kernel:
    """What commands get."""

    version = "test"


@pytest.fixture
def house(site: Site, tmp_path: Path) -> Iterator[Callable[..., House]]:
    """Builds a house of what lies in the site, started unless told otherwise."""
    made: list[House] = []

    def build(
        choice: Choice | None = None,
        *,
        config: Mapping[str, Any] | None = None,
        found: Sequence[Found] | None = None,
        trust: Sequence[str] | None = ("*",),
        start: bool = True,
    ) -> House:
        rows = discover([tmp_path / "folder"]) if found is None else found
        bus, settings, failures = Bus(), DictConfig(), Failures()
        settings.values.update(config or {})
        crashes = CrashGuard(tmp_path / "crashes")
        loader = Loader(rows, crashes, failures)
        registry = Registry()
        container = Container(registry)

        def make_context(manifest: Any, view: Any) -> Context:
            return Context(
                manifest,
                data=tmp_path / "data",
                settings=lambda: settings.get(manifest.id, {}),
                permissions=lambda: consent.granted(manifest.id),
                events=view,
                container=lambda: container,
            )

        contexts = Contexts(make_context, bus.for_plugin)
        catalogue = Catalogue(loader, contexts.of, lambda kind, name: manager.absent(kind, name))
        hooks = Hooks(lambda p, e: loader.make(p, e, contexts.of(p)), failures.add)
        endings = Endings(failures.add, 0.2)
        services = PluginServices(registry, loader, contexts.of, failures.add, endings)
        rules = () if trust is None else tuple(Rule("trust", plugin=pattern) for pattern in trust)
        grants = Grants(tmp_path / "grants")
        consent = Consent(PermissionGate(grants, Policy(rules)), grants)
        parts = PluginParts(
            bus, settings, catalogue, hooks, services, contexts, crashes, consent, failures, endings
        )
        # A small kernel.
        manager = PluginManager(rows, parts, choice or Choice(), lambda: Kernel())  # type: ignore[arg-type, return-value]
        seen: list[Event] = []
        bus.subscribe(Event, seen.append)
        one = House(manager, catalogue, hooks, services, container, contexts, bus, settings, failures, seen)
        made.append(one)
        if start:
            manager.start()
        return one

    yield build
    for one in made:
        one.manager.close()
        one.container.close()
        one.bus.close()


@pytest.fixture
def refused() -> Callable[[Callable[[], Any]], PluginError]:
    """The PluginError that a call raises."""

    def catch(call: Callable[[], Any]) -> PluginError:
        with pytest.raises(PluginError) as caught:
            call()
        return caught.value

    return catch
