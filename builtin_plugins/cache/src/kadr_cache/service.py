"""The cache as a service of the kernel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from kadr_sdk.events import RenderCancelled, RenderCompleted, RenderFailed, RenderStarted, WarningRaised
from kadr_sdk.plugin import PluginContext
from kadr_sdk.services import Clock, Config, Scheduler

from kadr_cache.cache import DiskCache
from kadr_cache.settings import Settings

__all__ = ["open_cache"]


def open_cache(context: PluginContext) -> DiskCache:
    """The cache of the plugin's settings; nothing is opened before the first use."""
    events, container = context.events, context.container

    def warn(message: str, path: str, hint: str) -> None:
        events.publish(WarningRaised(message, path, hint))

    def background(work: Callable[[], object]) -> None:
        container.get(Scheduler).submit(work, pool="background", name="clean the cache")

    def ended(event: RenderCompleted | RenderFailed | RenderCancelled) -> None:
        cache.end_job(event.job)

    cache = DiskCache(
        Settings.of(context.config, _folder(context)),
        now=container.get(Clock).now,
        warn=warn,
        background=background,
        logger=context.logger,
    )
    events.subscribe(RenderStarted, lambda event: cache.begin_job(event.job), name="cache")
    events.subscribe(RenderCompleted, ended, name="cache")
    events.subscribe(RenderFailed, ended, name="cache")
    events.subscribe(RenderCancelled, ended, name="cache")
    return cache


def _folder(context: PluginContext) -> Path:
    """Below ``paths.cache`` where the user has set that, else in the plugin's storage."""
    chosen = context.container.get(Config).get("paths.cache")
    return Path(chosen) / context.plugin if chosen else context.storage
