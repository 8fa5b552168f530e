"""The queue as a service of the kernel."""

from __future__ import annotations

from kadr_sdk.plugin import PluginContext
from kadr_sdk.rendering import ProjectStore
from kadr_sdk.services import Clock

from kadr_jobs.queue import Queue

__all__ = ["open_queue"]


def open_queue(context: PluginContext) -> Queue:
    """The queue in the plugin's storage; its file is opened on first use."""
    container = context.container
    projects, now = container.get(ProjectStore), container.get(Clock).now
    return Queue(context.storage, projects, now, context.events.publish)
