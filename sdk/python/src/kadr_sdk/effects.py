"""The effect contract: what an effect declares; :mod:`kadr_sdk.effect_code` has how it is carried out.

A declaration is data, read from a descriptor (TOML) without importing code. One contract
serves native (libavfilter), Python, WASM and GPU implementations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from kadr_sdk.effect_code import (
    CheckedEffect,
    FilterContext,
    FilterEffect,
    FilterSpec,
    FrameCall,
    FrameEffect,
    LateSound,
    SoundFilterEffect,
    SourcedEffect,
    SourceUse,
)
from kadr_sdk.errors import did_you_mean
from kadr_sdk.frames import FORMATS
from kadr_sdk.ids import check_contribution_id
from kadr_sdk.params import Param

__all__ = [
    "KINDS",
    "UNDER",
    "CheckedEffect",
    "EffectDeclaration",
    "FilterContext",
    "FilterEffect",
    "FilterSpec",
    "FrameCall",
    "FrameEffect",
    "Input",
    "LateSound",
    "SoundFilterEffect",
    "SourceUse",
    "SourcedEffect",
]

KINDS = ("filter", "transition", "generator", "composite", "analyzer", "audio_filter", "audio_generator")
_INPUT_KINDS = ("image", "mask", "audio", "data")
_LISTS = (
    "names",
    "tags",
    "inputs",
    "implementations",
    "formats",
    "params",
    "window",
    "spatial",
    "permissions",
    "examples",
)
_MOST_RINGING = 10_000_000
_MOST_WINDOW, _MOST_PARAMS = 100, 200
_SPATIAL = ("float", "int", "point", "rect")
_IMPLEMENTATIONS = ("filter", "frame", "wasm", "shader", "audio")


UNDER = "under"
"""Id of the optional last input of a mask: what shows where it takes the picture away.

