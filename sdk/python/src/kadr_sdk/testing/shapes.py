"""Whether an object has the methods that a kind of contribution asks for, without calling any."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from kadr_sdk.audio_effects import AudioEffect
from kadr_sdk.backend import Backend
from kadr_sdk.contributions import (
    Analyzer,
    Exporter,
    FrameAnalyzer,
    Importer,
    LadderExporter,
    Runtime,
)
from kadr_sdk.data_guests import DataRuntime, RowsAnalyzer
from kadr_sdk.effects import EffectDeclaration, FilterEffect, FrameEffect, SoundFilterEffect
from kadr_sdk.execution import Executor
from kadr_sdk.manifest import Contribution
from kadr_sdk.plugin import Command, Host

__all__ = ["entry_problems", "load_entry"]

_PROTOCOLS: dict[str, type] = {
    "analyzer": Analyzer,
    "backend": Backend,
    "executor": Executor,
    "host": Host,
    "importer": Importer,
}
_PICTURES = {"filter": FilterEffect, "frame": FrameEffect}
_SOUND = {"filter": SoundFilterEffect, "audio": AudioEffect}


def load_entry(entry: str) -> Any:
    """The object of ``module:attribute``.

    Raises:
        Exception: whatever importing it raises.
    """
    module, _, attributes = entry.partition(":")
    thing: Any = import_module(module)
    for name in attributes.split(".") if attributes else ():
        thing = getattr(thing, name)
    return thing


def entry_problems(item: Contribution, thing: Any, declaration: EffectDeclaration | None) -> Iterator[str]:
    """What is wrong with the object of a contribution's entry."""
    if item.kind == "command":
        yield from _callable(thing, Command)
    elif item.kind == "service":
        yield from _service(item, thing)
    elif item.kind == "exporter":  # the files of each rendition, or what ties them together
        lacking = [list(_methods(thing, protocol)) for protocol in (Exporter, LadderExporter)]
        yield from () if [] in lacking else lacking[0]
    elif item.kind == "runtime":  # guests that make pictures, guests that work on data, or both
        lacking = [list(_methods(thing, protocol)) for protocol in (Runtime, DataRuntime)]
        yield from () if [] in lacking else lacking[0]
    elif item.kind == "analyzer" and hasattr(thing, "measure"):
        yield from _methods(thing, FrameAnalyzer)
    elif item.kind == "analyzer" and hasattr(thing, "digest"):
        yield from _methods(thing, RowsAnalyzer)
    elif item.kind in _PROTOCOLS:
        yield from _methods(thing, _PROTOCOLS[item.kind])
    elif declaration is not None:
        table = _SOUND if item.kind == "audio_effect" else _PICTURES
        for way in declaration.implementations:
            if way in table:
                for problem in _methods(thing, table[way]):
                    yield f"it declares the implementation {way!r}: {problem}"


def _service(item: Contribution, thing: Any) -> Iterator[str]:
    try:
        protocol = load_entry(item.provides)
    except Exception as error:  # noqa: BLE001 - foreign code; said below
        yield f"provides: {item.provides!r} cannot be imported: {error!r}"
        return
    if not callable(thing):
        yield "a class or a factory is expected"
    elif inspect.isclass(thing):
        yield from _methods(thing, protocol)


def _methods(thing: Any, protocol: type) -> Iterator[str]:
    for name, wanted in vars(protocol).items():
        if name.startswith("_") or not inspect.isfunction(wanted):
            continue
        found = getattr(thing, name, None)
        if not callable(found):
            yield f"{protocol.__name__}.{name} is missing"
        elif not _takes(found, wanted, bound=not _is_plain(thing, name)):
            yield f"{name} takes {_signature(found)}, {protocol.__name__} offers {_offer(wanted)}"


def _callable(thing: Any, protocol: type) -> Iterator[str]:
    wanted = vars(protocol)["__call__"]
    found = thing
    if inspect.isclass(thing):
        found = next((vars(k)["__call__"] for k in thing.__mro__ if "__call__" in vars(k)), None)
    if not callable(found):
        yield "a callable is expected"
    elif not _takes(found, wanted, bound=not inspect.isclass(thing)):
        yield f"it takes {_signature(found)}, {protocol.__name__} offers {_offer(wanted)}"


def _is_plain(thing: Any, name: str) -> bool:
    """True where a method is looked up on its class, so that ``self`` is still to be given."""
    return inspect.isclass(thing) and inspect.isfunction(inspect.getattr_static(thing, name))


def _takes(found: Any, wanted: Any, *, bound: bool) -> bool:
    """True where ``found`` can be called with what the Protocol's method offers."""
    offered = list(inspect.signature(wanted).parameters.values())[1:]
    positional = [p for p in offered if p.kind is not p.KEYWORD_ONLY]
    given: list[None] = [None] * (len(positional) + (0 if bound else 1))
    try:
        inspect.signature(found).bind(*given, **{p.name: None for p in offered if p.kind is p.KEYWORD_ONLY})
    except TypeError:
        return False
    except ValueError:  # written in C: it does not say
        return True
    return True


def _signature(found: Any) -> str:
    names = [name for name in inspect.signature(found).parameters if name != "self"]
    return f"({', '.join(names)})"


def _offer(wanted: Any) -> str:
    return f"({', '.join(list(inspect.signature(wanted).parameters)[1:])})"
