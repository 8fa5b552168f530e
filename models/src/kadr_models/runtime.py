"""Loading and running a model with ONNX Runtime, in whatever process this is called."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kadr_sdk.errors import GpuError, KadrError, ModelError
from kadr_sdk.models import Tensor
from kadr_sdk.text import printable

from kadr_models.providers import PROVIDERS, available, candidates, load_runtime, name_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Loaded", "Wish", "check_feeds", "load"]

_TYPES = {
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(double)": "float64",
    "tensor(bool)": "bool",
} | {f"tensor({sign}int{bits})": f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}


@dataclass(frozen=True, slots=True)
class Wish:
    """What to load and how.

    Attributes:
        provider: as in :func:`kadr_models.providers.candidates`.
        threads: processors of one call.
        gpu: graphics processors may be used.
    """

    path: str
    provider: str = ""
    threads: int = 1
    gpu: bool = True


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model in memory; ``session`` is the runtime's."""

    session: Any
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    provider: str

    def run(self, feeds: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
        """The outputs.

        Raises:
            ModelError: the model failed, with the runtime's own words.
        """
        check_feeds(self.inputs, feeds)
        try:
            found: list[NDArray[Any]] = self.session.run([t.name for t in self.outputs], dict(feeds))
        except Exception as error:
            raise ModelError(f"the model failed: {_words(error)}") from error
        return found


def load(wish: Wish) -> Loaded:
    """Load a model.

    Raises:
        DependencyMissingError: no runtime.
        ModelError: the runtime refuses the file.
        GpuError: the device that was named does not work.
    """
    runtime = load_runtime()
    names = candidates(wish.provider, available(runtime), gpu=wish.gpu)
    for name in names:
        loaded = _try(runtime, wish, name, last=name == names[-1])
        if loaded is not None:
            return loaded
    raise GpuError(f"the model cannot run on {', '.join(names)} of this machine", hint="use the provider cpu")


def _try(runtime: Any, wish: Wish, name: str, *, last: bool) -> Loaded | None:
    """The model on one provider; None where that does not work and there is another."""
    options = runtime.SessionOptions()
    options.intra_op_num_threads = wish.threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # others need the processors
    wanted = PROVIDERS[name]
    providers = [wanted] if name == "cpu" else [wanted, PROVIDERS["cpu"]]
    try:
        session = runtime.InferenceSession(wish.path, options, providers=providers)
    except Exception as error:
        if not last and name != "cpu":
            return None
        raise ModelError(f"ONNX Runtime refuses the model: {_words(error)}", path=wish.path) from error
    if session.get_providers()[0] != wanted:  # it falls back by itself where the device is missing
        return None
    inputs = tuple(_tensor(t) for t in session.get_inputs())
    outputs = tuple(_tensor(t) for t in session.get_outputs())
    return Loaded(session, inputs, outputs, name_of(wanted))


def _tensor(found: Any) -> Tensor:
    shape = tuple(s if isinstance(s, int) and s > 0 else 0 for s in found.shape or ())
    return Tensor(found.name, _TYPES.get(found.type, found.type), shape)


def check_feeds(inputs: Sequence[Tensor], feeds: Mapping[str, NDArray[Any]]) -> None:
    """The arrays are what the model takes.

    Raises:
        ModelError: a name, type or shape does not fit.
    """
    known = {t.name: t for t in inputs}
    if set(known) != set(feeds):
        raise ModelError(f"the model takes {', '.join(sorted(known))}, not {', '.join(sorted(feeds))}")
    for name, array in feeds.items():
        wanted = known[name]
        fits = len(array.shape) == len(wanted.shape) and all(
            w in (0, h) for w, h in zip(wanted.shape, array.shape, strict=True)
        )
        if not fits or str(array.dtype) != wanted.dtype or not math.prod(array.shape):
            raise ModelError(
                f"the input {name!r} is {wanted.dtype} {list(wanted.shape)} (0: any size), "
                f"not {array.dtype} {list(array.shape)}"
            )


def _words(error: Exception) -> str:
    """The runtime's own words; a kadr error's message."""
    return printable(error.message if isinstance(error, KadrError) else error, 400)
