"""A registry of real plugins of this repository on loopback: from finding one to rendering without it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from kadr_kernel.boot import boot
from kadr_registry.mirror import Wanted
from kadr_registry.opened import opened
from kadr_registry.repository.acceptance import Terms
from kadr_registry.repository.folder import Repository
from kadr_registry.repository.publish import publish
from kadr_registry.repository.setup import add_publisher, create
from kadr_registry.serve import server
from kadr_registry.transport.bundle import BundleSink
from kadr_sdk.errors import KadrError
from kadr_sdk.permissions import PermissionSet
from kadr_sdk.project import Project
from kadr_sdk.rendering import Renderer, RenderRequest

INVERT, PLASMA = "org.kadr.invert", "org.kadr.plasma"
Kadr = Callable[..., Any]


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory, packages: ModuleType) -> Repository:
    """Twenty plugins of this repository: guests of every kind and language, and ones with Python code."""
    folder = tmp_path_factory.mktemp("registry")
    repository = create(folder / "registry", "test")
    for namespace in ("org.kadr", "org.author", "org.example", "kadr"):
        add_publisher(repository, namespace)
    for name in packages.LANGUAGES:
        if made := packages.template(folder, name):
            publish(repository, made, Terms())
    for path in sorted(packages.GUESTS.glob("*.wasm")):
        publish(repository, packages.guest_plugin(folder, path.stem), Terms())
    for project in packages.PYTHON.values():
        publish(repository, project, Terms(), [packages.wheel(project, folder)])
    return repository


@contextmanager
def served(registry: Repository) -> Iterator[str]:
    """The address of a server of the registry; afterwards nobody answers there."""
    with server(registry.public) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{running.server_address[1]}"
        finally:
            running.shutdown()
            thread.join(10)


@pytest.fixture
def address(registry: Repository) -> Iterator[str]:
    with served(registry) as place:
        yield place


@pytest.fixture
def kadr(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Kadr:
    """One run of ``kadr``: a kernel, a command, the JSON that it prints."""

    def run(*argv: object, code: int = 0, home: str = "home") -> Any:
        with boot(environ={"KADR_HOME": str(tmp_path / home)}) as kernel:
            got = kernel.catalogue.load("host", "cli").run(kernel, [*map(str, argv), "--json"])
        captured = capsys.readouterr()
        assert got == code, captured.err + captured.out
        return json.loads(captured.out)

    return run


@pytest.fixture
def render(tmp_path: Path, cut: Callable[..., Project]) -> Callable[..., bytes]:
    """The bytes of a film made with effects, by a kernel of its own."""

    def run(*effects: str, home: str = "home") -> bytes:
        clip = {
            "id": "a",
            "generator": {"type": "color", "parameters": {"color": "#204060"}},
            "duration": "0.2",
            "effects": [{"effect_type": effect} for effect in effects],
        }
        target = tmp_path / "film.mkv"
        with boot(environ={"KADR_HOME": str(tmp_path / home)}) as kernel:
            request = RenderRequest(target, cache=False, overwrite=True)
            kernel.container.get(Renderer).render(cut(clip), tmp_path, request)
        return target.read_bytes()

    return run


@dataclass
class Life:
    """One user of the registry, step by step."""

    registry: Repository
    packages: ModuleType
    address: str
    kadr: Kadr
    render: Callable[..., bytes]
    folder: Path
    languages: Sequence[str] = ()

    @property
    def root(self) -> Path:
        return self.registry.public / "metadata" / "1.root.json"

    def find_install_and_render(self) -> None:
        self.kadr("plugin", "registries", "add", "example", self.address, "--root", self.root)
        found = {row["id"] for row in self.kadr("plugin", "search")["plugins"]}
        self.languages = [name for name in self.packages.LANGUAGES if name in found]
        assert "org.author.by_hand" in self.languages
        assert len(found) >= 14
        (hit,) = self.kadr("plugin", "search", "light", "opposites")["plugins"]
        assert hit["id"] == INVERT
        self.kadr("plugin", "install", INVERT, "org.kadr.wipe_soft", PLASMA, *self.languages)
        assert self.render("invert_x") == self.render("wasm_invert"), "the same guest makes the same film"
        assert self.render(*self.languages) != self.render()

    def update_with_a_new_permission(self) -> None:
        film = self.render("wasm_invert")
        guest = self.packages.guest_plugin(self.folder, "invert", "1.1.0", "log = true")
        publish(self.registry, guest, Terms(allow=PermissionSet.of(["log"])))
        (newer,) = self.kadr("plugin", "outdated")["outdated"]
        assert (newer["id"], newer["newest"]) == (INVERT, "1.1.0")
        held = self.kadr("plugin", "update")
        assert (held["changes"], list(held["waiting"])) == ([], [INVERT])
        done = self.kadr("plugin", "update", "--yes", "--grant", "log")
        assert [(c["old"], c["new"]) for c in done["changes"]] == [("1.0.0", "1.1.0")]
        assert self.render("invert_x") == film
        assert self.kadr("plugin", "grants", "revoke", INVERT)["revoked"] == 1
        with pytest.raises(KadrError, match="needs your permission"):
            self.render("invert_x")
        assert self.kadr("plugin", "rollback")["plugins"][INVERT] == "1.0.0"
        assert self.render("invert_x") == film
        assert self.kadr("plugin", "audit")["findings"] == []

    def revoke(self) -> None:
        publish(self.registry, self.packages.guest_plugin(self.folder, "plasma", "1.1.0"), Terms())
        self.kadr("plugin", "update", PLASMA)
        why = "it shows the wrong film"
        self.kadr("registry", "revoke", self.registry.folder, f"{PLASMA}==1.1.0", "--reason", why)
        (found,) = self.kadr("plugin", "audit", code=1)["findings"]
        assert (found["id"], found["severity"], found["message"]) == (
            PLASMA,
            "error",
            f"it was revoked: {why}",
        )
        done = self.kadr("plugin", "update", PLASMA)
        assert [(c["old"], c["new"]) for c in done["changes"]] == [("1.1.0", "1.0.0")]
        assert "was revoked: it shows the wrong film" in str(self.kadr("plugin", "rollback", code=6))
        assert self.kadr("plugin", "audit")["findings"] == []

    def hand_on(self) -> None:
        """A mirror, a bundle of the mirror, and the lock, for whoever has no network."""
        mirror, bundle = self.folder / "mirror", self.folder / "all.bundle"
        self.kadr("registry", "mirror", self.address, mirror, "--root", self.root)
        self.kadr("registry", "bundle", mirror, bundle, "--root", self.root)
        assert self.kadr("registry", "verify", bundle, "--root", self.root)["plugins"] >= 14
        self.kadr("plugin", "lock", "-o", self.folder / "plugins.lock")

    def install_without_a_network(self) -> None:
        films = [self.render("invert_x"), self.render(*self.languages)]
        place = self.folder / "all.bundle"
        add = ("plugin", "registries", "add", "example", place, "--root", self.root)
        self.kadr(*add, home="island")
        self.kadr("plugin", "sync", self.folder / "plugins.lock", home="island")
        assert films == [
            self.render("invert_x", home="island"),
            self.render(*self.languages, home="island"),
        ]
        self.kadr("plugin", "install", "org.kadr.tone", code=7)
        assert self.render("invert_x") == films[0], "what is installed needs no network"


def test_the_life_of_a_registry_and_its_user(
    registry: Repository, packages: ModuleType, kadr: Kadr, render: Callable[..., bytes], tmp_path: Path
) -> None:
    """From searching to a machine without a network, on real plugins of many languages."""
    with served(registry) as address:
        life = Life(registry, packages, address, kadr, render, tmp_path)
        life.find_install_and_render()
        life.update_with_a_new_permission()
        life.revoke()
        life.hand_on()
    life.install_without_a_network()


def test_python_code_is_installed_only_by_name_and_knowingly(
    registry: Repository, address: str, kadr: Kadr, render: Callable[[str], bytes]
) -> None:
    kadr(
        "plugin",
        "registries",
        "add",
        "example",
        address,
        "--root",
        registry.public / "metadata" / "1.root.json",
    )
    name = "org.example.scanlines"
    kadr("plugin", "install", name, code=6)
    kadr("plugin", "install", name, "--yes", "--grant", "native")
    assert len(render("scanlines")) > 0
    refused = kadr("plugin", "install", "kadr.scanner", "--yes", "--grant", "native", code=2)
    assert "is installed already, but not from a registry" in str(refused)
    kadr("plugin", "remove", name)
    with pytest.raises(KadrError, match="scanlines"):
        render("scanlines")


def test_a_bundle_of_a_mirror_installs_without_a_network(
    registry: Repository, address: str, kadr: Kadr, render: Callable[[str], bytes], tmp_path: Path
) -> None:
    root = registry.public / "metadata" / "1.root.json"
    kadr("plugin", "registries", "add", "example", address, "--root", root)
    with opened(address, root) as found:
        found.copier().copy(BundleSink(tmp_path / "b"), (Wanted("org.kadr.plasma", ""), Wanted(INVERT, "")))
    table = tmp_path / "home" / "data" / "registry" / "registries.toml"
    table.write_text(table.read_text("utf-8").replace(address, "http://127.0.0.1:9"), "utf-8")
    kadr("plugin", "install", INVERT, code=7)
    kadr("plugin", "install", f"{INVERT}@1.0.0", "--from", tmp_path / "b")
    assert len(render("invert_x")) > 0
