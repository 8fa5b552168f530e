"""Films with one defect each, seeded: every one is found, and the film without one has none."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from kadr_kernel.boot import boot, main
from kadr_sdk.project import Project, parse_project
from kadr_sdk.rendering import Renderer, RenderRequest
from kadr_sdk.reports import CheckReport

RATE, FRAMES, SEAM = 25, 150, 75
LOUDNESS = {"integrated": -20, "true_peak": -3}


@dataclass(frozen=True)
class Film:
    """A film as it was rendered, with what it was made of."""

    renderer: Renderer
    project: Project
    path: Path

    def verify(self, path: Path, level: str = "full") -> CheckReport:
        request = RenderRequest(path, container="mp4")
        return self.renderer.verify(path, level, self.project, self.path.parent, request)


def bursts(seconds: int) -> Any:
    """Bursts of a tone at uneven times: every place sounds different."""
    rate = 48000
    at = np.arange(seconds * rate) / rate
    loud = np.interp(
        at, np.arange(0, seconds + 0.2, 0.2), np.random.default_rng(3).random(seconds * 5 + 1) ** 2
    )
    wave = (0.5 * loud * np.sin(2 * np.pi * 440 * at)).astype(np.float32)
    return np.stack([wave, wave])


@pytest.fixture(scope="module")
def film(movie: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Film]:
    folder = tmp_path_factory.mktemp("verify")
    source = movie("seeded.mkv", 200, sound=bursts(8), size=(192, 108))
    clips = [
        {"id": f"c{n}", "source_file": str(source), "start_time": 3 * n, "source_start": 4 * n, "duration": 3}
        for n in range(2)
    ]
    timeline = {"fps": RATE, "resolution": [192, 108], "tracks": [{"id": "v", "clips": clips}]}
    export = {
        "video": {"codec": "h264", "crf": 26, "preset": "ultrafast"},
        "audio": {"codec": "aac", "bitrate": 128000, "loudness": LOUDNESS},
    }
    project = parse_project({"timeline": timeline, "export": export})
    with boot(environ={"KADR_HOME": str(folder / "home")}) as kernel:
        renderer = kernel.container.get(Renderer)
        path = folder / "film.mp4"
        report = renderer.render(project, folder, RenderRequest(path))
        assert (report.segments, report.frames) == (2, FRAMES)
        yield Film(renderer, project, path)


# -- how defects are made ------------------------------------------------------------------------


Pictures = Callable[[list[Any]], list[Any]]
Sound = Callable[[Any], Any]


def remade(
    film: Path,
    target: Path,
    pictures: Pictures = lambda found: found,
    sound: Sound = lambda found: found,
    *,
    keys: tuple[int, ...] = (0, SEAM),
    matrix: int = 1,
    size: tuple[int, int] = (192, 108),
    rate: int = RATE,
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    pixel: Fraction = Fraction(1),
    layout: str = "stereo",
) -> Path:
    """The film decoded, changed and encoded again, with key frames where its parts begin."""
    with av.open(str(film)) as source:
        frames = pictures([f.to_ndarray() for f in source.decode(video=0)])
    with av.open(str(film)) as source:
        samples = sound(np.concatenate([f.to_ndarray() for f in source.decode(audio=0)], axis=1))
    with av.open(str(target), "w") as out:
        video: Any = out.add_stream(
            codec, rate=rate, options={"preset": "ultrafast", "crf": "20"} | (options or {})
        )
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        context = video.codec_context
        context.gop_size, context.colorspace, context.color_range = 1000, matrix, 1
        context.color_primaries = context.color_trc = 1
        context.sample_aspect_ratio = pixel
        audio: Any = out.add_stream("aac", rate=48000, layout=layout, options={"b": "128k"})
        for number, array in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(array, "yuv420p").reformat(*size)
            frame.pts, frame.time_base = number, Fraction(1, rate)
            frame.pict_type = av.video.frame.PictureType.I if number in keys else 0
            out.mux(video.encode(frame))
        out.mux(video.encode())
        for first in range(0, samples.shape[1], 1024):
            block = np.ascontiguousarray(samples[: audio.channels, first : first + 1024])
            heard = av.AudioFrame.from_ndarray(block, "fltp", layout)
            heard.sample_rate, heard.pts, heard.time_base = 48000, first, Fraction(1, 48000)
            out.mux(audio.encode(heard))
        out.mux(audio.encode())
    return target


def remuxed(film: Path, target: Path, change: Callable[[str, int, Any], bool]) -> Path:
    """The film's own packets, changed or left out on the way."""
    counts = {"video": 0, "audio": 0}
    with av.open(str(film)) as source, av.open(str(target), "w") as out:
        streams = {s.index: out.add_stream_from_template(s) for s in source.streams}
        for packet in source.demux():
            if packet.size:
                kind = packet.stream.type
                if change(kind, counts[kind], packet):
                    packet.stream = streams[packet.stream.index]
                    out.mux_one(packet)
                counts[kind] += 1
    return target