Where nothing is given, nothing shows there: the host hands over a picture with alpha, and the
mask lowers it. As the ``mask`` of another effect's use it gets the picture from before that effect.
"""


@dataclass(frozen=True, slots=True)
class Input:
    """One input of an effect."""

    id: str
    kind: str = "image"
    optional: bool = False


_DEFAULT_INPUTS = {
    "filter": (Input("source"),),
    "transition": (Input("from"), Input("to")),
    "analyzer": (Input("source"),),
    "audio_filter": (Input("source", "audio"),),
}


@dataclass(frozen=True, slots=True)
class EffectDeclaration:
    """What an effect is, readable without running it.

    Attributes:
        id: contribution id, e.g. ``kadr.blur``; ``names`` are short names for project files.
        kind: one of :data:`KINDS`.
        implementations: what it offers, best first: ``filter`` (libavfilter nodes),
            ``frame`` (Python), ``wasm``, ``shader``, ``audio``.
        formats: pixel formats it accepts in order of preference; empty: any.
        window: frames needed before and after; -1: from the start of the clip (sequential only).
        state: ``stateless`` (any frame in any order) or ``sequential`` (in order, reset on seek).
        deterministic: ``bit`` (same bytes on every machine), ``machine`` (same bytes on the
            same class of processor), ``tolerance`` or ``none``.
        latency: of an effect on sound: samples that it comes late, taken back by the host.
        tail: of an effect on sound: samples that it rings on after its input has ended.
        color: ``any``, ``linear``, ``display`` or a named space.
        spatial: names of parameters measured in pixels of the project, scaled by the host.
        source: it wants to know what of its clip's media each frame shows (:class:`SourceUse`).
        moves: it moves the picture, so that nothing after it can ask for that.
        aliases: values that come with a short name, by name (one of ``names``): what a user
            writes beside the name wins over them.
    """

    id: str
    version: int
    title: str
    kind: str = "filter"
    names: tuple[str, ...] = ()
    summary: str = ""
    category: str = ""
    tags: tuple[str, ...] = ()
    icon: str = ""
    deprecated_by: str = ""
    inputs: tuple[Input, ...] = ()
    implementations: tuple[str, ...] = ("frame",)
    formats: tuple[str, ...] = ()
    params: tuple[Param, ...] = ()
    window: tuple[int, int] = (0, 0)
    state: str = "stateless"
    tileable: bool = False
    halo: int = 0
    pointwise: bool = False
    deterministic: str = "bit"
    latency: int = 0
    tail: int = 0
    color: str = "any"
    alpha: str = "straight"
    spatial: tuple[str, ...] = ()
    source: bool = False
    moves: bool = False
    permissions: tuple[str, ...] = ()
    examples: tuple[Mapping[str, Any], ...] = ()
    aliases: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    wasm: str = ""
    extensions: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> EffectDeclaration:
        """A declaration from descriptor data; unknown keys are refused with a hint.

        Raises:
            ValueError: what is wrong, with the key.
        """
        try:
            return cls._read(data)
        except (TypeError, AttributeError, LookupError, ArithmeticError) as error:
            raise ValueError(f"a value is of the wrong kind: {error}") from error

    @classmethod
    def _read(cls, data: Mapping[str, Any]) -> EffectDeclaration:
        known = {f.name for f in fields(cls)}
        for key in data:
            if key not in known:
                raise ValueError(f"unknown key {key!r}; {did_you_mean(key, known)}")
        if missing := [key for key in ("id", "version", "title") if key not in data]:
            raise ValueError(f"a declaration needs {', '.join(missing)}")
        for key in _LISTS:
            if not isinstance(data.get(key, []), list | tuple):
                raise ValueError(f"{key}: a list is expected")
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items()}
        values["params"] = tuple(Param.from_dict(p) for p in data.get("params", ()))
        default = _DEFAULT_INPUTS.get(str(data.get("kind", "filter")), ())
        values["inputs"] = tuple(_input(i) for i in data["inputs"]) if "inputs" in data else default
        declaration = cls(**values)
        declaration._check()
        return declaration

    def _check(self) -> None:
        for name in (self.id, *self.names):
            check_contribution_id(str(name))
        if not _is_whole(self.version) or self.version < 1:
            raise ValueError("version: a whole number from 1 on is expected")
        _one_of("kind", self.kind, KINDS)
        _one_of("state", self.state, ("stateless", "sequential"))
        _one_of("deterministic", self.deterministic, ("bit", "machine", "tolerance", "none"))
        _one_of("alpha", self.alpha, ("straight", "premultiplied"))
        for name in self.implementations:
            _one_of("implementations", name, _IMPLEMENTATIONS)
        for name in self.formats:
            _one_of("formats", name, FORMATS)
        for item in self.inputs:
            _one_of("inputs.kind", item.kind, _INPUT_KINDS)
        names = [p.name for p in self.params]
        if len(names) > _MOST_PARAMS:
            raise ValueError(f"params: {len(names)}; at most {_MOST_PARAMS} are taken")
        if len(set(names)) != len(names):
            raise ValueError("two parameters have the same name")
        for name in self.spatial:
            _one_of("spatial", name, [p.name for p in self.params if p.type in _SPATIAL])
        if not isinstance(self.source, bool):
            raise ValueError("source: true or false is expected")
        if not isinstance(self.moves, bool):
            raise ValueError("moves: true or false is expected")
        if self.source and (self.kind, self.state) != ("filter", "stateless"):
            raise ValueError("source: only a filter without state can ask for it")
        self._check_window()
        self._check_aliases()
        self._check_texts()

    def _check_texts(self) -> None:
        for own in fields(self):
            value = getattr(self, own.name)
            texts = (value,) if own.type == "str" else value if own.type == "tuple[str, ...]" else ()
            if not all(isinstance(text, str) for text in texts):
                raise ValueError(f"{own.name}: text is expected")

    def _check_window(self) -> None:
        if [_is_whole(n) for n in self.window] != [True, True]:
            raise ValueError("window is two counts of frames: before and after")
        if max(self.window) > _MOST_WINDOW:
            raise ValueError(f"window: at most {_MOST_WINDOW} frames before and after")
        if self.window[1] < 0 or self.window[0] < (-1 if self.state == "sequential" else 0):
            raise ValueError("window is two counts of frames; only a sequential effect may ask for all")
        if not _is_whole(self.halo) or self.halo < 0:
            raise ValueError("halo is a count of rows")
        for name, count in (("latency", self.latency), ("tail", self.tail)):
            if not _is_whole(count) or not 0 <= count <= _MOST_RINGING:
                raise ValueError(f"{name} is a count of samples up to {_MOST_RINGING}")
            if count and self.kind not in ("audio_filter", "audio_generator"):
                raise ValueError(f"{name} is for effects on sound")

    def _check_aliases(self) -> None:
        params = {p.name: p for p in self.params}
        for name, values in self.aliases.items():
            _one_of("aliases", name, self.names)
            for key, value in values.items():
                _one_of(f"aliases.{name}", key, params)
                try:
                    params[key].parse(value)
                except ValueError as error:
                    raise ValueError(f"aliases.{name}.{key}: {error}") from error

    @property
    def masks(self) -> bool:
        """True for a mask: its last input is :data:`UNDER`."""
        return bool(self.inputs) and self.inputs[-1].id == UNDER and self.inputs[-1].optional

    def neutral(self, values: Mapping[str, Any]) -> bool:
        """True where no value changes the picture, so that the planner drops the effect."""
        deciding = [p for p in self.params if p.neutral is not None]
        return bool(deciding) and all(p.is_neutral(values[p.name]) for p in deciding)


def _input(data: Any) -> Input:
    known = [f.name for f in fields(Input)]
    if not isinstance(data, Mapping) or "id" not in data:
        raise ValueError("inputs: tables with an id are expected")
    for key in data:
        _one_of("inputs", key, known)
    return Input(**data)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _one_of(key: str, value: str, known: Any) -> None:
    if value not in known:
        raise ValueError(f"{key}: {value!r} is unknown; {did_you_mean(str(value), known)}")
