"""Counters, gauges and histograms by OpenTelemetry."""

from __future__ import annotations

import threading
from typing import Any

from kadr_telemetry.exporters import Exporters
from kadr_telemetry.resource import resource
from kadr_telemetry.settings import Settings

__all__ = ["OpenTelemetryMetrics"]

_EVERY = 10_000.0
"""Milliseconds from report to report."""


class OpenTelemetryMetrics:
    """Satisfies :class:`kadr_sdk.services.Metrics`; names get the prefix ``kadr.``."""

    def __init__(self, settings: Settings) -> None:
        self._exporters = Exporters(settings)
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

        wait = settings.timeout * 1000
        self._wait = wait
        reader = PeriodicExportingMetricReader(self._exporters.metrics(), _EVERY, wait)
        self._provider = MeterProvider([reader], resource(), shutdown_on_exit=False)
        self._meter = self._provider.get_meter("kadr")
        self._lock = threading.Lock()
        self._instruments: dict[tuple[str, str], Any] = {}

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add to a counter."""
        self._instrument("counter", name).add(amount, labels)

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge."""
        self._instrument("gauge", name).set(value, labels)

    def observe(self, name: str, value: float, **labels: str) -> None:
        """Add an observation to a histogram."""
        self._instrument("histogram", name).record(value, labels)

    def close(self) -> None:
        """Send what waits."""
        self._provider.shutdown(timeout_millis=self._wait)
        self._exporters.close()

    def _instrument(self, kind: str, name: str) -> Any:
        with self._lock:
            found = self._instruments.get((kind, name))
            if found is None:
                found = getattr(self._meter, f"create_{kind}")(f"kadr.{name}")
                self._instruments[kind, name] = found
            return found
