"""The checks of plugins find what is wrong, and let a good one pass."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kadr_sdk.testing.conformance import check_plugin

MANIFEST = """
manifest = 1
[plugin]
id = "org.example.PACKAGE"
version = "1.0"
[permissions]
read = ["*"]
[[contributes.effect]]
id = "org.example.glow"
names = ["glow"]
file = "glow.toml"
entry = "PACKAGE.code:Glow"
[[contributes.command]]
id = "hello"
entry = "PACKAGE.code:hello"
[[contributes.host]]
id = "console"
entry = "PACKAGE.code:Console"
[[contributes.executor]]
id = "plain"
entry = "PACKAGE.code:Plain"
[[contributes.service]]
id = "org.example.clock"
entry = "PACKAGE.code:StillClock"
provides = "kadr_sdk.services:Clock"
[[contributes.preset]]
id = "tiny"
file = "tiny.toml"
[hooks]
entry = "PACKAGE.hooks"
"""
GLOW = """
id = "org.example.glow"
version = 1
title = "Glow"
names = ["glow"]
implementations = ["filter", "frame"]
[[params]]
name = "amount"
type = "float"
default = 0.5
max = 1
[[examples]]
title = "Half"
amount = 0.5
"""
CODE = """
from kadr_sdk.effects import FilterSpec
class Glow:
    def filters(self, values, at): return [FilterSpec.of("gblur")]
    def frame(self, call): return call.inputs[0][0]
def hello(kernel, argv): return 0
class Console:
    def run(self, kernel, argv): return 0
class Plain:
    def open(self, crew): return None
class StillClock:
    def monotonic(self): return 0.0
    def now(self): return 0.0
"""
HOOKS = """
from kadr_sdk.hooks import hookimpl
@hookimpl
def before_plan(project): pass
@hookimpl
def choose_workers(suggested): return 1
"""
README = """# Glow
The effect `org.example.glow`, the command `hello`, the preset `tiny`, hosts `console` and `plain`,
and the service org.example.clock.
"""
TINY = 'id = "tiny"\ntitle = "Tiny"\ncontainer = "mp4"\n'
FILES = {
    "src/PACKAGE/plugin.toml": MANIFEST,
    "src/PACKAGE/__init__.py": "",
    "src/PACKAGE/glow.toml": GLOW,
    "src/PACKAGE/tiny.toml": TINY,
    "src/PACKAGE/code.py": CODE,
    "src/PACKAGE/hooks.py": HOOKS,
    "README.md": README,
    "pyproject.toml": "",
}
Make = Callable[..., str]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Writes a plugin with texts replaced; gives its package."""
    made: list[str] = []

    def write(file: str = "", old: str = "", new: str = "") -> str:
        package = f"conforming_{len(made)}_{abs(hash(tmp_path))}"
        for name, text in FILES.items():
            path = tmp_path / package / name.replace("PACKAGE", package)
            path.parent.mkdir(parents=True, exist_ok=True)
            if name.endswith(file) and file:
                assert old in text
                text = text.replace(old, new)
            path.write_text(text.replace("PACKAGE", package), "utf-8")
        monkeypatch.syspath_prepend(str(tmp_path / package / "src"))
        made.append(package)
        return package

    yield write
    for name in [n for n in sys.modules if n.partition(".")[0] in made]:
        del sys.modules[name]


def problems(package: str) -> list[str]:
    with pytest.raises(AssertionError) as caught:
        check_plugin(package)
    return str(caught.value).splitlines()[1:]


