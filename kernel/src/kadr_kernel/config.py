"""The configuration: layers of TOML and of the environment, every wrong value told at once.

From weak to strong: default < system file < user's file < environment < override. An
environment variable is ``KADR_<SECTION>__<KEY>``; an empty one counts as not set.
"""

from __future__ import annotations

import threading
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kadr_sdk.errors import ConfigError, Problem
from kadr_sdk.events import ConfigChanged

from kadr_kernel.disk import locked, write_whole
from kadr_kernel.folders import Folders
from kadr_kernel.settings import OPEN_SECTION, SETTINGS, Setting, parse_layer, unknown_key

__all__ = ["FILE_NAME", "LAYERS", "Config"]

FILE_NAME = "config.toml"
LAYERS = ("default", "system", "user", "environment", "override")
_PREFIX, _DIVIDER = "KADR_", "__"


@dataclass(frozen=True, slots=True)
class _File:
    """What one file says: checked settings, and the sections of plugins."""

    values: dict[str, Any]
    plugins: dict[str, dict[str, Any]]


class Config:
    """Satisfies :class:`kadr_sdk.services.Config`. Thread-safe.

    Args:
        folders: where the files are; neither needs to exist.
        environ: environment variables.
        overrides: values by key that beat everything (options of the command line).
        publish: told of every change.

    Raises:
        ConfigError: with every unknown key and wrong value of all layers.
    """

    def __init__(
        self,
        folders: Folders,
        *,
        environ: Mapping[str, str],
        overrides: Mapping[str, Any] | None = None,
        publish: Callable[[ConfigChanged], object] | None = None,
    ) -> None:
        self._given_folders = folders
        self._publish = publish
        self._lock = threading.Lock()
        self.file = folders.config / FILE_NAME
        problems: list[Problem] = []
        system = _read_file(folders.system / FILE_NAME if folders.system else None, problems)
        user = _read_file(self.file, problems)
        environment = _read_environment(environ, problems)
        override, wrong = parse_layer(iter((overrides or {}).items()), lambda key: f"override {key}")
        if problems + wrong:
            raise ConfigError("the configuration is wrong", problems + wrong)
        defaults = {key: setting.default for key, setting in SETTINGS.items()}
        self._layers = (defaults, system.values, user.values, environment, override)
        self._plugins = (system.plugins, user.plugins)

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a dotted key; lists are tuples.

        Raises:
            ConfigError: there is no such setting, and no default is given.
        """
        for values in reversed(self._layers):
            if key in values:
                return values[key]
        if default is None:
            problem = unknown_key(key, "")
            raise ConfigError(problem.message, hint=problem.hint)
        return default

    def items(self) -> Sequence[tuple[str, Any, str]]:
        """Every key with its value and the layer it comes from, in order of the key."""
        rows = []
        for key in sorted(SETTINGS):
            layer = max(number for number, values in enumerate(self._layers) if key in values)
            rows.append((key, self._layers[layer][key], LAYERS[layer]))
        return rows

    def plugin(self, plugin: str) -> Mapping[str, Any]:
        """What the files say in ``[plugin."<id>"]``, unchecked: the plugin's manifest knows the rules."""
        merged: dict[str, Any] = {}
        for sections in self._plugins:
            merged |= sections.get(plugin, {})
        return merged

    @property
    def folders(self) -> Folders:
        """The folders, with ``paths.data`` and ``paths.cache`` where they are set."""
        folders = self._given_folders
        if data := self.get("paths.data"):
            folders = replace(folders, data=Path(data))
        if cache := self.get("paths.cache"):
            folders = replace(folders, cache=Path(cache))
        return folders

    def set(self, key: str, value: Any) -> None:
        """Store a value in the user's file; what else stands there stays, except for comments.

        A stronger layer still wins: :meth:`items` shows which. The key ``plugin.<id>.<name>`` is
        a setting of that plugin and stored unchecked: its manifest knows the rules.

        Raises:
            ConfigError: unknown key, wrong value, or a file that is not TOML.
            StorageError: the file cannot be written.
        """
        if key.startswith(f"{OPEN_SECTION}."):
            section, name = key.removeprefix(f"{OPEN_SECTION}.").rpartition(".")[::2]
            self._set_plugin(section, name, value)
            return
        checked, problems = parse_layer(iter([(key, value)]), lambda key: key)
        if problems:
            raise ConfigError("the setting is refused", problems)
        with self._lock, locked(self._given_folders.state / "config.lock"):
            document = _load(self.file)
            _put(document, key.split("."), value, self.file)
            self._write(document)
            self._layers[2].update(checked)
        if self._publish is not None:
            self._publish(ConfigChanged(key, checked[key]))

    def _set_plugin(self, plugin: str, name: str, value: Any) -> None:
        with self._lock, locked(self._given_folders.state / "config.lock"):
            document = _load(self.file)
            _put(document, [OPEN_SECTION, plugin, name], value, self.file)
            self._write(document)
            self._plugins[1].setdefault(plugin, {})[name] = value
        if self._publish is not None:
            self._publish(ConfigChanged(f"{OPEN_SECTION}.{plugin}.{name}", value))

    def _write(self, document: Mapping[str, Any]) -> None:
        import tomli_w  # late: most runs write nothing

        write_whole(self.file, tomli_w.dumps(document).encode())


def _load(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        hint = "correct it, or move it away"
        raise ConfigError(f"the file cannot be read: {error}", path=path, hint=hint) from error


def _read_file(path: Path | None, problems: list[Problem]) -> _File:
    try:
        document = _load(path) if path else {}
    except ConfigError as error:
        problems.extend(error.problems)
        return _File({}, {})
    sections = document.pop(OPEN_SECTION, {})
    if not isinstance(sections, dict) or not all(isinstance(s, dict) for s in sections.values()):
        hint = f'write [{OPEN_SECTION}."<id>"]'
        problems.append(Problem(f"{path}: {OPEN_SECTION}", "a table for each plugin is expected", hint))
        sections = {}
    values, wrong = parse_layer(_flat(document), lambda key: f"{path}: {key}")
    problems.extend(wrong)
    return _File(values, sections)


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted keys with values; a key that has dots itself is quoted, and so never a setting."""
    for name, value in table.items():
        key = prefix + (f'"{name}"' if "." in name else name)
        if isinstance(value, dict) and key not in SETTINGS:
            yield from _flat(value, f"{key}.")
        else:
            yield key, value


def _read_environment(environ: Mapping[str, str], problems: list[Problem]) -> dict[str, Any]:
    names = {
        name[len(_PREFIX) :].lower().replace(_DIVIDER, "."): name
        for name, text in sorted(environ.items())
        if name.startswith(_PREFIX) and _DIVIDER in name and text
    }
    values, wrong = parse_layer(
        ((key, environ[name]) for key, name in names.items()),
        lambda key: f"environment variable {names[key]}",
        Setting.parse_text,
    )
    problems.extend(wrong)
    return values


def _put(document: dict[str, Any], parts: Sequence[str], value: Any, path: Path) -> None:
    table: Any = document
    for part in parts[:-1]:
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise ConfigError(f"{part!r} is not a table", path=path, hint=f"write [{part}]")
    table[parts[-1]] = list(value) if isinstance(value, tuple) else value
