"""Machine-learning models: what a card says of one, and the services that run them.

Others ask the container for :class:`ModelStore`; they never see the runtime behind it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ModelCard", "ModelFile", "ModelSession", "ModelStore", "Preparation", "Tensor"]


@dataclass(frozen=True, slots=True)
class Tensor:
    """An input or output of a model.

    Attributes:
        dtype: numpy's name of the element type, ``float32``.
        shape: sizes; 0 where the model takes any.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A file of a model; the first is the model itself, others are data that it refers to.

    Attributes:
        name: plain file name, without a folder.
        sha256: of the content, hex.
        size: in bytes.
        source: address to fetch it from; empty: it can only be added by hand.
    """

    name: str
    sha256: str
    size: int
    source: str = ""


@dataclass(frozen=True, slots=True)
class Preparation:
    """How a picture becomes the input tensor (1, 3, height, width).

    Attributes:
        width, height: of the tensor; 0: as the model says.
        fit: ``topleft`` (keep the aspect, pad right and below), ``center`` (keep the aspect,
            pad around) or ``stretch``.
        order: of the channels, ``rgb`` or ``bgr``.
        scale: factor of the values 0..255.
        mean, std: subtracted from and divided into the scaled values, a channel each.
        fill: value of the padding before scaling.
    """

    width: int = 0
    height: int = 0
    fit: str = "center"
    order: str = "rgb"
    scale: float = 1 / 255
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    fill: int = 114


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What is known of a model, as data.

    Attributes:
        id: lower case with dashes, ``yolox-nano``.
        task: ``detection``, ``segmentation``, ``pose``, ``face`` or ``embedding``.
        license: SPDX identifier of the weights.
        origin: where it comes from and who made it, for the attribution.
        family: layout of the outputs (``yolox``, ``yolov5``, ``yolov8``, ``fastestdet``);
            empty: told from the shapes of the outputs.
        settings: what the post-processing of the family needs: ``threshold``, ``iou``,
            ``keypoints`` ….
        classes: names by class number.
        trusted: the digests are kadr's own, so the file is the one that was examined.
    """

    id: str
    title: str
    task: str
    license: str
    files: tuple[ModelFile, ...]
    summary: str = ""
    origin: str = ""
    family: str = ""
    inputs: tuple[Tensor, ...] = ()
    outputs: tuple[Tensor, ...] = ()
    preparation: Preparation = Preparation()
    settings: Mapping[str, Any] = field(default_factory=dict)
    classes: tuple[str, ...] = ()
    trusted: bool = False

    @property
    def digest(self) -> str:
        """sha256 of the model's own file."""
        return self.files[0].sha256


class ModelSession(Protocol):
    """A loaded model; used from several threads at once. Whoever opened it closes it."""

    @property
    def inputs(self) -> Sequence[Tensor]:
        """What it takes."""
        ...

    @property
    def outputs(self) -> Sequence[Tensor]:
        """What it gives."""
        ...

    @property
    def provider(self) -> str:
        """Where it runs: ``cpu``, ``cuda``, ``tensorrt``, ``coreml``, ``directml`` or ``openvino``."""
        ...

    @property
    def parallel(self) -> int:
        """How many calls at once keep the machine busy."""
        ...

    def run(self, feeds: Mapping[str, NDArray[Any]]) -> Sequence[NDArray[Any]]:
        """The outputs, in the order of :attr:`outputs`.

        Raises:
            ModelError: the inputs do not fit, or the model failed.
            TimeoutExceededError: it took longer than it may; the session is over.
        """
        ...

    def close(self) -> None:
        """Let go of it; a second call does nothing."""
        ...


class ModelStore(Protocol):
    """Models by name."""

    def cards(self) -> Sequence[ModelCard]:
        """Every card there is, by id."""
        ...

    def card(self, name: str) -> ModelCard:
        """The card of that id.

        Raises:
            NotFoundError: with close matches.
        """
        ...

    def open(self, name: str, *, provider: str = "", threads: int = 0) -> ModelSession:
        """A session of a model whose files are there, verified and allowed.

        Args:
            provider: as :attr:`ModelSession.provider`; empty: the setting, else the best one there is.
            threads: processors to use; 0: all of the kernel's.

        Raises:
            NotFoundError: no such card.
            ModelError: not fetched, damaged, hostile, or its licence is refused.
            DependencyMissingError: the runtime is not installed; names the extra.
        """
        ...
