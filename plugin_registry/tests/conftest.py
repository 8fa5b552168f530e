"""A registry in a folder, a publisher's plugins, users, and a clock that the test turns."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from kadr_registry.client.client import Client
from kadr_registry.client.consent import Answers, Consent
from kadr_registry.client.places import Places
from kadr_registry.client.planner import Planner, Terms
from kadr_registry.client.registries import Registries
from kadr_registry.client.wanted import parse_asks
from kadr_registry.pace import Limits
from kadr_registry.registry import Registry
from kadr_registry.repository.acceptance import Accepted
from kadr_registry.repository.acceptance import Terms as AcceptTerms
from kadr_registry.repository.folder import Repository
from kadr_registry.repository.publish import publish
from kadr_registry.repository.setup import add_publisher, create
from kadr_registry.serve import server
from kadr_registry.sources import Source
from kadr_registry.transport import Transport, open_transport
from kadr_sdk.installed import read_installed
from kadr_sdk.permissions import PermissionSet

GLOW = "org.example.glow"


@dataclass
class Bench:
    """One registry with the namespace ``org.example``, served from a folder.

    Attributes:
        now: what everybody's clock says.
    """

    folder: Path
    repository: Repository
    now: float = 1_800_000_000.0
    opened: list[Transport] = field(default_factory=list)

    @property
    def public(self) -> Path:
        return self.repository.public

    def plugin(self, id: str = GLOW, version: str = "1.0.0", **more: Any) -> Path:
        """A folder with a plugin of data alone: a preset."""
        home = self.folder / "plugins" / f"{id}-{version}" / id.replace(".", "_")
        home.mkdir(parents=True, exist_ok=True)
        text = {"license": "MIT", "title": "Glow", "summary": "A soft glow", **more}
        lines = [f"{key} = {json.dumps(value)}" for key, value in text.items() if key != "permissions"]
        lines += [
            "[permissions]",
            *(f"{k} = {json.dumps(v)}" for k, v in more.get("permissions", {}).items()),
        ]
        name = id.rpartition(".")[2]
        lines += ["[[contributes.preset]]", f'id = "{name}"', 'file = "preset.toml"']
        head = f'manifest = 1\n[plugin]\nid = "{id}"\nversion = "{version}"\n'
        (home / "plugin.toml").write_text(head + "\n".join(lines) + "\n", "utf-8")
        (home / "preset.toml").write_text(f'id = "{name}"\ntitle = "x"\ncontainer = "mp4"\n', "utf-8")
        (home / "big.bin").write_bytes(f"{id} {version} ".encode() * 20)
        return home

    def publish(
        self, id: str = GLOW, version: str = "1.0.0", allow: tuple[str, ...] = (), **more: Any
    ) -> Accepted:
        terms = AcceptTerms(None, PermissionSet.of(allow))
        return publish(self.repository, self.plugin(id, version, **more), terms)

    def client(self, place: str | Path | None = None, name: str = "user", **options: Any) -> Registry:
        """A user of the registry; the same name has the same folder."""
        transport = open_transport(str(place or self.public))
        self.opened.append(transport)
        root = self.repository.root_bytes()
        options.setdefault("now", lambda: self.now)
        return Registry("test", transport, root, self.folder / "users" / name, **options)

    def copy(self, name: str = "mirror") -> Path:
        """The public folder as it is now, in the hands of an attacker."""
        target = self.folder / name
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(self.public, target)
        return target

    def served(self, folder: Path | None = None) -> Iterator[str]:
        with server(folder or self.public) as running:
            thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            try:
                yield f"http://127.0.0.1:{running.server_address[1]}"
            finally:
                running.shutdown()
                thread.join(10)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr(os, "fsync", lambda _: None)  # no power is cut here, and disks are slow
    made: list[Bench] = []
    repository = create(tmp_path / "registry", "test", now=lambda: made[0].now if made else 1_800_000_000.0)
    made.append(Bench(tmp_path, repository))
    add_publisher(repository, "org.example")
    yield made[0]
    for transport in made[0].opened:
        transport.close()


@pytest.fixture
def loopback(bench: Bench) -> Iterator[str]:
    """The address of a server of the registry's public folder."""
    yield from bench.served()


