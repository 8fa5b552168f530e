"""Effects in a plan: found, checked, elided where neutral, and given their best implementation."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from kadr_sdk.backend import Capabilities
from kadr_sdk.color import Color
from kadr_sdk.contributions import Guest
from kadr_sdk.curves import Samples, sample
from kadr_sdk.effects import (
    CheckedEffect,
    EffectDeclaration,
    FilterContext,
    FilterEffect,
    FilterSpec,
    FrameEffect,
    LateSound,
    SoundFilterEffect,
)
from kadr_sdk.errors import KadrError, NotFoundError, PluginError, Problem
from kadr_sdk.frames import pixel_format
from kadr_sdk.params import FilePath, check_params
from kadr_sdk.plan import Call, Native, Node
from kadr_sdk.project import EffectUse
from kadr_sdk.services import Catalogue
from kadr_sdk.times import frame_at

from kadr_kernel.render.canvas import converted, fitting_format, with_alpha
from kadr_kernel.render.code import CodeDigests
from kadr_kernel.render.guests import find_guest

__all__ = ["Look", "Looks", "Moment", "input_format"]


@dataclass(frozen=True, slots=True)
class Look:
    """An effect use, checked.

    Attributes:
        values: constants and curves by parameter name.
        start, end: frames since the start of the clip; None: all of it.
        seed: hash of the instance.
        inputs: ids of the tracks, on a clip of the sequences, that it takes beside its own.
        mask: cuts what it makes, over the picture before it; None: it acts everywhere.
    """

    path: str
    kind: str
    declaration: EffectDeclaration
    values: Mapping[str, Any]
    start: int | None
    end: int | None
    seed: int
    inputs: tuple[str, ...] = ()
    mask: Look | None = None

    def active(self, frame: int) -> bool:
        """True where it acts on a frame counted from the clip's start."""
        return (self.start is None or frame >= self.start) and (self.end is None or frame < self.end)


@dataclass(frozen=True, slots=True)
class Moment:
    """The stretch of a clip that a node is made for.

    Attributes:
        first, count: frames since the start of the clip.
        total: frames of the clip.
        scale: pixels of the node for one pixel of the project's resolution.
        lead, trail: frames that the inputs have beyond the stretch.
    """

    rate: Fraction
    first: int
    count: int
    total: int
    color: Color
    scale: float = 1.0
    lead: int = 0
    trail: int = 0


@dataclass(frozen=True, slots=True)
class _Order:
    """What a node is made from: a use, its inputs, the output's shape, and values for the stretch."""

    look: Look
    inputs: tuple[Node, ...]
    size: tuple[int, int]
    format: str
    at: Moment
    values: dict[str, Any]


def _no_digest(path: str) -> str:
    """Nothing is known of media."""
    raise NotFoundError("digest", path)


