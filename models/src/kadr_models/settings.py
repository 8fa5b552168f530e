"""What the user may choose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of the store.

    Attributes:
        folder: of models.
        mirror: folder to fetch from instead of the net.
        allow_licenses: licences that are used although the policy refuses them.
        provider: where models run; empty: the best there is.
        isolate: kadr's own models run in a worker process too.
        seconds: that loading or one call of a worker may take.
        memory: bytes that a worker on processors may have, 0: any.
    """

    folder: Path
    mirror: Path | None = None
    allow_licenses: str = ""
    provider: str = ""
    isolate: bool = False
    seconds: float = 60.0
    memory: int = 4 << 30

    @classmethod
    def of(cls, config: Mapping[str, Any], folder: Path) -> Settings:
        """From the plugin's section; ``folder`` holds where that names none."""
        return cls(
            Path(config["folder"]).expanduser() if config.get("folder") else folder,
            Path(config["mirror"]).expanduser() if config.get("mirror") else None,
            str(config["allow_licenses"]),
            str(config["provider"]),
            bool(config["isolate"]),
            float(config["seconds"]),
            int(config["memory_mb"]) << 20,
        )
