"""Traces and metrics as services of the kernel."""

from __future__ import annotations

from kadr_sdk.plugin import PluginContext
from kadr_sdk.services import Metrics, Tracer
from kadr_sdk.silent import NoMetrics, NoTracer

from kadr_telemetry.settings import Settings

__all__ = ["open_metrics", "open_tracer"]


def open_tracer(context: PluginContext) -> Tracer:
    """Spans into what the user has chosen; nothing is imported where that is nothing.

    Raises:
        DependencyMissingError: OpenTelemetry is not installed.
        StorageError: the file of traces cannot be written.
    """
    settings = Settings.of(context.config, context.storage)
    if settings.exporter == "none":
        return NoTracer()
    from kadr_telemetry.tracer import OpenTelemetryTracer

    context.container.get(Metrics)  # whoever wants spans wants the counts of what they span
    return OpenTelemetryTracer(settings)


def open_metrics(context: PluginContext) -> Metrics:
    """Counts into what the user has chosen.

    Raises:
        DependencyMissingError: OpenTelemetry is not installed.
        StorageError: the file of metrics cannot be written.
    """
    settings = Settings.of(context.config, context.storage)
    if settings.exporter == "none":
        return NoMetrics()
    from kadr_telemetry.metrics import OpenTelemetryMetrics
    from kadr_telemetry.tally import count_events

    metrics = OpenTelemetryMetrics(settings)
    count_events(context.events, metrics)
    return metrics
