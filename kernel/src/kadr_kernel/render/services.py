"""The render services as recipes: project store and renderer."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

from kadr_sdk.execution import Recipe
from kadr_sdk.rendering import ProjectStore, Renderer
from kadr_sdk.services import Cache, Catalogue, Config, EventBus, Plugins, Proxies, Scheduler, Tracer

from kadr_kernel.container import Registry
from kadr_kernel.render.costs import Costs
from kadr_kernel.render.library import MediaLibrary
from kadr_kernel.render.means import Means
from kadr_kernel.render.planner import Planner
from kadr_kernel.render.renderer import KernelRenderer, default_backend
from kadr_kernel.render.store import FileProjectStore

__all__ = ["render_services"]


def render_services(
    registry: Registry,
    hook: Callable[..., Any],
    cache_folder: Path,
    recipe: Callable[[bool], Recipe],
) -> None:
    """Register :class:`ProjectStore` and :class:`Renderer`.

    Args:
        hook: calls a hook by name.
        recipe: of this kernel, for other processes.
        cache_folder: where digests are remembered and running jobs keep their parts.
    """

    def make_store(events: EventBus) -> ProjectStore:
        return FileProjectStore(events.publish)

    def make_renderer(
        catalogue: Catalogue,
        plugins: Plugins,
        scheduler: Scheduler,
        cache: Cache,
        events: EventBus,
        config: Config,
        proxies: Proxies,
        tracer: Tracer,
    ) -> Renderer:
        backend = default_backend(catalogue)
        library = MediaLibrary(backend, events.publish, cache_folder / "digests.json")

        def proxy(path: Path, stream: int, scale: Fraction) -> Path | None:
            wanted = config.get("media.proxies") == "preview"
            return proxies.find(path, stream, scale) if wanted else None

        planner = Planner(catalogue, backend, library, lambda: list(plugins.rows()), hook, proxy)
        means = Means(
            catalogue=catalogue,
            planner=planner,
            library=library,
            scheduler=scheduler,
            cache=cache,
            publish=events.publish,
            hook=hook,
            setting=config.get,
            scratch=cache_folder / "jobs",
            backend=backend,
            recipe=recipe,
            costs=Costs(cache_folder / "costs.json"),
            tracer=tracer,
        )
        return KernelRenderer(means)

    registry.provide(ProjectStore, make_store)
    registry.provide(Renderer, make_renderer)
