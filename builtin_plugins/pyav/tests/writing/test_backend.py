from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path
from typing import Any

import kadr_pyav
import pytest
from kadr_pyav.backend import PyAvBackend
from kadr_pyav.index import IndexCache
from kadr_pyav.pools import JobPools
from kadr_sdk.backend import Backend
from kadr_sdk.color import BT709
from kadr_sdk.manifest import read_manifest
from kadr_sdk.parts import PartReader, PartWriter
from kadr_sdk.plan import Segment, Solid, Span


def test_the_manifest_is_valid_and_its_entry_is_the_backend() -> None:
    manifest = read_manifest(Path(kadr_pyav.__file__).with_name("plugin.toml"))
    (item,) = manifest.contributions
    assert (manifest.id, item.kind, item.id, item.names) == ("kadr.pyav", "backend", "pyav", ("libav",))
    module, _, name = item.entry.partition(":")
    assert issubclass(getattr(sys.modules[module], name), PyAvBackend)
    assert set(manifest.permissions) == {"read:*", "write:*", "native"}


def test_it_is_a_backend() -> None:
    backend: Backend = PyAvBackend()
    wanted = [name for name in vars(Backend) if not name.startswith("_")]
    assert all(callable(getattr(backend, name)) for name in wanted)


def test_making_it_imports_no_codec_library() -> None:
    code = "import sys; from kadr_pyav.backend import PyAvBackend; PyAvBackend().close()"
    code += "; print(sorted({'av', 'PIL', 'numpy'} & sys.modules.keys()))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() in ("[]", "['numpy']")


def test_capabilities_say_what_can_be_written() -> None:
    backend = PyAvBackend()
    found = backend.capabilities()
    assert found is backend.capabilities()
    assert found.name == "pyav"
    assert found.encoders["h264"][0] == "libx264"
    assert {"h264", "hevc", "av1", "vp9", "prores", "aac"} <= found.decoders
    assert {"mp4", "mov", "matroska", "webm", "wav"} <= found.muxers
    assert {"scale", "overlay", "lut3d"} <= found.filters
    assert "normal" in found.blends
    versions = dict(found.versions)
    assert versions["x264"].isdecimal()
    assert {"av", "ffmpeg", "libavcodec", "libavfilter", "libswscale", "numpy", "pillow"} <= versions.keys()


def test_a_segment_of_solids_becomes_a_part(maker: Any, context: Any, tmp_path: Path, tools: Any) -> None:
    backend = PyAvBackend()
    output = maker.output("ffv1", "matroska", "yuv420p")
    colors = [(0.0, 0.0, 0.0, 1.0), (1.0, 1.0, 1.0, 1.0)]
    roots = [Solid(rgba, 160, 96, "yuv420p", BT709, 3) for rgba in colors]
    segment = Segment(0, 0, 6, (Span(0, 3, roots[0]), Span(3, 3, roots[1])))
    digest = backend.encode(segment, output, PartWriter(tmp_path / "part"), context)
    with PartReader(tmp_path / "part") as part:
        assert part.digest == digest
        assert part.facts["luma"] == [16, 16, 16, 235, 235, 235]
        backend.join([part], None, output, tmp_path / "film.mkv", context)
    assert len(list(tools["pictures"](tmp_path / "film.mkv"))) == 6
    assert [frame.planes[0][0, 0] for frame in backend.frames(roots[1], context)] == [235] * 3


def test_a_jobs_readers_go_with_its_context(context: Any) -> None:
    class Watched(type(context)):  # type: ignore[misc]  # a base made at run time
        pass

    job, pools = Watched(), JobPools(IndexCache())
    with pools.of(job) as first, pools.of(job) as second:
        assert first is second
    with pools.of(Watched()) as other:
        assert other is not first
    closed: list[bool] = []
    first.close = lambda: closed.append(True)  # type: ignore[method-assign]  # to see the call
    del job
    gc.collect()
    assert closed == [True]


def test_the_parts_of_a_job_share_its_pool(context: Any) -> None:
    class Part:
        def __init__(self, job: Any) -> None:
            self.job = job

    class Watched(type(context)):  # type: ignore[misc]  # a base made at run time
        pass

    job, pools = Watched(), JobPools(IndexCache())
    with pools.of(Part(job)) as first, pools.of(Part(job)) as second:  # type: ignore[arg-type]  # a part of one
        assert first is second


def test_a_context_that_cannot_be_watched_gets_a_pool_for_the_call() -> None:
    class Slotted:
        __slots__ = ()

    pools, context = JobPools(IndexCache()), Slotted()
    with pools.of(context) as first:  # type: ignore[arg-type]  # no context at all
        pass
    with pools.of(context) as second:  # type: ignore[arg-type]  # no context at all
        assert second is not first


def test_an_unknown_image_kind_is_refused(tools: Any) -> None:
    from kadr_pyav.planes import views

    frame = views(tools["barcode"](1, "yuv420p", 160, 96), BT709)
    assert PyAvBackend().image(frame).startswith(b"\x89PNG")
    with pytest.raises(Exception, match="tiff"):
        PyAvBackend().image(frame, "tiff")
