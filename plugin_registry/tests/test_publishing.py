"""Packing a folder, what is checked before a release is taken, and publishers with keys of their own."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
from kadr_registry.faults import RefusedError, RegistryError
from kadr_registry.opened import opened
from kadr_registry.pack import pack
from kadr_registry.repository.acceptance import Terms, accept
from kadr_registry.repository.folder import Edit, Repository
from kadr_registry.repository.keys import new_key, read_public, read_signer
from kadr_registry.repository.publish import publish, yank
from kadr_registry.repository.setup import add_publisher, create, rotate
from kadr_registry.repository.submission import Publisher
from kadr_registry.transport.bundle import BundleSink
from kadr_sdk.effects import EffectDeclaration
from kadr_sdk.errors import InvalidPathError, ManifestError, PluginError, StorageError

GLOW = "org.example.glow"
SCANLINES = Path(__file__).parents[2] / "examples" / "scanlines"
GUESTS = Path(__file__).parents[2] / "builtin_plugins" / "wasm_effects"


def problems(error: pytest.ExceptionInfo[RefusedError]) -> list[str]:
    return [problem.message for problem in error.value.problems]


# -- packing -----------------------------------------------------------------------------------


def test_the_same_folder_gives_the_same_record(bench: Any, tmp_path: Path) -> None:
    one = pack(bench.plugin(), "org.example")
    shutil.copytree(bench.plugin(), tmp_path / "copy" / "org_example_glow")
    assert pack(tmp_path / "copy", "org.example").record.digest() == one.record.digest()
    assert [b.path for b in one.record.blobs] == ["big.bin", "plugin.toml", "preset.toml"]
    assert [b.role for b in one.record.blobs] == ["data", "manifest", "descriptor"]


def test_what_belongs_to_a_package(bench: Any) -> None:
    home = bench.plugin()
    for name in ("__init__.py", ".hidden", "py.typed", "icon.png", "notes.cdx.json", "deep/effect.wasm"):
        (home / name).parent.mkdir(exist_ok=True)
        (home / name).write_bytes(b"x")
    (home.parent / "pyproject.toml").write_text("")
    (home.parent / "README.md").write_text("# Glow")
    (home.parent / "LICENSE").write_text("MIT")
    roles = {b.path: b.role for b in pack(home.parent, "org.example").record.blobs}
    assert roles == {
        "LICENSE": "license",
        "README.md": "readme",
        "big.bin": "data",
        "deep/effect.wasm": "wasm",
        "icon.png": "icon",
        "notes.cdx.json": "sbom",
        "plugin.toml": "manifest",
        "preset.toml": "descriptor",
    }


@pytest.mark.case("E53")
def test_folders_that_cannot_be_packed(bench: Any, tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"there is no plugin\.toml in"):
        pack(tmp_path, "org.example")
    with pytest.raises(RegistryError, match=r"does not lie in the namespace 'com\.other'"):
        pack(bench.plugin(), "com.other")
    (bench.plugin() / "a b.txt").write_text("x")
    with pytest.raises(RegistryError, match=r"'a b\.txt' is not a safe path"):
        pack(bench.plugin(), "org.example")
    (bench.plugin() / "a b.txt").unlink()
    (bench.plugin() / "link").symlink_to(tmp_path)
    with pytest.raises(RegistryError, match="a symbolic link cannot be published"):
        pack(bench.plugin(), "org.example")


def test_python_code_needs_a_wheel(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="there is no wheel of this version") as caught:
        pack(SCANLINES, "org.example")
    assert "uv build --wheel" in caught.value.hint
    with pytest.raises(RegistryError, match="not the name of a wheel"):
        pack(SCANLINES, "org.example", [tmp_path / "x.zip"])


# -- wheels ------------------------------------------------------------------------------------


def wheel(folder: Path, *, manifest: bytes | None = None, points: str | None = None) -> Path:
    """A wheel of the example, as a build backend lays it out."""
    source = SCANLINES / "src" / "org_example_scanlines"
    path = folder / "kadr_example_scanlines-1.0.0-py3-none-any.whl"
    entry = "[kadr.plugins]\norg.example.scanlines = org_example_scanlines\n" if points is None else points
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(source.glob("*.*")):
            data = manifest if manifest is not None and file.name == "plugin.toml" else file.read_bytes()
            archive.writestr(f"org_example_scanlines/{file.name}", data)
        archive.writestr("kadr_example_scanlines-1.0.0.dist-info/entry_points.txt", entry)
    return path


def test_a_python_plugin(bench: Any, tmp_path: Path) -> None:
    accepted = publish(bench.repository, SCANLINES, Terms(), [wheel(tmp_path)])
    (record,) = accepted.records
    assert (record.tier, record.platforms) == ("native", ("py3-none-any",))
    assert [b.role for b in record.blobs if b.path.endswith(".whl")] == ["wheel"]
    assert not [b.path for b in record.blobs if b.path.endswith(".py")]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"manifest": b"manifest = 1"}, "its plugin.toml is another one"),
        ({"points": "[kadr.plugins]\n"}, "no entry point names the plugin org.example.scanlines"),
        ({"points": "no ini"}, "it cannot be read"),
    ],
)
def test_a_wheel_that_is_not_the_plugin(bench: Any, tmp_path: Path, change: Any, said: str) -> None:
    with pytest.raises(RefusedError) as caught:
        publish(bench.repository, SCANLINES, Terms(), [wheel(tmp_path, **change)])
    assert any(said in problem for problem in problems(caught))


def test_a_wheel_that_is_none(bench: Any, tmp_path: Path) -> None:
    path = wheel(tmp_path)
    path.write_bytes(b"PK broken")
    with pytest.raises(RefusedError, match="the wheel cannot be read"):
        publish(bench.repository, SCANLINES, Terms(), [path])


# -- checks ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("license", "said"),
    [("", "a licence is needed"), ("My own", "'My own' is not a licence by its SPDX name")],
)
def test_a_licence_is_needed(bench: Any, license: str, said: str) -> None:
    with pytest.raises(RefusedError) as caught:
        bench.publish(license=license)
    assert problems(caught) == [said]
    assert bench.client().refresh()
    assert bench.client().search("") == [], "nothing was changed"


@pytest.mark.case("G69")
def test_look_alikes_are_refused(bench: Any) -> None:
    bench.publish()
    with pytest.raises(RefusedError, match=r"'org\.example\.gl0w' looks like 'org\.example\.glow'"):
        bench.publish("org.example.gl0w")
    with pytest.raises(RefusedError, match="claims to be official"):
        bench.publish("org.example.official_blur")
    with pytest.raises(RegistryError, match=r"'org\.exampel' looks like 'org\.example'"):
        add_publisher(bench.repository, "org.exampel")


@pytest.mark.case("D39")
def test_new_permissions_must_be_named(bench: Any) -> None:
    bench.publish(permissions={"net": ["a.example.org"]})
    bench.publish(version="1.1", permissions={"net": ["a.example.org"]})
    with pytest.raises(RefusedError) as caught:
        bench.publish(version="1.2", permissions={"net": ["*"]})
    (problem,) = caught.value.problems
    assert problem.message == "it asks for more than the last release: connect to other computers: any"
    assert problem.hint == "if this is meant: --allow-permission net:*"
    assert bench.publish(version="1.2", allow=("net:*",), permissions={"net": ["*"]}).records


def test_every_problem_at_once(bench: Any) -> None:
    bench.publish()
    with pytest.raises(RefusedError) as caught:
        bench.publish("org.example.glow_", license="", title="x")
    assert len(caught.value.problems) == 2
    assert caught.value.as_dict()["code"] == "registry_refused"


def test_guests_are_tried(bench: Any) -> None:
    add_publisher(bench.repository, "kadr")
    tried: list[tuple[str, bytes]] = []

    def try_it(code: bytes, declaration: EffectDeclaration, plugin: str) -> None:
        tried.append((declaration.id, code[:4]))
        if declaration.id == "kadr.wasm.invert":
            raise PluginError("it does not compile within 10 s", hint="make its functions smaller")
        if declaration.id == "kadr.wasm.wipe_soft":
            raise AssertionError("the second picture differs")

    with pytest.raises(RefusedError) as caught:
        publish(bench.repository, GUESTS, Terms(try_it))
    assert {"kadr.wasm.invert", "kadr.wasm.wipe_soft"} <= {name for name, _ in tried}
    assert {magic for _, magic in tried} == {b"\0asm"}
    assert problems(caught) == [
        "it does not compile within 10 s",
        "it does not do what kadr.wasm.wipe_soft promises: the second picture differs",
    ]
    assert publish(bench.repository, GUESTS, Terms(lambda *_: None)).records[0].of_role("wasm")


@pytest.mark.case("G69")
def test_official_names_belong_to_kadr(bench: Any) -> None:
    add_publisher(bench.repository, "kadr")
    assert bench.publish("kadr.official_glow").records


# -- publishers --------------------------------------------------------------------------------


def submitted(
    bench: Any, keys: list[Path], target: Path, folder: Path, namespace: str = "com.me", bins: int = 1
) -> Path:
    with opened(str(bench.repository.folder), None, now=lambda: bench.now) as found:
        signers = [read_signer(path) for path in keys]
        publisher = Publisher(namespace, found.trust, found.folder, signers, lambda: bench.now, bins)
        sink = BundleSink(target)
        publisher.release(pack(folder, namespace), sink)
        sink.close()
    return target


def test_a_publisher_with_keys_of_its_own(bench: Any, tmp_path: Path) -> None:
    keys = [tmp_path / "a.pem", tmp_path / "b.pem"]
    for path in keys:
        new_key(path)
    public = [read_public(path.with_name(f"{path.name}.pub")) for path in keys]
    add_publisher(bench.repository, "com.me", public, threshold=2)
    glow = bench.plugin("com.me.glow")
    with pytest.raises(RegistryError, match=r"'com\.me' needs 2 of its keys, 1 are given"):
        submitted(bench, keys[:1], tmp_path / "poor", glow)
    one = submitted(bench, keys, tmp_path / "one", glow)
    two = submitted(bench, keys, tmp_path / "two", bench.plugin("com.me.fog"))
    assert accept(bench.repository, one, Terms()).records[0].id == "com.me.glow"
    with pytest.raises(RegistryError, match="is version 1, the next one is 2") as caught:
        accept(bench.repository, two, Terms())
    assert caught.value.hint == "submit again: somebody else was faster"
    accept(bench.repository, submitted(bench, keys, tmp_path / "two", bench.plugin("com.me.fog")), Terms())
    client = bench.client()
    client.refresh()
    assert client.publisher_keys("com.me.fog") == tuple(key.keyid for key in public)
    with pytest.raises(RegistryError, match=r"the registry has no namespace 'com\.you'"):
        submitted(bench, keys, tmp_path / "x", bench.plugin("com.you.glow"), "com.you")


def test_nothing_is_believed_of_a_publisher_whose_keys_were_taken_away(bench: Any, tmp_path: Path) -> None:
    keys = [tmp_path / "a.pem", tmp_path / "b.pem"]
    for path in keys:
        new_key(path)
    public = [read_public(path.with_name(f"{path.name}.pub")) for path in keys]
    add_publisher(bench.repository, "com.me", public[:1])
    glow = bench.plugin("com.me.glow")
    accept(bench.repository, submitted(bench, keys[:1], tmp_path / "one", glow), Terms())
    rotate(bench.repository, "com.me", public[1:])
    client = bench.client()
    client.refresh()
    with pytest.raises(RegistryError, match="not signed by enough of its keys"):
        client.record("com.me.glow", "1.0.0")


def test_bins(bench: Any) -> None:
    add_publisher(bench.repository, "com.many")
    for number in range(6):
        folder = bench.plugin(f"com.many.plugin_number{number * 111}")
        publish(bench.repository, folder, Terms(), bins=8)
    roles = Edit.load(bench.repository).snapshot.signed.meta
    assert sum(".bin-" in name for name in roles) == 8
    rotate(bench.repository, "com.many")
    yank(bench.repository, "com.many.plugin_number0", "1.0.0", "too old")
    client = bench.client()
    client.refresh()
    assert len(client.search("com.many")) == 5
    assert client.record("com.many.plugin_number555", "1.0.0").publisher == "com.many"
    assert client.releases("com.many.plugin_number0")[0].yanked == "too old"
    add_publisher(bench.repository, "com.more")
    glow = bench.plugin("com.more.glow")
    with pytest.raises(RegistryError, match="7 bins cannot be made"):
        publish(bench.repository, glow, Terms(), bins=7)


# -- registries --------------------------------------------------------------------------------


def test_making_a_registry(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("mine")
    with pytest.raises(RegistryError, match="the folder is not empty"):
        create(tmp_path / "full", "x")
    with pytest.raises(RegistryError, match="3 of 2 keys makes no sense"):
        create(tmp_path / "new", "x", keys=2, threshold=3)
    with pytest.raises(RegistryError, match="'snapsot' is no role"):
        create(tmp_path / "new", "x", days={"snapsot": 3})
    assert not (tmp_path / "new").exists()
    with pytest.raises(RegistryError, match="this folder holds no registry"):
        Repository(tmp_path / "full")


def test_private_keys_are_private(bench: Any) -> None:
    modes = {p.name: p.stat().st_mode & 0o077 for p in (bench.repository.folder / "keys").glob("*.pem")}
    assert set(modes.values()) == {0}
    assert not list(bench.public.rglob("*.pem"))


def test_keys_that_are_none(bench: Any, tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    with pytest.raises(InvalidPathError, match="the key cannot be read"):
        read_signer(path)
    path.write_text("nonsense")
    for read in (read_signer, read_public):
        with pytest.raises(RegistryError, match="Ed25519 key in PEM"):
            read(path)
    with pytest.raises(StorageError, match="such a file already"):
        new_key(path)
    assert path.read_text() == "nonsense"


def test_namespaces_belong_to_one(bench: Any) -> None:
    for text in ("org.example", "org", "org.example.inner"):
        with pytest.raises(RegistryError, match=r"is taken, or overlaps 'org\.example'"):
            add_publisher(bench.repository, text)
    with pytest.raises(RegistryError, match="is not a namespace"):
        add_publisher(bench.repository, "Org!")
    with pytest.raises(RegistryError, match=r"nobody was given a namespace for com\.else\.glow"):
        bench.publish("com.else.glow")
    with pytest.raises(RegistryError, match=r"there is no role or namespace 'com\.else'"):
        rotate(bench.repository, "com.else")


def test_a_failed_change_changes_nothing(bench: Any) -> None:
    bench.publish()
    before = {p: p.read_bytes() for p in sorted(bench.public.rglob("*")) if p.is_file()}
    for path in (bench.repository.folder / "keys").glob("timestamp-*"):
        path.unlink()
    poor = Repository(bench.repository.folder, now=lambda: bench.now)
    with pytest.raises(RegistryError, match="timestamp needs 1 of its keys"):
        publish(poor, bench.plugin(version="2.0"), Terms())
    assert {p: p.read_bytes() for p in sorted(bench.public.rglob("*")) if p.is_file()} == before


def test_settings_are_what_was_said(tmp_path: Path) -> None:
    made = create(tmp_path / "r", "mine", keys=1, threshold=1, days={"timestamp": 30}, now=lambda: 0.0)
    assert made.name == "mine"
    assert made.expiry("timestamp").isoformat() == "1970-01-31T00:00:00+00:00"
    root = json.loads(made.root_bytes())["signed"]
    assert root["roles"]["root"]["threshold"] == 1
    assert len(root["roles"]["targets"]["keyids"]) == 1
