"""Every command of docs/authors.md, as a new author would type it."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kadr_kernel.boot import boot
from PIL import Image

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "authors.md"
BLOCKS = re.findall(r"^```\n(.*?)^```$", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture
def kadr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Runs the commands of a block, beginning in the folder of the test, with a kernel of its own."""

    def once(*_what: object) -> Any:
        raise KeyboardInterrupt  # the author stops watching

    monkeypatch.setattr("kadr_author.commands.dev.changed", once)

    def run(block: str) -> None:
        with boot(environ={"KADR_HOME": str(tmp_path / "home")}) as kernel:
            host = kernel.catalogue.load("host", "cli")
            monkeypatch.chdir(tmp_path)
            for line in block.splitlines():
                words = shlex.split(line.replace("/full/path/to", tmp_path.as_posix()))
                if words[0] == "cd":
                    monkeypatch.chdir(words[1])
                else:
                    assert words[0] == "kadr"
                    assert host.run(kernel, words[1:]) == 0, line

    return run


def test_the_whole_guide(
    kadr: Callable[[str], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("ziglang", reason="the guide builds C")
    Image.new("RGB", (64, 36), (90, 120, 30)).save(tmp_path / "photo.png")
    assert len(BLOCKS) >= 9
    for block in BLOCKS:
        if "plugins.folders" in block:  # a plugin folder is read when kadr starts
            shutil.copytree(
                tmp_path / "dusk", tmp_path / "plugins" / "dusk", ignore=shutil.ignore_patterns("dist")
            )
            first, rest = block.split("\n", 1)
            kadr(first)
            kadr(rest)
            shutil.move(tmp_path / "plugins", tmp_path / "seen")
        else:
            kadr(block)
    said = capsys.readouterr().out
    assert "org.example.dusk 0.1.0: platinum" in said
    assert "org.example.dusk is enabled" in said
    assert "published org.example.dusk 0.1.0 (sandboxed" in said
    assert (tmp_path / "dusk" / "preview.png").stat().st_size > 1000
    assert (tmp_path / "dark.png").read_bytes() != (tmp_path / "dusk" / "preview.png").read_bytes()
