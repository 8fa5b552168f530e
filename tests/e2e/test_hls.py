"""A ladder for HLS: renditions whose pieces begin at the same frames, and what a player opens."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from kadr_sdk.errors import InvalidPathError, ValidationError
from kadr_sdk.project import dump_project, parse_project
from kadr_sdk.rendering import Renderer, RenderRequest
from kadr_sdk.testing.synthetic import read_barcode

FRAMES, RATE = 75, 10
FAST = {"preset": "ultrafast"}


@pytest.fixture
def film(cut: Any, movie: Any) -> Any:
    samples = np.random.default_rng(3).normal(0, 0.05, (2, 48000 * FRAMES // RATE)).astype(np.float32)
    path = movie("ladder.mkv", FRAMES, rate=str(RATE), sound=samples, codec="ffv1")
    clip = {"id": "a", "source_file": str(path)}
    return cut(clip, fps=RATE, timeline={"resolution": [960, 540]})


def pictures(path: Path) -> tuple[list[int | None], list[Fraction]]:
    """Barcodes of all frames, and the times of key frames since the first frame."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = list(container.decode(stream))
        first = frames[0].pts
        keys = [(f.pts - first) * stream.time_base for f in frames if f.key_frame]
        lumas = [f.to_ndarray()[: f.height] for f in frames]
    step = lumas[0].shape[0] // 180
    return [read_barcode(luma[::step, ::step]) for luma in lumas], keys


def test_a_ladder(film: Any, renderer: Renderer, tmp_path: Path) -> None:
    folder = tmp_path / "stream"
    report = renderer.render(film, tmp_path, RenderRequest(output=folder, container="hls", video=FAST))
    assert Path(report.output) == folder
    assert sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()) == [
        "360p/index.m3u8",
        "360p/index.m4s",
        "540p/index.m3u8",
        "540p/index.m4s",
        "master.m3u8",
    ]
    lines = (folder / "master.m3u8").read_text("utf-8").splitlines()
    assert lines[:3] == ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
    assert lines[4::2] == ["540p/index.m3u8", "360p/index.m3u8"]
    assert "RESOLUTION=960x540,FRAME-RATE=10.000" in lines[3]
    assert "RESOLUTION=640x360,FRAME-RATE=10.000" in lines[5]
    for line, name in zip(lines[3::2], ("540p", "360p"), strict=True):
        assert re.search(r'CODECS="avc1\.[0-9a-f]{6},mp4a\.40\.2"', line)
        peak, mean = (int(n) for n in re.findall(r"BANDWIDTH=(\d+)", line))
        size = (folder / name / "index.m4s").stat().st_size
        assert mean == pytest.approx(size * 8 / (FRAMES / RATE), rel=0.02)
        assert peak >= mean
        numbers, keys = pictures(folder / name / "index.m3u8")
        assert numbers == list(range(FRAMES))
        assert keys == [Fraction(second) for second in range(0, 8, 2)]
        playlist = (folder / name / "index.m3u8").read_text("utf-8")
        assert re.findall(r"#EXTINF:([\d.]+)", playlist) == ["6.000000", "1.500000"]
        assert playlist.endswith("#EXT-X-ENDLIST\n")


def test_each_rung_is_verified_against_the_project(film: Any, renderer: Renderer, tmp_path: Path) -> None:
    request = RenderRequest(output=tmp_path / "stream", container="hls", video=FAST)
    renderer.render(film, tmp_path, request)
    report = renderer.verify(tmp_path / "stream", "full", film, tmp_path, request)
    assert (report.problems, report.remarks) == ((), ())
    assert [row["known_pictures"] for row in report.facts.values()] == [FRAMES, FRAMES]
    (tmp_path / "stream" / "360p" / "index.m4s").write_bytes(b"")
    report = renderer.verify(tmp_path / "stream", "fast", film, tmp_path, request)
    assert [("360p" in p.path, p.as_dict()["kind"]) for p in report.problems] == [(True, "damaged")]
    with pytest.raises(InvalidPathError, match="no folder of renditions"):
        renderer.verify(tmp_path / "gone", "fast", film, tmp_path, request)


def test_a_small_film_has_one_rung(film: Any, renderer: Renderer, tmp_path: Path) -> None:
    folder = tmp_path / "stream"
    part = (Fraction(0), Fraction(1))
    request = RenderRequest(output=folder, container="hls", resolution=(320, 180), range=part, video=FAST)
    renderer.render(film, tmp_path, request)
    assert sorted(p.name for p in folder.iterdir()) == ["360p", "master.m3u8"]
    assert "RESOLUTION=320x180" in (folder / "master.m3u8").read_text("utf-8")


