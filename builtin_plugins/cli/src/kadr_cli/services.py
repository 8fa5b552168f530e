"""The kernel's render services; their modules are imported when one is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kadr_sdk.plugin import Kernel
    from kadr_sdk.rendering import ProjectStore, Renderer

__all__ = ["renderer_of", "store_of"]


def renderer_of(kernel: Kernel) -> Renderer:
    """The renderer."""
    from kadr_sdk.rendering import Renderer  # late: it needs pydantic and numpy, which --help does not

    return kernel.container.get(Renderer)


def store_of(kernel: Kernel) -> ProjectStore:
    """The store of project files."""
    from kadr_sdk.rendering import ProjectStore  # late: as above

    return kernel.container.get(ProjectStore)
