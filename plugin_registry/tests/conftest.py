"""A registry in a folder, a publisher's plugins, users, and a clock that the test turns."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from kadr_registry.pace import Limits
from kadr_registry.registry import Registry
from kadr_registry.repository.acceptance import Accepted, Terms
from kadr_registry.repository.folder import Repository
from kadr_registry.repository.publish import publish
from kadr_registry.repository.setup import add_publisher, create
from kadr_registry.serve import server
from kadr_registry.transport import Transport, open_transport
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
        terms = Terms(None, PermissionSet.of(allow))
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
