"""Services: "give me something that can Y". Protocols that the container hands out.

Ask for them by Protocol in a constructor or with ``container.get(EventBus)``. The kernel
provides the ones here; ``Tracer``, ``Metrics``, ``Cache``, ``Findings`` and ``Proxies`` have
defaults that do nothing until a plugin provides a real one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

from kadr_sdk.events import Envelope, Event
from kadr_sdk.manifest import Contribution, Manifest
from kadr_sdk.permissions import Permission, PermissionSet

__all__ = [
    "Cache",
    "Catalogue",
    "Clock",
    "Config",
    "Container",
    "EventBus",
    "EventStream",
    "Findings",
    "Gate",
    "Installations",
    "Metrics",
    "PluginRow",
    "Plugins",
    "Proxies",
    "Question",
    "Scheduler",
    "Subscription",
    "Task",
    "Tracer",
]

T = TypeVar("T")
E = TypeVar("E", bound=Event)


class Clock(Protocol):
    """Time, replaceable in tests."""

    def monotonic(self) -> float:
        """Seconds that never run backwards."""
        ...

    def now(self) -> float:
        """Seconds since 1970-01-01 UTC."""
        ...


@runtime_checkable
class Subscription(Protocol):
    """A token of a subscription."""

    def cancel(self) -> None:
        """Stop it; a second call does nothing."""
        ...


class EventStream(Protocol):
    """A bounded queue of envelopes for a reader at its own pace."""

    dropped: int
    """How many envelopes were lost because the reader was slow."""

    def __iter__(self) -> Iterator[Envelope]:
        """Envelopes until the stream is closed."""
        ...

    def get(self, timeout: float | None = None) -> Envelope | None:
        """The next envelope, or None after ``timeout`` seconds or when closed and empty."""
        ...

    def close(self) -> None:
        """End the stream."""
        ...


class EventBus(Protocol):
    """Publish and subscribe by event class (subclasses are delivered too)."""

    def publish(self, event: Event, *, source: str = "system", correlation: str = "") -> Envelope:
        """Call every subscriber in order of priority; one that raises is reported and isolated."""
        ...

    def subscribe(
        self, kind: type[E], handler: Callable[[E], None], *, priority: int = 0, name: str = ""
    ) -> Subscription:
        """Call ``handler`` with every event of ``kind``; the higher priority first."""
        ...

    def subscribe_envelopes(
        self, handler: Callable[[Envelope], None], *, priority: int = 0, name: str = ""
    ) -> Subscription:
        """Call ``handler`` with every envelope."""
        ...

    def stream(self, *kinds: type[Event], size: int = 1000, drop: str = "oldest") -> EventStream:
        """A bounded queue; when full it drops the ``oldest`` or the ``newest`` and counts."""
        ...

    def journal(self) -> Sequence[Envelope]:
        """The last envelopes, oldest first, for a bug report."""
        ...


class Container(Protocol):
    """Dependency injection: instances by Protocol and name."""

    def get(self, kind: type[T], name: str = "") -> T:
        """The instance for this scope, made on first use.

        Raises:
            ServiceNotFoundError: nothing provides it.
        """
        ...


class Gate(Protocol):
    """The permission check."""

    def require(self, plugin: str, permission: Permission) -> None:
        """Return where the plugin may.

        Raises:
            PermissionDeniedError: says which of manifest, grant and policy refused.
        """
        ...

    def allowed(self, plugin: str, permission: Permission) -> bool:
        """True where :meth:`require` would return."""
        ...


class Config(Protocol):
    """Layered settings: defaults < system < user < environment < overrides."""

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a dotted key."""
        ...

    def plugin(self, plugin: str) -> Mapping[str, Any]:
        """What the files say of a plugin's settings, unchecked: its manifest knows the rules."""
        ...

    def set(self, key: str, value: Any) -> None:
        """Store a value in the user's file, atomically; ``plugin.<id>.<name>`` is a plugin's setting.

        Raises:
            ConfigError: unknown key or wrong type.
        """
        ...

    def items(self) -> Sequence[tuple[str, Any, str]]:
        """Every key with its value and the layer it comes from."""
        ...


