"""Where records go, read from the plugin's configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user has chosen.

    Attributes:
        exporter: ``none``, ``file``, ``console`` or ``otlp``.
        folder: of the files of ``file``.
        max_bytes: of a file; a full one is put aside.
        endpoint: base address of a collector; empty: what OpenTelemetry's variables say.
        timeout: seconds that a collector is waited for.
    """

    exporter: str
    folder: Path
    max_bytes: int
    endpoint: str
    timeout: float

    @classmethod
    def of(cls, config: Mapping[str, Any], storage: Path) -> Settings:
        """From the plugin's configuration; ``storage`` where no folder is named."""
        return cls(
            exporter=config["exporter"],
            folder=Path(config["folder"]) if config["folder"] else storage,
            max_bytes=config["max_mb"] * 1_000_000,
            endpoint=config["endpoint"].rstrip("/"),
            timeout=config["timeout"],
        )
