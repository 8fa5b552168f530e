"""Packages of real plugins of this repository: guests as plugins of their own, wheels made by hand."""

from __future__ import annotations

import base64
import hashlib
import json
import tomllib
import zipfile
from pathlib import Path

from kadr_author.building import build
from kadr_author.new import make, wanted
from kadr_author.project import read_project
from kadr_sdk.abi import EFFECT_SECTION, custom_section
from kadr_sdk.errors import DependencyMissingError

__all__ = ["GUESTS", "LANGUAGES", "PYTHON", "guest_plugin", "template", "wheel"]

ROOT = Path(__file__).resolve().parents[2]
GUESTS = ROOT / "builtin_plugins" / "wasm_effects" / "src" / "kadr_wasm_effects" / "guests"
PYTHON = {
    "org.example.scanlines": ROOT / "examples" / "scanlines",
    **{
        f"kadr.{name}": ROOT / "builtin_plugins" / name
        for name in ("cache", "exporters", "scanner", "recognition")
    },
}
LANGUAGES = {
    "org.author.plain": "c",
    "org.author.classy": "cpp",
    "org.author.rusty": "rust",
    "org.author.ziggy": "zig",
    "org.author.gopher": "go",
    "org.author.scripted": "as",
    "org.author.by_hand": "wat",
}
"""What ``kadr plugin new`` writes in seven languages, by id."""


def template(home: Path, plugin: str) -> Path | None:
    """The folder of a plugin as its author begins it, compiled; None where its compiler is not here."""
    folder = home / plugin
    make(wanted(plugin, LANGUAGES[plugin], "filter", "org.author"), folder)
    try:
        build(read_project(folder), home / "compilers")
    except DependencyMissingError:
        return None
    return folder


def guest_plugin(home: Path, name: str, version: str = "1.0.0", permissions: str = "") -> Path:
    """A built-in guest as a plugin of its own; its module says the new id."""
    plugin = f"org.kadr.{name}"
    folder = home / version / plugin.replace(".", "_")
    (folder / "guests").mkdir(parents=True)
    text = (GUESTS / f"{name}.toml").read_text("utf-8")
    old = tomllib.loads(text)
    code, mark = (GUESTS / f"{name}.wasm").read_bytes(), EFFECT_SECTION.encode()
    payload = code[code.rindex(mark) + len(mark) :]
    said = json.loads(payload) | {"id": plugin, "names": [f"{name}_x"]}
    section = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    code = code.removesuffix(custom_section(EFFECT_SECTION, payload)) + custom_section(
        EFFECT_SECTION, section
    )
    (folder / "guests" / f"{name}.wasm").write_bytes(code)
    text = text.replace(f'id = "{old["id"]}"', f'id = "{plugin}"')
    lines = [f'names = ["{name}_x"]' if line.startswith("names =") else line for line in text.splitlines()]
    (folder / "guests" / f"{name}.toml").write_text("\n".join(lines), "utf-8")
    kind = CONTRIBUTED[old["kind"]]
    (folder / "plugin.toml").write_text(
        f'manifest = 1\n[plugin]\nid = "{plugin}"\nversion = "{version}"\ntitle = "{old["title"]}"\n'
        f'summary = "{old["summary"]}"\nlicense = "Apache-2.0"\nruntime = "wasm"\napi = ">=1,<2"\n'
        f'[permissions]\n{permissions}\n[[contributes.{kind}]]\nid = "{plugin}"\nnames = ["{name}_x"]\n'
        f'file = "guests/{name}.toml"\n',
        "utf-8",
    )
    return folder


CONTRIBUTED = {
    "filter": "effect",
    "composite": "effect",
    "generator": "generator",
    "transition": "transition",
    "analyzer": "analyzer",
    "audio_filter": "audio_effect",
    "audio_generator": "audio_effect",
}


def wheel(project: Path, folder: Path) -> Path:
    """A wheel of a project of this repository, made by hand: nothing is downloaded to build it."""
    about = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]
    stem = f"{about['name'].replace('-', '_')}-{about['version']}"
    info = f"{stem}.dist-info"
    needs = "".join(f"Requires-Dist: {need}\n" for need in about["dependencies"])
    version = f"Version: {about['version']}\n"
    points = about["entry-points"]["kadr.plugins"]
    files = {
        p.relative_to(project / "src").as_posix(): p.read_bytes()
        for p in sorted((project / "src").rglob("*"))
        if p.is_file() and "__pycache__" not in p.parts
    }
    files |= {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {about['name']}\n{version}{needs}".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": "".join(
            ["[kadr.plugins]\n", *(f"{name} = {value}\n" for name, value in points.items())]
        ).encode(),
    }
    rows = [f"{name},sha256={_digest(data)},{len(data)}" for name, data in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,", ""]).encode()
    path = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
