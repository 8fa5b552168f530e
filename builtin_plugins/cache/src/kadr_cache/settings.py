"""What the user may choose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of a cache.

    Attributes:
        folder: of everything that the cache keeps.
        enabled: finished work is kept and reused.
        max_bytes: of all entries, 0: no limit.
        max_age: seconds since the last use, 0: no limit.
        shared: entries are checked each time, not once a process.
    """

    folder: Path
    enabled: bool = True
    max_bytes: int = 0
    max_age: float = 0.0
    shared: bool = False

    @classmethod
    def of(cls, config: Mapping[str, Any], folder: Path) -> Settings:
        """From the plugin's section; ``folder`` holds where that names none."""
        return cls(
            Path(config["folder"]).expanduser() if config.get("folder") else folder,
            bool(config["enabled"]),
            int(config["max_size_mb"]) * 1_000_000,
            float(config["max_age_days"]) * 86_400,
            bool(config["shared"]),
        )
