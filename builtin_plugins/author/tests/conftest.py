"""A kernel, and plugins of an author in folders of their own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest
from kadr_author.building import build
from kadr_author.languages import LANGUAGES
from kadr_author.new import make, wanted
from kadr_author.project import Project, read_project
from kadr_kernel.boot import boot
from kadr_kernel.kernel import Kernel


@pytest.fixture(scope="session")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    with boot(environ={"KADR_HOME": str(tmp_path_factory.mktemp("home"))}) as running:
        yield running


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What compilers keep, for all tests of this process."""
    return tmp_path_factory.mktemp("compilers")


@pytest.fixture
def begun(tmp_path: Path, cache: Path) -> Callable[..., Project]:
    """A plugin as ``kadr plugin new`` makes it, built where it can be."""

    def begin(language: str = "wat", kind: str = "filter", name: str = "demo") -> Project:
        folder = tmp_path / f"{name}_{language}_{kind}"
        make(wanted(name, language, kind, "org.example"), folder)
        project = read_project(folder)
        if language in LANGUAGES:
            if lacking := LANGUAGES[language].missing():
                pytest.skip(f"{lacking} is missing")
            build(project, cache)
            project = read_project(folder)
        return project

    return begin


@dataclass(frozen=True)
class Shell:
    """``kadr plugin …``, run in this process."""

    kernel: Kernel
    capsys: pytest.CaptureFixture[str]

    def __call__(self, command: str, *words: object) -> tuple[int, str]:
        """Exit code and standard output."""
        entry = self.kernel.catalogue.load("command", f"plugin.{command}")
        try:
            code = entry(self.kernel, [str(word) for word in words])
        except click.ClickException as error:
            return 2, error.format_message()
        return code, self.capsys.readouterr().out

    def json(self, command: str, *words: object) -> tuple[int, Any]:
        """Exit code and the JSON document."""
        code, text = self(command, *words, "--json")
        return code, json.loads(text)


@pytest.fixture
def shell(kernel: Kernel, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(kernel, capsys)


PYTHON_BODY = '''"""A test."""

import random
import threading

import numpy as np
from kadr_sdk.frames import VideoFrame


class Effect:
    count = 0

    def frame(self, call):
        out = call.inputs[0][0].copy()
        value = call.values["amount"]
{body}
        return out
'''


@pytest.fixture
def written(begun: Callable[..., Project]) -> Callable[[str], Project]:
    """A filter in Python with this body; ``out`` is a copy of its input, ``value`` its parameter."""

    def write(body: str) -> Project:
        project = begun("python")
        indented = "\n".join(f"        {line}" for line in body.splitlines())
        (project.home / "effect.py").write_text(PYTHON_BODY.format(body=indented), "utf-8")
        return read_project(project.root)

    return write
