"""Metrics of renders, counted from events."""

from __future__ import annotations

from kadr_sdk.events import (
    JobStateChanged,
    RenderCancelled,
    RenderCompleted,
    RenderFailed,
    SegmentEncoded,
    WarningRaised,
)
from kadr_sdk.services import EventBus, Metrics

__all__ = ["count_events"]


def count_events(events: EventBus, metrics: Metrics) -> None:
    """Count what happens from now on."""

    def segment(event: SegmentEncoded) -> None:
        metrics.count("segments", origin=event.origin)
        metrics.count("frames", event.frames, origin=event.origin)
        metrics.count("segment.bytes", event.bytes, origin=event.origin)
        metrics.observe("segment.seconds", event.seconds, origin=event.origin)

    def completed(event: RenderCompleted) -> None:
        metrics.count("renders", outcome="completed")
        metrics.observe("render.seconds", event.seconds)

    def failed(event: RenderFailed) -> None:
        metrics.count("renders", outcome=event.code)

    def cancelled(_event: RenderCancelled) -> None:
        metrics.count("renders", outcome="cancelled")

    def warned(_event: WarningRaised) -> None:
        metrics.count("warnings")

    def moved(event: JobStateChanged) -> None:
        metrics.count("jobs", state=event.state)

    events.subscribe(SegmentEncoded, segment, name="telemetry")
    events.subscribe(RenderCompleted, completed, name="telemetry")
    events.subscribe(RenderFailed, failed, name="telemetry")
    events.subscribe(RenderCancelled, cancelled, name="telemetry")
    events.subscribe(WarningRaised, warned, name="telemetry")
    events.subscribe(JobStateChanged, moved, name="telemetry")
