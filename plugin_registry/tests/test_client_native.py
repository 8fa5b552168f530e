"""Plugins with Python code: wheels, what they require, what they must not hold."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from kadr_registry.client.conflicts import ConflictError
from kadr_registry.client.planner import Terms
from kadr_registry.faults import RegistryError
from kadr_registry.repository import acceptance
from kadr_registry.repository.publish import publish
from kadr_sdk.errors import PermissionDeniedError
from kadr_sdk.installed import read_installed

TOOL, GLOW = "org.example.tool", "org.example.glow"


def digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def native(
    bench: Any,
    version: str = "1.0",
    needs: str = "",
    files: dict[str, bytes] | None = None,
    name: str = "tool",
    tag: str = "py3-none-any",
) -> Path:
    """A folder with a plugin that has a command in Python; publishes it with a wheel made by hand."""
    plugin = f"org.example.{name}"
    home = bench.folder / f"native-{name}-{version}" / f"org_example_{name}"
    home.mkdir(parents=True)
    text = (
        f'manifest = 1\n[plugin]\nid = "{plugin}"\nversion = "{version}"\nlicense = "MIT"\n'
        f'[[contributes.command]]\nid = "{name}"\nentry = "org_example_{name}.code:run"\n'
    )
    (home / "plugin.toml").write_text(text, "utf-8")
    about = f"Metadata-Version: 2.1\nName: example-{name}\nVersion: {version}\n{needs}"
    stem, package = f"example_{name}-{version}", f"org_example_{name}"
    info = f"{stem}.dist-info"
    content = {
        f"{package}/__init__.py": b"",
        f"{package}/code.py": b"def run(kernel, argv):\n    return 0\n",
        f"{package}/plugin.toml": text.encode(),
        f"{info}/METADATA": about.encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[kadr.plugins]\n{plugin} = {package}\n".encode(),
    } | (files or {})
    rows = [f"{n},sha256={digest(d)},{len(d)}" for n, d in content.items()]
    content[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,", ""]).encode()
    path = home.parent / f"{stem}-{tag}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file, data in content.items():
            archive.writestr(file, data)
    publish(bench.repository, home, acceptance.Terms(), [path])
    return path


def test_it_is_unpacked_into_a_folder_of_its_own(bench: Any, user: Any) -> None:
    native(bench)
    with pytest.raises(PermissionDeniedError, match="native code with the rights of your account"):
        user.install(TOOL)
    user.install(TOOL, grant=["native"])
    found = read_installed(user.store)
    site = user.store / found.site
    assert (site / "org_example_tool" / "code.py").is_file()
    assert (site / "example_tool-1.0.dist-info" / "INSTALLER").read_text() == "kadr\n"
    assert found.plugins[0].tier == "native"
    assert user.client().lock().plugins[TOOL].files.keys() == {"example_tool-1.0-py3-none-any.whl"}
    user.client().remove([TOOL], Terms())
    assert read_installed(user.store).site == ""


@pytest.mark.case("G72")
def test_g72_a_sandboxed_plugin_cannot_bring_it(bench: Any, user: Any) -> None:
    native(bench)
    bench.publish(GLOW, requires=[TOOL])
    before = user.state()
    with pytest.raises(RegistryError, match="installed only when asked for by name"):
        user.install(GLOW, grant=["native"])
    assert user.state() == before
    user.install(GLOW, TOOL, grant=["native"])
    assert user.there() == {GLOW: "1.0.0", TOOL: "1.0"}


@pytest.mark.parametrize(
    ("needs", "said"),
    [
        (
            "Requires-Dist: numpy>=99\n",
            r"org.example.tool 1.0: its wheel example-tool 1.0 requires numpy>=99, and the host has numpy",
        ),
        ("Requires-Dist: no-such-thing>=1\n", "requires no-such-thing>=1, which the host does not have"),
        ("Requires-Dist: ???\n", "which cannot be read"),
    ],
)
def test_what_it_requires_is_in_the_host_or_it_is_refused(
    bench: Any, user: Any, needs: str, said: str
) -> None:
    native(bench, needs=needs)
    before = user.state()
    with pytest.raises(RegistryError, match=said):
        user.install(TOOL, grant=["native"])
    assert {k: v for k, v in user.state().items() if not k.startswith("packages")} == before
    assert user.there() == {}


def test_code_for_another_platform_changes_nothing(bench: Any, user: Any) -> None:
    native(bench, tag="cp311-cp311-win_arm64")
    before = user.state()
    said = r"org\.example\.tool 1\.0 is left out: it runs on cp311-cp311-win_arm64, not on this machine"
    with pytest.raises(RegistryError, match=said):
        user.install(TOOL, grant=["native"])
    assert user.state() == before


def test_what_it_requires_may_be_in_another_plugin(bench: Any, user: Any) -> None:
    native(bench, needs="Requires-Dist: example-base<2\nRequires-Dist: nothing; extra == 'more'\n")
    native(bench, name="base")
    with pytest.raises(ConflictError, match="which the host does not have"):
        user.install(TOOL, grant=["native"])
    user.install(TOOL, "org.example.base", grant=["native"])
    native(bench, "2.0", name="base")
    with pytest.raises(ConflictError, match=r"and org.example.base 2.0 brings example-base 2.0"):
        user.update(grant=["native"])
    assert user.there()["org.example.base"] == "1.0"


@pytest.mark.case("E52")
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../out.py", "is not a safe path"),
        ("/abs.py", "is not a safe path"),
        ("a\\b.py", "is not a safe path"),
        ("C:x.py", "is not a safe path"),
        ("example_tool-1.0.data/scripts/run", "outside of its folder"),
        ("example_tool-1.0.data/data/etc/passwd", "outside of its folder"),
        ("ORG_example_tool/CODE.py", "is there twice"),
    ],
)
def test_e52_a_wheel_that_leads_elsewhere_is_refused(bench: Any, user: Any, name: str, said: str) -> None:
    try:
        native(bench, files={name: b"x"})
    except RegistryError:
        return  # the registry does not even take it
    with pytest.raises(RegistryError, match=said):
        user.install(TOOL, grant=["native"])
    assert user.there() == {}
