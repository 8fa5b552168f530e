"""Fetching from a server of this machine that ranges, lies and breaks off."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from kadr_models.fetch import copy_verified, download
from kadr_sdk.errors import ModelError
from kadr_sdk.models import ModelFile

CONTENT = bytes(range(256)) * 5000
SHA = hashlib.sha256(CONTENT).hexdigest()


@dataclass
class Server:
    """What it sends, and what it was asked for."""

    port: int = 0
    content: bytes = CONTENT
    ranges: bool = True
    cut: int = 0
    status: int = 200
    asked: list[str] = field(default_factory=list)

    def file(self, **changes: Any) -> ModelFile:
        facts = {"name": "m.onnx", "sha256": SHA, "size": len(CONTENT)}
        return ModelFile(**facts | {"source": f"http://127.0.0.1:{self.port}/m.onnx"} | changes)


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "")
            state.asked.append(wanted)
            if state.status != 200:
                self.send_error(state.status)
                return
            start = int(wanted[6:-1]) if wanted and state.ranges else 0
            data = state.content[start:]
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(data)))
            if start:
                self.send_header(
                    "Content-Range", f"bytes {start}-{len(state.content) - 1}/{len(state.content)}"
                )
            self.end_headers()
            self.wfile.write(data[: state.cut - start] if state.cut else data)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        state.port = http.server_address[1]
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield state
        http.shutdown()
        thread.join()


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_it_comes_whole(server: Server, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    download(server.file(), tmp_path / "d" / "m.onnx", lambda done, total: seen.append((done, total)))
    assert (tmp_path / "d" / "m.onnx").read_bytes() == CONTENT
    assert names(tmp_path / "d") == ["m.onnx"]
    assert seen[-1] == (len(CONTENT), len(CONTENT))


@pytest.mark.parametrize("ranges", [True, False])
def test_it_goes_on_where_it_broke_off(server: Server, tmp_path: Path, ranges: bool) -> None:
    server.cut, server.ranges = 700_000, ranges
    with pytest.raises(ModelError, match="cannot be fetched") as caught:
        download(server.file(), tmp_path / "m.onnx")
    assert "what has come is kept" in caught.value.hint
    assert names(tmp_path) == [".m.onnx.part"]
    server.cut = 0
    download(server.file(), tmp_path / "m.onnx")
    assert server.asked == ["", "bytes=700000-"]
    assert (tmp_path / "m.onnx").read_bytes() == CONTENT
    assert names(tmp_path) == ["m.onnx"]


def test_what_a_killed_process_left_is_used_after_a_while(server: Server, tmp_path: Path) -> None:
    left = tmp_path / ".m.onnx.123-abcd.part"
    left.write_bytes(CONTENT[:1000])
    download(server.file(), tmp_path / "a" / ".." / "m.onnx")
    assert server.asked == [""]
    assert left.exists()
    old = time.time() - 3600
    os.utime(left, (old, old))
    (tmp_path / "m.onnx").unlink()
    download(server.file(), tmp_path / "m.onnx")
    assert server.asked == ["", "bytes=1000-"]
    assert names(tmp_path) == ["a", "m.onnx"]


def test_another_file_is_not_taken(server: Server, tmp_path: Path) -> None:
    server.content = CONTENT[:-1] + b"x"
    with pytest.raises(ModelError, match="nothing was kept"):
        download(server.file(), tmp_path / "m.onnx")
    assert names(tmp_path) == []


def test_a_file_that_does_not_end(server: Server, tmp_path: Path) -> None:
    server.content = CONTENT * 4
    with pytest.raises(ModelError, match=f"more than {len(CONTENT)} bytes came"):
        download(server.file(), tmp_path / "m.onnx")
    assert not (tmp_path / "m.onnx").exists()
    server.content = CONTENT
    download(server.file(), tmp_path / "m.onnx")
    assert server.asked == ["", ""]


def test_what_a_server_says(server: Server, tmp_path: Path) -> None:
    server.status = 404
    with pytest.raises(ModelError, match="the server answers 404"):
        download(server.file(), tmp_path / "m.onnx")
    with pytest.raises(ModelError, match="cannot be fetched"):
        download(server.file(source="http://127.0.0.1:9/m.onnx"), tmp_path / "m.onnx")
    with pytest.raises(ModelError, match="no address"):
        download(server.file(source=""), tmp_path / "m.onnx")
    assert names(tmp_path) == []


def test_from_a_folder(tmp_path: Path) -> None:
    source, target = tmp_path / "s.onnx", tmp_path / "t" / "m.onnx"
    source.write_bytes(CONTENT)
    copy_verified(source, target, ModelFile("m.onnx", SHA, len(CONTENT)))
    assert target.read_bytes() == CONTENT
    for wanted, words in (
        (ModelFile("m.onnx", "0" * 64, len(CONTENT)), "nothing was kept"),
        (ModelFile("m.onnx", SHA, 3), "not 3"),
    ):
        with pytest.raises(ModelError, match=words):
            copy_verified(source, tmp_path / "n" / "m.onnx", wanted)
    with pytest.raises(ModelError, match="no such file"):
        copy_verified(tmp_path / "none", tmp_path / "n" / "m.onnx", ModelFile("m.onnx", SHA, 3))
    assert names(tmp_path / "n") == []
    assert names(tmp_path / "t") == ["m.onnx"]