def test_nothing_is_left_of_a_ladder_that_fails(
    film: Any, renderer: Renderer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kadr_exporters.exporters.hls import HlsExporter

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(HlsExporter, "tie", full)
    part = (Fraction(0), Fraction(1, 2))
    with pytest.raises(OSError, match="No space"):
        renderer.render(
            film, tmp_path, RenderRequest(output=tmp_path / "stream", container="hls", range=part, video=FAST)
        )
    assert list(tmp_path.iterdir()) == []


def test_what_is_refused(film: Any, renderer: Renderer, tmp_path: Path) -> None:
    (tmp_path / "stream").mkdir()
    (tmp_path / "stream" / "mine.txt").write_text("keep", "utf-8")
    with pytest.raises(InvalidPathError, match="not empty"):
        renderer.render(film, tmp_path, RenderRequest(output=tmp_path / "stream", container="hls"))
    assert [p.name for p in tmp_path.rglob("*")] == ["stream", "mine.txt"]


def test_a_ladder_of_ones_own_in_hevc(film: Any, renderer: Renderer, tmp_path: Path) -> None:
    rows = [
        {"name": "small", "max_resolution": [320, 180], "audio": {"bitrate": 64000}},
        {"name": "large", "max_resolution": [640, 640], "video": {"maxrate": 900_000}},
    ]
    export = {"container": "hls", "video": {"codec": "hevc", "preset": "ultrafast"}, "renditions": rows}
    own = parse_project({**json.loads(dump_project(film)), "export": export})
    folder, part = tmp_path / "stream", (Fraction(0), Fraction(7))
    renderer.render(own, tmp_path, RenderRequest(output=folder, range=part))
    lines = (folder / "master.m3u8").read_text("utf-8").splitlines()
    assert lines[4::2] == ["large/index.m3u8", "small/index.m3u8"]
    assert "RESOLUTION=640x360" in lines[3]
    assert "RESOLUTION=320x180" in lines[5]
    assert 'CODECS="hvc1.1.6.L63.90,mp4a.40.2"' in lines[3]
    for name in ("large", "small"):
        numbers, keys = pictures(folder / name / "index.m3u8")
        assert numbers == list(range(70))
        assert {Fraction(0), Fraction(6)} <= set(keys)


def test_a_ladder_beside_a_file(film: Any, renderer: Renderer, tmp_path: Path) -> None:
    part = (Fraction(0), Fraction(1))
    targets = [("stream.m3u8", (320, 180)), ("film.mp4", (320, 180))]
    requests = [
        RenderRequest(output=tmp_path / n, range=part, resolution=s, video={**FAST, "codec": "h264"})
        for n, s in targets
    ]
    reports = renderer.render_all(film, tmp_path, requests)
    assert [Path(r.output).name for r in reports] == ["stream.m3u8", "film.mp4"]
    assert (tmp_path / "stream.m3u8" / "master.m3u8").is_file()
    assert (tmp_path / "film.mp4").is_file()


def test_renditions_need_a_ladder(film: Any, renderer: Renderer, tmp_path: Path) -> None:
    rows = [{"name": "small", "max_resolution": [320, 180]}]
    own = parse_project({**json.loads(dump_project(film)), "export": {"renditions": rows}})
    with pytest.raises(ValidationError) as caught:
        renderer.render(own, tmp_path, RenderRequest(output=tmp_path / "film.mp4"))
    assert [p.path for p in caught.value.problems] == ["export.renditions"]
    assert caught.value.problems[0].message == "mp4 is one file, and renditions are a folder of several"


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_pieces_without_sound_begin_as_late_as_decoding_runs_ahead(
    cut: Any, renderer: Renderer, tmp_path: Path, codec: str
) -> None:
    clip = {"id": "a", "generator": {"type": "color", "parameters": {"color": "#808080"}}, "duration": 0.32}
    folder = tmp_path / "stream"
    video = {"codec": codec, "b_frames": 3}
    request = RenderRequest(output=folder, container="hls", video=video, cache=False, verify="full")
    assert renderer.render(cut(clip), tmp_path, request).frames == 8
    with av.open(str(folder / "360p" / "index.m4s")) as container:
        assert len(list(container.decode(video=0))) == 8
