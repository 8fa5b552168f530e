"""The files of a plan stay the ones that it was made of, from the planning to the final name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from kadr_sdk.plan import RenderPlan, media_paths

from kadr_kernel.render.library import FileKey, MediaLibrary, changed, file_key

__all__ = ["Inputs"]


class Inputs:
    """Versions of the files that a job reads. A version that was noted stays the one that is wanted."""

    def __init__(self, library: MediaLibrary) -> None:
        self._library = library
        self._noted: dict[str, FileKey] = {}

    def note(self, plan: RenderPlan) -> None:
        """What the plan was made of.

        Raises:
            MediaFileError: a file was changed while it was planned with.
        """
        for path in sorted(media_paths(plan) - self._noted.keys()):
            self._noted[path] = self._library.planned(path)

    def require(self, paths: Iterable[str]) -> None:
        """Each is still what was planned with, so what was made of them is what its hash promises.

        Raises:
            MediaFileError: it was changed, or is gone.
        """
        for path in sorted(paths):
            if file_key(Path(path)) != self._noted[path]:
                raise changed(path)

    def require_all(self) -> None:
        """As :meth:`require`, of everything noted."""
        self.require(self._noted)