def patched(film: Path, target: Path, change: Callable[[bytearray], object]) -> Path:
    """The bytes of the file, changed."""
    data = bytearray(film.read_bytes())
    change(data)
    target.write_bytes(data)
    return target


def black(first: int, end: int) -> Pictures:
    def change(frames: list[Any]) -> list[Any]:
        dark = np.full_like(frames[0], 128)
        dark[:108] = 16
        return [dark if first <= n < end else frame for n, frame in enumerate(frames)]

    return change


def green(frames: list[Any]) -> list[Any]:
    """Both planes of colour are lost on the way, as where an encoder's memory was not filled."""
    return [np.concatenate([frame[:108], np.zeros_like(frame[108:])]) for frame in frames]


def order(numbers: list[int]) -> Pictures:
    return lambda frames: [frames[n] for n in numbers]


def moved(seconds: float) -> Sound:
    def change(samples: Any) -> Any:
        count = round(abs(seconds) * 48000)
        silence = np.zeros((2, count), np.float32)
        pieces = [silence, samples[:, :-count]] if seconds > 0 else [samples[:, count:], silence]
        return np.concatenate(pieces, axis=1)

    return change


def muted(first: float, end: float) -> Sound:
    def change(samples: Any) -> Any:
        found = samples.copy()
        found[:, round(first * 48000) : round(end * 48000)] = 0
        return found

    return change


def without_left(samples: Any) -> Any:
    """One channel is silent, the other twice as loud: together they are as loud as before."""
    return np.stack([np.zeros_like(samples[0]), samples[1] * np.float32(np.sqrt(2))])


def turned(data: bytearray) -> None:
    """Players turn the picture to the left."""
    at = data.index(b"tkhd")
    struct.pack_into(">9i", data, at + 44, 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)


def one_step(data: bytearray) -> None:
    """Every frame of the first stream is decoded at one time."""
    at = data.index(b"stts")
    struct.pack_into(">I", data, at + 16, 0)


def unmarked(data: bytearray) -> None:
    """The table of key frames is gone, so every packet seems to be one."""
    at = data.index(b"stss")
    data[at : at + 4] = b"free"


def rubbish(data: bytearray) -> None:
    """Zeros in the middle of the media."""
    at = data.index(b"mdat")
    length = struct.unpack(">I", data[at - 4 : at])[0]
    middle = at + length // 2
    data[middle : middle + 4000] = bytes(4000)


def later(kind: str, seconds: float) -> Callable[[str, int, Any], bool]:
    def change(found: str, _: int, packet: Any) -> bool:
        if found == kind:
            ticks = round(Fraction(seconds) / packet.time_base)
            packet.pts += ticks
            packet.dts += ticks
        return True

    return change


def twice(kind: str, number: int, packet: Any) -> bool:
    """A packet as if it were shown where the one before is."""
    if kind == "video" and number == 40:
        packet.pts -= round(packet.duration * Fraction(9, 10))
        packet.dts = min(packet.dts, packet.pts)
    return True


ALL = list(range(FRAMES))

