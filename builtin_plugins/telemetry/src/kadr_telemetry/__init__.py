"""Traces and metrics of kadr by OpenTelemetry."""