@pytest.fixture
def quick() -> Limits:
    """Limits that a slow server meets within a test."""
    return Limits(deadline=0.5, blob_rate=1e9, rate=1024, grace=0.2, idle=0.3)


@dataclass(frozen=True)
class Asked:
    """A question of the kernel."""

    text: str
    wanted: PermissionSet
    terms: tuple[str, ...] = ("once", "version", "publisher")


@dataclass
class Kept:
    """What a kernel offers to a client, without a kernel: asks where something is asked for."""

    folder: Path
    given: list[tuple[str, str, str, PermissionSet, str]] = field(default_factory=list)

    def question(self, manifest: Any, publisher: str, contents: str) -> Asked | None:
        covered = [
            row[3]
            for row in self.given
            if row[:2] == (manifest.id, publisher) and (row[4] == "publisher" or row[2] == contents)
        ]
        held = PermissionSet.of(p for found in covered for p in found)
        wanted = manifest.permission_set.beyond(held)
        native = any(item.entry for item in manifest.contributions) and not covered
        return Asked(f"{manifest.id} wants: {wanted}", wanted) if wanted or native else None

    def allow(
        self, manifest: Any, publisher: str, contents: str, permissions: PermissionSet, term: str
    ) -> None:
        self.given.append((manifest.id, publisher, contents, permissions, term))

    def grants(self) -> list[dict[str, Any]]:
        return []

    def revoke(self, plugin: str, permission: str = "") -> int:
        before = len(self.given)
        self.given = [row for row in self.given if row[0] != plugin]
        return before - len(self.given)

    def purge(self, plugin: str) -> list[str]:
        return ["grants"] * bool(self.revoke(plugin))


@dataclass
class User:
    """Somebody with a store of their own and the registry ``test``."""

    bench: Bench
    store: Path
    kept: Kept
    host: list[Any] = field(default_factory=list)

    def client(self, said: Answers | None = None, **options: Any) -> Client:
        places = Places(self.store)
        registries = Registries(places, options.pop("environ", {}), now=lambda: self.bench.now, **options)
        self.bench.opened.append(registries)  # type: ignore[arg-type]  # closed like a transport
        return Client(places, Planner(places, registries, self.host), Consent(self.kept, said or Answers()))

    def install(self, *plugins: str, grant: Sequence[str] = (), **terms: Any) -> Any:
        said = Answers.of(True, grant, "version", None)
        return self.client(said).install(parse_asks(plugins), Terms(**terms))

    def update(self, *plugins: str, grant: Sequence[str] = (), **terms: Any) -> Any:
        return self.client(Answers.of(True, grant, "version", None)).update(plugins, Terms(**terms))

    def there(self) -> dict[str, str]:
        """What the kernel would find: versions by id, every file checked."""
        found = read_installed(self.store)
        for item in found.plugins:
            for name, digest in item.files:
                data = (self.store / item.folder / name).read_bytes()
                assert hashlib.sha256(data).hexdigest() == digest
        return {item.id: item.version for item in found.plugins}

    def state(self) -> dict[str, bytes]:
        """Every file that says what is installed."""
        if not self.store.is_dir():
            return {}
        parts = ("current", "generations", "packages", "sites", "publishers.json")
        files = [
            p for part in parts for p in [self.store / part, *(self.store / part).rglob("*")] if p.is_file()
        ]
        return {str(p.relative_to(self.store)): p.read_bytes() for p in files}


@pytest.fixture
def user(bench: Bench, tmp_path: Path) -> User:
    made = User(bench, tmp_path / "store", Kept(tmp_path / "store"))
    registries = Registries(Places(made.store), {}, now=lambda: bench.now)
    registries.add(Source("test", str(bench.public), bench.public / "metadata" / "1.root.json"))
    return made
