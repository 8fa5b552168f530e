"""Who speaks: the attributes of everything that is recorded."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

__all__ = ["resource"]


def resource() -> Any:
    """kadr and its version; OpenTelemetry's variables (``OTEL_SERVICE_NAME``, …) go first."""
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource

    own = Resource({"service.name": "kadr", "service.version": version("kadr-sdk")})
    return own.merge(OTELResourceDetector().detect())