class Catalogue(Protocol):
    """Contributions of active plugins, by kind and id."""

    def find(self, kind: str, name: str) -> Contribution:
        """By id or short name.

        Raises:
            NotFoundError: with close matches.
        """
        ...

    def all(self, kind: str) -> Sequence[Contribution]:
        """All of a kind, by descending priority, then id."""
        ...

    def load(self, kind: str, name: str) -> Any:
        """The object of the contribution's entry; the same one every time.

        A class is instantiated: with the plugin's context where its constructor takes one
        argument, else without.

        Raises:
            NotFoundError: unknown.
            PluginError: the code raised on import; the plugin is named.
        """
        ...

    def describe(self, kind: str, name: str) -> Mapping[str, Any]:
        """The descriptor file (TOML or JSON) as data, without importing code."""
        ...

    def resource(self, kind: str, name: str, file: str) -> Path:
        """A file inside the package of the plugin that has the contribution.

        Raises:
            PluginError: the path leaves the plugin's folder.
        """
        ...


class PluginRow(Protocol):
    """One row of the plugin list."""

    @property
    def id(self) -> str:
        """The plugin's id."""
        ...

    @property
    def state(self) -> str:
        """Where it stands in its life."""
        ...

    @property
    def manifest(self) -> Manifest | None:
        """None where it cannot be read."""
        ...

    @property
    def error(self) -> str:
        """Why it failed, or what it waits for; safe to print."""
        ...

    @property
    def origin(self) -> str:
        """Where it comes from, in words."""
        ...

    @property
    def enabled(self) -> bool:
        """Whether it is activated at start."""
        ...


class Plugins(Protocol):
    """The plugin lifecycle, for hosts."""

    def rows(self) -> Sequence[PluginRow]:
        """Every plugin found, broken ones too, in order of id."""
        ...

    def activate(self, plugin: str) -> None:
        """Activate it and what it requires.

        Raises:
            PluginError: unknown, unresolved or failing.
        """
        ...

    def stop(self, plugin: str) -> None:
        """Stop it and what requires it."""
        ...

    def suspend(self, plugin: str) -> None:
        """Take its contributions away without stopping it."""
        ...

    def resume(self, plugin: str) -> None:
        """Give a suspended plugin's contributions back."""
        ...

    def set_enabled(self, plugin: str, enabled: bool, permissions: Iterable[str] | None = None) -> None:
        """Remember whether it is activated at start.

        Enabling is the user's yes where one is needed; ``permissions`` are those granted,
        None: all that the plugin asks for. Disabling takes every grant back.
        """
        ...

    def execute_command(self, plugin: str, command: str, args: Mapping[str, Any]) -> Any:
        """Run one of its commands.

        Raises:
            PluginNotActiveError: it is not active.
        """
        ...

    def doctor(self) -> Sequence[Mapping[str, Any]]:
        """What is wrong, as rows {plugin, severity, message, hint}."""
        ...


class Question(Protocol):
    """What to ask the user before a plugin may run; the text is safe to print."""

    @property
    def text(self) -> str:
        """Lines, without the choices."""
        ...

    @property
    def wanted(self) -> PermissionSet:
        """What a yes grants."""
        ...

    @property
    def terms(self) -> Sequence[str]:
        """How long a yes may hold: ``once``, ``version``, ``publisher``; there is always no, the default."""
        ...


class Installations(Protocol):
    """What a client of registries needs of the kernel: where to put plugins, and what they may do.

    A plugin is named here by its manifest and who signed it, so it need not be installed yet.
    """

    @property
    def folder(self) -> Path:
        """Where sets of plugins lie (:mod:`kadr_sdk.installed`); need not exist."""
        ...

    def question(self, manifest: Manifest, publisher: str, contents: str) -> Question | None:
        """What the user is to be asked before it runs; None where it may run already.

        Args:
            manifest: of the plugin.
            publisher: ``key:<id>``.
            contents: digest of the release record.

        Raises:
            PermissionDeniedError: the policy forbids it.
        """
        ...

    def allow(
        self, manifest: Manifest, publisher: str, contents: str, permissions: PermissionSet, term: str
    ) -> None:
        """Write down the user's yes.

        Raises:
            InvalidParameterError: the plugin does not ask for it, or the term is none.
        """
        ...

    def grants(self) -> Sequence[Mapping[str, Any]]:
        """Rows {plugin, publisher, version, term, permissions, time}, in order of plugin."""
        ...

    def revoke(self, plugin: str, permission: str = "") -> int:
        """Take grants back, all or those that contain a permission; how many were touched."""
        ...

    def purge(self, plugin: str) -> Sequence[str]:
        """Remove all that was kept for a plugin: grants, storage, crashes; what was removed, in words."""
        ...


