from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from kadr_kernel.permissions import Subject, default_policy
from kadr_sdk.permissions import Permission, PermissionSet

READ = Permission.parse("read:/media")


class Site:
    """Installed distributions in a folder that stands for all of ``sys.path``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(
        self, name: str, version: str, requires: tuple[str, ...] = (), plugins: tuple[str, ...] = ()
    ) -> None:
        info = self.folder / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        rows = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}"]
        rows += [f"Requires-Dist: {line}" for line in requires]
        (info / "METADATA").write_text("\n".join(rows) + "\n")
        points = "\n".join(f"{plugin} = some_package" for plugin in plugins)
        (info / "entry_points.txt").write_text(f"[kadr.plugins]\n{points}\n[console_scripts]\nx = a:b\n")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    default_policy()  # what it imports on first use is not in the folder
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    return Site(tmp_path)


def _trusts(plugin: str, publisher: str) -> bool:
    subject = Subject(plugin, publisher, "1.0", PermissionSet.of([READ]))
    policy = default_policy()
    trusted = policy.verdict(subject, READ).effect == "trust"
    assert trusted is policy.trusts(subject)
    return trusted


def test_trusts_what_is_pinned_and_nothing_else(site: Site) -> None:
    site.add("kadr", "1.0", ("kadr-effects==1.0", "numpy>=2", "kadr-loose>=1.0", "kadr-any==1.*"))
    site.add("kadr-effects", "1.0", plugins=("kadr.effects", "kadr.looks"))
    site.add("kadr-loose", "1.0", plugins=("kadr.loose",))
    site.add("kadr-any", "1.0", plugins=("kadr.any",))
    site.add("stranger", "1.0", plugins=("org.stranger",))
    assert [(r.effect, r.publisher, r.plugin, r.permission) for r in default_policy().rules] == [
        ("trust", "dist:kadr-effects", "kadr.effects", "*"),
        ("trust", "dist:kadr-effects", "kadr.looks", "*"),
    ]
    assert _trusts("kadr.effects", "dist:kadr-effects")
    assert not _trusts("kadr.effects", "dist:stranger"), "an id alone is worth nothing"
    assert not _trusts("org.stranger", "dist:kadr-effects"), "a publisher alone neither"
    assert not _trusts("kadr.loose", "dist:kadr-loose")
    assert not _trusts("kadr.any", "dist:kadr-any")
    assert not _trusts("org.stranger", "dist:stranger")


def test_the_user_decides_about_all_others(site: Site) -> None:
    site.add("kadr", "1.0")
    assert default_policy().verdict(Subject("org.x", "dist:x", "1"), READ).effect == "allow"


def test_extras_of_the_metapackage_are_pinned_too(site: Site) -> None:
    site.add("kadr", "1.0", ('kadr-gpu==1.0 ; extra == "gpu"',))
    site.add("kadr-gpu", "1.0", plugins=("kadr.gpu",))
    assert _trusts("kadr.gpu", "dist:kadr-gpu")


def test_another_version_than_the_pinned_one_is_not_trusted(site: Site) -> None:
    site.add("kadr", "1.0", ("kadr-effects==1.0",))
    site.add("kadr-effects", "1.1", plugins=("kadr.effects",))
    assert not _trusts("kadr.effects", "dist:kadr-effects")


def test_spelling_variants_of_a_name_are_one(site: Site) -> None:
    site.add("kadr", "1.0", ("Kadr_Effects==1.0",))
    site.add("kadr-effects", "1.0", plugins=("kadr.effects",))
    assert _trusts("kadr.effects", "dist:kadr-effects")


@pytest.mark.parametrize("pattern", ["*", "kadr.*", "kadr.?", "[a-z]*"])
def test_a_pattern_for_a_plugin_id_trusts_nobody(site: Site, pattern: str) -> None:
    site.add("kadr", "1.0", ("kadr-effects==1.0",))
    site.add("kadr-effects", "1.0", plugins=(pattern, "kadr.effects"))
    assert [rule.plugin for rule in default_policy().rules] == ["kadr.effects"]


def test_without_the_metapackage_nothing_is_trusted(site: Site) -> None:
    site.add("kadr-effects", "1.0", plugins=("kadr.effects",))
    assert default_policy().rules == ()


def test_absent_damaged_and_odd_requirements_are_passed_over(site: Site) -> None:
    site.add("kadr", "1.0", ("kadr-absent==1.0", "!!!", "kadr-broken==1.0", "kadr-effects==1.0"))
    site.add("kadr-broken", "1.0")
    (site.folder / "kadr_broken-1.0.dist-info" / "entry_points.txt").write_text("[kadr.plugins\nno = = =")
    site.add("kadr-effects", "1.0", plugins=("kadr.effects",))
    assert [rule.plugin for rule in default_policy().rules] == ["kadr.effects"]


@pytest.mark.skipif(find_spec("kadr_cli") is None, reason="a trimmed install")
def test_the_installed_plugins_of_this_workspace_are_trusted() -> None:
    rules = {(r.publisher, r.plugin) for r in default_policy().rules}
    assert {
        ("dist:kadr-cli", "kadr.cli"),
        ("dist:kadr-effects", "kadr.effects"),
        ("dist:kadr-exporters", "kadr.exporters"),
        ("dist:kadr-pyav", "kadr.pyav"),
    } <= rules
