"""Events: the typed bus with priorities, isolation, bounded streams and a journal."""

from __future__ import annotations

from kadr_kernel.events.bus import MAX_DEPTH, MAX_FAILURES, Bus, FeedbackError
from kadr_kernel.events.correlation import correlation
from kadr_kernel.events.plugin_view import PluginBus
from kadr_kernel.events.stream import BoundedStream

__all__ = ["MAX_DEPTH", "MAX_FAILURES", "BoundedStream", "Bus", "FeedbackError", "PluginBus", "correlation"]
