"""Proxies stand in for their sources in previews, picture for picture, and never in exports."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from kadr_kernel.kernel import Kernel
from kadr_sdk.plan import Conform, Decode, RenderPlan, walk
from kadr_sdk.project import parse_project
from kadr_sdk.rendering import Renderer, RenderRequest
from kadr_sdk.testing.synthetic import barcode_frame, read_barcode
from PIL import Image


@pytest.fixture(scope="session")
def uneven(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """640x360, variable rate, turned by 180 degrees; frame ``n`` carries the barcode ``n``."""
    path = tmp_path_factory.mktemp("uneven") / "uneven.mkv"
    ticks = np.concatenate([[0], np.cumsum(np.random.default_rng(5).integers(20, 90, 59))])
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"crf": "14", "bf": "2", "g": "20"})
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for number, tick in enumerate(ticks):
            planes = barcode_frame(number, 640, 360).planes
            frame = av.VideoFrame.from_ndarray(
                np.concatenate([p.reshape(-1, 640) for p in planes]), "yuv420p"
            )
            frame.pts, frame.time_base = int(tick), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def project(path: Path, **clip: Any) -> Any:
    clips = [{"id": "a", "source_file": str(path), "duration": 2, "source_start": 0.2} | clip]
    timeline = {"fps": 25, "resolution": [640, 360], "tracks": [{"id": "v", "clips": clips}]}
    return parse_project({"timeline": timeline})


def sources(plan: RenderPlan) -> set[tuple[int, int]]:
    """Sizes of what is decoded."""
    roots = [span.root for segment in plan.segments for span in segment.spans]
    return {(n.width, n.height) for root in roots for n in walk(root) if isinstance(n, Decode)}


def codes(path: Path) -> list[int | None]:
    with av.open(str(path)) as container:
        return [read_barcode(f.to_ndarray()[: f.height]) for f in container.decode(video=0)]


def make(kernel: Kernel, *argv: object) -> None:
    assert kernel.catalogue.load("command", "media")(kernel, [str(a) for a in argv]) == 0


PREVIEW = {"preset": "preview", "resolution": (320, 180)}


@pytest.mark.parametrize("clip", [{}, {"speed": 1.5, "duration": 1}, {"crop": {"left": 0.25, "top": 0.5}}])
def test_the_same_pictures(own: Kernel, uneven: Path, tmp_path: Path, clip: dict[str, Any]) -> None:
    renderer = own.container.get(Renderer)
    document = project(uneven, **clip)
    request = RenderRequest(output=tmp_path / "a.mp4", cache=False, **PREVIEW)
    before = renderer.plan(document, tmp_path, request)
    assert sources(before) == {(640, 360)}
    renderer.render(document, tmp_path, request)
    make(own, "proxy", uneven, "--scale", "half")
    after = renderer.plan(document, tmp_path, request)
    if "crop" in clip:  # what is left of it is drawn larger than half
        assert sources(after) == {(640, 360)}
        return
    assert sources(after) == {(320, 180)}
    assert after.hash != before.hash
    renderer.render(document, tmp_path, RenderRequest(output=tmp_path / "b.mp4", cache=False, **PREVIEW))
    expected = codes(tmp_path / "a.mp4")
    assert codes(tmp_path / "b.mp4") == expected
    assert len(set(expected)) > 15


def test_never_in_an_export(own: Kernel, uneven: Path, tmp_path: Path) -> None:
    make(own, "proxy", uneven, "--scale", "half")
    renderer = own.container.get(Renderer)
    small = RenderRequest(output=tmp_path / "a.mp4", resolution=(320, 180))
    assert sources(renderer.plan(project(uneven), tmp_path, small)) == {(640, 360)}


def test_the_smallest_that_is_large_enough(own: Kernel, uneven: Path, tmp_path: Path) -> None:
    renderer = own.container.get(Renderer)
    make(own, "proxy", uneven, "--scale", "half")
    make(own, "proxy", uneven, "--scale", "quarter")
    for size, expected in (((160, 90), (160, 90)), ((320, 180), (320, 180)), ((640, 360), (640, 360))):
        request = RenderRequest(output=tmp_path / "a.mp4", resolution=size, purpose="preview")
        assert sources(renderer.plan(project(uneven), tmp_path, request)) == {expected}


def test_crops_are_cut_from_the_proxy_alike(own: Kernel, uneven: Path, tmp_path: Path) -> None:
    make(own, "proxy", uneven, "--scale", "half")
    renderer = own.container.get(Renderer)
    document = project(uneven, crop={"left": 0.25, "right": 0.25, "top": 0.25, "bottom": 0.25})
    request = RenderRequest(output=tmp_path / "a.mp4", resolution=(160, 90), purpose="preview")
    plan = renderer.plan(document, tmp_path, request)
    (node,) = {n for n in walk(plan.segments[0].spans[0].root) if isinstance(n, Conform)}
    assert (sources(plan), node.crop) == ({(320, 180)}, (80, 45, 80, 45))


def test_switched_off(own: Kernel, uneven: Path, tmp_path: Path) -> None:
    make(own, "proxy", uneven, "--scale", "half")
    own.config.set("media.proxies", "off")
    plan = own.container.get(Renderer).plan(
        project(uneven), tmp_path, RenderRequest(output=tmp_path / "a.mp4", **PREVIEW)
    )
    assert sources(plan) == {(640, 360)}


def test_a_changed_source_has_no_proxy(own: Kernel, uneven: Path, barcodes: Path, tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    path.write_bytes(uneven.read_bytes())
    make(own, "proxy", path, "--scale", "half")
    path.write_bytes(barcodes.read_bytes())
    plan = own.container.get(Renderer).plan(
        project(path),
        tmp_path,
        RenderRequest(output=tmp_path / "a.mp4", resolution=(160, 90), purpose="preview"),
    )
    assert sources(plan) == {(320, 180)}


def test_what_gets_no_proxy(run: Callable[..., str], tmp_path: Path, write_film: Callable[..., Path]) -> None:
    from kadr_sdk.errors import MediaFileError

    Image.new("RGB", (64, 64)).save(tmp_path / "a.png")
    with pytest.raises(MediaFileError, match="a still picture, not a film"):
        run("proxy", tmp_path / "a.png")
    tiny = write_film("tiny.mkv", [barcode_frame(0, 44, 20)] * 3)
    with pytest.raises(MediaFileError, match="too small for a proxy"):
        run("proxy", tiny, "--scale", "quarter")
