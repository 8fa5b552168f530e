"""The documents tell the truth: links, commands, tables, examples."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterator
from dataclasses import fields
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from kadr_kernel.boot import boot
from kadr_kernel.kernel import Kernel
from kadr_sdk.permissions import PERMISSIONS
from kadr_sdk.project import model, parse_project
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

LINK = re.compile(r"(?<!\!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
COMMAND = re.compile(r"(?:[$>] )?(?:[A-Z_]+=\S+ )*(?:uv run )?kadr (\S.*)")
CODE = re.compile(r"```(?:sh|bash|console|shell)?\n(.*?)```|(?<!`)`([^`\n]+)`(?!`)", re.DOTALL)
KERNEL_OPTIONS = {"--version", "--safe-mode", "--plugins", "--help"}


@pytest.fixture(scope="module")
def documents(files: list[Path]) -> list[Path]:
    return [p for p in files if p.suffix == ".md"]


@pytest.fixture(scope="module")
def tables(root: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("kadr_docs_tables", root / "docs" / "tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Iterator[Kernel]:
    """With the examples beside it, whose commands the documents show too."""
    home = {"KADR_HOME": str(tmp_path_factory.mktemp("home"))}
    with boot(environ=home, overrides={"plugins.folders": [str(root / "examples")]}) as running:
        yield running


def test_every_link_leads_somewhere(documents: list[Path], root: Path) -> None:
    broken = []
    for path in documents:
        text = re.sub(r"```.*?```", "", path.read_text("utf-8"), flags=re.DOTALL)
        for first, second in LINK.findall(text):
            target, _, anchor = (first or second).partition("#")
            if target.startswith(("http://", "https://", "mailto:")):
                continue
            there = (path.parent / target) if target else path
            if not there.exists() or (anchor and anchor not in _anchors(there)):
                broken.append(f"{path.relative_to(root).as_posix()}: {first or second}")
    assert broken == []


def _anchors(path: Path) -> set[str]:
    titles = re.findall(r"^#+ +(.*)$", path.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", t.lower()).strip().replace(" ", "-") for t in titles}


def test_every_command_exists(documents: list[Path], kernel: Kernel, root: Path) -> None:
    known = {c.id for c in kernel.catalogue.all("command")}
    wrong = []
    for path in documents:
        for words in commands(path.read_text("utf-8")):
            if words[0] not in known | KERNEL_OPTIONS:
                wrong.append(f"{path.relative_to(root).as_posix()}: kadr {' '.join(words)}")
    assert wrong == []


def test_every_option_of_a_quoted_command_exists(
    documents: list[Path], kernel: Kernel, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    host = kernel.catalogue.load("host", "cli")
    helps: dict[str, str] = {}
    wrong = []
    for path in documents:
        for words in commands(path.read_text("utf-8")):
            options = {w.partition("=")[0] for w in words[1:] if re.match(r"--?[a-z]", w)}
            if words[0] in KERNEL_OPTIONS or not options:
                continue
            called = " ".join(words[: _depth(words)])
            if called not in helps:
                assert host.run(kernel, [*called.split(), "--help"]) == 0
                helps[called] = capsys.readouterr().out
            shown = set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", helps[called]))
            wrong += [f"{path.relative_to(root).as_posix()}: kadr {called} {o}" for o in options - shown]
    assert wrong == []


def _depth(words: list[str]) -> int:
    """How many words name the command."""
    if words[:2] in (["plugin", "registries"], ["plugin", "grants"]):
        return 3
    return 2 if words[0] in ("plugin", "system", "config", "media", "models", "registry", "jobs") else 1


def commands(text: str) -> list[list[str]]:
    """Words after ``kadr`` of every command in the code of a document."""
    found = []
    for block, inline in CODE.findall(
        re.sub(r"```\w*(?:toml|python|json)\n.*?```", "", text, flags=re.DOTALL)
    ):
        for line in re.split(r"\n|&&|[;|#]", block or inline):
            if match := COMMAND.match(line.strip()):
                found.append([word.strip("'\"") for word in match[1].split()])
    return found


def test_the_rule_sees_commands() -> None:
    text = "Run `kadr plugin list`, then\n```\nuv run kadr demo -o x.mp4 && kadr nonsense\n```\nkadr talks."
    assert commands(text) == [["plugin", "list"], ["demo", "-o", "x.mp4"], ["nonsense"]]


def test_every_room_of_the_house_is_described(root: Path) -> None:
    text = (root / "docs" / "architecture.md").read_text("utf-8")
    rooms = text.partition("## Rooms")[2].partition("## Who may import whom")[0]
    kernel = root / "kernel" / "src" / "kadr_kernel"
    named = {p.stem for p in kernel.iterdir() if p.suffix == ".py" or (p / "__init__.py").is_file()}
    assert [n for n in sorted(named - {"__init__"}) if not re.search(rf"\b{n}\b", rooms)] == []
    plugins = [p.parent.name for p in (root / "builtin_plugins").glob("*/pyproject.toml")]
    assert [n for n in plugins if f"\n  {n}/ " not in rooms] == []


def test_every_step_of_a_render_names_its_modules(root: Path) -> None:
    text = (root / "docs" / "architecture.md").read_text("utf-8")
    table = text.partition("## How a render flows")[2].partition("The nodes of a plan")[0]
    named = {
        n
        for row in re.findall(r"^\| \w+ \| (.*?) \|", table, re.MULTILINE)
        for n in re.findall(r"`(\w+)`", row)
    }
    modules = {p.stem for p in (root / "kernel" / "src" / "kadr_kernel" / "render").glob("*.py")}
    assert len(named) >= 10
    assert named - modules == set()


def test_no_table_is_stale(root: Path, tables: ModuleType) -> None:
    stale = [
        p.name
        for p in sorted((root / "docs").glob("*.md"))
        if tables.renewed(p.read_text("utf-8")) != p.read_text("utf-8")
    ]
    assert stale == [], "run: uv run python docs/tables.py"


def test_every_error_is_documented(root: Path, tables: ModuleType) -> None:
    text = (root / "docs" / "errors.md").read_text("utf-8")
    kinds = list(tables.error_types())
    assert len(kinds) >= 26
    for kind in kinds:
        (row,) = [line for line in text.splitlines() if line.startswith(f"| `{kind.code}` |")]
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert cells[1].endswith(f"`{kind.__name__}`")
        assert cells[2] == str(kind.exit_code)
        assert bool(cells[3]) is kind.retryable
        assert cells[4]
        assert f"| {kind.exit_code} |" in text.partition("## Every error")[0], "the exit code has no meaning"


def test_codes_of_errors_are_unique(tables: ModuleType) -> None:
    codes = [kind.code for kind in tables.error_types()]
    assert len(set(codes)) == len(codes)


def test_every_event_is_documented(root: Path, tables: ModuleType) -> None:
    text = (root / "docs" / "events.md").read_text("utf-8")
    for kind in tables.event_types():
        (row,) = [line for line in text.splitlines() if line.startswith(f"| `{kind.__name__}` |")]
        assert re.findall(r"`(\w+): ", row) == [f.name for f in fields(kind)]
        assert row.strip("| ").split("|")[-1].strip()


def test_every_permission_is_documented(root: Path) -> None:
    text = (root / "docs" / "permissions.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| .* \| (.*?) \|$", text, re.MULTILINE))
    assert set(rows) == set(PERMISSIONS)
    for name, what in PERMISSIONS.items():
        assert rows[name].startswith(what.split()[0]), f"{name} {what}"


MODELS = [m for m in vars(model).values() if isinstance(m, type) and issubclass(m, model.Model)]


@pytest.mark.parametrize("kind", [m for m in MODELS if m is not model.Model], ids=lambda m: m.__name__)
def test_every_field_of_the_project_file_is_documented(kind: type[BaseModel], root: Path) -> None:
    text = (root / "docs" / "project-format.md").read_text("utf-8")
    section = text.partition(f"### {kind.__name__}\n")[2].partition("\n#")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| ", section, re.MULTILINE)
    expected = {n: _default(f) for n, f in kind.model_fields.items() if n != "extensions"}
    assert dict(rows) == expected


def _default(field: Any) -> str:
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return "needed"
    if value is None:
        return "none"
    if isinstance(value, BaseModel):
        return "{}"
    return json.dumps(_plain(value))


def _plain(value: Any) -> Any:
    if isinstance(value, Fraction):
        return value.numerator if value.denominator == 1 else str(value)
    return list(value) if isinstance(value, tuple) else value


def test_the_example_project_is_one(root: Path) -> None:
    text = (root / "docs" / "project-format.md").read_text("utf-8")
    (example,) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    project = parse_project(example)
    assert project.timeline.fps == Fraction(30000, 1001)
    assert [t.id for t in project.timeline.tracks] == ["v1", "a1"]
