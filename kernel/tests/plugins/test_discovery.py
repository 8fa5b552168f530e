from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from kadr_kernel.plugins.discovery import Found, discover

if TYPE_CHECKING:
    from conftest import Site

EXPLODES = {"__init__.py": "raise RuntimeError('imported')"}


def only(rows: list[Found]) -> Found:
    assert len(rows) == 1, rows
    return rows[0]


def test_finds_without_importing(site: Site) -> None:
    package = site.add("x.glow", files=EXPLODES, dist_version="1.0.0")
    row = only(discover())
    assert (row.id, row.error, row.warnings) == ("x.glow", "", ())
    assert row.manifest is not None
    assert (row.manifest.version, row.origin, row.distribution) == ("1.0", "x-glow 1.0.0", "x-glow")
    assert package not in sys.modules


def test_order_is_by_id(site: Site) -> None:
    for name in ("x.c", "x.a", "x.b"):
        site.add(name)
    assert [row.id for row in discover()] == ["x.a", "x.b", "x.c"]


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        ("manifest = [", "cannot be read"),
        ("", "version None is unknown"),
        ("manifest = 1\nplugin = 3", "a table is expected"),
        ('manifest = 1\n[plugin]\nid = 7\nversion = "1"', "a text is expected, not 7"),
        ('manifest = 1\n[plugin]\nid = "x.bad"\nversion = "one"', "'one' is not a version"),
        ('manifest = 1\n[plugin]\nid = "x.bad"\nversion = "1"\nlicence = "MIT"', "did you mean 'license'?"),
        (
            'manifest = 1\n[plugin]\nid = "x.bad"\nversion = "1"\n[[contributes.effect]]\nid = 5',
            "a text is expected",
        ),
        ('manifest = 1\n[plugin]\nid = "x.bad"\nversion = "1"\n[contributes]\neffect = ["a"]', "x.bad"),
        ('manifest = 1\n[plugin]\nid = "x.bad"\nversion = "1"\n[hooks]\nentry = 3', "a text is expected"),
        (
            'manifest = 1\n[plugin]\nid = "x.bad"\nversion = "1"\n[permissions]\nfly = true',
            "unknown permission 'fly'",
        ),
        ('manifest = 1\n[plugin]\nid = "x.bad"\nversion = "1"\n[permissions]\nread = 3', "permissions"),
        ("\x00", "cannot be read"),
    ],
)
def test_broken_manifest_is_a_row(site: Site, manifest: str, words: str) -> None:
    site.add("x.bad", manifest=manifest)
    site.add("x.good")
    rows = {row.id: row for row in discover()}
    assert rows["x.good"].manifest is not None
    assert rows["x.bad"].manifest is None
    assert words in rows["x.bad"].error or words == "x.bad"
    assert "plugin.toml" in rows["x.bad"].error


def test_manifest_that_is_not_text_or_is_huge(site: Site) -> None:
    package = site.add("x.bad")
    path = site.folder / package / "plugin.toml"
    path.write_bytes(b"\xff\xfe\x00")
    assert "cannot be read" in only(discover()).error
    path.write_text("#" * 1_000_001, "utf-8")
    assert "larger than 1 MB" in only(discover()).error
    path.unlink()
    path.mkdir()
    assert "cannot be read" in only(discover()).error


def test_id_must_equal_the_entry_point(site: Site) -> None:
    site.add("x.glow", manifest='manifest = 1\n[plugin]\nid = "x.shine"\nversion = "1"\n')
    row = only(discover())
    assert row.id == "x.glow"
    assert "the manifest says 'x.shine', it is installed as 'x.glow'" in row.error


def test_version_mismatch_is_a_warning(site: Site) -> None:
    site.add("x.glow", version="1.1", dist_version="1.0")
    row = only(discover())
    assert row.manifest is not None
    assert row.warnings == ("the manifest says version 1.1, the distribution 1.0",)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("x_glow.sub", "write the top-level import package alone"),
        ("x_glow:plugin", "write the top-level import package alone"),
        ("no_such_package_here", "'no_such_package_here' is not installed"),
        ("json", "plugin.toml"),
        ("bisect", "'bisect' is not a package"),
    ],
)
def test_wrong_entry_point_values(site: Site, value: str, words: str) -> None:
    site.add("x.glow", value=value)
    row = only(discover())
    assert row.manifest is None
    assert words in row.error


def test_raising_finder_is_a_row(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    class Finder:
        @staticmethod
        def find_spec(name: str, path: object = None, target: object = None) -> None:
            if name == "x_glow":
                raise RuntimeError("no")

    site.add("x.glow")
    monkeypatch.setattr(sys, "meta_path", [Finder, *sys.meta_path])
    assert "cannot be located: no" in only(discover()).error


def test_damaged_installation_is_a_row_and_foreign_damage_is_ignored(site: Site) -> None:
    site.add("x.good")
    site.dist_info("x.foreign", "", "1.0", "[console_scripts]\nnonsense without a sign\n")
    site.dist_info("x.damaged", "", "1.0", "[kadr.plugins]\nnonsense without a sign\n")
    rows = discover()
    assert [row.manifest is not None for row in rows] == [True, False]
    assert "its installation is damaged" in rows[1].error


def test_control_signs_in_an_entry_point_name_are_escaped(site: Site) -> None:
    site.dist_info("x.odd", "", "1.0", "[kadr.plugins]\n\x1b[31mx.odd = x_odd\n")
    assert only(discover()).id == "\\x1b[31mx.odd"


@pytest.mark.parametrize("inner", ["", "src"])
def test_plugin_folder(site: Site, tmp_path: Path, inner: str) -> None:
    where = tmp_path / "plugins" / "glow" / inner
    site.add("x.glow", files=EXPLODES, where=where)
    row = only(discover([tmp_path / "plugins"]))
    assert (row.id, row.error, row.package) == ("x.glow", "", "x_glow")
    assert row.location == str(where / "x_glow")
    assert "x_glow" not in sys.modules


def test_folder_that_is_missing_or_a_file_is_nothing(tmp_path: Path, site: Site) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    assert discover([tmp_path / "missing", tmp_path / "file"]) == []


def test_folder_without_a_package_is_a_row(site: Site, tmp_path: Path) -> None:
    package = site.add("x.glow", where=tmp_path / "plugins" / "glow")
    (tmp_path / "plugins" / "glow" / package / "__init__.py").unlink()
    assert "is not an import package" in only(discover([tmp_path / "plugins"])).error


def test_one_package_name_has_one_place(site: Site, tmp_path: Path) -> None:
    site.add("x.glow")
    site.add("x.glow", where=tmp_path / "plugins" / "a")
    rows = discover([tmp_path / "plugins"])
    assert [row.manifest is None for row in rows] == [True, False]
    assert "the one of x-glow 1.0 counts; remove this one" in rows[0].error


def test_found_survives_a_round_trip(site: Site) -> None:
    site.add(
        "x.good", '[[contributes.effect]]\nid = "g"\nentry = "PKG:x"\nnames = ["n"]\n[config.s]\ntype = "int"'
    )
    site.add("x.bad", manifest="[")
    rows = discover()
    assert [Found.from_dict(row.as_dict()) for row in rows] == rows
