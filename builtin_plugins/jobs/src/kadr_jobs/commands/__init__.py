"""``kadr jobs``: the queue of renders, and its runner."""

from __future__ import annotations

from kadr_sdk.clicks import click_entry

from kadr_jobs.commands.group import jobs

__all__ = ["run"]

run = click_entry(jobs, "kadr jobs")
