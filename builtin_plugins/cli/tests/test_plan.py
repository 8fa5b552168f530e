"""``kadr plan``: what a render would do, why, and what changed since another plan."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from kadr_cli.plan_diff import compare
from kadr_cli.plan_view import _sound
from kadr_kernel.boot import boot
from kadr_kernel.kernel import Kernel
from kadr_sdk.errors import InvalidParameterError, SerializationError
from kadr_sdk.forecast import Forecast

Run = Callable[..., str]


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    home = tmp_path_factory.mktemp("home")
    with boot(environ={"KADR_HOME": str(home)}) as running:
        yield running


@pytest.fixture
def run(kernel: Kernel, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(name: str, *argv: object) -> str:
        assert kernel.catalogue.load("command", name)(kernel, [str(word) for word in argv]) == 0
        return capsys.readouterr().out

    return call


def write(path: Path, *values: float, **video: Any) -> Path:
    """A film of clips of 3 s, each a segment: a test card as bright as the value says."""
    effects = [
        {"id": f"e{value}", "effect_type": "brightness", "parameters": {"value": value}} for value in values
    ]
    clips = [
        {
            "id": f"c{value}",
            "generator": {"type": "test_card"},
            "start_time": 3 * n,
            "duration": 3,
            "effects": [f"e{value}"],
        }
        for n, value in enumerate(values)
    ]
    timeline = {"fps": 10, "resolution": [64, 36], "tracks": [{"id": "v", "type": "video", "clips": clips}]}
    export = {"video": {"codec": "h264", "preset": "ultrafast"} | video}
    document = {"metadata": {"id": "f"}, "timeline": timeline, "effects": effects, "export": export}
    path.write_text(json.dumps(document), "utf-8")
    return path


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return write(tmp_path / "film.tlp", 0.1, 0.2)


def test_what_is_there_and_what_is_not(run: Run, film: Path, tmp_path: Path) -> None:
    said = run("plan", film)
    assert "segments: 2 rendered" in said
    assert "time and size are not known" in said
    run("render", film, "-o", tmp_path / "film.mp4")
    said = run("plan", film, "-o", tmp_path / "film.mp4")
    assert "segments: 2 cached" in said
    assert "every part is there" in said
    changed = write(tmp_path / "changed.tlp", 0.1, 0.3)
    said = run("plan", changed, "-o", "x.mp4")
    assert "segments: 1 rendered, 1 cached" in said
    assert "measured here" in said
    assert "segments: 2 rendered" in run("plan", film, "-o", "x.mp4", "--no-cache")


@pytest.mark.parametrize(
    ("blocks", "words"), [((0, 3), "rendered"), ((2, 3), "rendered (2 of 3 blocks cached)")]
)
def test_sound_of_which_some_is_there(blocks: tuple[int, int], words: str) -> None:
    assert _sound(Forecast((), "rendered", blocks=blocks)) == words


def test_the_document_says_it_all(run: Run, film: Path) -> None:
    data = json.loads(run("plan", film, "--range", 0, 3, "--json"))
    (segment,) = data["segments"]
    assert segment["media"] == {}
    assert list(segment["code"]) == ["kadr.test_card version 1"]
    assert segment["made"] in ("cached", "rendered")
    assert data["forecast"]["workers"] == 1
    assert data["semantics"] > 0


def test_why(run: Run, film: Path) -> None:
    said = run("plan", film, "--why", 1)
    for words in (
        "kadr.test_card version 1",
        "encoder = libx264",
        "preset = ultrafast",
        "x264 ",
        "pillow ",
        "30 frames",
        " u=val v=val",
    ):
        assert words in said
    part = json.loads(run("plan", film, "--why", 1, "--json"))
    assert part["part"] == 1
    assert run("plan", film, "--why", part["hash"][:10]) == said
    with pytest.raises(InvalidParameterError, match="no segment '2'") as caught:
        run("plan", film, "--why", 2)
    assert caught.value.hint == "a number from 0 to 1, the beginning of a hash, or sound"
    with pytest.raises(InvalidParameterError, match="no sound"):
        run("plan", film, "--why", "sound")


def test_what_changed(run: Run, film: Path, tmp_path: Path) -> None:
    saved = tmp_path / "plan.json"
    saved.write_text(run("plan", film, "--json"), "utf-8")
    assert run("plan", film, "--diff", saved).splitlines()[1:] == ["the same film"]
    changed = write(tmp_path / "changed.tlp", 0.1, 0.3)
    for other in (film, saved):
        found = json.loads(run("plan", changed, "--diff", other, "--json"))
        assert (found["same"], found["moved"], found["gone"]) == (1, [], 1)
        (row,) = found["invalidated"]
        assert (row["segment"], row["start"], row["frames"]) == (1, 30, 30)
        assert row["reasons"][0].startswith("spans[0].root kadr.brightness.inputs[0] kadr.test_card.seed: ")
        assert row["reasons"][1].startswith("spans[0].root kadr.brightness.filters[0].options.")
    said = run("plan", changed, "--diff", film)
    assert said.startswith("1 segment the same; 1 invalidated\n  segment 1 from 3.000 s, 30 frames, rendered")


def test_settings_change_every_segment(run: Run, film: Path, tmp_path: Path) -> None:
    other = write(tmp_path / "other.tlp", 0.1, 0.2, crf=30)
    said = run("plan", other, "--diff", film).splitlines()
    assert said[1] == "  segments 0 to 1 from 0.000 s, 60 frames, rendered"  # and the reasons once
    found = json.loads(run("plan", other, "--diff", film, "--json"))
    assert found["same"] == 0
    assert [row["reasons"][0] for row in found["invalidated"]] == ["pictures crf: 20.0, now 30.0"] * 2


def test_what_was_moved_is_not_made_again(run: Run, film: Path, tmp_path: Path) -> None:
    other = write(tmp_path / "other.tlp", 0.4, 0.1, 0.2)
    found = json.loads(run("plan", other, "--diff", film, "--json"))
    assert (found["same"], found["moved"]) == (2, [1, 2])
    (row,) = found["invalidated"]
    assert row["reasons"] == ["new: nothing of the other plan stands at this place"]
    changed = write(tmp_path / "changed.tlp", 0.4, 0.5, 0.6, 0.1, 0.3)  # moved by three, and the last is new
    found = json.loads(run("plan", changed, "--diff", film, "--json"))
    assert found["invalidated"][-1]["reasons"][0].startswith("spans[0].root kadr.brightness")


def test_media_code_processor_and_libraries_are_reasons(run: Run, film: Path) -> None:
    old = json.loads(run("plan", film, "--json"))
    for row in old["segments"]:
        row["media"] = {"/a.mp4": "a" * 64, "/b.mp4": "b" * 64}
    new = copy.deepcopy(old)
    new["toolchain"] = [["x264", "999"] if name == "x264" else [name, v] for name, v in old["toolchain"]]
    new["plugins"] = [[name, "99"] for name, _ in old["plugins"]]
    row = new["segments"][0]
    row["media"] = {"/a.mp4": "c" * 64, "/d.mp4": "d" * 64}
    row["code"] = {"kadr.test_card version 1": "e" * 64}
    row["processor"] = "x86_64-1"
    for segment in new["segments"]:
        segment["hash"] = "f" + segment["hash"]
    first, second = compare(old, new)["invalidated"]
    version = dict(old["toolchain"])["x264"]
    code = old["segments"][0]["code"]["kadr.test_card version 1"]
    assert second["reasons"] == [f"library x264: {version}, now 999"]
    assert first["reasons"][1:] == [
        f"content of /a.mp4: sha256 {'a' * 12}, now {'c' * 12}",
        "does not read /b.mp4 any more",
        "reads /d.mp4, which it did not",
        f"code of kadr.test_card version 1: {code[:12]}, now {'e' * 12}",
        f"class of processor: {old['segments'][0]['processor'] or 'any'}, now x86_64-1",
        f"plugin kadr.effects: {dict(old['plugins'])['kadr.effects']}, now 99",
    ]


def test_sound_and_the_file_around(run: Run, film: Path) -> None:
    old = json.loads(run("plan", film, "--json"))
    new = copy.deepcopy(old)
    new["output"]["metadata"] = [["title", "x"]]
    sound = {"hash": "1", "media": {}, "code": {}, "processor": "", "gain": 1}
    new["audio"] = sound
    new["output"]["audio"] = {"codec": "aac"}
    found = compare(old, new)
    assert found["audio"] == ["there is sound now"]
    assert found["output"] == ["metadata.title: nothing, now x"]
    newer = copy.deepcopy(new)
    newer["audio"] |= {"hash": "2", "gain": 2}
    assert compare(new, newer)["audio"] == ["gain: 1, now 2"]
    assert compare(new, old)["audio"] == ["there is no sound any more"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [('{"segments": []}', "is no plan of this kadr: there is no 'audio'"), ("{", "not a JSON document")],
)
def test_what_is_no_plan_is_refused(run: Run, film: Path, tmp_path: Path, text: str, reason: str) -> None:
    other = tmp_path / "other.json"
    other.write_text(text, "utf-8")
    with pytest.raises(SerializationError, match=reason):
        run("plan", film, "--diff", other)


def test_a_plan_that_was_changed_by_hand_is_refused(run: Run, film: Path, tmp_path: Path) -> None:
    saved = json.loads(run("plan", film, "--json"))
    other = tmp_path / "other.json"
    broken: list[dict[str, Any]] = [
        {"segments": 3},
        {"segments": [{}]},
        {"output": 1},
        {"toolchain": [["a"]]},
    ]
    for change in broken:
        other.write_text(json.dumps(saved | change), "utf-8")
        with pytest.raises(
            SerializationError, match="no plan of this kadr, or was changed by hand"
        ) as caught:
            run("plan", film, "--diff", other)
        assert "kadr plan PROJECT --json" in caught.value.hint


def test_one_question_at_a_time(run: Run, film: Path) -> None:
    with pytest.raises(click.UsageError, match="--why or --diff, not both"):
        run("plan", film, "--why", 1, "--diff", film)
