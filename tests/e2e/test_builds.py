"""A trimmed build from choice to proof: of what is installed, of a plugin folder and of a registry."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from kadr_build.sbom import unlisted
from kadr_build.verify import Shape, prove
from kadr_kernel.boot import boot
from kadr_registry.repository.acceptance import Terms
from kadr_registry.repository.publish import publish
from kadr_registry.repository.setup import add_publisher, create
from kadr_sdk.errors import VerifyError

INVERT, SCANLINES, SOFT = "org.kadr.invert", "org.example.scanlines", "org.me.soft"
CHOSEN = ("kadr.cli", "kadr.effects", "kadr.exporters", "kadr.pyav", SCANLINES, INVERT, SOFT)
PRESET = 'id = "soft"\ntitle = "Soft"\ncontainer = "mp4"\n'


def project(path: Path, *effects: str) -> Path:
    clip = {
        "id": "a",
        "generator": {"type": "color", "parameters": {"color": "#204060"}},
        "duration": "0.2",
        "effects": [{"effect_type": effect} for effect in effects],
    }
    timeline = {"fps": 25, "resolution": [64, 36], "tracks": [{"id": "v", "clips": [clip]}]}
    path.write_text(json.dumps({"timeline": timeline}), "utf-8")
    return path


class Workshop:
    """A home with a plugin folder and a registry, and ``kadr`` in it."""

    def __init__(self, folder: Path, packages: ModuleType) -> None:
        self.folder, self.home = folder, folder / "home"
        for name, permissions in (("soft", ""), ("partly", 'log = true\nnet = ["example.org"]\n')):
            home = folder / "plugins" / name / f"org_me_{name}"
            home.mkdir(parents=True)
            (home / "__init__.py").write_text("")
            (home / "preset.toml").write_text(PRESET.replace("soft", name))
            (home / "plugin.toml").write_text(
                f'manifest = 1\n[plugin]\nid = "org.me.{name}"\nversion = "1.0"\nlicense = "MIT"\n'
                f'[permissions]\n{permissions}[[contributes.preset]]\nid = "{name}"\nfile = "preset.toml"\n'
            )
        repository = create(folder / "registry", "test")
        for namespace in ("org.kadr", "org.example"):
            add_publisher(repository, namespace)
        scanlines = packages.PYTHON[SCANLINES]
        publish(repository, packages.guest_plugin(folder, "invert", permissions="log = true"), Terms())
        publish(repository, scanlines, Terms(), [packages.wheel(scanlines, folder)])
        root = repository.public / "metadata" / "1.root.json"
        assert self.kadr("plugin", "registries", "add", "test", repository.public, "--root", root) == 0
        assert self.kadr("plugin", "install", SCANLINES, "--yes", "--grant", "native") == 0
        assert self.kadr("plugin", "enable", SOFT) == 0
        assert self.kadr("plugin", "enable", "org.me.partly", "--grant", "log") == 0
        self.film = project(folder / "film.tlp", "invert_x", "scanlines")

    def kadr(self, *argv: object) -> int:
        environ = {"KADR_HOME": str(self.home), "KADR_PLUGINS__FOLDERS": str(self.folder / "plugins")}
        with boot(environ=environ) as kernel:
            return int(kernel.catalogue.load("host", "cli").run(kernel, [str(a) for a in argv]))

    def build(self, name: str, *more: object) -> Path:
        """A build with plugins of every kind: here as wheel, as folder, from a registry."""
        argv = ("-p", SOFT, "-p", SCANLINES, "--install", INVERT, "--grant", "log", "-o", self.folder / name)
        assert self.kadr("build", *argv, "--from-project", self.film, *more) == 0
        return self.folder / name


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory, packages: ModuleType) -> Iterator[Workshop]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kadr_build.wheel._COMPRESSION", 0)  # 200 MB are packed: the size does not matter
        yield Workshop(tmp_path_factory.mktemp("builds"), packages)


@pytest.fixture(scope="module")
def made(workshop: Workshop) -> Path:
    return workshop.build("made")


@pytest.fixture
def shape(made: Path) -> Shape:
    return Shape(CHOSEN, ("kadr.wasm_effects",), {"effect wasm_plasma": "kadr.wasm_effects"})


Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def built(made: Path, tmp_path: Path) -> Run:
    """The build, run with an empty home."""

    def run(*argv: object) -> subprocess.CompletedProcess[str]:
        environ = {"PATH": os.environ["PATH"], "KADR_HOME": str(tmp_path / "home")}
        command = [str(made / "folder" / "kadr"), *map(str, argv)]
        return subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=100)

    return run


pytestmark = pytest.mark.skipif(os.name == "nt", reason="the folder is started by a shell script here")


@pytest.mark.case("I81")
def test_it_has_what_was_chosen_and_no_more(made: Path, built: Run) -> None:
    rows = [json.loads(row) for row in built("plugin", "list", "--json").stdout.splitlines()]
    assert {row["id"]: row["state"] for row in rows} == dict.fromkeys(CHOSEN, "active")
    facts = json.loads((made / "build.json").read_text())
    assert list(facts["plugins"]) == sorted(CHOSEN)
    assert {name: row["may"] for name, row in facts["embedded"].items()} == {INVERT: ["log"], SOFT: []}
    lock = (made / "plugins.lock").read_text()
    assert f'id = "{INVERT}"' in lock
    assert facts["embedded"][INVERT]["record"] in lock
    (record,) = (made / "folder" / "lib").glob("*/kadr-release.json")
    assert hashlib.sha256(record.read_bytes()).hexdigest() == facts["embedded"][INVERT]["record"]


@pytest.mark.case("I81")
def test_what_was_not_chosen_cannot_be_loaded_and_is_named(built: Run, tmp_path: Path) -> None:
    refused = built("--plugins", "kadr.wasm_effects", "plugin", "list")
    assert (refused.returncode, "kadr.wasm_effects" in refused.stderr) == (2, True), refused.stderr
    told = built("plan", project(tmp_path / "plasma.tlp", "wasm_invert"))
    assert told.returncode != 0
    assert (
        "this build is without plugin 'kadr.wasm_effects', which has it; build again with it" in told.stderr
    )


@pytest.mark.case("I81")
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"plugins": (*CHOSEN, "kadr.scanner")}, r"and not .*kadr\.scanner"),
        ({"plugins": CHOSEN[1:]}, r"the build runs kadr\.cli"),
        ({"without": (SOFT,)}, r"org\.me\.soft is in the build"),
        ({"names": {"effect invert_x": "org.kadr.other"}}, r"is not told that it needs org\.kadr\.other"),
    ],
    ids=["one missing", "one too many", "not left out", "not told"],
)
def test_the_proof_fails_where_it_must(made: Path, shape: Shape, change: dict[str, Any], said: str) -> None:
    with pytest.raises(VerifyError, match=said):
        prove([str(made / "folder" / "kadr")], replace(shape, **change), ())


@pytest.mark.case("I82")
def test_two_builds_are_the_same_bytes(
    made: Path, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    before = os.umask(0o077)
    try:
        again = workshop.build("again", "--no-verify")
    finally:
        os.umask(before)
    assert tree(again) == tree(made)


def tree(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.mark.case("I83")
def test_every_library_is_in_the_bill_of_materials(made: Path) -> None:
    bill = json.loads((made / "sbom.cdx.json").read_text())
    library = made / "folder" / "lib"
    assert unlisted(bill, library) == []
    engines = [row["name"] for part in bill["components"] for row in part.get("components", ())]
    assert {"x264", "avcodec", "wasmtime"} <= set(engines)
    del next(part for part in bill["components"] if part["name"] == "av")["components"]
    assert len(unlisted(bill, library)) > 10
    (invert,) = [part for part in bill["components"] if part["purl"] == f"pkg:generic/{INVERT}@1.0.0"]
    values = {(row["name"], row["value"]) for row in invert["properties"]}
    assert {("kadr:plugin", INVERT), ("kadr:permission", "log")} <= values


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ((), "nothing is chosen"),
        (("-p", "kadr.efects"), "did you mean 'kadr.effects'"),
        (("-p", "org.nobody.x"), "from a registry: --install org.nobody.x"),
        (("--install", INVERT), "asks to write into the log: add --grant log"),
        (("--install", "org.kadr.invrt"), "did you mean 'org.kadr.invert'"),
        (("-p", "org.me.partly"), "org.me.partly asks to connect to other computers: example.org, and you"),
        (("--lock", "nowhere.lock"), "the lock cannot be read"),
    ],
)
def test_what_cannot_be_built_is_said_and_leaves_nothing(
    workshop: Workshop, capsys: pytest.CaptureFixture[str], argv: tuple[str, ...], said: str
) -> None:
    before = sorted(workshop.folder.iterdir())
    assert workshop.kadr("build", *argv, "-o", workshop.folder / "none") != 0
    assert said in capsys.readouterr().err
    assert sorted(workshop.folder.iterdir()) == before
