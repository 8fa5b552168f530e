"""A registry of real plugins of this repository on loopback: from finding one to rendering without it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
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

INVERT = "org.kadr.invert"
Kadr = Callable[..., str]


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory, packages: ModuleType) -> Repository:
    """Thirteen plugins of this repository: guests of every kind, and ones with Python code."""
    folder = tmp_path_factory.mktemp("registry")
    repository = create(folder / "registry", "test")
    for namespace in ("org.kadr", "org.example", "kadr"):
        add_publisher(repository, namespace)
    for path in sorted(packages.GUESTS.glob("*.wasm")):
        publish(repository, packages.guest_plugin(folder, path.stem), Terms())
    for project in packages.PYTHON.values():
        publish(repository, project, Terms(), [packages.wheel(project, folder)])
    return repository


@pytest.fixture
def address(registry: Repository) -> Iterator[str]:
    with server(registry.public) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()
        thread.join(10)


@pytest.fixture
def kadr(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Kadr:
    """One run of ``kadr``: a kernel, a command, the JSON that it prints."""

    def run(*argv: object, code: int = 0) -> Any:
        with boot(environ={"KADR_HOME": str(tmp_path / "home")}) as kernel:
            got = kernel.catalogue.load("host", "cli").run(kernel, [*map(str, argv), "--json"])
        captured = capsys.readouterr()
        assert got == code, captured.err + captured.out
        return json.loads(captured.out)

    return run


@pytest.fixture
def render(tmp_path: Path, cut: Callable[..., Project]) -> Callable[..., bytes]:
    """The bytes of a film made with an effect, by a kernel of its own."""

    def run(effect: str) -> bytes:
        clip = {
            "id": "a",
            "generator": {"type": "color", "parameters": {"color": "#204060"}},
            "duration": "0.2",
            "effects": [{"effect_type": effect}],
        }
        target = tmp_path / "film.mkv"
        with boot(environ={"KADR_HOME": str(tmp_path / "home")}) as kernel:
            request = RenderRequest(target, cache=False, overwrite=True)
            kernel.container.get(Renderer).render(cut(clip), tmp_path, request)
        return target.read_bytes()

    return run


def test_from_search_to_rollback(
    registry: Repository,
    packages: ModuleType,
    address: str,
    kadr: Kadr,
    render: Callable[[str], bytes],
    tmp_path: Path,
) -> None:
    root = registry.public / "metadata" / "1.root.json"
    kadr("plugin", "registries", "add", "example", address, "--root", root)
    found: Any = kadr("plugin", "search")
    assert len(found["plugins"]) == len(list(packages.GUESTS.glob("*.wasm"))) + len(packages.PYTHON) >= 12
    (hit,) = kadr("plugin", "search", "light", "opposites")["plugins"]  # type: ignore[index]  # JSON
    assert hit["id"] == INVERT

    kadr("plugin", "install", INVERT, "org.kadr.wipe_soft", "org.kadr.plasma")
    builtin = render("wasm_invert")
    assert render("invert_x") == builtin, "the same guest makes the same film"

    guest = packages.guest_plugin(tmp_path, "invert", "1.1.0", "log = true")
    publish(registry, guest, Terms(allow=PermissionSet.of(["log"])))
    (newer,) = kadr("plugin", "outdated")["outdated"]  # type: ignore[index]  # JSON
    assert (newer["id"], newer["newest"]) == (INVERT, "1.1.0")
    held: Any = kadr("plugin", "update")
    assert (held["changes"], list(held["waiting"])) == ([], [INVERT])
    done: Any = kadr("plugin", "update", "--yes", "--grant", "log")
    assert [(c["old"], c["new"]) for c in done["changes"]] == [("1.0.0", "1.1.0")]
    assert render("invert_x") == builtin
    assert kadr("plugin", "grants", "revoke", INVERT)["revoked"] == 1  # type: ignore[index]  # JSON
    with pytest.raises(KadrError, match="needs your permission"):
        render("invert_x")
    assert kadr("plugin", "rollback")["plugins"][INVERT] == "1.0.0"  # type: ignore[index]  # JSON
    assert render("invert_x") == builtin
    assert kadr("plugin", "audit")["findings"] == []  # type: ignore[index]  # JSON


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
