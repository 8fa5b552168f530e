"""Errors: data in, sentence out, with path and remedy.

The tree (26 leaves; each has a stable ``code`` and says whether a retry can help)::

    KadrError
    ├── InputError                   what the user gave
    │   ├── ValidationError          a document breaks rules; carries every Problem
    │   ├── InvalidParameterError    a parameter of an effect or command
    │   ├── InvalidPathError         a path that cannot be used
    │   ├── MediaFileError           a media file that cannot be read
    │   ├── UnsupportedFormatError   a codec, container or pixel format
    │   ├── SerializationError       a file that is not the format it claims
    │   ├── ConfigError              the user's configuration
    │   ├── ModelError               a machine-learning model that cannot be used
    │   └── NotFoundError            an unknown id (effect, preset, project, command)
    ├── PluginError
    │   ├── ManifestError            plugin.toml breaks rules
    │   ├── PluginNotFoundError
    │   ├── PluginNotActiveError     a command to a plugin that is not active
    │   ├── DependencyMissingError   a plugin or package that another one needs
    │   └── ServiceNotFoundError     nothing provides a service
    ├── PermissionDeniedError        manifest, grant or policy says no
    ├── RenderError                  a render stopped
    │   ├── BackendError             the media library refused
    │   ├── PreviewError             one frame could not be made
    │   ├── VerifyError              the result is not what the plan said
    │   └── GpuError                 a GPU failed or is absent
    ├── ResourceError                memory, disk, files, time
    │   ├── StorageError             reading or writing failed
    │   ├── CacheError
    │   ├── OverloadedError          a bounded queue is full
    │   └── TimeoutExceededError
    ├── CancelledError               the user stopped it
    ├── NotSupportedError            a known thing that this build cannot do
    └── InternalError                a defect of kadr itself
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

__all__ = [
    "BackendError",
    "CacheError",
    "CancelledError",
    "ConfigError",
    "DependencyMissingError",
    "GpuError",
    "InputError",
    "InternalError",
    "InvalidParameterError",
    "InvalidPathError",
    "KadrError",
    "ManifestError",
    "ManyProblems",
    "MediaFileError",
    "ModelError",
    "NotFoundError",
    "NotSupportedError",
    "OverloadedError",
    "PermissionDeniedError",
    "PluginError",
    "PluginNotActiveError",
    "PluginNotFoundError",
    "PreviewError",
    "Problem",
    "RenderError",
    "ResourceError",
    "SerializationError",
    "ServiceNotFoundError",
    "StorageError",
    "TimeoutExceededError",
    "UnsupportedFormatError",
    "ValidationError",
    "VerifyError",
    "did_you_mean",
    "error_codes",
]


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule: where (``timeline.tracks[1].clips[3].speed``), what, and what to do."""

    path: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path else ""
        remedy = f" ({self.hint})" if self.hint else ""
        return f"{where}{self.message}{remedy}"

    def as_dict(self) -> dict[str, str]:
        """The problem as JSON-ready data."""
        return {"path": self.path, "message": self.message, "hint": self.hint}


class KadrError(Exception):
    """Root of the tree.

    Args:
        message: what happened, one sentence without a full stop.
        path: where: a file, or a place in a document.
        hint: what the user can do.
        data: facts for programs (JSON-ready values).
    """

    code: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, path: object = "", hint: str = "", **data: object) -> None:
        super().__init__(message)
        self.message = message
        self.path = str(path)
        self.hint = hint
        self.data = data

    def __str__(self) -> str:
        return str(Problem(self.path, self.message, self.hint))

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross process borders whole; the default would drop the keyword data.
        return (_rebuild, (type(self), self.message, self.path, self.hint, self.data))

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Everything that is wrong, at least one row."""
        return (Problem(self.path, self.message, self.hint),)

    def as_dict(self) -> dict[str, object]:
        """The error as JSON-ready data: code, message, problems, data."""
        return {
            "code": self.code,
            "message": self.message,
            "retryable": self.retryable,
            "problems": [p.as_dict() for p in self.problems],
            "data": {key: _plain(value) for key, value in self.data.items()},
        }


def _plain(value: object) -> object:
    if isinstance(value, bool | int | float | str | type(None)):
        return value
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(v) for v in value]
    return str(value)


def _rebuild(kind: type[KadrError], message: str, path: str, hint: str, data: dict[str, object]) -> KadrError:
    error = kind.__new__(kind)
    KadrError.__init__(error, message, path=path, hint=hint, **data)
    return error


if TYPE_CHECKING:
    _Several = KadrError
else:
    _Several = object  # no branch of the tree: it stands beside one


class ManyProblems(_Several):
    """What makes an error tell everything that is wrong at once; named before the error it extends.

    Args:
        problems: every broken rule.
    """

    def __init__(self, message: str, problems: Iterable[Problem] = (), *, path: object = "") -> None:
        super().__init__(message, path=path, problems=tuple(problems))

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Every broken rule."""
        found = self.data.get("problems")
        return tuple(p for p in found if isinstance(p, Problem)) if isinstance(found, tuple) else ()

    def as_dict(self) -> dict[str, object]:
        """As the base, without repeating the problems among the data."""
        return super().as_dict() | {"data": {}}

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *(f"  - {problem}" for problem in self.problems)])


class InputError(KadrError):
    """What the user gave cannot be used."""

    code = "input"
    exit_code = 2


class ValidationError(ManyProblems, InputError):
    """A document breaks one or more rules; all of them are in :attr:`problems`."""

    code = "validation"


class InvalidParameterError(InputError):
    """A parameter is unknown, of the wrong type or out of range."""

    code = "invalid_parameter"


