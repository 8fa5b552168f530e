"""The workspace holds together: members, contracts, versions, one licence."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


def toml(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text("utf-8"))


WORKSPACE = toml(ROOT / "pyproject.toml")
PATTERNS = WORKSPACE["tool"]["uv"]["workspace"]["members"]
MEMBERS = sorted(p.parent for pattern in PATTERNS for p in ROOT.glob(f"{pattern}/pyproject.toml"))
EXTRAS = WORKSPACE["project"].get("optional-dependencies", {})
PINS = {*WORKSPACE["project"]["dependencies"], *(pin for extra in EXTRAS.values() for pin in extra)}


def package(member: Path) -> str:
    (found,) = [p.name for p in (member / "src").iterdir() if (p / "__init__.py").is_file()]
    return found


def test_every_member_is_under_the_import_contracts() -> None:
    linted = WORKSPACE["tool"]["importlinter"]
    assert sorted(linted["root_packages"]) == sorted(package(m) for m in MEMBERS)
    plugins = {package(m) for m in MEMBERS if m.parent.name == "builtin_plugins"}
    by_name = {c["name"]: c for c in linted["contracts"]}
    assert plugins <= set(by_name["Plugins never import each other"]["modules"])
    assert plugins <= set(by_name["Plugins import the SDK, never the kernel"]["source_modules"])
    assert plugins <= set(
        by_name["The kernel names no plugin and touches no codec, terminal or model"]["forbidden_modules"]
    )


@pytest.mark.parametrize("member", MEMBERS, ids=lambda m: m.name)
def test_every_member_is_a_package_like_the_others(member: Path) -> None:
    project = toml(member / "pyproject.toml")["project"]
    name = package(member)
    assert project["name"].replace("-", "_") == name
    assert project["version"] == WORKSPACE["project"]["version"], "one version for all"
    assert project["license"] == WORKSPACE["project"]["license"]
    assert project["requires-python"] == WORKSPACE["project"]["requires-python"]
    assert (member / "src" / name / "py.typed").is_file()
    assert (member / project["readme"]).is_file()
    assert f"{project['name']}=={project['version']}" in PINS
    assert name not in ("kernel", "sdk", "models")


@pytest.mark.parametrize("member", MEMBERS, ids=lambda m: m.name)
def test_members_require_each_other_exactly(member: Path) -> None:
    version = WORKSPACE["project"]["version"]
    needs = [d for d in toml(member / "pyproject.toml")["project"]["dependencies"] if d.startswith("kadr")]
    assert needs == ([] if package(member) == "kadr_sdk" else [f"kadr-sdk=={version}"])


def test_every_third_party_requirement_is_constrained() -> None:
    constrained = {c.split(">")[0].split("=")[0] for c in WORKSPACE["tool"]["uv"]["constraint-dependencies"]}
    needed = {
        d.split(">")[0].split("=")[0].split("[")[0].split(",")[0]
        for m in MEMBERS
        for d in toml(m / "pyproject.toml")["project"]["dependencies"]
        if not d.startswith("kadr")
    }
    assert needed == constrained
