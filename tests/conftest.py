"""A whole kernel on the in-memory backend, with plugins from folders."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from kadr_kernel.boot import boot
from kadr_kernel.kernel import Kernel
from kadr_sdk.project import parse_project
from kadr_sdk.rendering import Renderer, RenderRequest
from kadr_sdk.reports import RenderReport
from kadr_sdk.testing.memory import write_source

MEMORY = """
manifest = 1
[plugin]
id = "test.memory"
version = "1.0"
[[contributes.backend]]
id = "memory"
entry = "kadr_sdk.testing.memory:MemoryBackend"
priority = 1000
"""


@dataclass
class House:
    """A kernel with a folder of plugins and a clip ``a.mem``: 64x36, 25 frames a second, 16 s.

    Attributes:
        plugins: one sub-folder for each plugin.
    """

    folder: Path
    plugins: Path
    kernel: Kernel

    def enable(self, plugin: str) -> None:
        """The user's yes to a plugin, and its start."""
        self.kernel.plugins.set_enabled(plugin, True)
        self.kernel.plugins.activate(plugin)

    def render(
        self, output: Path, *, seconds: int = 4, effects: Sequence[dict[str, Any]] = (), **more: Any
    ) -> RenderReport:
        """Render so many seconds of the clip."""
        clip = {"id": "a", "source_file": "a.mem", "duration": seconds, "effects": list(effects)}
        timeline = {"fps": 25, "resolution": [64, 36], "tracks": [{"id": "v", "clips": [clip]}]}
        renderer: Renderer = self.kernel.container.get(Renderer)
        return renderer.render(
            parse_project({"timeline": timeline}), self.folder, RenderRequest(output=output, **more)
        )


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Callable[..., House]]:
    """Starts a house; ``packages`` are files by package name and path, each a plugin of its own."""
    opened: list[House] = []
    known = set(sys.modules)

    def start(**packages: dict[str, str]) -> House:
        plugins = tmp_path / "plugins"
        for package, files in {"test_memory": {"plugin.toml": MEMORY}, **packages}.items():
            for name, text in {"__init__.py": "", **files}.items():
                path = plugins / package / package / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, "utf-8")
        kernel = boot(
            environ={"KADR_HOME": str(tmp_path / "home")}, overrides={"plugins.folders": [str(plugins)]}
        )
        found = House(tmp_path, plugins, kernel)
        opened.append(found)
        found.enable("test.memory")
        video = {"width": 64, "height": 36, "rate": "25", "frames": 400}
        write_source(tmp_path / "a.mem", video=video, audio={"rate": 48000, "seconds": "16", "level": 0.5})
        return found

    yield start
    for one in opened:
        one.kernel.close()
    for name in set(sys.modules) - known:
        if name.partition(".")[0].startswith(("test_", "org_")):
            del sys.modules[name]
