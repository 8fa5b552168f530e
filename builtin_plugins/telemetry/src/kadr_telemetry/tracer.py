"""Spans by OpenTelemetry."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kadr_telemetry.exporters import Exporters
from kadr_telemetry.resource import resource
from kadr_telemetry.settings import Settings

__all__ = ["OpenTelemetryTracer"]


class OpenTelemetryTracer:
    """Satisfies :class:`kadr_sdk.services.Tracer`.

    Spans nest by the context of the code, which kadr's pools carry into their threads. The first
    ones belong to the trace of the variable ``TRACEPARENT`` (W3C, Trace Context), if it is set.
    """

    def __init__(self, settings: Settings) -> None:
        self._exporters = Exporters(settings)
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        end = self._exporters.spans()
        # A collector is told in a thread of its own, from a queue with a limit.
        processor = BatchSpanProcessor(end) if settings.exporter == "otlp" else SimpleSpanProcessor(end)
        self._provider = TracerProvider(resource=resource(), shutdown_on_exit=False)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("kadr")
        parent = {"traceparent": os.environ.get("TRACEPARENT", "")}
        self._outside: Any = TraceContextTextMapPropagator().extract(parent)

    @contextmanager
    def span(self, name: str, **attributes: str | int | float | bool) -> Iterator[None]:
        """A span around a block; what the block raises is recorded and goes on."""
        from opentelemetry.trace import get_current_span

        inside = get_current_span().get_span_context().is_valid
        around = None if inside else self._outside
        with self._tracer.start_as_current_span(name, context=around, attributes=attributes):
            yield

    def close(self) -> None:
        """Send what waits."""
        self._provider.shutdown()
        self._exporters.close()
