"""0 wrong frames: a barcode in every frame of every source, by the rule of the project format."""

from __future__ import annotations

from bisect import bisect_right
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from kadr_sdk.rendering import RenderRequest


def test_cuts_in_and_out_points(
    renderer: Any, movie: Any, cut: Any, read_numbers: Any, tmp_path: Path
) -> None:
    a, b = movie("a.mp4", 200), movie("b.mp4", 200, first=1000)
    project = cut(
        {"id": "a", "source_file": str(a), "start_time": 0, "duration": 3, "source_start": 1.2},
        {"id": "b", "source_file": str(b), "start_time": 3, "duration": 4, "source_start": 2},
        {"id": "c", "source_file": str(a), "start_time": 7.5, "duration": 1},
    )
    renderer.render(project, tmp_path, RenderRequest(tmp_path / "out.mp4"))
    gap: list[int | None] = [None] * 13
    assert read_numbers(tmp_path / "out.mp4") == (
        [30 + k for k in range(75)] + [1050 + k for k in range(100)] + gap + list(range(25))
    )


@pytest.mark.parametrize("rate", ["30000/1001", "24000/1001", "50"])
def test_other_rates_show_the_frame_on_screen(
    renderer: Any, movie: Any, cut: Any, read_numbers: Any, tmp_path: Path, rate: str
) -> None:
    source = movie(f"r{rate.replace('/', '-')}.mp4", 240, rate=rate)
    project = cut(
        {"id": "a", "source_file": str(source), "start_time": 0, "duration": 4, "source_start": 0.3}
    )
    renderer.render(project, tmp_path, RenderRequest(tmp_path / "out.mp4"))
    expected = [int((Fraction(3, 10) + Fraction(k, 25)) * Fraction(rate)) for k in range(100)]
    assert read_numbers(tmp_path / "out.mp4") == expected


def test_output_at_29_97(renderer: Any, movie: Any, cut: Any, read_numbers: Any, tmp_path: Path) -> None:
    source = movie("a.mp4", 200)
    project = cut(
        {"id": "a", "source_file": str(source), "start_time": 0, "duration": "00:00:05;00"}, fps="30000/1001"
    )
    renderer.render(project, tmp_path, RenderRequest(tmp_path / "out.mp4"))
    expected = [int(Fraction(k * 1001, 30000) * 25) for k in range(150)]
    assert read_numbers(tmp_path / "out.mp4") == expected


@pytest.mark.parametrize("fps", ["25", "30000/1001", "60"])
def test_variable_rate_by_true_timestamps(
    renderer: Any, variable: Any, cut: Any, read_numbers: Any, tmp_path: Path, fps: str
) -> None:
    source, times = variable
    start = Fraction(1, 2)
    seconds = 5
    project = cut(
        {"id": "v", "source_file": str(source), "start_time": 0, "duration": seconds, "source_start": 0.5},
        fps=fps,
    )
    renderer.render(project, tmp_path, RenderRequest(tmp_path / "out.mp4"))
    tolerance = Fraction(1, 180000)
    count = int(seconds * Fraction(fps) + Fraction(1, 2))
    expected = [bisect_right(times, start + k / Fraction(fps) + tolerance) - 1 for k in range(count)]
    assert read_numbers(tmp_path / "out.mp4") == expected


def test_reversed_and_faster(renderer: Any, movie: Any, cut: Any, read_numbers: Any, tmp_path: Path) -> None:
    source = str(movie("a.mp4", 200))
    project = cut(
        {
            "id": "r",
            "source_file": source,
            "start_time": 0,
            "duration": 4,
            "source_start": 1,
            "reversed": True,
        },
        {"id": "f", "source_file": source, "start_time": 4, "duration": 2, "speed": 2.5},
        {"id": "s", "source_file": source, "start_time": 6, "duration": 2, "speed": 0.5, "source_start": 4},
    )
    renderer.render(project, tmp_path, RenderRequest(tmp_path / "out.mp4"))
    expected = [25 + 99 - k for k in range(100)]
    expected += [int(Fraction(k) * Fraction(5, 2)) for k in range(50)] + [100 + k // 2 for k in range(50)]
    assert read_numbers(tmp_path / "out.mp4") == expected


def test_dissolve_begins_with_the_outgoing_and_ends_before_the_incoming(
    renderer: Any, movie: Any, cut: Any, read_luma: Any, tmp_path: Path
) -> None:
    a, b = movie("a.mp4", 200), movie("b.mp4", 200, first=1000)
    sides = [
        {"id": "a", "source_file": str(a), "start_time": 0, "duration": 3},
        {"id": "b", "source_file": str(b), "start_time": 2, "duration": 3},
    ]
    joined = cut(*sides, transitions=[{"transition_type": "dissolve", "between": ["a", "b"]}])
    outgoing = cut(sides[0])
    incoming = cut(sides[1] | {"start_time": 0})
    for name, project in (("x", joined), ("a", outgoing), ("b", incoming)):
        renderer.render(project, tmp_path, RenderRequest(tmp_path / f"{name}.mkv"))
    mixed, first, second = (read_luma(tmp_path / f"{n}.mkv") for n in "xab")
    assert len(mixed) == 125
    assert (mixed[50] == first[50]).all()  # the first frame of the dissolve
    assert (mixed[75] == second[25]).all()  # the frame after its last
    middle = (first[62].astype(int) * 13 + second[12].astype(int) * 12) / 25
    assert abs(mixed[62] - middle).max() <= 1


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_workers_give_the_same_bytes(
    renderer: Any, movie: Any, cut: Any, tmp_path: Path, suffix: str
) -> None:
    a, b = movie("a.mp4", 200), movie("b.mp4", 200, first=1000)
    clips = [
        {
            "id": "a",
            "source_file": str(a),
            "start_time": 0,
            "duration": 7,
            "effects": [{"effect_type": "blur", "parameters": {"radius": 3}}],
        },
        {
            "id": "b",
            "source_file": str(b),
            "start_time": 6,
            "duration": 7,
            "effects": [{"effect_type": "saturation", "parameters": {"value": 1.4}}],
        },
        {"id": "c", "source_file": str(a), "start_time": 13, "duration": 5},
    ]
    project = cut(*clips, transitions=[{"transition_type": "dissolve", "between": ["a", "b"]}])
    digests = set()
    for workers in (1, 2, 4):
        request = RenderRequest(tmp_path / f"{workers}{suffix}", workers=workers, cache=False)
        report = renderer.render(project, tmp_path, request)
        assert report.segments >= 3
        digests.add(report.digest)
    assert len(digests) == 1


def test_a_frame_is_the_rendered_frame(renderer: Any, movie: Any, cut: Any, tmp_path: Path) -> None:
    from kadr_sdk.testing.synthetic import read_barcode

    project = cut({"id": "a", "source_file": str(movie("a.mp4", 200)), "start_time": 0, "duration": 6})
    for second in (Fraction(0), Fraction(1, 3), Fraction(5)):
        picture = renderer.frame(project, tmp_path, second)
        assert read_barcode(picture.planes[0][..., 1]) == int(second * 25 + Fraction(1, 2))
