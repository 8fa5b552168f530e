"""Broken rules: each with file, rule and remedy, all at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from kadr_author.project import Project, read_project
from kadr_author.quality import rules_of
from kadr_kernel.kernel import Kernel
from kadr_sdk.errors import InvalidPathError, ManifestError


def edited(project: Project, name: str, old: str, new: str) -> Project:
    path = project.root / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    return read_project(project.root)


MANIFEST, DESCRIPTOR = "src/org_example_demo/plugin.toml", "src/org_example_demo/demo.toml"


@pytest.mark.parametrize(
    ("name", "old", "new", "where", "says", "remedy"),
    [
        (MANIFEST, '"Apache-2.0"', '"free"', "plugin.license", "no licence by its SPDX name", "Apache-2.0"),
        (MANIFEST, "contributes.effect", "contributes.generator", "toml: kind", "no generator", "effect]]"),
        (MANIFEST, 'names = ["demo"]', 'names = ["other"]', "demo.toml: names", "and descriptor", "both"),
        (DESCRIPTOR, 'kind = "filter"', 'kind = "fliter"', "demo.toml", "mean 'filter'", "plugins.md"),
        (DESCRIPTOR, 'wasm = "demo.wasm"', "", "demo.toml", "no file", 'wasm = "demo.wasm"'),
        (DESCRIPTOR, '"demo.wasm"', '"../../x.wasm"', "demo.toml", "outside the package", "inside"),
        (DESCRIPTOR, '"demo.wasm"', '"gone.wasm"', "gone.wasm", "not built", "kadr plugin build"),
        (DESCRIPTOR, "amount = 0.4", "amount = 4", "examples[0].amount", "outside 0..1", "0..1"),
        (DESCRIPTOR, 'label = "Amount"', 'label = "More"', "demo.wasm", "of the descriptor", "pack"),
        ("README.md", "demo", "it", "README.md", "does not name", "say what it does"),
    ],
)  # fmt: skip
def test_a_broken_rule(
    name: str,
    old: str,
    new: str,
    where: str,
    says: str,
    remedy: str,
    kernel: Kernel,
    begun: Callable[..., Project],
) -> None:
    project = begun("wat")
    problems = rules_of(kernel, edited(project, name, old, new))
    assert any(where in p.path and says in p.message and remedy in p.hint for p in problems), problems


def test_a_module_that_is_none(kernel: Kernel, begun: Callable[..., Project]) -> None:
    project = begun("wat")
    module = project.works[0].module
    assert module is not None
    whole = module.read_bytes()
    for code, says in (
        (b"hello", "not a WebAssembly binary"),
        (whole[:-3], "cut off"),
        (whole.replace(b"kadr_process", b"kadr_procesz"), "it exports no function kadr_process"),
    ):
        module.write_bytes(code)
        (problem,) = rules_of(kernel, project)
        assert problem.path == "src/org_example_demo/demo.wasm"
        assert says in problem.message
        assert problem.hint


def test_python_code_that_is_no_effect(kernel: Kernel, begun: Callable[..., Project]) -> None:
    project = begun("python")
    code = project.home / "effect.py"
    code.write_text("class Effect:\n    def farme(self, call):\n        return None\n", "utf-8")
    assert "frame" in str(rules_of(kernel, project)[0])
    code.write_text("import nothing_of_the_sort\n", "utf-8")
    assert "cannot be imported" in str(rules_of(kernel, project)[0])


def test_files_that_are_missing(kernel: Kernel, begun: Callable[..., Project]) -> None:
    project = begun("wat")
    for name in ("LICENSE", "README.md"):
        (project.root / name).unlink()
    assert [p.path for p in rules_of(kernel, project)] == ["LICENSE", "README.md"]


def test_a_folder_without_a_plugin(tmp_path: Path) -> None:
    with pytest.raises(InvalidPathError, match="kadr plugin new NAME makes one"):
        read_project(tmp_path)
    with pytest.raises(InvalidPathError, match="there is no such folder"):
        read_project(tmp_path / "none")
    for name in ("a", "b"):
        (tmp_path / "src" / name).mkdir(parents=True)
        (tmp_path / "src" / name / "plugin.toml").write_text("manifest = 1", "utf-8")
    with pytest.raises(ManifestError, match="there are 2 files"):
        read_project(tmp_path)


def test_host_functions_that_a_trial_gives_and_does_not(
    kernel: Kernel, begun: Callable[..., Project], cache: Path
) -> None:
    from kadr_author.building import build

    project = begun("c")
    source = "src/org_example_demo/demo.c"
    project = edited(
        project, source, "    const kadr_image *in", '    kadr_log(1, "hello");\n    const kadr_image *in'
    )
    build(project, cache)
    (problem,) = rules_of(kernel, project)
    assert "needs the permission log" in problem.message
    assert "[permissions]" in problem.hint
    path = project.root / MANIFEST
    path.write_text(path.read_text("utf-8") + "\n[permissions]\nlog = true\n", "utf-8")
    assert rules_of(kernel, read_project(project.root)) == []
    project = edited(project, source, 'kadr_log(1, "hello");', "kadr_host_read_file(0, 0, 0, 0, 0);")
    path.write_text(path.read_text("utf-8").replace("log = true", 'read = ["*"]'), "utf-8")
    project = read_project(project.root)
    build(project, cache)
    (problem,) = rules_of(kernel, project)
    assert "needs the permission read: a trial does not give it" in problem.message
    assert "kadr plugin enable org.example.demo" in problem.hint


def test_a_broken_descriptor_is_not_called_a_missing_effect(
    kernel: Kernel, begun: Callable[..., Project]
) -> None:
    project = edited(begun(), DESCRIPTOR, 'kind = "filter"', 'kind = "fliter"')
    assert not [row for row in rules_of(kernel, project) if "there is no effect" in row.message]