class InvalidPathError(InputError):
    """A path is missing, not writable, a folder, or the same as an input."""

    code = "invalid_path"


class MediaFileError(InputError):
    """A media file is missing, empty, damaged or shorter than it is used."""

    code = "media_file"
    exit_code = 3


class UnsupportedFormatError(InputError):
    """A codec, container or pixel format that no backend offers."""

    code = "unsupported_format"


class SerializationError(InputError):
    """A file is not the format that it claims to be."""

    code = "serialization"


class ConfigError(InputError):
    """The user's configuration is wrong; where rows are given, all of them are in :attr:`problems`."""

    code = "config"

    def __init__(
        self,
        message: str,
        problems: Iterable[Problem] = (),
        *,
        path: object = "",
        hint: str = "",
        **data: object,
    ) -> None:
        super().__init__(message, path=path, hint=hint, **data)
        if rows := tuple(problems):
            self.data["problems"] = rows

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Every wrong value."""
        rows = self.data.get("problems")
        if isinstance(rows, tuple):
            return tuple(row for row in rows if isinstance(row, Problem))
        return super().problems

    def __str__(self) -> str:
        rows = self.problems if "problems" in self.data else ()
        return "\n".join([super().__str__(), *(f"  - {row}" for row in rows)])

    def as_dict(self) -> dict[str, object]:
        """As the base, without repeating the problems among the data."""
        plain = super().as_dict()
        if isinstance(data := plain["data"], dict):
            data.pop("problems", None)
        return plain


class ModelError(InputError):
    """A machine-learning model is absent, damaged, hostile, refused for its licence, or failed."""

    code = "model"


class NotFoundError(InputError):
    """An id that nothing has: effect, transition, preset, command, job.

    Args:
        kind: what was looked for, in the singular.
        name: the id asked for.
        known: the ids there are, for the did-you-mean.
    """

    code = "not_found"

    def __init__(
        self, kind: str, name: str, known: Iterable[str] = (), *, path: object = "", hint: str = ""
    ) -> None:
        hint = hint or did_you_mean(name, known)
        super().__init__(f"unknown {kind} {name!r}", path=path, hint=hint, kind=kind, name=name)


class PluginError(KadrError):
    """A plugin is missing, broken or misused."""

    code = "plugin"


class ManifestError(ManyProblems, PluginError):
    """``plugin.toml`` breaks rules; all of them are in :attr:`problems`."""

    code = "manifest"
    exit_code = 2


class PluginNotFoundError(PluginError):
    """No plugin of that id is installed."""

    code = "plugin_not_found"
    exit_code = 2


class PluginNotActiveError(PluginError):
    """The plugin is installed but not active."""

    code = "plugin_not_active"
    exit_code = 2


class DependencyMissingError(PluginError):
    """A plugin, package or program that is needed is absent."""

    code = "dependency_missing"
    exit_code = 2


class ServiceNotFoundError(PluginError):
    """Nothing provides the service."""

    code = "service_not_found"


class PermissionDeniedError(KadrError):
    """The manifest did not ask, the user did not grant, or the policy forbids."""

    code = "permission_denied"
    exit_code = 6


class RenderError(KadrError):
    """A render stopped after it had begun."""

    code = "render"
    exit_code = 4


class BackendError(RenderError):
    """The media library refused an operation; its own words are in ``data['log']``."""

    code = "backend"


class PreviewError(RenderError):
    """One frame could not be made."""

    code = "preview"


class VerifyError(RenderError):
    """The finished file is not what the plan said; nothing took the final name."""

    code = "verify"
    exit_code = 5


class GpuError(RenderError):
    """A GPU failed or is absent; retrying on the processor may help."""

    code = "gpu"
    retryable = True


class ResourceError(KadrError):
    """Something finite ran out: memory, disk, open files, time."""

    code = "resource"
    retryable = True
    exit_code = 7


class StorageError(ResourceError):
    """Reading or writing failed (full disk, missing rights, vanished folder)."""

    code = "storage"


class CacheError(ResourceError):
    """The cache cannot be used; work goes on without it."""

    code = "cache"


class OverloadedError(ResourceError):
    """A bounded queue is full; the task was not taken."""

    code = "overloaded"


class TimeoutExceededError(ResourceError):
    """A task took longer than it may."""

    code = "timeout"


class CancelledError(KadrError):
    """The user or the host stopped the work; nothing took the final name."""

    code = "cancelled"
    exit_code = 130


class NotSupportedError(KadrError):
    """A known thing that this build or this backend cannot do."""

    code = "not_supported"
    exit_code = 2


class InternalError(KadrError):
    """A defect of kadr itself; please report it with the journal."""

    code = "internal"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint that names close matches, or the first few known names, or nothing.

    A full id goes where its short name is named too, and so does what is far behind the best.
    """
    names: Sequence[str] = sorted(set(known))
    close = difflib.get_close_matches(name, names, n=4, cutoff=0.6)
    best = max((_likeness(name, found) for found in close), default=0.0)
    close = [found for found in close if _likeness(name, found) > best - 0.15]
    close = [found for found in close if found.rpartition(".")[2] not in close or "." not in found][:3]
    if close:
        return "did you mean " + " or ".join(repr(c) for c in close) + "?"
    if not names:
        return ""
    shown = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    return f"known: {shown}"


def _likeness(name: str, other: str) -> float:
    return difflib.SequenceMatcher(None, other, name).ratio()


def error_codes() -> dict[str, type[KadrError]]:
    """Every error class by its stable code."""
    found: dict[str, type[KadrError]] = {}
    todo: list[type[KadrError]] = [KadrError]
    while todo:
        kind = todo.pop()
        found[kind.code] = kind
        todo.extend(kind.__subclasses__())
    return found