def test_a_good_plugin_passes(make: Make) -> None:
    check_plugin(make())


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("plugin.toml", 'version = "1.0"', 'version = "x"', "plugin.version: 'x' is not a version (PEP 440)"),
        ("plugin.toml", "read =", "reed =", "unknown permission 'reed'; did you mean 'read'?"),
        (
            "plugin.toml",
            'names = ["glow"]',
            'names = ["shine"]',
            "effect org.example.glow: glow.toml: the manifest's short name 'shine' is not among its names",
        ),
        (
            "plugin.toml",
            'names = ["glow"]',
            "",
            "effect org.example.glow: glow.toml: its short name 'glow' is not in the manifest",
        ),
        (
            "plugin.toml",
            "PACKAGE.code:hello",
            "PACKAGE.code:helo",
            "command hello: PACKAGE.code:helo cannot be imported",
        ),
        ("plugin.toml", "PACKAGE.hooks", "PACKAGE.hoks", "hooks: PACKAGE.hoks cannot be imported"),
        (
            "plugin.toml",
            "contributes.effect",
            "contributes.transition",
            "transition org.example.glow: glow.toml: kind 'filter' is not contributed as transition",
        ),
        (
            "plugin.toml",
            'file = "tiny.toml"',
            'entry = "a:b"',
            "preset tiny: a descriptor is needed: name it with 'file'",
        ),
        (
            "plugin.toml",
            "kadr_sdk.services:Clock",
            "kadr_sdk.services:Clok",
            "StillClock: provides: 'kadr_sdk.services:Clok' cannot be imported",
        ),
        (
            "glow.toml",
            'id = "org.example.glow"',
            'id = "org.example.gow"',
            "glow.toml describes 'org.example.gow'",
        ),
        ("glow.toml", "default = 0.5", "default = 2", "glow.toml: amount: default: 2 is outside ..1"),
        (
            "glow.toml",
            "amount = 0.5",
            "amuont = 0.5",
            "examples[0].amuont: unknown parameter 'amuont' (did you mean 'amount'?)",
        ),
        ("glow.toml", "amount = 0.5", "amount = 5", "examples[0].amount: 5 is outside ..1"),
        (
            "glow.toml",
            'title = "Glow"',
            'titel = "Glow"',
            "glow.toml: unknown key 'titel'; did you mean 'title'",
        ),
        ("glow.toml", "[[params]]", "[[params", "glow.toml: "),
        ("tiny.toml", 'container = "mp4"', "", "preset tiny: tiny.toml: the descriptor needs container"),
        (
            "code.py",
            "def frame(self, call)",
            "def frame(self)",
            "implementation 'frame': frame takes (), FrameEffect offers (call)",
        ),
        (
            "code.py",
            "def frame(",
            "def fame(",
            "it declares the implementation 'frame': FrameEffect.frame is missing",
        ),
        (
            "code.py",
            "def filters(self, values, at)",
            "def filters(self, values)",
            "filters takes (values), FilterEffect offers (values, at)",
        ),
        (
            "code.py",
            "def hello(kernel, argv)",
            "def hello(kernel)",
            "it takes (kernel), Command offers (kernel, argv)",
        ),
        (
            "code.py",
            "def hello(kernel, argv): return 0",
            "hello = 5",
            "command hello: PACKAGE.code:hello: a callable is expected",
        ),
        (
            "code.py",
            "def run(self, kernel, argv)",
            "def run(self, kernel)",
            "run takes (kernel), Host offers (kernel, argv)",
        ),
        (
            "code.py",
            "def open(self, crew)",
            "def go(self, crew)",
            "executor plain: PACKAGE.code:Plain: Executor.open is missing",
        ),
        (
            "code.py",
            "def now(self): return 0.0",
            "",
            "service org.example.clock: PACKAGE.code:StillClock: Clock.now is missing",
        ),
        ("code.py", "def hello", "raise SystemExit(3)\ndef hello", "cannot be imported: SystemExit(3)"),
        (
            "hooks.py",
            "def before_plan",
            "def befor_plan",
            "hooks: there is no hook 'befor_plan'; did you mean 'before_plan'",
        ),
        (
            "hooks.py",
            "(suggested)",
            "(wanted)",
            "hooks: choose_workers takes 'wanted', the hook offers plan, suggested",
        ),
        ("hooks.py", "@hookimpl", "", "hooks: nothing in PACKAGE.hooks is marked with hookimpl"),
        ("README.md", "`tiny`", "`tinyish`", "README.md does not name the preset tiny"),
        (
            "README.md",
            "`org.example.glow`",
            "`org.example.glowing`",
            "README.md does not name the effect org.example.glow",
        ),
    ],
)
def test_what_is_wrong_is_found(make: Make, file: str, old: str, new: str, expected: str) -> None:
    package = make(file, old, new)
    assert any(expected.replace("PACKAGE", package) in row for row in problems(package)), problems(package)


def test_a_class_with_a_call_is_a_command(make: Make) -> None:
    code = "class hello:\n    def __call__(self, kernel, argv): return 0"
    check_plugin(make("code.py", "def hello(kernel, argv): return 0", code))
    short = make("code.py", "def hello(kernel, argv): return 0", code.replace(", argv", ""))
    assert "it takes (kernel), Command offers (kernel, argv)" in problems(short)[0]
    none = make("code.py", "def hello(kernel, argv): return 0", "class hello: pass")
    assert "a callable is expected" in problems(none)[0]


def test_all_problems_at_once(make: Make) -> None:
    package = make("code.py", "def ", "def x_")
    assert len(problems(package)) == 7


def test_no_readme(make: Make, tmp_path: Path) -> None:
    package = make()
    (tmp_path / package / "README.md").unlink()
    assert problems(package) == ["there is no README.md beside pyproject.toml"]


@pytest.mark.parametrize("package", ["no_such_package", "json.tool"])
def test_no_package(package: str) -> None:
    with pytest.raises(AssertionError, match=r"cannot be imported|is not a package"):
        check_plugin(package)
