"""Events: facts in the past tense, read only; no subscriber can stop anything.

An event is a small slotted dataclass. The bus wraps it in an :class:`Envelope` that says
when it happened, who said it and which job it belongs to. To *decide* something use a hook.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

__all__ = [
    "ConfigChanged",
    "Envelope",
    "Event",
    "FilesDiscovered",
    "GuestProgressed",
    "JobStateChanged",
    "MediaFailed",
    "MediaImported",
    "MediaProgressed",
    "MediaRelinked",
    "MemoryPressureRaised",
    "MetadataReady",
    "PluginActivated",
    "PluginFailed",
    "PluginStateChanged",
    "PluginStopped",
    "ProjectCreated",
    "ProjectOpened",
    "ProjectSaved",
    "RenderCancelled",
    "RenderCompleted",
    "RenderFailed",
    "RenderPlanned",
    "RenderProgressed",
    "RenderStarted",
    "ScanCompleted",
    "SegmentEncoded",
    "SubscriberFailed",
    "SystemStarted",
    "SystemStopped",
    "ThumbnailReady",
    "WarningRaised",
]


@dataclass(slots=True)
class Event:
    """Base of all events; the fields are JSON-ready values."""

    @property
    def name(self) -> str:
        """The class name, used as ``event`` in JSON output."""
        return type(self).__name__

    def as_dict(self) -> dict[str, object]:
        """Name and fields as JSON-ready data."""
        return {"event": self.name} | {f.name: getattr(self, f.name) for f in fields(self)}


@dataclass(slots=True)
class Envelope:
    """An event with its circumstances.

    Attributes:
        id: ascending within one bus.
        time: monotonic nanoseconds.
        source: ``system``, ``user``, or ``plugin:<id>``.
        correlation: id of the job or command that it belongs to, may be empty.
    """

    id: int
    time: int
    source: str
    correlation: str
    event: Event

    def as_dict(self) -> dict[str, object]:
        """Everything as JSON-ready data."""
        return self.event.as_dict() | {
            "id": self.id,
            "time": self.time,
            "source": self.source,
            "correlation": self.correlation,
        }


@dataclass(slots=True)
class SystemStarted(Event):
    """The kernel is up."""

    version: str


@dataclass(slots=True)
class SystemStopped(Event):
    """The kernel is about to close its services."""


@dataclass(slots=True)
class ConfigChanged(Event):
    """A configuration value was set."""

    key: str
    value: object


@dataclass(slots=True)
class MemoryPressureRaised(Event):
    """Memory use came near the budget (bytes)."""

    used: int
    budget: int


@dataclass(slots=True)
class GuestProgressed(Event):
    """A guest says how much of a long call is done (0..1); at most ten a second of a plugin."""

    plugin: str
    effect: str
    done: float


@dataclass(slots=True)
class WarningRaised(Event):
    """Something odd that does not stop the work."""

    message: str
    path: str = ""
    hint: str = ""


@dataclass(slots=True)
class SubscriberFailed(Event):
    """A subscriber raised; the others were called all the same."""

    subscriber: str
    event_name: str
    error: str


@dataclass(slots=True)
class ProjectCreated(Event):
    """A project was made."""

    project: str


@dataclass(slots=True)
class ProjectOpened(Event):
    """A project was read from a file."""

    project: str
    path: str


@dataclass(slots=True)
class ProjectSaved(Event):
    """A project was written to a file."""

    project: str
    path: str


@dataclass(slots=True)
class MediaImported(Event):
    """A media file was examined for the first time."""

    path: str
    digest: str = ""


@dataclass(slots=True)
class MediaFailed(Event):
    """A media file cannot be used."""

    path: str
    reason: str


@dataclass(slots=True)
class FilesDiscovered(Event):
    """A scan knows how many files of media lie in a folder, and how many of them it must look at."""

    folder: str
    files: int
    new: int


@dataclass(slots=True)
class MetadataReady(Event):
    """What a file holds stands in the media library."""

    path: str
    kind: str
    duration: float = 0.0


@dataclass(slots=True)
class MediaRelinked(Event):
    """A file of the media library was found under another path."""

    path: str
    old: str


@dataclass(slots=True)
class MediaProgressed(Event):
    """At most ten a second: work on media, by its name, with what is done of all."""

    task: str
    path: str
    done: int
    total: int


@dataclass(slots=True)
class ScanCompleted(Event):
    """A scan has ended; the counts are files."""

    folder: str
    files: int
    new: int
    changed: int
    relinked: int
    missing: int
    failed: int
    seconds: float


@dataclass(slots=True)
class ThumbnailReady(Event):
    """A thumbnail was made."""

    media: str
    path: str


@dataclass(slots=True)
class PluginStateChanged(Event):
    """A plugin moved along its life: found, resolved, activating, active, …"""

    plugin: str
    old: str
    new: str


@dataclass(slots=True)
class PluginActivated(Event):
    """A plugin's contributions are available."""

    plugin: str
    version: str


@dataclass(slots=True)
class PluginStopped(Event):
    """A plugin's contributions are gone."""

    plugin: str


@dataclass(slots=True)
class PluginFailed(Event):
    """A plugin cannot be used."""

    plugin: str
    reason: str


@dataclass(slots=True)
class RenderPlanned(Event):
    """A plan stands: what will be made."""

    job: str
    frames: int
    segments: int
    duration: float


@dataclass(slots=True)
class RenderStarted(Event):
    """Work on the first frame begins."""

    job: str
    project: str
    output: str
    frames: int
    workers: int


@dataclass(slots=True)
class RenderProgressed(Event):
    """At most ten a second: frames done of all, speed, and seconds left (-1: unknown)."""

    job: str
    done: int
    total: int
    fps: float
    speed: float
    left: float
    stage: str = "video"


@dataclass(slots=True)
class SegmentEncoded(Event):
    """One segment is finished."""

    job: str
    segment: int
    frames: int
    bytes: int
    seconds: float
    digest: str
    origin: str = "rendered"


@dataclass(slots=True)
class RenderCompleted(Event):
    """The output is verified and stands under its final name."""

    job: str
    output: str
    frames: int
    seconds: float
    bytes: int


@dataclass(slots=True)
class RenderFailed(Event):
    """The render stopped; nothing stands under the final name."""

    job: str
    code: str
    message: str


@dataclass(slots=True)
class RenderCancelled(Event):
    """The user stopped the render; nothing stands under the final name."""

    job: str


@dataclass(slots=True)
class JobStateChanged(Event):
    """A job of the queue is in another state (:data:`kadr_sdk.jobs.STATES`); before: "" for a new one."""

    job: int
    before: str
    state: str
    project: str
    message: str = ""