class Task(Protocol[T]):  # type: ignore[misc]  # T is covariant here, and one T serves the module
    """A task taken by the scheduler."""

    def result(self, timeout: float | None = None) -> T:
        """Wait for the result, or raise what the task raised."""
        ...

    def cancel(self) -> bool:
        """Withdraw it where it has not begun."""
        ...

    def done(self) -> bool:
        """True where it has ended."""
        ...


class Scheduler(Protocol):
    """Owner of all threads and of the memory budget."""

    cpu_count: int
    """Processors usable by this process (cgroup and affinity respected)."""
    memory_budget: int
    """Bytes that all work together may use."""

    def submit(
        self,
        work: Callable[[], T],
        *,
        pool: str = "cpu",
        priority: int = 0,
        time_limit: float | None = None,
        name: str = "",
    ) -> Task[T]:
        """Queue work on ``cpu``, ``io`` or ``background``; the higher priority first.

        Raises:
            OverloadedError: the queue is full.
        """
        ...

    def reserve(self, amount: int, *, owner: str = "") -> AbstractContextManager[None]:
        """Hold bytes of the memory budget, waiting until they are free.

        Raises:
            ResourceError: more than the whole budget.
        """
        ...

    def counters(self) -> Mapping[str, Mapping[str, float]]:
        """Per pool: size, queued, active, completed, failed, rejected, cancelled, timed_out, seconds."""
        ...


class Tracer(Protocol):
    """Spans of work; the default does nothing."""

    def span(self, name: str, **attributes: str | int | float | bool) -> AbstractContextManager[None]:
        """A span around a block."""
        ...


class Metrics(Protocol):
    """Counters, gauges and histograms; the default does nothing."""

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add to a counter."""
        ...

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge."""
        ...

    def observe(self, name: str, value: float, **labels: str) -> None:
        """Add an observation to a histogram."""
        ...


class Cache(Protocol):
    """Content-addressed storage of finished work; the default keeps nothing."""

    def get(self, kind: str, key: str) -> Path | None:
        """A verified file for the key, or None. It stays readable until the caller's job ends."""
        ...

    def put(self, kind: str, key: str, source: Path) -> None:
        """Take a finished file, which nobody changes any more; a failure to store is not an error."""
        ...

    def claim(
        self, kind: str, key: str, waiting: Callable[[], object] | None = None
    ) -> AbstractContextManager[Path | None]:
        """As :meth:`get`, and where there is none, the caller makes it (and puts it) inside the block.

        Meanwhile others that claim the same key, in this process or another, wait and get the
        finished file.

        Args:
            waiting: called again and again while another one works; what it raises ends the wait.
        """
        ...

    def size(self, kind: str, key: str) -> int | None:
        """Bytes of what stands there for the key, or None; nothing is read, and no use is noted.

        For looking ahead: the entry may turn out to be damaged, or be gone when it is wanted.
        """
        ...


class Findings(Protocol):
    """What is seen in media, remembered for searches; the default forgets it."""

    def record(self, digest: str, model: str, classes: Mapping[str, float]) -> None:
        """Remember what a model saw in a content.

        Args:
            digest: sha256 of the file, as hex.
            classes: best score (0..1) by class; the best of several records counts.
        """
        ...


class Proxies(Protocol):
    """Small versions of films, for previews; the default has none.

    A proxy is a film without sound with one picture for each picture of its source, in order,
    at a constant rate, upright, with square pixels and without fields.
    """

    def find(self, path: Path, stream: int, scale: Fraction) -> Path | None:
        """The smallest proxy of a video stream that is at least ``scale`` times as large as shown.

        None where there is none, or the file is no longer what the proxy was made of.
        """
        ...
