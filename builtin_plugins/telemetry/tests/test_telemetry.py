"""Traces and metrics of a kernel that works."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from kadr_kernel.boot import boot
from kadr_kernel.kernel import Kernel
from kadr_sdk.errors import DependencyMissingError, StorageError
from kadr_sdk.events import RenderCompleted, RenderFailed, SegmentEncoded
from kadr_sdk.services import Config, Metrics, Scheduler, Tracer
from kadr_sdk.silent import NoMetrics, NoTracer
from kadr_telemetry.exporters import Exporters
from kadr_telemetry.lines import LimitedFile
from kadr_telemetry.settings import Settings

KEY = "plugin.kadr.telemetry."


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Kernel]:
    monkeypatch.setenv("KADR_HOME", str(tmp_path / "home"))
    for name in ("TRACEPARENT", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_SERVICE_NAME"):
        monkeypatch.delenv(name, raising=False)

    def start(**values: Any) -> Kernel:
        with boot() as kernel:
            for key, value in values.items():
                kernel.container.get(Config).set(KEY + key, value)
        return boot()

    return start


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_off_it_records_nothing_and_imports_nothing(started: Callable[..., Kernel]) -> None:
    with started() as kernel:
        assert type(kernel.container.get(Tracer)) is NoTracer
        assert type(kernel.container.get(Metrics)) is NoMetrics
    code = (
        "import sys; from kadr_kernel.boot import boot; from kadr_sdk.services import Tracer\n"
        "with boot() as k: k.container.get(Tracer)\n"
        "sys.exit(any(m.startswith('opentelemetry') for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_spans_nest_also_in_the_threads_of_pools(started: Callable[..., Kernel], tmp_path: Path) -> None:
    with started(exporter="file", folder=str(tmp_path)) as kernel:
        tracer, pools = kernel.container.get(Tracer), kernel.container.get(Scheduler)

        def work() -> None:
            with tracer.span("inner", segment=3):
                pass

        with tracer.span("outer", job="job-1"):
            pools.submit(work).result()
        with pytest.raises(ZeroDivisionError), tracer.span("broken"):
            raise ZeroDivisionError
    inner, outer, broken = rows(tmp_path / "traces.jsonl")
    assert (inner["name"], outer["name"]) == ("inner", "outer")
    assert inner["parent_id"] == outer["context"]["span_id"]
    assert outer["parent_id"] is None
    assert inner["attributes"] == {"segment": 3}
    assert outer["attributes"] == {"job": "job-1"}
    assert outer["resource"]["attributes"]["service.name"] == "kadr"
    assert broken["status"]["status_code"] == "ERROR"
    assert broken["context"]["trace_id"] != outer["context"]["trace_id"]


def test_a_pipeline_that_starts_kadr_owns_the_trace(
    started: Callable[..., Kernel], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace, span = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    monkeypatch.setenv("TRACEPARENT", f"00-{trace}-{span}-01")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "nightly")
    with started(exporter="file", folder=str(tmp_path)) as kernel, kernel.container.get(Tracer).span("a"):
        pass
    (row,) = rows(tmp_path / "traces.jsonl")
    assert row["context"]["trace_id"] == f"0x{trace}"
    assert row["parent_id"] == f"0x{span}"
    assert row["resource"]["attributes"]["service.name"] == "nightly"


def test_renders_and_guests_are_counted(started: Callable[..., Kernel], tmp_path: Path) -> None:
    with started(exporter="file", folder=str(tmp_path)) as kernel:
        kernel.container.get(Tracer)  # as a render does; the counts come with it
        for number, origin in enumerate(("rendered", "rendered", "cached")):
            kernel.events.publish(SegmentEncoded("job", number, 25, 1000, 0.5, "d", origin))
        kernel.events.publish(RenderCompleted("job", "film.mp4", 75, 2.0, 3000))
        kernel.events.publish(RenderFailed("job", "invalid_path", "no"))
        kernel.container.get(Metrics).gauge("guest.peak_memory", 4096, plugin="org.example.glow")
    found: dict[str, dict[str, Any]] = {}
    for scope in rows(tmp_path / "metrics.jsonl")[-1]["resource_metrics"][0]["scope_metrics"]:
        for metric in scope["metrics"]:
            for point in metric["data"]["data_points"]:
                label = ",".join(point["attributes"].values())
                found.setdefault(metric["name"], {})[label] = point.get("value", point.get("sum"))
    assert found["kadr.frames"] == {"rendered": 50, "cached": 25}
    assert found["kadr.segments"] == {"rendered": 2, "cached": 1}
    assert found["kadr.segment.seconds"] == {"rendered": 1.0, "cached": 0.5}
    assert found["kadr.renders"] == {"completed": 1, "invalid_path": 1}
    assert found["kadr.render.seconds"] == {"": 2.0}
    assert found["kadr.guest.peak_memory"] == {"org.example.glow": 4096}


def test_a_full_file_is_put_aside_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "traces.jsonl"
    path.write_text("from before\n", "utf-8")
    with closing(LimitedFile(path, 40)) as first, closing(LimitedFile(path, 40)) as second:
        for number in range(9):
            assert (first if number % 2 else second).write(f"line {number:4}\n") == 10
            first.flush()
            second.flush()
            assert path.stat().st_size <= 40
    aside = path.with_name("traces.jsonl.1")
    assert aside.stat().st_size <= 40
    kept = (aside.read_text("utf-8") + path.read_text("utf-8")).splitlines()
    assert kept == [f"line {number:4}" for number in range(2, 9)]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["traces.jsonl", "traces.jsonl.1"]


def test_a_full_file_that_cannot_be_put_aside_takes_no_more(tmp_path: Path) -> None:
    path = tmp_path / "traces.jsonl"
    (tmp_path / "traces.jsonl.1").mkdir()
    with closing(LimitedFile(path, 10)) as file:
        assert [file.write("12345\n") for _ in range(3)] == [6, 0, 0]
    assert path.read_text("utf-8") == "12345\n"


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(StorageError, match=r"traces\.jsonl: cannot be written") as caught:
        Exporters(Settings("file", tmp_path / "file" / "here", 1_000_000, "", 1.0)).spans()
    assert "plugin.kadr.telemetry.folder" in str(caught.value.hint)


def test_without_opentelemetry_the_remedy_is_named(
    started: Callable[..., Kernel], monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = started(exporter="console")
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk", None)
    with kernel, pytest.raises(DependencyMissingError, match="not installed") as caught:
        kernel.container.get(Tracer)
    assert 'pip install "kadr[telemetry]"' in str(caught.value.hint)


@pytest.fixture
def collector() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    got: list[tuple[str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", got
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_collector_gets_what_was_recorded(started: Callable[..., Kernel], collector: Any) -> None:
    address, got = collector
    with started(exporter="otlp", endpoint=address + "/") as kernel:
        with kernel.container.get(Tracer).span("render", job="job-1"):
            pass
        kernel.container.get(Metrics).count("renders", outcome="completed")
    paths = {path for path, _ in got}
    assert paths == {"/v1/traces", "/v1/metrics"}
    assert any(b"job-1" in body for _, body in got)


def test_a_collector_that_is_not_there_costs_nobody_the_work(started: Callable[..., Kernel]) -> None:
    with started(exporter="otlp", endpoint="http://127.0.0.1:9", timeout=0.2) as kernel:
        done = False
        with kernel.container.get(Tracer).span("render"):
            done = True
    assert done
