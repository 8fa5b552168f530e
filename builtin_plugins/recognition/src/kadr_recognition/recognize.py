"""Recognition of one file: once for each media, model and settings, and afterwards from the cache."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kadr_sdk.backend import Backend
from kadr_sdk.errors import CacheError, MediaFileError, SerializationError
from kadr_sdk.media import MediaInfo
from kadr_sdk.models import ModelCard, ModelStore
from kadr_sdk.plan import content_hash
from kadr_sdk.rendering import Renderer
from kadr_sdk.services import Cache, Container, EventBus, Findings, Scheduler
from kadr_sdk.times import format_seconds

from kadr_recognition.context import QuietContext
from kadr_recognition.detector import Detector, Limits
from kadr_recognition.document import Results, Row
from kadr_recognition.pictures import ALL, Every, Sampling, pictures, sampling
from kadr_recognition.stream import detections

__all__ = ["CACHE_KIND", "Recognizer", "Request", "cache_key"]

CACHE_KIND = "analysis"
_CODE = 2
"""Changed whenever the same pictures may give other results."""

Progress = Callable[[int, int], object]


@dataclass(frozen=True, slots=True)
class Request:
    """What to look for.

    Attributes:
        model: id of a card; every: which frames.
        threshold: of the score, None: the card's.
        provider: where the model runs, empty: as the settings say.
        cache: finished work is used, and this is kept.
    """

    model: str = "yolox-nano"
    every: Every = ALL
    threshold: float | None = None
    provider: str = ""
    cache: bool = True


def cache_key(digest: str, card: ModelCard, limits: Limits, every: Every, provider: str) -> str:
    """The key of results under :data:`CACHE_KIND`: everything that they depend on."""
    return content_hash(
        {
            "what": "kadr.detections",
            "code": _CODE,
            "media": digest,
            "model": [f.sha256 for f in card.files],
            "card": [card.task, card.family, list(card.classes), card.preparation],
            "limits": limits,
            "every": str(every),
            "provider": provider,
        }
    )


class Recognizer:
    """Finds things in files with the services of a kernel."""

    def __init__(self, container: Container) -> None:
        self._container = container

    def recognize(self, path: Path, request: Request, progress: Progress | None = None) -> Results:
        """What is seen in a file.

        Args:
            progress: told pictures done and in all; not called where the cache has the results.

        Raises:
            MediaFileError: it cannot be read, or has no pictures.
            ModelError, NotFoundError, DependencyMissingError: the model cannot be used.
        """
        store = self._container.get(ModelStore)
        card = store.card(request.model)
        limits = Limits.of(card, request.threshold)
        renderer = self._container.get(Renderer)
        info = renderer.probe(path)
        if info.main_video is None:
            raise MediaFileError("there are no pictures in it", path=path, hint="give a film or a picture")
        digest = _digest(path)
        job = _Job(self._container, renderer.backend(), info, card, request, limits, digest, progress)
        found = (
            job.run()
            if not request.cache
            else self._once(job, cache_key(digest, card, limits, request.every, request.provider))
        )
        self._container.get(Findings).record(digest, card.id, _best(found))
        return _named(found, path)

    def _once(self, job: _Job, key: str) -> Results:
        """From the cache, else by looking."""
        cache = self._container.get(Cache)
        with cache.claim(CACHE_KIND, key) as known:
            if known is not None and (found := _read(known)) is not None:
                return found
            found = job.run()
            if not job.context.warned:  # of damage the next one has to hear too
                _keep(cache, key, found)
        return found


class _Job:
    """The work on one file."""

    def __init__(
        self,
        container: Container,
        backend: Backend,
        info: MediaInfo,
        card: ModelCard,
        request: Request,
        limits: Limits,
        digest: str,
        progress: Progress | None,
    ) -> None:
        self._container, self._backend, self._info = container, backend, info
        self._card, self._request, self._limits = card, request, limits
        self._digest, self._progress = digest, progress
        self.context = QuietContext(container.get(EventBus))

    def run(self) -> Results:
        """Look at every chosen frame."""
        card, limits, request = self._card, self._limits, self._request
        chosen = sampling(self._backend, self._info, request.every)
        # The model comes first: without it nothing needs to be decoded.
        with closing(self._container.get(ModelStore).open(card.id, provider=request.provider)) as session:
            rows = self._rows(chosen, Detector(card, session, limits))
        settings = {"threshold": limits.threshold, "iou": limits.iou, "most": limits.most}
        return Results(
            _media(self._info, chosen, self._digest),
            {"id": card.id, "digest": card.digest, "task": card.task, "classes": list(card.classes)},
            {"every": str(request.every), **settings},
            tuple(zip(chosen.frames, chosen.times, strict=True)),
            rows,
        )

    def _rows(self, chosen: Sampling, detector: Detector) -> tuple[Row, ...]:
        scheduler = self._container.get(Scheduler)
        fit = detector.fit(chosen.size)
        # Of one picture on its way: as it is, as a tensor, and about as much again in the model.
        pixels = detector.canvas[0] * detector.canvas[1]
        need = 2 * detector.session.parallel * detector.batch * 27 * pixels
        rows: list[Row] = []
        with (
            scheduler.reserve(need, owner="recognition"),
            closing(pictures(self._backend, self._info, chosen, fit.inner, self.context)) as found,
            closing(detections(found, detector, fit, scheduler)) as seen,
        ):
            for done, (picture, things) in enumerate(seen, 1):
                rows += [Row(picture.frame, picture.time, thing) for thing in things]
                if self._progress is not None:
                    self._progress(done, len(chosen.frames))
        return tuple(rows)


def _media(info: MediaInfo, chosen: Sampling, digest: str) -> dict[str, Any]:
    return {
        "name": Path(info.path).name,
        "digest": digest,
        "stream": chosen.video.index,
        "width": chosen.size[0],
        "height": chosen.size[1],
        "end": format_seconds(chosen.end),
    }


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise MediaFileError(f"cannot be read: {error.strerror or error}", path=path) from error


def _read(path: Path) -> Results | None:
    """What the cache has; None where it is no such document."""
    try:
        return Results.from_bytes(path.read_bytes())
    except (OSError, SerializationError):
        return None


def _best(found: Results) -> dict[str, float]:
    """The best score of every class."""
    best: dict[str, float] = {}
    for row in found.rows:
        best[row.what.name] = max(row.what.score, best.get(row.what.name, 0.0))
    return best


def _named(found: Results, path: Path) -> Results:
    """Of the file as it is called now: the same content may have had another name."""
    return Results({**found.media, "name": path.name}, found.model, found.settings, found.frames, found.rows)


def _keep(cache: Cache, key: str, found: Results) -> None:
    try:
        with tempfile.TemporaryDirectory(prefix="kadr-recognition-") as folder:
            file = Path(folder) / "detections.json"
            file.write_bytes(found.to_bytes())
            cache.put(CACHE_KIND, key, file)
    except (OSError, CacheError):
        return  # it is made again next time
