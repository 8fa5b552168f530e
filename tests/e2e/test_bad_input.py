"""Bad input, by the command line as a user meets it.

Each case must end before the first frame with one clear error (place, rule, remedy), the right
exit code and no traceback; nothing is overwritten, and nothing is left beside the target or in
the scratch folder.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import wave
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from kadr_kernel.kernel import Kernel
from kadr_sdk.events import RenderProgressed, SegmentEncoded
from kadr_sdk.parts import PartWriter
from kadr_sdk.rendering import Renderer
from kadr_sdk.testing.synthetic import tone

MINE = b"what stood there before"


@dataclass
class Bench:
    """A folder with ``a.mp4`` (4 s, 320x180, 25 fps, sound), ``b.mp4`` and ``tone.wav``, and the command."""

    folder: Path
    kernel: Kernel
    capsys: pytest.CaptureFixture[str]
    frames: list[object]

    def project(self, *clips: dict[str, Any], **more: Any) -> Path:
        """A project file of one video track."""
        track = {"id": "v", "clips": list(clips), "transitions": more.pop("transitions", [])} | more.pop(
            "track", {}
        )
        timeline = {"fps": 25, "resolution": [320, 180], "tracks": [track]} | more.pop("timeline", {})
        path = self.folder / "film.tlp"
        path.write_text(json.dumps({"timeline": timeline} | more), "utf-8")
        return path

    def kadr(self, *arguments: object) -> tuple[int, str]:
        """Exit code and standard error of a command."""
        host = self.kernel.catalogue.load("host", "cli")
        code = host.run(self.kernel, [str(a) for a in arguments])
        return code, self.capsys.readouterr().err

    def state(self) -> dict[str, bytes]:
        """Every file of the folder with its first bytes."""
        files = (p for p in self.folder.rglob("*") if p.is_file())
        return {str(p.relative_to(self.folder)): p.read_bytes()[:64] for p in files}

    def scratch(self) -> list[Path]:
        """What jobs left."""
        jobs = self.kernel.config.folders.cache / "jobs"
        return list(jobs.iterdir()) if jobs.exists() else []


@pytest.fixture(scope="session")
def stock(movie: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The media of all cases."""
    folder = tmp_path_factory.mktemp("stock")
    shutil.copy(movie("bad-a.mp4", 100, sound=tone(440, Fraction(4), 48000, 2)), folder / "a.mp4")
    shutil.copy(movie("bad-b.mp4", 50, first=500), folder / "b.mp4")
    return folder


