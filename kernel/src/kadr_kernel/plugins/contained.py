"""Import the package of a plugin folder from its sources alone.

A yes to the plugin is a yes to its files (:mod:`~kadr_kernel.plugins.contents`). Python would take
a compiled file beside a source for the source wherever size and time fit, and write one where
there is none: so here they are neither read nor written.
"""

from __future__ import annotations

import sys
from importlib.machinery import (
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    ModuleSpec,
    SourceFileLoader,
)
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

__all__ = ["contained_spec"]


class _Sources(SourceFileLoader):
    """Reads sources; what is imported below a package comes by the same way."""

    def path_stats(self, path: Any) -> Any:
        """Nothing: without it no compiled file is looked for and none is written."""
        raise OSError(f"{path}: compiled files are not used")

    def exec_module(self, module: ModuleType) -> None:
        """Run it; folders of a package are looked into by finders of ours from here on."""
        for place in getattr(module, "__path__", ()):
            sys.path_importer_cache[place] = _finder(place)
        super().exec_module(module)


def _finder(place: str) -> FileFinder:
    return FileFinder(place, (ExtensionFileLoader, EXTENSION_SUFFIXES), (_Sources, SOURCE_SUFFIXES))


def contained_spec(package: str, location: str) -> ModuleSpec | None:
    """How the package at a folder is imported; None where it is none."""
    start = str(Path(location) / "__init__.py")
    loader = _Sources(package, start)
    return spec_from_file_location(package, start, loader=loader, submodule_search_locations=[location])