class Looks:
    """Looks effects up once each and turns uses into nodes.

    Args:
        base: folder that parameters of type ``file`` are relative to.
        purpose: what pictures are for (:class:`~kadr_sdk.rendering.RenderRequest`).
        digest: of a media file, for effects that ask what they stand on.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        capabilities: Capabilities,
        base: Path,
        purpose: str = "export",
        digest: Callable[[str], str] = _no_digest,
    ) -> None:
        self._purpose = purpose
        self.digest = digest
        self._catalogue = catalogue
        self._base = base
        self._capabilities = capabilities
        self._declarations: dict[tuple[str, str], EffectDeclaration] = {}
        self._code = CodeDigests()
        self._guests: dict[tuple[str, str], Guest | None] = {}
        self.plugins: set[str] = set()

    def declaration(self, kind: str, name: str) -> EffectDeclaration:
        """The declaration of an effect, transition or generator by id or short name.

        Raises:
            NotFoundError: nothing of that kind has the name.
            PluginError: its descriptor is broken.
        """
        found = self._catalogue.find(kind, name)
        key = (kind, found.id)
        if key not in self._declarations:
            try:
                data = dict(self._catalogue.describe(kind, found.id))
                self._declarations[key] = EffectDeclaration.from_dict(data)
            except ValueError as error:
                raise PluginError(f"the descriptor is broken: {error}", path=found.id) from error
        self.plugins.add(found.plugin)
        return self._declarations[key]

    def look(
        self, kind: str, name: str, use: EffectUse, path: str, fps: Fraction, problems: list[Problem]
    ) -> Look | None:
        """A checked use; None where it does nothing or where a problem was added."""
        if not use.enabled:
            return None
        field = "transition_type" if kind == "transition" else "effect_type"
        field = "type" if path.endswith((".generator", ".mask")) else field
        try:
            declaration = self.declaration(kind, name)
        except NotFoundError as error:
            problems.append(Problem(f"{path}.{field}", error.message, error.hint))
            return None
        except KadrError as error:
            problems.append(Problem(path, str(error)))
            return None
        given = {**declaration.aliases.get(name, {}), **use.parameters}
        values, found = check_params(declaration.params, given, f"{path}.parameters")
        found += self._with_files(declaration, values, f"{path}.parameters")
        problems.extend(found)
        if found or (kind in ("effect", "audio_effect") and declaration.neutral(values)):
            return None
        if not self._accepted(kind, declaration, values, path, problems):
            return None
        mask = self._mask(use, f"{path}.mask", fps, problems)
        start = frame_at(use.start_time, fps) if use.start_time is not None else None
        end = frame_at(use.end_time, fps) if use.end_time is not None else None
        if _nothing(use, start, end, exact=kind == "audio_effect"):
            hint = "give a later time, or none: to the end"
            problems.append(Problem(f"{path}.end_time", "ends before it starts", hint))
            return None
        return Look(path, kind, declaration, values, start, end, _seed(use), use.inputs, mask)

    def _mask(self, use: EffectUse, path: str, fps: Fraction, problems: list[Problem]) -> Look | None:
        """The mask of a use, checked; None where it has none or where a problem was added."""
        if use.mask is None:
            return None
        parts = EffectUse(
            id=use.id, effect_type=use.mask.type, parameters=use.mask.parameters, inputs=use.mask.inputs
        )
        found = self.look("effect", use.mask.type, parts, path, fps, problems)
        if found is not None and (not found.declaration.masks or found.declaration.window != (0, 0)):
            text = f"{found.declaration.id} is no mask"
            problems.append(Problem(f"{path}.type", text, "use mask, or matte"))
            return None
        return found

    def is_sound(self, name: str) -> bool:
        """True where the name is that of an effect on sound, and of none on pictures."""
        found = []
        for kind in ("effect", "audio_effect"):
            try:
                self._catalogue.find(kind, name)
            except NotFoundError:
                continue
            found.append(kind)
        return found == ["audio_effect"]

    def sound_code(self, look: Look) -> str:
        """Digest of the code that carries out an effect on sound; empty where filters do.

        Raises:
            PluginError: the backend has none of its implementations; says what is missing.
        """
        for way in look.declaration.implementations:
            if way == "filter":
                return ""
            if "audio" not in self._capabilities.implementations:
                continue
            if way == "audio":
                return self._code.of(self.load(look))
            if way == "wasm" and (guest := self._guest(look.kind, look.declaration.id)) is not None:
                return guest.digest
        offered = ", ".join(look.declaration.implementations)
        hint = f"it offers: {offered}; the backend {self._capabilities.name} carries none of it out"
        raise PluginError(f"{look.declaration.id} cannot run", path=look.path, hint=hint)

    def sound(self, look: Look, rate: int, layout: str) -> tuple[FilterSpec, ...]:
        """The filters of an effect on sound.

        Raises:
            PluginError: it has none, or the backend misses one; says which.
        """
        implementation = self.load(look)
        if not isinstance(implementation, SoundFilterEffect):
            text = f"{look.declaration.id} says it has a filter implementation and has none"
            raise PluginError(text, path=look.path, hint="report this to its author")
        specs = tuple(implementation.sound_filters(look.values, rate, layout))
        missing = sorted({s.name for s in specs} - self._capabilities.filters)
        if missing:
            message = f"{look.declaration.id} needs the filter {', '.join(missing)}"
            raise PluginError(message, path=look.path, hint=f"{self._capabilities.name} does not have it")
        return specs

    def sound_delay(self, look: Look, rate: int) -> int:
        """Samples that an effect on sound is late by."""
        implementation = self.load(look)
        return implementation.sound_delay(look.values, rate) if isinstance(implementation, LateSound) else 0

    def _with_files(self, declaration: EffectDeclaration, values: dict[str, Any], path: str) -> list[Problem]:
        """Paths of files become absolute, in place; a problem for each that is not there."""
        problems: list[Problem] = []
        for name in (p.name for p in declaration.params if p.type == "file"):
            text = values.get(name)
            if text is None:
                continue
            file = None if "\0" in text or not text.strip() else (self._base / text).absolute()
            if file is None or not file.is_file():
                hint = "check the path; it is relative to the project file"
                problems.append(Problem(f"{path}.{name}", f"there is no file {text!r}", hint))
            values[name] = FilePath(file or "")
        return problems

    def _accepted(
        self,
        kind: str,
        declaration: EffectDeclaration,
        values: Mapping[str, Any],
        path: str,
        problems: list[Problem],
    ) -> bool:
        """False where the implementation refuses the values, or cannot be loaded to be asked."""
        try:
            if (guest := self._guest(kind, declaration.id)) is not None:
                guest.check(values)
                if not self._catalogue.find(kind, declaration.id).entry:
                    return True
            implementation = self._catalogue.load(kind, declaration.id)
            if isinstance(implementation, CheckedEffect):
                implementation.check(values)
        except KadrError as error:
            problems += [
                Problem(f"{path}.parameters", str(replace(p, hint="")), p.hint) for p in error.problems
            ]
            return False
        return True

    def node(
        self,
        look: Look,
        inputs: Sequence[Node],
        size: tuple[int, int],
        format: str,
        at: Moment,
        extra: Mapping[str, Any] | None = None,
    ) -> Node:
        """The node of a use over a stretch of frames.

        Args:
            inputs: in the declared order, already of a format that the effect accepts.
            size: of the output. format: of inputs and output.
            extra: host-owned values (``progress``).

        Raises:
            KadrError: no implementation fits this backend; names effect, engine and remedy.
        """
        order = _Order(look, tuple(inputs), size, format, at, self._sampled(look, at, extra))
        for way in look.declaration.implementations:
            if way == "wasm" and "frame" in self._capabilities.implementations:
                if (guest := self._guest(look.kind, look.declaration.id)) is not None:
                    return self._call(order, guest.digest)
                continue
            if way not in self._capabilities.implementations:
                continue
            if way == "filter":
                native = self._native(order)
                if native is not None:
                    return native
            elif way == "frame":
                return self._python(order)
        offered = ", ".join(look.declaration.implementations)
        raise PluginError(
            f"{look.declaration.id} cannot run with these values on the backend {self._capabilities.name}",
            path=look.path,
            hint=f"it offers: {offered}; the backend takes: {', '.join(self._capabilities.implementations)}",
        )

    def masked(self, mask: Look, inputs: Sequence[Node], before: Node, color: Color, at: Moment) -> Node:
        """What an effect made, as far as a mask says; elsewhere what was there before it.

        Args:
            inputs: what was made, and the pictures of the tracks that the mask takes.
        """
        nodes = [*inputs, before]
        clear = next((n.format for n in nodes if pixel_format(n.format).alpha), before.format)
        format = fitting_format(clear, mask.declaration.formats)
        nodes = [converted(n, format, color) for n in nodes]
        return self.node(mask, nodes, (before.width, before.height), format, at)

    def _sampled(self, look: Look, at: Moment, extra: Mapping[str, Any] | None) -> dict[str, Any]:
        first, count = at.first, at.count
        if look.declaration.state == "sequential":  # the frames that lead in have values too
            first, count = first - at.lead, at.lead + count + at.trail
        values = {n: sample(v, at.rate, first, count) for n, v in look.values.items()}
        for name in look.declaration.spatial:
            values[name] = _scaled(values[name], at.scale)
        return values | dict(extra or {})

    def _native(self, order: _Order) -> Native | None:
        implementation = self.load(order.look)
        if not isinstance(implementation, FilterEffect):
            return None
        at = order.at
        context = FilterContext(*order.size, order.format, at.color, at.count, at.scale)
        specs = implementation.filters(order.values, context)
        if specs is None or any(s.name not in self._capabilities.filters for s in specs):
            return None
        declaration = order.look.declaration
        portable = declaration.deterministic == "bit"
        return Native(
            order.inputs,
            tuple(specs),
            *order.size,
            order.format,
            declaration.id,
            declaration.version,
            portable,
        )

    def _guest(self, kind: str, name: str) -> Guest | None:
        key = (kind, name)
        if key not in self._guests:
            self._guests[key] = find_guest(self._catalogue, *key)
        return self._guests[key]

    def _python(self, order: _Order) -> Call:
        implementation = self.load(order.look)
        if not isinstance(implementation, FrameEffect):
            text = f"{order.look.declaration.id} says it has a frame implementation and has none"
            raise PluginError(text, path=order.look.path)
        return self._call(order, self._code.of(implementation))

    def _call(self, order: _Order, digest: str) -> Call:
        look, at, declaration = order.look, order.at, order.look.declaration
        return Call(
            order.inputs,
            declaration.id,
            look.kind,
            declaration.version,
            digest,
            tuple(sorted(order.values.items())),
            *order.size,
            order.format,
            at.color,
            at.count,
            at.rate,
            at.first,
            at.total,
            look.seed,
            declaration.window if declaration.state == "stateless" else (0, 0),
            at.lead,
            at.trail,
            declaration.state == "sequential",
            declaration.deterministic == "bit",
            at.scale,
            self._purpose,
        )

    def load(self, look: Look) -> Any:
        """The implementation of an effect."""
        return self._catalogue.load(look.kind, look.declaration.id)


def input_format(current: str, look: Look) -> str:
    """The format that an effect's inputs are handed over in; a mask with nothing under it needs alpha."""
    if look.declaration.masks and len(look.inputs) < len(look.declaration.inputs) - 1:
        current = with_alpha(current)
    return fitting_format(current, look.declaration.formats)


def _nothing(use: EffectUse, start: int | None, end: int | None, *, exact: bool) -> bool:
    """True where a use ends before it starts; sound is exact to less than a frame."""
    if use.start_time is None or use.end_time is None or start is None or end is None:
        return False
    return use.end_time <= use.start_time if exact else end <= start


def _seed(use: EffectUse) -> int:
    """A hash of the instance that holds no timeline position: its id, or its type."""
    text = use.id or use.effect_type
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "little")


def _scaled(value: Any, scale: float) -> Any:
    if isinstance(value, Samples):
        return Samples(tuple(_scaled(v, scale) for v in value.values))
    if isinstance(value, tuple):
        return tuple(round(float(v) * scale, 6) for v in value)
    return round(float(value) * scale, 6)