def write_tone(path: Path) -> None:
    """Two seconds of sound."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes((tone(440, Fraction(2), 8000, 1)[0] * 32767).astype("<i2").tobytes())


@pytest.fixture
def bench(stock: Path, kernel: Kernel, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Bench]:
    for source in stock.iterdir():
        shutil.copy(source, tmp_path / source.name)
    write_tone(tmp_path / "tone.wav")
    frames: list[object] = []
    events = [kernel.events.subscribe(kind, frames.append) for kind in (RenderProgressed, SegmentEncoded)]
    capsys.readouterr()
    yield Bench(tmp_path, kernel, capsys, frames)
    for event in events:
        event.cancel()


def a(**more: Any) -> dict[str, Any]:
    return {"id": "a", "source_file": "a.mp4", "start_time": 0, "duration": 2} | more


def b(**more: Any) -> dict[str, Any]:
    return {"id": "b", "source_file": "b.mp4", "start_time": 2, "duration": 2} | more


def effect(kind: str = "blur", **parameters: Any) -> dict[str, Any]:
    return {"id": "e", "effect_type": kind, "parameters": parameters}


def with_effect(one: dict[str, Any]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    return [a(effects=["e"])], {"effects": [one]}


def joint(kind: str = "dissolve", **more: Any) -> dict[str, Any]:
    return {"transitions": [{"id": "t", "transition_type": kind, "between": ["a", "b"]} | more]}


AUDIO = {"track": {"type": "audio"}}
CLIPS = "timeline.tracks[0].clips[0]"

PROJECTS: dict[str, tuple[list[dict[str, Any]], dict[str, Any], list[str]]] = {
    # name: clips, the rest of the project, what the error says
    "missing media": (
        [a(source_file="gone.mp4")],
        {},
        [f"{CLIPS}.source_file", "gone.mp4", "does not exist", "check"],
    ),
    "empty media": (
        [a(source_file="empty.mp4")],
        {},
        [f"{CLIPS}.source_file", "is empty (0 bytes)", "export it again"],
    ),
    "a folder": ([a(source_file="folder")], {}, [f"{CLIPS}.source_file", "is a folder, not a media file"]),
    "a text": ([a(source_file="text.mp4")], {}, [f"{CLIPS}.source_file", "not readable as media"]),
    "no path": ([a(source_file="  ")], {}, [f"{CLIPS}.source_file", "empty"]),
    "unknown field": ([a(spead=2)], {}, [f"{CLIPS}.spead", "did you mean 'speed'"]),
    "unknown field of the timeline": (
        [a()],
        {"timeline": {"fsp": 25}},
        ["timeline.fsp", "did you mean 'fps'"],
    ),
    "unknown effect": (*with_effect(effect("blurr", radius=2)), ["effect", "blurr", "did you mean 'blur'"]),
    "unknown parameter": (*with_effect(effect(radus=2)), ["radus", "did you mean 'radius'"]),
    "parameter out of range": (*with_effect(effect(radius=-1)), ["radius", "-1", "0..500"]),
    "parameter not a number": (*with_effect(effect(radius="much")), ["radius", "much"]),
    "effect that is not defined": ([a(effects=["nope"])], {}, [f"{CLIPS}.effects", "nope"]),
    "unknown transition": (
        [a(), b()],
        joint("disolve", duration=0.4),
        ["transition_type", "did you mean 'dissolve'"],
    ),
    "unknown blend mode": ([a(blend="multipli")], {}, [f"{CLIPS}.blend", "did you mean 'multiply'"]),
    "unknown preset": ([a()], {"export": {"preset": "utube"}}, ["export", "unknown preset 'utube'"]),
    "unknown generator": (
        [{"id": "g", "generator": {"type": "colour"}, "start_time": 0, "duration": 1}],
        {},
        ["generator", "colour", "did you mean 'color'"],
    ),
    "time not a number": ([a(start_time="NaN")], {}, [f"{CLIPS}.start_time", "NaN"]),
    "negative time": ([a(start_time=-1)], {}, [f"{CLIPS}.start_time", "-1"]),
    "negative source time": ([a(source_start=-1)], {}, [f"{CLIPS}.source_start", "-1"]),
    "absurd time": ([a(start_time=1e12)], {}, [f"{CLIPS}.start_time", "longer than a week"]),
    "no duration": ([a(duration=0)], {}, [f"{CLIPS}.duration", "0"]),
    "negative duration": ([a(duration=-2)], {}, [f"{CLIPS}.duration"]),
    "less than a frame": (
        [a(duration=0.001)],
        {},
        [f"{CLIPS}.duration", "shorter than half a frame at 25 fps", "make it longer"],
    ),
    "no speed": ([a(speed=0)], {}, [f"{CLIPS}.speed"]),
    "overlap without transition": (
        [a(), b(start_time=1.5)],
        {},
        ["timeline.tracks[0].clips[1]", "overlaps 'a' by 12 frames", "add a transition"],
    ),
    "transition of clips apart": (
        [a(), b(start_time=3)],
        joint(duration=0.4),
        ["transitions[0]", "neither overlap nor touch"],
    ),
    "no handle": (
        [a(source_start=2), b()],
        joint(duration=0.4),
        ["transitions[0]", "'a' has no handle", "shorten"],
    ),
    "longer than its media": (
        [a(duration=5)],
        {},
        [f"{CLIPS}.duration", "uses 1.000 s more than the media has (4.000 s)", "shorten the clip"],
    ),
    "begins after its media": ([a(source_start=9)], {}, [CLIPS, "more than the media has"]),
    "sound longer than its media": ([a(duration=9)], AUDIO, [f"{CLIPS}.duration", "more than the media has"]),
    "pictures wanted of sound": (
        [a(source_file="tone.wav")],
        {},
        [f"{CLIPS}.source_file", "no pictures in this file", "put it on an audio track"],
    ),
    "sound wanted of silent pictures": (
        [b(start_time=0)],
        AUDIO,
        [f"{CLIPS}.source_file", "no sound in this file"],
    ),
    "no such stream": (
        [a(stream={"video": 7})],
        {},
        [f"{CLIPS}.stream.video", "no video stream 7", "there are: 0"],
    ),
    "two clips of one id": ([a(), a(start_time=2)], {}, ["clips[1].id", "'a'"]),
    "nothing at all": ([], {}, ["timeline.tracks", "nothing to render", "add a clip"]),
    "odd size of 4:2:0": (
        [a()],
        {"timeline": {"resolution": [321, 181]}},
        ["resolution", "321x181", "322x182"],
    ),
    "no size": ([a()], {"timeline": {"resolution": [0, 180]}}, ["timeline.resolution"]),
    "no frame rate": ([a()], {"timeline": {"fps": 0}}, ["timeline.fps"]),
    "unknown codec": (
        [a()],
        {"export": {"video": {"codec": "h999"}}},
        ["export.video.codec", "h999", "it holds: h264"],
    ),
    "range outside": (
        [a()],
        {"export": {"range": [5, 6]}},
        ["export.range", "after the end of the timeline at 2.000 s"],
    ),
}


@pytest.mark.parametrize("name", PROJECTS)
def test_a_wrong_project(bench: Bench, name: str) -> None:
    clips, rest, words = PROJECTS[name]
    (bench.folder / "empty.mp4").touch()
    (bench.folder / "text.mp4").write_text("once upon a time " * 20)
    (bench.folder / "folder").mkdir()
    film = bench.project(*clips, **rest)
    before = bench.state()
    code, said = bench.kadr("render", film, "-o", bench.folder / "out.mp4")
    check(bench, before, said, words)
    assert code == 2
    code, said = bench.kadr("validate", film)
    assert code == 2
    assert all(word in said for word in words)


def check(bench: Bench, before: dict[str, bytes], said: str, words: list[str]) -> None:
    """One clear error, no frame, nothing changed, nothing left."""
    assert said.removeprefix(f"rendering {bench.folder / 'out.mp4'}\n").startswith("error: "), said
    assert [word for word in words if word not in said] == [], said
    assert "Traceback" not in said
    assert bench.frames == []
    assert bench.state() == before
    assert bench.scratch() == []


TARGETS: dict[str, tuple[str, list[str]]] = {
    # what is made before, the name of the output, what the error says
    "a folder": ("folder", ["is a folder", "give a file name"]),
    "a folder called like a film": ("folder.mp4", ["is a folder", "give a file name"]),
    "something stands there": ("standing.mp4", ["standing.mp4: exists already", "add --overwrite"]),
    "no such folder": ("none/out.mp4", ["none: the folder does not exist", "make it first"]),
    "a file as folder": ("a.mp4/out.mp4", ["a.mp4: is not a folder", "choose another"]),
    "too long a name": ("x" * 300 + ".mp4", ["cannot be a file", "too long"]),
    "unknown ending": ("out.xyz", ["unknown output extension '.xyz'", ".mp4"]),
    "no ending": ("out", ["'out'", "add one of", ".mp4"]),
    "the project": ("film.tlp", ["film.tlp", "the output is the project itself"]),
    "an input": ("a.mp4", ["a.mp4: the output is one of the inputs", "choose another name"]),
    "an input another way": ("folder/../a.mp4", ["the output is one of the inputs"]),
    "an input by a symbolic link": ("soft.mp4", ["the output is one of the inputs"]),
    "an input by a hard link": ("hard.mp4", ["the output is one of the inputs"]),
    "an input in capitals": ("A.MP4", ["the output is one of the inputs"]),
    "a folder with pictures": (
        "pictures.png",
        ["pictures.png: the folder is not empty", "give a new folder"],
    ),
    "a pattern of pictures": (
        "frames/e_%04d.png",
        ["e_%04d.png: would be the name of every picture", "-o frames --container png"],
    ),
}


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("overwrite", [False, True], ids=["", "overwrite"])
def test_a_wrong_output(bench: Bench, name: str, overwrite: bool) -> None:
    output, words = TARGETS[name]
    folder = bench.folder
    (folder / "folder").mkdir()
    (folder / "folder.mp4").mkdir()
    (folder / "standing.mp4").write_bytes(MINE)
    (folder / "pictures.png").mkdir()
    (folder / "pictures.png" / "000001.png").write_bytes(MINE)
    link(folder / "a.mp4", folder / "soft.mp4", folder / "hard.mp4")
    if output in ("soft.mp4", "hard.mp4", "A.MP4") and not (folder / output).exists():
        pytest.skip("this file system has no such name for the file")
    if overwrite and name == "something stands there":
        pytest.skip("that is what --overwrite is for")
    film = bench.project(a())
    before = bench.state()
    code, said = bench.kadr("render", film, "-o", folder / output, *(["--overwrite"] if overwrite else []))
    check(bench, before, said, words)
    assert code == 2


def link(source: Path, soft: Path, hard: Path) -> None:
    """Other names of a file, where there can be."""
    with suppress(OSError):
        soft.symlink_to(source)
    with suppress(OSError):
        os.link(source, hard)


CONTAINERS: dict[str, tuple[str, list[str]]] = {
    "sound.mp4": ("sound", []),
    "sound.mkv": ("sound", []),
    "sound.mov": ("sound", []),
    "sound.webm": ("sound", []),
    "sound.wav": ("sound", []),
    "sound.mp3": ("sound", []),
    "sound.flac": ("sound", []),
    "sound.m4a": ("sound", []),
    "sound.png": ("sound", ["png holds pictures and the project has none", "choose another container"]),
    "silent.mp4": ("silent", []),
    "silent.mkv": ("silent", []),
    "silent.mov": ("silent", []),
    "silent.webm": ("silent", []),
    "silent.png": ("silent", []),
    "silent.wav": ("silent", ["wav holds sound and the project has none", "choose another container"]),
    "silent.mp3": ("silent", ["mp3 holds sound and the project has none"]),
    "silent.flac": ("silent", ["flac holds sound and the project has none"]),
    "silent.m4a": ("silent", ["m4a holds sound and the project has none"]),
}


@pytest.mark.parametrize("output", CONTAINERS)
def test_projects_of_sound_or_pictures_alone(bench: Bench, output: str) -> None:
    kind, words = CONTAINERS[output]
    film = (
        bench.project({"id": "t", "source_file": "tone.wav", "duration": 0.4}, **AUDIO)
        if kind == "sound"
        else bench.project({"id": "b", "source_file": "b.mp4", "duration": 0.2})
    )
    before = bench.state()
    code, said = bench.kadr("render", film, "-o", bench.folder / output)
    if words:
        check(bench, before, said, words)
        assert code == 2
        return
    assert code == 0, said
    made = bench.folder / output
    if made.is_dir():
        assert len(list(made.glob("*.png"))) == 5
        return
    info = bench.kernel.container.get(Renderer).probe(made)
    assert bool(info.audio) == (kind == "sound")
    assert bool(info.video) == (kind == "silent")


def test_media_that_may_not_be_read(bench: Bench) -> None:
    secret = bench.folder / "a.mp4"
    secret.chmod(0)
    try:
        with suppress(OSError), secret.open("rb"):
            pytest.skip("this account may read everything")
        code, said = bench.kadr("render", bench.project(a()), "-o", bench.folder / "out.mp4")
    finally:
        secret.chmod(0o600)
    assert code == 2
    assert f"{CLIPS}.source_file" in said
    assert "denied" in said.lower()


def test_too_little_room(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(bench.folder)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=1000))
    film = bench.project(a())
    before = bench.state()
    code, said = bench.kadr("render", film, "-o", bench.folder / "out.mp4")
    check(bench, before, said, ["MB are needed and 0 MB are free", "free some space"])
    assert code == 7


def test_the_disk_fills_while_rendering(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: PartWriter, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(PartWriter, "_write", full)
    film = bench.project(a())
    before = bench.state()
    code, said = bench.kadr("render", film, "-o", bench.folder / "out.mp4")
    check(bench, before, said, ["No space left on device", "free"])
    assert code == 7


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
from kadr_kernel.boot import main
sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.parametrize("limit", [4_000, 60_000], ids=["a part", "the whole"])
def test_a_file_may_not_grow(bench: Bench, limit: int) -> None:
    """The real thing, by the operating system: no part, or every part but not the film, fits."""
    pytest.importorskip("resource", reason="this system limits no file sizes")
    film = bench.project(a(duration=4))
    before = bench.state()
    home = {"KADR_HOME": str(bench.folder / "home")}
    command = [
        sys.executable,
        "-c",
        LIMITED,
        str(limit),
        "render",
        str(film),
        "-o",
        str(bench.folder / "out.mp4"),
    ]
    done = subprocess.run(command, env=os.environ | home, capture_output=True, text=True, timeout=60)
    assert done.returncode == 7, done.stderr
    assert "error: " in done.stderr
    assert "File too large" in done.stderr
    assert "Traceback" not in done.stderr
    jobs = bench.folder / "home" / "cache" / "jobs"
    assert list(jobs.iterdir()) == []
    shutil.rmtree(bench.folder / "home")
    assert bench.state() == before


@pytest.mark.parametrize("what", ["changed", "gone"])
def test_a_source_changes_during_the_render(bench: Bench, what: str) -> None:
    film = bench.project(a(duration=4))
    source, done = bench.folder / "a.mp4", []

    def meddle(_event: object) -> None:
        if done:
            return
        done.append(True)
        if what == "changed":
            with source.open("ab") as file:
                file.write(b"more")
        else:
            source.unlink()

    token = bench.kernel.events.subscribe(RenderProgressed, meddle)
    try:
        code, said = bench.kadr("render", film, "-o", bench.folder / "out.mp4")
    except PermissionError:
        pytest.skip("this system keeps files that are being read")
    finally:
        token.cancel()
    assert done
    assert code == 3, said
    assert "a.mp4" in said
    assert ("changed during the render" if what == "changed" else "does not exist") in said
    assert "Traceback" not in said
    assert bench.scratch() == []
    assert not [p for p in bench.folder.iterdir() if "out" in p.name]


MAKE: dict[str, tuple[list[str], int, list[str]]] = {
    "missing": (
        ["gone.mp4", "also.mp4"],
        3,
        ["gone.mp4: the media file does not exist", "also.mp4: the media"],
    ),
    "not media": (["film.tlp"], 3, ["film.tlp", "not readable as media"]),
    "transition": (
        ["a.mp4", "b.mp4", "--transition", "disolve"],
        2,
        ["--transition: unknown transition", "'dissolve'"],
    ),
    "too short": (
        ["a.mp4", "b.mp4", "--transition", "dissolve", "--transition-seconds", "3"],
        2,
        ["b.mp4: 2.00 s are too short for a transition of 3.00 s", "--transition-seconds 1.96 fits"],
    ),
    "nan": (["a.mp4", "--photo-seconds", "nan"], 2, ["--photo-seconds", "'nan'"]),
    "size": (["a.mp4", "--size", "10"], 2, ["--size", "write 1920x1080"]),
    "odd size": (["a.mp4", "--size", "161x91"], 2, ["161x91", "162x92"]),
    "rate": (["a.mp4", "--fps", "0"], 2, ["--fps", "frame rate"]),
    "range": (["a.mp4", "--range", "3", "2"], 2, ["export.range", "ends before it starts"]),
    "early range": (["a.mp4", "--range", "-1", "2"], 2, ["export.range", "before the timeline"]),
    "timecode": (["a.mp4", "--range", "0", "00:00:01:25"], 2, ["--range", "frame 25 of a timecode at 25"]),
    "quality": (["a.mp4", "--crf", "99"], 2, ["export.video.crf", "63"]),
    "both": (["a.mp4", "--crf", "20", "--bitrate", "5M"], 2, ["--crf or --bitrate"]),
    "codec": (["a.mp4", "--codec", "h265"], 2, ["export.video.codec", "'h265'", "hevc"]),
    "pixel format": (["a.mp4", "--pixel-format", "yuv420"], 2, ["pixel_format", "did you mean 'yuv420p'"]),
    "option": (["a.mp4", "--trans", "x"], 2, ["--trans: no such option", "did you mean --transition"]),
    "preset": (
        ["a.mp4", "--preset", "utube-4k"],
        2,
        ["unknown preset 'utube-4k'", "did you mean 'youtube-4k'"],
    ),
    "save over an input": (["a.mp4", "--save-project", "a.mp4", "-y"], 2, ["a.mp4: ", "choose another name"]),
}


@pytest.mark.parametrize("name", MAKE)
def test_make_is_told_what_is_wrong(bench: Bench, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments, expected, words = MAKE[name]
    monkeypatch.chdir(bench.folder)
    bench.project(a())
    before = bench.state()
    code, said = bench.kadr("make", *arguments, "-o", "out.mp4")
    check(bench, before, said, words)
    assert code == expected


def test_every_error_is_one_json_line_on_request(bench: Bench) -> None:
    film = bench.project(a(duration=99), b(start_time=-1))
    for arguments in (
        ["render", film, "-o", bench.folder / "out.mp4", "--json"],
        ["render", film, "--json"],
        ["rendr", "--json"],
        ["frame", film, "--at", "x", "-o", "x.png", "--json"],
    ):
        host = bench.kernel.catalogue.load("host", "cli")
        assert host.run(bench.kernel, [str(argument) for argument in arguments]) == 2
        said = bench.capsys.readouterr()
        last = json.loads(said.out.splitlines()[-1])
        assert last["event"] == "Error"
        assert all(problem["message"] for problem in last["problems"])
        assert said.err == ""
