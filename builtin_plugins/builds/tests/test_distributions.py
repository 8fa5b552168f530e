"""Wheels of what is installed: the same bytes every time, and installable."""

from __future__ import annotations

import base64
import csv
import hashlib
import zipfile
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest
from kadr_build.distributions import closure, distribution_of, is_native, make_metapackage, make_wheel
from kadr_sdk.errors import DependencyMissingError


def test_a_wheel_is_the_same_twice_and_its_record_is_true(tmp_path: Path) -> None:
    wheels = []
    for name in "ab":
        (tmp_path / name).mkdir()
        wheels.append(make_wheel("click", (), tmp_path / name))
    assert wheels[0].path.read_bytes() == wheels[1].path.read_bytes()
    assert wheels[0].path.name.startswith("click-")
    assert wheels[0].path.name.endswith("-py3-none-any.whl")
    assert "BSD" in wheels[0].license
    with zipfile.ZipFile(wheels[0].path) as wheel:
        (record,) = [name for name in wheel.namelist() if name.endswith(".dist-info/RECORD")]
        rows = list(csv.reader(wheel.read(record).decode().splitlines()))
        assert sorted(row[0] for row in rows) == sorted(wheel.namelist())
        for name, digest, size in rows[:-1]:
            data = wheel.read(name)
            found = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            assert (digest, int(size)) == (f"sha256={found}", len(data))
        assert not any("INSTALLER" in name or "__pycache__" in name for name in wheel.namelist())


def test_engines_are_found_and_what_nobody_runs_is_pruned(tmp_path: Path) -> None:
    wheel = make_wheel("pydantic-core", (), tmp_path)
    assert wheel.pruned > 10_000
    with zipfile.ZipFile(wheel.path) as file:
        assert not [name for name in file.namelist() if name.endswith(".pyi")]
        assert any(".so" in name or ".pyd" in name for name in file.namelist())


def test_what_is_needed_is_followed_and_nothing_else() -> None:
    found = closure(["kadr-cli"])
    assert {"kadr-cli", "kadr-sdk", "click", "rich", "pydantic", "numpy"} <= set(found)
    assert not {"kadr-kernel", "kadr-pyav", "av", "onnxruntime", "pytest"} & set(found)
    assert "click" in found["kadr-cli"]


def test_what_is_not_installed_is_named() -> None:
    with pytest.raises(DependencyMissingError, match="'nobody-has-this' is not installed") as caught:
        closure(["nobody-has-this"])
    assert caught.value.hint == "pip install nobody-has-this"
    assert distribution_of("org.example.x") == ""
    assert distribution_of("kadr.cli") == "kadr-cli"


def test_the_metapackage_pins_what_was_chosen(tmp_path: Path) -> None:
    wheel = make_metapackage(
        "1.2", {"click": "8", "kadr-cli": "0.1.0"}, {"absent.json": {"effect x": "y"}}, tmp_path
    )
    with zipfile.ZipFile(wheel.path) as file:
        about = file.read("kadr-1.2+trimmed.dist-info/METADATA").decode()
        assert file.read("kadr_trimmed/absent.json") == b'{"effect x": "y"}'
    assert "Requires-Dist: kadr-cli==0.1.0" in about
    assert about.count("Requires-Dist") == 2


@pytest.mark.parametrize(
    ("name", "native"),
    [
        ("av.libs/libx264-2f3a.so.165", True),
        ("onnxruntime/capi/libonnxruntime.so.1.2", True),
        ("wasmtime/win/_wasmtime.dll", True),
        ("x/libz.1.dylib", True),
        ("numpy/core.cpython-311-x86_64-linux-gnu.so", False),
        ("x/_ext.abi3.so", False),
        ("kadr_sdk/so.py", False),
    ],
)
def test_libraries_are_told_from_extension_modules(name: str, native: bool) -> None:
    if "cpython" in name and not any(name.endswith(s) for s in EXTENSION_SUFFIXES if s != ".so"):
        pytest.skip("the suffix of another Python")
    assert is_native(name) == native
