"""Hooks: may anyone change or decide this step? Many answers, in order.

``before_`` hooks may refuse by raising a :class:`~kadr_sdk.errors.KadrError`; ``choose_``
hooks return an answer or None, and the first answer wins; ``after_`` hooks see the result.
Implement a hook with :data:`hookimpl` in the module that ``[hooks] entry`` names. An
implementation may take fewer arguments than the hook offers, so hooks can grow.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from kadr_sdk.plan import RenderPlan
    from kadr_sdk.project import Project
    from kadr_sdk.reports import RenderReport

__all__ = ["PROJECT_NAME", "HookSpecs", "hookimpl", "hookspec"]

PROJECT_NAME = "kadr"
hookspec = pluggy.HookspecMarker(PROJECT_NAME)
hookimpl = pluggy.HookimplMarker(PROJECT_NAME)


class HookSpecs:
    """Every hook of the kernel."""

    @hookspec
    def before_plan(self, project: Project) -> None:
        """A project is about to be planned; raise to refuse it."""

    @hookspec
    def before_render(self, plan: RenderPlan, output: Path) -> None:
        """A plan is about to be carried out; raise to refuse it."""

    @hookspec(firstresult=True)
    def choose_encoder(self, codec: str, available: tuple[str, ...]) -> str | None:
        """Name of the encoder for a codec, out of those the backend has; None: the default."""

    @hookspec(firstresult=True)
    def choose_workers(self, plan: RenderPlan, suggested: int) -> int | None:
        """Number of segments to work on at once; None: the suggestion."""

    @hookspec
    def after_render(self, plan: RenderPlan, report: RenderReport) -> None:
        """A render is finished and verified."""

    @hookspec
    def before_command(self, plugin: str, command: str, args: dict[str, Any]) -> None:
        """A plugin's command is about to run; raise to refuse it."""
