"""What runs on a worker: a kernel that is kept, and one chunk of tasks after the other."""

from __future__ import annotations

import hashlib
import pickle
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from kadr_sdk.errors import CancelledError
from kadr_sdk.execution import House, Media, PartDone, PartTask, relocated

from kadr_dask.places import Places
from kadr_dask.store import Store

__all__ = ["GO", "HOLD", "STOP", "Answer", "Order", "boot_here", "make"]

GO, HOLD, STOP = "go", "hold", "stop"
_LISTEN = 0.5  # seconds between two looks at what the render wants
_PATIENCE = 5.0  # seconds for the scheduler to say so


@dataclass(frozen=True, slots=True)
class Order:
    """Tasks for a worker.

    Attributes:
        tasks: pickled, by the key that names each in what is told of it.
        name: of the render: topic of what is told and variable that says go, hold or stop.
        recipe: pickled.
        store: address; "": none.
        room: bytes of media that may be kept of it.
    """

    tasks: Mapping[str, bytes]
    name: str
    recipe: bytes
    store: str
    room: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a task.

    Attributes:
        missing: media that are not here; then nothing was made.
        parts: the parts themselves, where they could not be put where they belong.
        stored: or their names in the store.
        seconds: that it took.
    """

    worker: str
    done: PartDone | None = None
    missing: tuple[Media, ...] = ()
    parts: tuple[bytes, ...] = ()
    stored: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(slots=True)
class _Place:
    """What this process keeps from task to task."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    recipe: str = ""
    house: House | None = None
    places: Places | None = None
    store: Store | None = None


def boot_here(recipe: bytes) -> str | None:
    """Boot the kernel of a recipe; why it cannot be, or None."""
    try:
        _house(_place(), recipe)
    except Exception as error:  # noqa: BLE001 - told to whoever asked
        return str(error)
    return None


def make(order: Order) -> dict[str, Answer]:
    """Make the parts of tasks, one after the other, and tell of each when it is where it belongs.

    Ends at one that cannot be made; what was told of counts all the same.
    """
    place, word = _place(), _Word(order)
    answers: dict[str, Answer] = {}
    for key, data in order.tasks.items():
        began = time.monotonic()
        task: PartTask = pickle.loads(data)  # noqa: S301 - from the coordinator, whose code runs here
        answer = _made(place, order, key, task, word)
        answers[key] = replace(answer, seconds=time.monotonic() - began)
        if answer.missing:
            break
        if len(answers) < len(order.tasks) and not answer.parts:  # parts go but once over the wire
            word.finished(key, answers[key])
    return answers


def _made(place: _Place, order: Order, key: str, task: PartTask, word: _Word) -> Answer:
    """The parts of a task, put where they belong if that place is seen from here."""
    house = _house(place, order.recipe)
    here = word.worker
    found, missing = _found(place, order, task.media)
    if missing:
        return Answer(here, missing=missing)
    task = replace(task, segment=relocated(task.segment, found) if found else task.segment)
    advance = word.reporter(key)
    if _is_shared(task):
        paths = tuple(p.with_name(f"{p.name}.{key}-{time.monotonic_ns()}") for p in task.paths)
        done = house.run(replace(task, paths=paths), advance)
        for made, path in zip(paths, task.paths, strict=True):
            made.replace(path)
        return Answer(here, done)
    with tempfile.TemporaryDirectory(prefix="kadr-part-") as folder:
        paths = tuple(Path(folder) / str(n) for n in range(len(task.paths)))
        done = house.run(replace(task, paths=paths), advance)
        if not order.store:
            return Answer(here, done, parts=tuple(path.read_bytes() for path in paths))
        names = tuple(f"part-{key}-{number}" for number in range(len(paths)))
        store = _store(place, order.store)
        for name, path in zip(names, paths, strict=True):
            store.put(name, path)
        return Answer(here, done, stored=names)


def _place() -> _Place:
    """Of this worker; it lives as long as the worker does."""
    from distributed import get_worker

    worker: Any = get_worker()
    # setdefault of a dict is atomic, so two threads get one.
    found: _Place = vars(worker).setdefault("_kadr_place", _Place())
    return found


def _house(place: _Place, recipe: bytes) -> House:
    """The kernel of a recipe; another one's is closed, and what still runs in it fails."""
    name = hashlib.sha256(recipe).hexdigest()
    with place.lock:
        if place.house is None or place.recipe != name:
            if place.house is not None:
                place.house.close()
                place.house = None
            place.house = pickle.loads(recipe).open()  # noqa: S301 - from the coordinator
            place.recipe = name
        return place.house


def _found(
    place: _Place, order: Order, wanted: tuple[Media, ...]
) -> tuple[dict[str, str], tuple[Media, ...]]:
    """Where media lie that are not under their own path, and what is nowhere."""
    with place.lock:
        if place.places is None:
            place.places = Places(order.room)
        places = place.places
    return places.find(wanted, _store(place, order.store) if order.store else None)


def _store(place: _Place, address: str) -> Store:
    """The store at an address, connected to once; another one's connection is let go."""
    with place.lock:
        if place.store is None or place.store.address != address:
            place.store = Store(address)
        return place.store


def _is_shared(task: PartTask) -> bool:
    """The job's folder is seen from here: its name is random, so it is the same one."""
    return all(path.parent.is_dir() for path in task.paths)


class _Word:
    """Between a worker and the render: tells of what is made, and hears whether it is still wanted."""

    def __init__(self, order: Order) -> None:
        import distributed

        library: Any = distributed  # it has types for some of its names only
        self._worker = library.get_worker()
        self.worker = str(self._worker.address)
        self._name = order.name
        self._word = library.Variable(order.name, client=library.get_client())
        self._last = time.monotonic()

    def finished(self, key: str, answer: Answer) -> None:
        """A task is done, while others of its order are not."""
        self._worker.log_event(self._name, {"key": key, "answer": pickle.dumps(answer)})

    def reporter(self, key: str) -> Callable[[int], None]:
        """Tells of a task's frames, and stops or waits where the render says so."""
        frames = 0

        def advance(count: int) -> None:
            nonlocal frames
            frames += count
            if time.monotonic() - self._last < _LISTEN:
                return
            self._worker.log_event(self._name, {"key": key, "frames": frames})
            while (said := self._said()) == HOLD:
                time.sleep(_LISTEN)
            self._last = time.monotonic()
            if said != GO:
                raise CancelledError("the render does not want it any more")

        return advance

    def _said(self) -> str:
        try:
            return str(self._word.get(timeout=_PATIENCE))
        except Exception:  # noqa: BLE001 - the variable or the scheduler is gone: so is the render
            return STOP