SEEDED: dict[str, tuple[Callable[[Path, Path], Path], str, set[str]]] = {
    # name: how it is made, the level that finds it, kinds of which each must be told
    "a dropped frame": (lambda f, t: remade(f, t, order(ALL[:60] + ALL[61:])), "fast", {"count"}),
    "a dropped frame leaves a gap": (
        lambda f, t: remuxed(f, t, lambda k, n, _: (k, n) != ("video", 70)),
        "fast",
        {"count", "gap"},
    ),
    "a frame dropped, another shown twice": (
        lambda f, t: remade(f, t, order([*ALL[:40], *ALL[41:101], 100, *ALL[101:]])),
        "full",
        {"early"},
    ),
    "a repeated frame": (lambda f, t: remade(f, t, order([*ALL[:50], 49, *ALL[51:]])), "full", {"repeated"}),
    "frames in the wrong order": (
        lambda f, t: remade(f, t, order([*ALL[:50], 51, 50, *ALL[52:]])),
        "full",
        {"early", "late"},
    ),
    "a black stretch": (lambda f, t: remade(f, t, black(80, 110)), "full", {"black"}),
    "one black frame": (lambda f, t: remade(f, t, black(33, 34)), "full", {"black"}),
    "a frozen stretch": (
        lambda f, t: remade(f, t, order([*ALL[:20], *[20] * 60, *ALL[80:]])),
        "full",
        {"frozen"},
    ),
    "other colours": (lambda f, t: remade(f, t, green), "full", {"other"}),
    "another film": (lambda f, t: remade(f, t, lambda fs: [255 - x for x in fs]), "full", {"other"}),
    "a seam without a key frame": (lambda f, t: remade(f, t, keys=(0,)), "fast", {"seam"}),
    "a seam with its key frame lost": (
        lambda f, t: remuxed(f, t, lambda k, n, _: (k, n) != ("video", SEAM)),
        "full",
        {"count", "seam", "other"},
    ),
    "too short": (lambda f, t: remade(f, t, order(ALL[:-20])), "fast", {"count"}),
    "too long": (lambda f, t: remade(f, t, order([*ALL, *[149] * 20])), "fast", {"count"}),
    "too fast": (lambda f, t: remade(f, t, rate=30), "fast", {"rate"}),
    "a later picture": (lambda f, t: remuxed(f, t, later("video", 0.2)), "fast", {"late"}),
    "a later sound": (lambda f, t: remuxed(f, t, later("audio", 0.2)), "fast", {"sync"}),
    "sound shifted to later": (lambda f, t: remade(f, t, sound=moved(0.12)), "full", {"sync"}),
    "sound shifted to earlier": (lambda f, t: remade(f, t, sound=moved(-0.12)), "full", {"sync"}),
    "sound cut short": (lambda f, t: remade(f, t, sound=lambda s: s[:, :-9600]), "fast", {"length"}),
    "a hole in the sound": (lambda f, t: remade(f, t, sound=muted(1, 3)), "full", {"sound"}),
    "a short hole in the sound": (lambda f, t: remade(f, t, sound=muted(2, 2.3)), "full", {"sound"}),
    "sound 40 ms late": (lambda f, t: remade(f, t, sound=moved(0.04)), "full", {"sync"}),
    "sound 40 ms early": (lambda f, t: remade(f, t, sound=moved(-0.04)), "full", {"sync"}),
    "sound that begins later": (lambda f, t: remuxed(f, t, later("audio", 0.06)), "fast", {"sync"}),
    "a silent channel": (lambda f, t: remade(f, t, sound=without_left), "full", {"sound"}),
    "one channel for two": (lambda f, t: remade(f, t, layout="mono"), "fast", {"format"}),
    "no sound": (lambda f, t: remuxed(f, t, lambda k, *_: k == "video"), "fast", {"stream"}),
    "no picture": (lambda f, t: remuxed(f, t, lambda k, *_: k == "audio"), "fast", {"stream"}),
    "too loud": (lambda f, t: remade(f, t, sound=lambda s: s * 4), "full", {"loudness"}),
    "too quiet": (lambda f, t: remade(f, t, sound=lambda s: s / 2), "full", {"loudness"}),
    "another matrix in its tags": (lambda f, t: remade(f, t, matrix=5), "fast", {"color"}),
    "another codec": (lambda f, t: remade(f, t, codec="mpeg4"), "fast", {"format"}),
    "oblong pixels": (lambda f, t: remade(f, t, pixel=Fraction(4, 3)), "fast", {"format"}),
    "marked as interlaced": (
        lambda f, t: remade(f, t, options={"x264-params": "tff=1"}),
        "fast",
        {"format"},
    ),
    "turned": (lambda f, t: patched(f, t, turned), "fast", {"format"}),
    "another size": (lambda f, t: remade(f, t, size=(176, 100)), "fast", {"format"}),
    "two frames at a time": (lambda f, t: remuxed(f, t.with_suffix(".mkv"), twice), "fast", {"overlap"}),
    "decode times that stand": (lambda f, t: patched(f, t, one_step), "fast", {"order"}),
    "no marks of key frames": (lambda f, t: patched(f, t, unmarked), "full", {"seek"}),
    "rubbish in the middle": (lambda f, t: patched(f, t, rubbish), "full", {"decode"}),
    "cut off": (
        lambda f, t: patched(f, t, lambda d: d.__delitem__(slice(len(d) * 2 // 3, None))),
        "fast",
        {"count"},
    ),
    "cut off at the front": (
        lambda f, t: patched(f, t, lambda d: d.__delitem__(slice(0, 2000))),
        "fast",
        {"damaged"},
    ),
    "nothing in it": (lambda f, t: patched(f, t, lambda d: d.clear()), "fast", {"damaged"}),
}


def kinds(report: CheckReport) -> set[str]:
    return {row["kind"] for row in (p.as_dict() for p in report.problems)}


@pytest.mark.parametrize("name", SEEDED)
def test_a_seeded_defect_is_found(film: Film, tmp_path: Path, name: str) -> None:
    make, level, wanted = SEEDED[name]
    broken = make(film.path, tmp_path / "broken.mp4")
    report = film.verify(broken, level)
    assert wanted <= kinds(report), report.problems
    assert all(str(broken) in str(problem) for problem in report.problems)


@pytest.mark.parametrize("level", ["fast", "full"])
def test_the_film_itself_has_none(film: Film, level: str) -> None:
    report = film.verify(film.path, level)
    assert report.problems == ()
    assert report.facts["known_pictures"] == FRAMES
    assert film.renderer.verify(film.path, level).problems == ()


def test_encoded_again_without_a_change_it_has_none(film: Film, tmp_path: Path) -> None:
    """Other bytes, the same film: what is compared is what is seen and heard."""
    assert film.verify(remade(film.path, tmp_path / "again.mp4")).problems == ()


def test_without_a_cache_the_timeline_explains_what_is_black(film: Film, movie: Any, tmp_path: Path) -> None:
    """A gap is black as well; what is black beside it is not meant."""
    source = str(movie("seeded.mkv", 200))
    clip = {"source_file": source, "duration": 2}
    clips = [clip | {"id": "a"}, clip | {"id": "b", "start_time": 3, "source_start": 3}]
    timeline = {"fps": RATE, "resolution": [192, 108], "tracks": [{"id": "v", "clips": clips}]}
    project = parse_project({"timeline": timeline, "export": {"video": {"codec": "h264", "crf": 26}}})
    request = RenderRequest(tmp_path / "gap.mp4", cache=False)
    report = film.renderer.render(project, tmp_path, request)
    assert report.check is not None
    assert report.check.stretches == ()  # explained by the plan
    good = film.renderer.verify(request.output, "full", project, tmp_path, request)
    assert good.problems == ()
    assert ["encoded of 125 of 125 frames" in r.message for r in good.remarks] == [True]
    assert [s.as_dict() for s in good.stretches] == [{"kind": "black", "first": 50, "end": 75}]
    broken = remade(request.output, tmp_path / "broken.mp4", black(10, 40), keys=(0, 50, 75))
    found = film.renderer.verify(broken, "full", project, tmp_path, request)
    assert [(p.as_dict()["kind"], p.as_dict()["at"]) for p in found.problems] == [("black", 0.4)]
    assert "that of the timeline is not" in found.problems[0].message
    stands = remade(
        request.output, tmp_path / "frozen.mp4", order([*[0] * 50, *ALL[50:125]]), keys=(0, 50, 75)
    )
    found = film.renderer.verify(stands, "full", project, tmp_path, request)
    assert [(p.as_dict()["kind"], p.as_dict()["at"]) for p in found.problems] == [("frozen", 0.0)]


@pytest.mark.parametrize(
    "video",
    [
        {"codec": "h264", "crf": 51, "preset": "ultrafast"},
        {"codec": "h264", "bitrate": 20000, "preset": "ultrafast"},
        {"codec": "vp9", "crf": 63},
    ],
    ids=["crf", "bitrate", "vp9"],
)
def test_a_fade_that_a_coarse_encoder_holds_back_is_no_defect(
    film: Film, tmp_path: Path, video: dict[str, Any]
) -> None:
    opacity = {"keyframes": [{"time": 0, "value": 0}, {"time": 2, "value": 1}]}
    light = {"type": "color", "parameters": {"color": "#f0e0d0"}}
    clip = {"id": "a", "generator": light, "duration": 2, "opacity": opacity}
    timeline = {"fps": RATE, "resolution": [192, 108], "tracks": [{"id": "v", "clips": [clip]}]}
    project = parse_project({"timeline": timeline})
    request = RenderRequest(tmp_path / "fade.mp4", video=video)
    film.renderer.render(project, tmp_path, request)
    assert film.renderer.verify(request.output, "full", project, tmp_path, request).problems == ()


def test_a_source_that_is_black_is_noted_and_no_defect(film: Film, movie: Any, tmp_path: Path) -> None:
    dark = remade(film.path, tmp_path / "dark.mp4", black(25, 75))
    clip = {"id": "a", "source_file": str(dark), "duration": 4}
    timeline = {"fps": RATE, "resolution": [192, 108], "tracks": [{"id": "v", "clips": [clip]}]}
    project = parse_project({"timeline": timeline})
    request = RenderRequest(tmp_path / "noted.mp4")
    report = film.renderer.render(project, tmp_path, request)
    assert report.check is not None
    assert [s.as_dict() for s in report.check.stretches] == [{"kind": "black", "first": 25, "end": 75}]
    assert film.renderer.verify(request.output, "full", project, tmp_path, request).problems == ()


@pytest.fixture
def command(
    film: Film, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., tuple[int, str, str]]]:
    monkeypatch.setenv("KADR_HOME", str(film.path.with_name("home")))
    document = film.path.with_name("film.tlp")
    document.write_text(json.dumps(film.project.model_dump(mode="json", exclude_none=True)), "utf-8")

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        code = main(["verify", *map(str, arguments)])
        said = capsys.readouterr()
        return code, said.out, said.err

    yield run
    document.unlink()


def test_the_command_tells_defects_with_their_places(film: Film, command: Any, tmp_path: Path) -> None:
    broken = remade(film.path, tmp_path / "broken.mp4", black(80, 110))
    project = film.path.with_name("film.tlp")
    code, said, _ = command(broken, "--project", project, "--full", "--json")
    row = json.loads(said)
    assert (code, row["good"], row["level"]) == (5, False, "full")
    assert [(p["kind"], p["at"], p["until"]) for p in row["problems"]] == [("black", 3.2, 4.4)]
    code, said, _ = command(broken, "--project", project, "--full")
    assert code == 5
    assert "from 3.200 to 4.400 s the picture is black" in said
    code, said, _ = command(broken, "--full")  # nobody says that it is not meant
    assert code == 0
    assert "frames 80 to 109 are black" in said
    code, said, _ = command(film.path, "--project", project, "--full")
    assert (code, "good (full" in said) == (0, True)


def test_the_page_stands_alone_and_shows_the_defect(film: Film, command: Any, tmp_path: Path) -> None:
    broken, page = remade(film.path, tmp_path / "<b>.mp4", black(80, 110)), tmp_path / "page.html"
    arguments = (broken, "--project", film.path.with_name("film.tlp"), "--full", "--report", page)
    assert command(*arguments)[0] == 5
    text = page.read_text("utf-8")
    assert text.count("data:image/png;base64,") == 5
    assert '<meta name="viewport" content="width=device-width' in text
    assert "level full: 1 defect, " in text.replace("\n", "")
    assert "frame 79, 3.160 s" in text
    assert "<b>.mp4" not in text
    assert not re.search(r"(src|href)=\"(?!data:)", text)
    assert "exists already" in command(*arguments)[2]
    assert command(*arguments, "--overwrite")[0] == 5
    code, _, said = command(broken, "--report", broken, "-y")
    assert (code, "is one of the inputs" in said) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["gone.mp4"], "does not exist"),
        (["film.mp4", "--size", "10x10"], "--size says how a --project was rendered"),
        (["film.mp4", "--smart-copy", "auto"], "--smart-copy says how a --project was rendered"),
        (["film.mp4", "--project", "gone.tlp"], "gone.tlp"),
        (["film.mp4", "--report", "no/page.html"], "the folder does not exist"),
    ],
)
def test_wrong_questions(
    film: Film, command: Any, monkeypatch: pytest.MonkeyPatch, arguments: list[str], says: str
) -> None:
    monkeypatch.chdir(film.path.parent)
    code, _, said = command(*arguments)
    assert code in (2, 3, 4)
    assert says in said


def test_a_film_of_another_request_is_told_how_to_ask(film: Film, command: Any) -> None:
    project = film.path.with_name("film.tlp")
    hint = "held against the project alone"
    assert hint not in command(film.path, "--project", project)[1]
    code, said, _ = command(film.path, "--project", project, "--range", "0", "3")
    assert (code, hint in said) == (5, False)
    document = json.loads(project.read_text("utf-8"))
    document["timeline"]["tracks"][0]["clips"].pop()
    project.write_text(json.dumps(document), "utf-8")
    code, said, _ = command(film.path, "--project", project)
    assert (code, hint in said) == (5, True)
