"""The settings there are: one table of declarations, used for checking and for help."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kadr_sdk.errors import Problem, did_you_mean
from kadr_sdk.params import Param

__all__ = ["OPEN_SECTION", "SETTINGS", "Setting", "parse_layer", "unknown_key"]

OPEN_SECTION = "plugin"
"""``[plugin."org.example.glow"]`` belongs to that plugin, whose manifest says what is valid."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: a dotted key, and what its value (or each of its values) may be."""

    key: str
    param: Param
    many: bool = False

    @property
    def default(self) -> Any:
        """The value where no layer has one."""
        return () if self.many else self.param.default

    @property
    def summary(self) -> str:
        """What it does, in a sentence."""
        return self.param.hint

    def parse(self, value: Any) -> Any:
        """The checked value; a list becomes a tuple, ``~`` the home folder.

        Raises:
            ValueError: wrong type, or out of range.
        """
        if not self.many:
            return self._parse_one(value)
        if not isinstance(value, list | tuple):
            raise ValueError(f"a list is expected, not {value!r}")
        return tuple(self._parse_one(item) for item in value)

    def parse_text(self, text: str) -> Any:
        """The value of an environment variable; the items of a list are separated by commas.

        Raises:
            ValueError: as :meth:`parse`.
        """
        if self.many:
            return self.parse([item.strip() for item in text.split(",") if item.strip()])
        if self.param.type == "int":
            if not re.fullmatch(r"\s*[+-]?\d{1,18}\s*", text):
                raise ValueError(f"a whole number is expected, not {text[:60]!r}")
            return self.parse(int(text))
        return self.parse(text)

    def _parse_one(self, value: Any) -> Any:
        parsed = self.param.parse(value)
        if self.param.type != "file" or not parsed:
            return parsed
        try:
            path = Path(parsed).expanduser()
        except RuntimeError as error:
            raise ValueError(f"{parsed!r}: {error}") from error
        if not path.is_absolute():
            raise ValueError(f"a full path is expected, not {parsed!r}")
        return str(path)


def _setting(key: str, type_: str, default: Any, hint: str, *, many: bool = False, **limits: Any) -> Setting:
    name = key.rpartition(".")[2]
    return Setting(key, Param(name, type_, default, hint=hint, animatable=False, **limits), many)


SETTINGS: Mapping[str, Setting] = {
    setting.key: setting
    for setting in (
        _setting(
            "media.proxies",
            "choice",
            "preview",
            "small versions of films: preview (shown in previews, never exported), off",
            choices=("preview", "off"),
        ),
        _setting(
            "media.untrusted",
            "bool",
            False,
            "media are read in processes that have given up network, other files and new programs",
        ),
        _setting("paths.cache", "file", "", "folder of what can be made again; empty: the usual place"),
        _setting("paths.data", "file", "", "folder of plugins' storage; empty: the usual place"),
        _setting("plugins.disabled", "text", "", "ids of plugins that are not activated", many=True),
        _setting("plugins.folders", "file", "", "folders that are searched for plugins", many=True),
        _setting(
            "render.address", "text", "", "of the scheduler that an executor works with, e.g. tcp://host:8786"
        ),
        _setting(
            "render.executor", "text", "threads", "where segments are made: threads, processes, or a plugin's"
        ),
        _setting("render.memory_mb", "int", 0, "memory for rendering, MiB; 0: half of what there is", min=0),
        _setting(
            "render.smart_copy",
            "choice",
            "off",
            "packets of what nothing touches: off (encode all), auto (copy them), require (or refuse)",
            choices=("off", "auto", "require"),
        ),
        _setting(
            "render.verify",
            "choice",
            "fast",
            "check of a finished file: fast (facts recorded while encoding), full (decode it all), off",
            choices=("fast", "full", "off"),
        ),
        _setting(
            "render.workers", "int", 0, "segments rendered at once; 0: as the machine allows", min=0, max=1024
        ),
        _setting(
            "sandbox.isolation",
            "choice",
            "auto",
            "where guests run; auto: those that nobody vouches for in a process of their own",
            choices=("auto", "in_process", "process"),
        ),
        _setting(
            "sandbox.level",
            "choice",
            "auto",
            "what guests may use, from little to much; auto: by whom they come from",
            choices=("auto", "minimal", "standard", "extended", "full"),
        ),
        _setting(
            "sandbox.on_failure",
            "choice",
            "fail",
            "where a guest fails: fail (stop), skip (show its input), hold (show its last picture)",
            choices=("fail", "skip", "hold"),
        ),
        _setting(
            "sandbox.trusted", "text", "", "sha256 of guests that run faster, without a deadline", many=True
        ),
        _setting(
            "ui.color",
            "choice",
            "auto",
            "colours on the terminal; auto: where it is one",
            choices=("auto", "always", "never"),
        ),
        _setting("ui.language", "text", "", "language of messages, like de; empty: that of the system"),
    )
}
"""Every setting by its key."""


def unknown_key(key: str, where: str) -> Problem:
    """The problem of a key that is not in the table, with what is close to it in its section."""
    sections: dict[str, list[str]] = {OPEN_SECTION: []}
    for known in SETTINGS:
        section, _, name = known.partition(".")
        sections.setdefault(section, []).append(name)
    section, _, name = key.partition(".")
    if section not in sections:
        return Problem(where, f"unknown setting {key!r}", _meant(key, section, sections))
    if not name:
        return Problem(where, f"{key!r} is a section, not a setting", f"write [{key}]")
    return Problem(where, f"unknown setting {key!r}", did_you_mean(name, sections[section]))


def _meant(key: str, section: str, sections: Iterable[str]) -> str:
    whole = did_you_mean(key, SETTINGS)
    return whole if whole.startswith("did") else did_you_mean(section, sections)


def parse_layer(
    values: Iterator[tuple[str, Any]],
    place: Callable[[str], str],
    parse: Callable[[Setting, Any], Any] = Setting.parse,
) -> tuple[dict[str, Any], list[Problem]]:
    """The checked values of one layer, and everything that is wrong in it.

    Args:
        values: dotted keys with raw values.
        place: where a key stands, for the problems.
        parse: how to read a raw value.
    """
    checked: dict[str, Any] = {}
    problems: list[Problem] = []
    for key, value in values:
        setting = SETTINGS.get(key)
        if setting is None:
            problems.append(unknown_key(key, place(key)))
            continue
        try:
            checked[key] = parse(setting, value)
        except (ValueError, OverflowError) as error:
            limits = f"allowed: {setting.param.range_text}" if setting.param.range_text else setting.summary
            problems.append(Problem(place(key), str(error), limits))
    return checked, problems
