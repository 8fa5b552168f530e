"""The ends of OpenTelemetry's pipelines: files, the terminal, a collector."""

from __future__ import annotations

import sys
from typing import Any

from kadr_sdk.errors import DependencyMissingError

from kadr_telemetry.lines import LimitedFile
from kadr_telemetry.settings import Settings

__all__ = ["Exporters"]


class Exporters:
    """Makes exporters for one of ``traces`` and ``metrics``, and owns the file behind one.

    Raises:
        DependencyMissingError: OpenTelemetry is not installed.
        StorageError: the file cannot be written.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._file: LimitedFile | None = None
        try:
            import opentelemetry.exporter.otlp.proto.http
            import opentelemetry.sdk  # noqa: F401 - both, whatever is used first
        except ImportError:
            raise DependencyMissingError(
                "telemetry needs OpenTelemetry, which is not installed",
                hint='pip install "kadr[telemetry]", or: kadr config set plugin.kadr.telemetry.exporter none',
            ) from None

    def spans(self) -> Any:
        """A ``SpanExporter``."""
        if self._settings.exporter == "otlp":
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

            return OTLPSpanExporter(self._address("traces"), timeout=self._settings.timeout)
        from opentelemetry.sdk.trace.export import ConsoleSpanExporter

        return ConsoleSpanExporter(out=self._stream("traces"), formatter=_line)

    def metrics(self) -> Any:
        """A ``MetricExporter``."""
        if self._settings.exporter == "otlp":
            from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter

            return OTLPMetricExporter(self._address("metrics"), timeout=self._settings.timeout)
        from opentelemetry.sdk.metrics.export import ConsoleMetricExporter

        return ConsoleMetricExporter(out=self._stream("metrics"), formatter=_line)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def _address(self, signal: str) -> str | None:
        """None leaves it to OpenTelemetry's own variables and default."""
        return f"{self._settings.endpoint}/v1/{signal}" if self._settings.endpoint else None

    def _stream(self, signal: str) -> Any:
        if self._settings.exporter == "console":
            return sys.stderr  # the output belongs to the command's result
        self._file = LimitedFile(self._settings.folder / f"{signal}.jsonl", self._settings.max_bytes)
        return self._file


def _line(record: Any) -> str:
    return str(record.to_json(indent=None)) + "\n"
