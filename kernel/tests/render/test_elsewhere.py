"""Parts that come from elsewhere are read before they are believed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kadr_sdk.errors import StorageError
from kadr_sdk.events import RenderProgressed, WarningRaised
from kadr_sdk.execution import Crew, PartDone, PartTask
from kadr_sdk.manifest import Contribution
from kadr_sdk.parts import Packet, PartReader, PartWriter
from kadr_sdk.project import parse_project
from kadr_sdk.rendering import RenderRequest

Harm = Callable[[Path], object]


def flip(path: Path) -> None:
    """One bit of a packet."""
    data = bytearray(path.read_bytes())
    data[len(data) // 4] ^= 1
    path.write_bytes(data)


def cut(path: Path) -> None:
    """The second half is lost."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def swap(path: Path) -> None:
    """A whole part, but another one."""
    with PartReader(path) as part:
        header = part.header
    other = PartWriter(path)
    other.write(Packet(b"strange", 0, 1, key=True))
    other.finish(header)


class Afar:
    """An executor whose store harms the first parts that it is given."""

    slots = 2

    def __init__(self, harm: Harm, times: int) -> None:
        self.harm, self.times, self.made = harm, times, 0

    def open(self, crew: Crew) -> Any:
        self.here = crew.here
        return self

    def run(self, task: PartTask, context: Any) -> PartDone:
        done = self.here(task, context)
        self.made += 1
        if self.made <= self.times:
            self.harm(task.paths[0])
        return done

    def close(self) -> None:
        return None


@pytest.fixture
def render(rig: Any, media: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    clips = [{"id": "a", "source_file": "a.mem", "duration": 4}]
    timeline = {"fps": 25, "resolution": [64, 36], "tracks": [{"id": "v", "clips": clips}]}
    catalogue = rig.means.catalogue
    find, load = catalogue.find, catalogue.load
    row = Contribution("executor", "afar", "test.plugin", entry="x:y")

    def run(afar: Afar | None) -> Any:
        def found(kind: str, name: str) -> Any:
            return row if name == "afar" else find(kind, name)

        def loaded(kind: str, name: str) -> Any:
            return afar if name == "afar" else load(kind, name)

        monkeypatch.setattr(catalogue, "find", found)
        monkeypatch.setattr(catalogue, "load", loaded)
        request = RenderRequest(media / "o.mp4", overwrite=True, executor="afar" if afar else "")
        return rig.renderer.render(parse_project({"timeline": timeline}), media, request)

    return run


@pytest.mark.parametrize("harm", [flip, cut, swap])
def test_a_part_that_arrives_damaged_is_made_again(render: Any, rig: Any, harm: Harm) -> None:
    wanted = render(None).digest
    rig.events.clear()
    afar = Afar(harm, 1)
    assert render(afar).digest == wanted
    assert afar.made == 2
    (warned,) = rig.named(WarningRaised)
    assert "segment 0 arrived damaged and is made again" in warned.message
    assert max(event.done for event in rig.named(RenderProgressed)) == 100  # not counted twice


def test_one_that_is_always_damaged_stops_the_render(render: Any, media: Path) -> None:
    with pytest.raises(StorageError, match=r"arrived damaged twice.*the workers share"):
        render(Afar(cut, 2))
    assert not (media / "o.mp4").exists()


def test_a_whole_part_is_made_once(render: Any) -> None:
    afar = Afar(flip, 0)
    assert render(afar).warnings == ()
    assert afar.made == 1
