"""The example of an Extism guest: built from its source, and used by ``kadr import``."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
from kadr_author.languages.zig import COMPILER
from kadr_kernel.boot import boot
from kadr_kernel.kernel import Kernel
from kadr_sdk.errors import SerializationError
from kadr_sdk.importing import ImportOptions

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
GUEST = EXAMPLES / "playlist" / "src" / "org_example_playlist"
LIST = '#EXTM3U\n#EXTINF:2.5,In\ntro.mp4\n#EXTINF:3,"Second" é\nb c.mp4\n\n#EXTINF:-1,Radio\nhttp://x\n'


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    plugins = tmp_path_factory.mktemp("plugins")
    shutil.copytree(EXAMPLES / "playlist", plugins / "playlist")
    home = {"KADR_HOME": str(tmp_path_factory.mktemp("home"))}
    with boot(environ=home, overrides={"plugins.folders": [str(plugins)]}) as running:
        yield running


def test_the_binary_is_what_the_source_gives(tmp_path: Path) -> None:
    try:
        if version("ziglang") != COMPILER:
            pytest.skip(f"the committed guest is from ziglang {COMPILER}")
    except PackageNotFoundError:
        pytest.skip("the package ziglang is not installed")
    shutil.copy(GUEST / "playlist.zig", tmp_path)
    words = "build-exe playlist.zig -target wasm32-freestanding -O ReleaseSmall -fno-entry -rdynamic -fstrip"
    caches = {f"ZIG_{kind}_CACHE_DIR": str(tmp_path / "zig") for kind in ("GLOBAL", "LOCAL")}
    subprocess.run(
        [sys.executable, "-m", "ziglang", *words.split()], cwd=tmp_path, env=os.environ | caches, check=True
    )
    assert (tmp_path / "playlist.wasm").read_bytes() == (GUEST / "playlist.wasm").read_bytes()


def test_a_playlist_becomes_a_project(
    kernel: Kernel, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("extism", reason="the dev group has it")
    (row,) = [r for r in kernel.plugins.rows() if r.id == "org.example.playlist"]
    assert row.state == "active", "a guest without permissions is started without a question"
    (tmp_path / "list.m3u").write_text(LIST, "utf-8")
    command = ["import", str(tmp_path / "list.m3u"), "-o", str(tmp_path / "film.tlp"), "--json"]
    assert kernel.catalogue.load("host", "cli").run(kernel, command) == 0
    said = json.loads(capsys.readouterr().out)
    assert [(n["kind"], n["where"]) for n in said["notes"][:1]] == [("lost", "line 8")]
    assert said["missing"] == ["tro.mp4", "b c.mp4"]
    clips = json.loads((tmp_path / "film.tlp").read_text("utf-8"))["timeline"]["tracks"][0]["clips"]
    assert clips == [
        {"id": "1", "source_file": "tro.mp4", "duration": 2.5},
        {"id": "2", "source_file": "b c.mp4", "start_time": 2.5, "duration": 3},
    ]


def test_it_says_no_in_its_own_words(kernel: Kernel, tmp_path: Path) -> None:
    pytest.importorskip("extism", reason="the dev group has it")
    (tmp_path / "list.m3u").write_bytes(b"\0\xff")
    importer = kernel.catalogue.load("importer", "m3u")
    with pytest.raises(SerializationError, match="says: this is no M3U playlist"):
        importer.load(tmp_path / "list.m3u", ImportOptions())
