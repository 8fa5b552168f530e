"""Files of a plan: the version that was planned with is the one that is wanted to the end."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kadr_kernel.render import library as library_module
from kadr_kernel.render.inputs import Inputs
from kadr_sdk.errors import MediaFileError
from kadr_sdk.plan import media_paths
from kadr_sdk.project import parse_project
from kadr_sdk.rendering import RenderRequest

CHANGED = r"a\.mem: the file was changed during the render \(render again when nothing writes to it\)"


def planned(rig: Any, folder: Path) -> Any:
    clips = [{"id": "a", "source_file": "a.mem", "duration": 2}]
    timeline = {"fps": 25, "resolution": [64, 36], "tracks": [{"id": "v", "clips": clips}]}
    return rig.planner.plan(parse_project({"timeline": timeline}), folder, RenderRequest(container="mp4"))


def touch(path: Path) -> None:
    os.utime(path, ns=(1, 1))


def grow(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b" ")


def replace(path: Path) -> None:
    """Of the same size and age: another file all the same."""
    stat, copy = path.stat(), path.with_name("copy")
    copy.write_bytes(path.read_bytes())
    os.utime(copy, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    copy.replace(path)


@pytest.mark.parametrize("change", [touch, grow, replace])
def test_a_changed_file_is_named_also_where_its_new_version_is_known(
    rig: Any, media: Path, change: Callable[[Path], None]
) -> None:
    plan, inputs = planned(rig, media), Inputs(rig.means.library)
    inputs.note(plan)
    inputs.require_all()
    change(media / "a.mem")
    rig.means.library.probe(media / "a.mem")  # as another job in this process does
    rig.means.library.digest(str(media / "a.mem"))
    inputs.note(plan)
    for require in (inputs.require_all, lambda: inputs.require(media_paths(plan))):
        with pytest.raises(MediaFileError, match=CHANGED):
            require()


def test_a_file_that_is_gone_is_named(rig: Any, media: Path) -> None:
    plan, inputs = planned(rig, media), Inputs(rig.means.library)
    inputs.note(plan)
    (media / "a.mem").unlink()
    with pytest.raises(MediaFileError, match=r"a\.mem: the media file does not exist"):
        inputs.require_all()


def test_a_file_that_changed_between_its_probe_and_its_digest_is_named(rig: Any, media: Path) -> None:
    rig.means.library.probe(media / "a.mem")
    plan = planned(rig, media)
    touch(media / "a.mem")
    rig.means.library.digest(str(media / "a.mem"))
    with pytest.raises(MediaFileError, match=CHANGED):
        Inputs(rig.means.library).note(plan)


def test_a_file_that_is_written_while_it_is_digested_is_not_remembered(
    rig: Any, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = library_module._digest

    def slow(path: Path) -> str:
        found = real(path)
        touch(path)
        return found

    monkeypatch.setattr(library_module, "_digest", slow)
    with pytest.raises(MediaFileError, match=CHANGED):
        rig.means.library.digest(str(media / "a.mem"))
