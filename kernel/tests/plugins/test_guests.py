"""What a guest contributes, through a runtime that answers as it is told."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from kadr_kernel.permissions.confinement import Confinement
from kadr_kernel.plugins.guests import GuestMaker
from kadr_kernel.sandbox.house import House
from kadr_sdk.data_guests import DataTerms, GuestRefusedError, RowsAnalyzer
from kadr_sdk.errors import (
    DependencyMissingError,
    InputError,
    InvalidPathError,
    NotFoundError,
    PluginError,
    SerializationError,
    ValidationError,
)
from kadr_sdk.importing import ImportOptions
from kadr_sdk.manifest import Contribution, Manifest
from kadr_sdk.plugin import DescribedCommand
from kadr_sdk.project import parse_project

WASM = 'id = "x"\ntitle = "X"\nwasm = "x.wasm"\n'
PARAM = '[[params]]\nname = "amount"\ntype = "int"\ndefault = 3\nmin = 0\n'


@dataclass
class Guest:
    """Answers with ``says``; keeps what it was asked."""

    says: Any = field(default_factory=dict)
    asked: list[Any] = field(default_factory=list)
    closed: bool = False

    def call(self, function: str, data: bytes) -> bytes:
        self.asked.append((function, json.loads(data)))
        if isinstance(self.says, Exception):
            raise self.says
        return self.says if isinstance(self.says, bytes) else json.dumps(self.says).encode()

    def close(self) -> None:
        self.closed = True


@dataclass
class Runtime:
    guest: Guest
    terms: DataTerms | None = None

    def open(self, code: bytes, terms: DataTerms) -> Guest:
        self.terms = terms
        assert code == b"code"
        return self.guest


class Store:
    """A container and the store of projects in one."""

    container = property(lambda self: self)

    def get(self, _kind: object) -> Store:
        return self

    def open(self, _path: Path) -> Any:
        return parse_project({"timeline": {"fps": "30000/1001"}})


@pytest.fixture
def guest() -> Guest:
    return Guest()


@pytest.fixture
def make(tmp_path: Path, guest: Guest) -> Callable[..., Any]:
    (tmp_path / "x.wasm").write_bytes(b"code")

    def made(kind: str, descriptor: str = WASM, *, runtime: Any = None, house: House | None = None) -> Any:
        (tmp_path / "x.toml").write_text(descriptor, "utf-8")
        item = Contribution(kind, "x", "org.x", file="x.toml")
        manifest = Manifest("org.x", "1", runtime="extism", contributions=(item,), location=str(tmp_path))
        found = runtime or Runtime(guest)
        return GuestMaker(lambda _name: found, house or House()).make(item, manifest)

    return made


# -- commands ----------------------------------------------------------------------------------


def test_a_command_gets_its_values_and_answers(make: Any, guest: Guest) -> None:
    command = make("command", WASM + PARAM)
    assert isinstance(command, DescribedCommand)
    guest.says = {"text": "one\ntwo\x1b[2J", "data": {"n": 1}, "exit": 5}
    answer = command.execute(Store(), {"amount": 7})
    assert (answer.text, answer.data, answer.exit_code, answer.content) == (
        "one\ntwo\\x1b[2J",
        {"n": 1},
        5,
        None,
    )
    assert guest.asked == [("run", {"version": 1, "kind": "command", "id": "x", "values": {"amount": 7}})]
    command.close()
    assert guest.closed
    make("command").close()


def test_a_command_makes_a_project_of_a_project(make: Any, guest: Guest) -> None:
    command = make("command", WASM + 'input = "project"\noutput = "project"\nfunction = "turn"\n')
    guest.says = {"project": {"timeline": {"fps": 25}}}
    answer = command.execute(Store(), {"input": "a/film.tlp"})
    assert json.loads(answer.content)["timeline"]["fps"] == 25
    (function, question) = guest.asked[0]
    assert (function, question["name"]) == ("turn", "film.tlp"), "the folder is nobody's business"
    assert question["project"]["timeline"]["fps"] == "30000/1001"


@pytest.mark.parametrize(("data", "sent"), [(b"text", {"text": "text"}), (b"\xff\0", {"base64": "/wA="})])
def test_a_command_makes_a_file_of_a_file(
    make: Any, guest: Guest, tmp_path: Path, data: bytes, sent: dict[str, str]
) -> None:
    command = make("command", WASM + 'input = "file"\noutput = "file"\n')
    (tmp_path / "in.bin").write_bytes(data)
    guest.says = {"file": sent}
    assert command.execute(Store(), {"input": str(tmp_path / "in.bin")}).content == data
    assert guest.asked[0][1]["input"] == {"name": "in.bin"} | sent
    for path, words in (("none", "there is no such file"), ("", "not a file"), ("a\0", "not a path|no such")):
        with pytest.raises(InvalidPathError, match=words):
            command.execute(Store(), {"input": str(tmp_path / path)})


@pytest.mark.parametrize(
    ("says", "words"),
    [
        (b"not json", "its answer is not JSON"),
        (b"NaN", "NaN is not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        ([1], "its answer is no object"),
        ({"project": {}}, "its answer says 'project'; known: text, data, exit"),
        ({"exit": 9}, "its exit code is not 0, 2, 4 or 5"),
        ({"exit": True}, "exit code"),
    ],
)
def test_answers_that_are_none(make: Any, guest: Guest, says: Any, words: str) -> None:
    guest.says = says
    with pytest.raises(PluginError, match=words) as caught:
        make("command").execute(Store(), {})
    assert caught.value.data["plugin"] == "org.x"


@pytest.mark.parametrize(
    ("output", "says", "words"),
    [
        ("project", {}, "is no project"),
        ("project", {"project": {"timeline": {"fsp": 1}}}, "unknown field 'fsp'"),
        ("file", {}, "neither text nor base64"),
        ("file", {"file": {"base64": "!"}}, "neither text nor base64"),
    ],
)
def test_what_it_gives_is_checked(make: Any, guest: Guest, output: str, says: Any, words: str) -> None:
    guest.says = says
    with pytest.raises(PluginError, match=words):
        make("command", WASM + f'output = "{output}"\n').execute(Store(), {})


def test_wrong_arguments_are_refused_before_the_guest_is_asked(make: Any, guest: Guest) -> None:
    command = make("command", WASM + 'input = "file"\n' + PARAM)
    for arguments, words in (
        ({"amount": -1, "input": "x"}, "outside"),
        ({"amuont": 1}, "did you mean 'amount'"),
        ({}, "needs a file"),
    ):
        with pytest.raises(ValidationError, match=words):
            command.execute(Store(), arguments)
    assert guest.asked == []


def test_its_own_no_is_the_users_error(make: Any, guest: Guest) -> None:
    guest.says = GuestRefusedError("there is nothing to do")
    with pytest.raises(InputError, match=r"x of plugin org\.x says: there is nothing to do"):
        make("command").execute(Store(), {})


# -- importers and analyzers -------------------------------------------------------------------

IMPORTER = WASM + 'extensions = [".x"]\n'


def test_an_importer_sees_the_file_and_nothing_else(make: Any, guest: Guest, tmp_path: Path) -> None:
    (tmp_path / "cut.x").write_text("text", "utf-8")
    note = {"kind": "lost", "where": "line 1", "message": "sense\x1b"}
    guest.says = {"project": {"timeline": {"fps": 24}}, "notes": [note], "kept": {"clips": 2, "x": "y"}}
    found = make("importer", IMPORTER).load(tmp_path / "cut.x", ImportOptions(Fraction(30000, 1001)))
    assert found.project.timeline.fps == 24
    assert [(n.kind, n.where, n.message) for n in found.notes] == [("lost", "line 1", "sense\\x1b")]
    assert found.kept == {"clips": 2}
    question = {"version": 1, "kind": "importer", "id": "x", "options": {"fps": "30000/1001"}}
    assert guest.asked == [("load", question | {"input": {"name": "cut.x", "text": "text"}})]


def test_an_importer_that_says_no_means_the_file(make: Any, guest: Guest, tmp_path: Path) -> None:
    (tmp_path / "cut.x").write_text("", "utf-8")
    importer = make("importer", IMPORTER)
    guest.says = GuestRefusedError("no list")
    with pytest.raises(SerializationError, match="says: no list") as caught:
        importer.load(tmp_path / "cut.x", ImportOptions())
    assert caught.value.path == str(tmp_path / "cut.x")
    for says, words in (
        ({"project": {"timeline": 5}}, "is no project"),
        ({"notes": [{"kind": "odd"}]}, "a note says kind, where and message"),
        ({"film": {}}, "its answer says 'film'"),
    ):
        guest.says = says
        with pytest.raises(PluginError, match=words):
            importer.load(tmp_path / "cut.x", ImportOptions())
    with pytest.raises(InvalidPathError):
        importer.load(tmp_path / "none.x", ImportOptions())


def test_rows_of_an_analyzer(make: Any, guest: Guest) -> None:
    analyzer = make("analyzer", WASM + 'rows_of = "luma"\n')
    assert isinstance(analyzer, RowsAnalyzer)
    guest.says = {"rows": [{"n": 1}]}
    assert list(analyzer.digest(iter([{"mean": 5, "at": Fraction(1, 2)}]), {"below": 2})) == [{"n": 1}]
    question = {"version": 1, "kind": "analyzer", "id": "x", "values": {"below": 2}}
    assert guest.asked == [("digest", question | {"rows": [{"mean": 5, "at": "1/2"}]})]
    guest.says = {"rows": [5]}
    with pytest.raises(PluginError, match="no list of objects"):
        list(analyzer.digest([], {}))


# -- how it comes to be ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "descriptor", "words"),
    [
        ("command", 'id = "x"\ntitle = "X"\n', "the descriptor needs wasm"),
        ("command", WASM + "colour = 5\n", "unknown key 'colour'"),
        ("command", WASM + 'input = "projct"\n', "did you mean 'project'"),
        ("command", WASM + "params = 5\n", r"write \[\[params\]\]"),
        ("command", WASM.replace("x.wasm", "../x.wasm"), "no file inside the plugin's folder"),
        ("command", WASM.replace("x.wasm", "y.wasm"), "cannot be read"),
        ("importer", WASM + 'extensions = ["EDL"]\n', "extensions are written with the dot"),
        ("analyzer", WASM, "needs rows_of"),
        ("effect", WASM, "is data and has no code"),
    ],
)
def test_descriptors_that_are_wrong(make: Any, kind: str, descriptor: str, words: str) -> None:
    with pytest.raises(PluginError, match=words):
        make(kind, descriptor).execute(Store(), {})


def test_a_runtime_that_is_not_there(make: Any, guest: Guest, tmp_path: Path) -> None:
    def missing(name: str) -> Any:
        raise NotFoundError("runtime", name, ["core"])

    item = Contribution("command", "x", "org.x", file="x.toml")
    (tmp_path / "x.toml").write_text(WASM, "utf-8")
    manifest = Manifest("org.x", "1", runtime="extism", contributions=(item,), location=str(tmp_path))
    with pytest.raises(DependencyMissingError, match="runs by extism, and no active plugin has that runtime"):
        GuestMaker(missing, House()).make(item, manifest).execute(Store(), {})
    with pytest.raises(PluginError, match="takes no guests that work on data"):
        make("command", runtime=object()).execute(Store(), {})


def test_limits_come_from_level_and_manifest(make: Any, guest: Guest) -> None:
    def house(**asked: float) -> House:
        settings: Mapping[str, Any] = {"word": "x", "number": 5, "on": True}
        held = Confinement(level="minimal", ceiling="standard")
        return House(
            confinement=lambda _plugin, _digest: held,
            asked=lambda _plugin: asked,
            settings=lambda _plugin: settings,
        )

    runtime = Runtime(guest)
    make("command", runtime=runtime, house=house(memory_mb=64)).execute(Store(), {})
    terms = runtime.terms
    assert terms is not None
    assert (terms.call_seconds, terms.start_seconds, terms.memory_bytes) == (2, 1, 64 << 20)
    assert terms.output_bytes == 16 << 20
    assert terms.settings == {"word": "x", "number": "5", "on": "true"}
    with pytest.raises(PluginError, match="it asks for memory_mb = 500, and may have 128"):
        make("command", runtime=runtime, house=house(memory_mb=500)).execute(Store(), {})
