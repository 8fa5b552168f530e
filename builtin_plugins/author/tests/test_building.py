"""Sources to guests: the same bytes, whole files, and what a compiler or a machine lacks in words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from kadr_author import languages
from kadr_author.building import build, made
from kadr_author.guests import packed
from kadr_author.languages import LANGUAGES, compiled
from kadr_author.languages.language import Missing
from kadr_author.project import Project, read_project
from kadr_author.sdk import sdk_folder
from kadr_sdk.abi import with_sections
from kadr_sdk.errors import (
    DependencyMissingError,
    InvalidPathError,
    NotSupportedError,
    SerializationError,
)


def test_the_same_source_gives_the_same_bytes(begun: Callable[..., Project], cache: Path) -> None:
    project = begun("wat")
    first = [(b.changed, b.size) for b in build(project, cache)]
    assert first == [(False, first[0][1])]
    module = project.works[0].module
    assert module is not None
    module.write_bytes(b"old")
    assert build(project, cache)[0].changed
    assert len(module.read_bytes()) == first[0][1]


def test_a_compiler_that_refuses_leaves_the_old_guest(begun: Callable[..., Project], cache: Path) -> None:
    project = begun("c")
    work = project.works[0]
    assert work.source is not None
    assert work.module is not None
    before = work.module.read_bytes()
    work.source.write_text("#include <stdio.h>\n", "utf-8")
    with pytest.raises(SerializationError, match=r"demo\.c: the compiler refuses it:\n.*stdio\.h"):
        build(project, cache)
    assert work.module.read_bytes() == before
    assert not list(work.module.parent.glob(".*"))


def test_wat_that_is_none(tmp_path: Path, cache: Path) -> None:
    source = tmp_path / "a.wat"
    source.write_text("(func", "utf-8")
    with pytest.raises(SerializationError, match="it is not WAT"):
        compiled(source, tmp_path, cache)


def test_a_language_that_nobody_knows(tmp_path: Path, cache: Path) -> None:
    with pytest.raises(NotSupportedError, match=r"no language ends in '\.pas' \(there are \.c, \.cpp"):
        compiled(tmp_path / "a.pas", tmp_path, cache)


@pytest.mark.parametrize("name", LANGUAGES)
def test_what_a_machine_lacks_is_said_with_how_to_get_it(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cache: Path
) -> None:
    for module in ("golang", "rust", "texts"):
        monkeypatch.setattr(f"kadr_author.languages.{module}.shutil.which", lambda *_a, **_k: None)
    for module in ("zig", "texts"):
        monkeypatch.setattr(f"kadr_author.languages.{module}.find_spec", lambda _name: None)
    for variable in ("KADR_RUST_ROOT", "KADR_ASC"):
        monkeypatch.delenv(variable, raising=False)
    source = tmp_path / f"a{LANGUAGES[name].endings[0]}"
    with pytest.raises(DependencyMissingError, match=r"cannot be built here: .* is missing") as caught:
        compiled(source, tmp_path, cache)
    assert any(word in caught.value.hint for word in ("pip install", "rustup", "npm install"))


def test_a_guest_without_a_source(begun: Callable[..., Project], cache: Path) -> None:
    project = begun("wat")
    source = project.works[0].source
    assert source is not None
    source.unlink()
    with pytest.raises(InvalidPathError, match="there is no source of the guest"):
        made(read_project(project.root).works[0], cache)


def test_sections_are_replaced_and_not_added(begun: Callable[..., Project], tmp_path: Path) -> None:
    work = begun("wat").works[0]
    assert work.module is not None
    whole = work.module.read_bytes()
    assert packed(whole, work.descriptor) == whole
    bare = packed(whole, work.descriptor)[: whole.index(b"\x08kadr.abi") - 2]
    assert packed(bare, work.descriptor) == whole
    assert packed(with_sections(bare, b"{}", 7), work.descriptor) == whole


def test_the_libraries_are_found_in_a_wheel_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "kadr_author"
    (package / "sdk" / "abi").mkdir(parents=True)
    (package / "sdk" / "abi" / "kadr_abi.h").write_text("", "utf-8")
    monkeypatch.setattr("kadr_author.sdk.__file__", str(package / "sdk.py"))
    assert sdk_folder() == package / "sdk"
    (package / "sdk" / "abi" / "kadr_abi.h").unlink()
    with pytest.raises(DependencyMissingError, match="install kadr-author again"):
        sdk_folder()


def test_a_missing_tool_reads_well() -> None:
    assert str(Missing("zig", "pip install x")) == "zig (pip install x)"
    assert set(languages.__all__) >= {"LANGUAGES", "compiled"}
