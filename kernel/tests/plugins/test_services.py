from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from kadr_sdk.errors import PluginError, ServiceNotFoundError
from kadr_sdk.services import Cache, Clock, Metrics, Tracer

if TYPE_CHECKING:
    from conftest import House, Site

CODE = """
from kadr_sdk.plugin import PluginContext
from kadr_sdk.services import Cache, Clock, Metrics
log = []
class FileCache:
    def __init__(self, context: PluginContext, clock: Clock, metrics: Metrics | None = None):
        self.context, self.clock, self.metrics = context, clock, metrics
    def start(self):
        log.append("start")
    def stop(self):
        log.append("stop")
    def close(self):
        log.append("close")
    def health(self):
        return "warning", "nearly full"
def make_tracer(context):
    return context
def broken():
    raise RuntimeError("no service today")
def unreadable(mystery, more):
    pass
"""


def service(name: str, provides: str, entry: str, *more: str) -> str:
    rows = [
        f'id = "{name}"',
        f'provides = "kadr_sdk.services:{provides}"',
        f'entry = "PKG.code:{entry}"',
        *more,
    ]
    return "[[contributes.service]]\n" + "\n".join(rows) + "\n"


def test_a_service_is_imported_when_it_is_asked_for(site: Site, house: Callable[..., House]) -> None:
    site.add("x.a", service("x.cache", "Cache", "FileCache"), {"code.py": CODE})
    home = house()
    home.container._registry.value(Clock, "the clock")
    home.services.ready()
    assert "x_a" not in sys.modules
    cache: Any = home.container.get(Cache)
    assert type(cache).__name__ == "FileCache"
    assert (cache.context.plugin, cache.clock, cache.metrics) == ("x.a", "the clock", None)
    assert sys.modules["x_a.code"].log == ["start"]
    assert [(row.status, row.message) for row in home.container.health()] == [("warning", "nearly full")]
    home.manager.stop("x.a")
    assert sys.modules["x_a.code"].log == ["start", "stop", "close"]
    with pytest.raises(ServiceNotFoundError):
        home.container.get(Cache)
    home.manager.activate("x.a")
    assert home.container.get(Cache) is not cache


def test_a_single_bare_parameter_gets_the_context(site: Site, house: Callable[..., House]) -> None:
    site.add("x.a", service("x.t", "Tracer", "make_tracer", 'names = ["mine"]'), {"code.py": CODE})
    home = house()
    home.services.ready()
    # The context stands for it.
    assert home.container.get(Tracer, "mine") is home.contexts.of("x.a")  # type: ignore[comparison-overlap]
    with pytest.raises(ServiceNotFoundError):
        home.container.get(Tracer)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("broken", "plugin 'x.a': constructing 'x_a.code:broken' failed: RuntimeError: no service today"),
        ("absent", "loading 'x_a.code:absent' failed"),
        ("unreadable", "annotate every parameter"),
    ],
)
def test_a_failing_service_is_named(site: Site, house: Callable[..., House], entry: str, words: str) -> None:
    site.add("x.a", service("x.s", "Metrics", entry), {"code.py": CODE})
    home = house()
    home.services.ready()
    with pytest.raises(PluginError, match=words):
        home.container.get(Metrics)
    assert [f["plugin"] for f in home.manager.doctor()] == ["x.a"]


def test_a_missing_requirement_is_named(site: Site, house: Callable[..., House]) -> None:
    site.add("x.a", service("x.cache", "Cache", "FileCache"), {"code.py": CODE})
    home = house()
    home.services.ready()
    with pytest.raises(ServiceNotFoundError, match="nothing provides Clock"):
        home.container.get(Cache)


def test_a_wrong_protocol_is_a_finding_and_others_go_on(site: Site, house: Callable[..., House]) -> None:
    site.add("x.a", service("x.s", "Nonsense", "make_tracer"), {"code.py": CODE})
    site.add("x.b", service("x.t", "Tracer", "make_tracer"), {"code.py": CODE})
    home = house()
    home.services.ready()
    # The context stands for it.
    assert home.container.get(Tracer) is home.contexts.of("x.b")  # type: ignore[comparison-overlap]
    (finding,) = home.manager.doctor()
    assert finding["plugin"] == "x.a"
    assert "finding the Protocol 'kadr_sdk.services:Nonsense' failed" in finding["message"]


def test_once_the_container_is_used_a_wrong_service_fails_its_plugin_whole(
    site: Site, house: Callable[..., House], tmp_path: Path
) -> None:
    toml = service("x.s", "Nonsense", "make_tracer") + '[[contributes.effect]]\nid = "e"\nentry = "PKG:e"\n'
    site.add("x.a", toml)
    home = house(start=False)
    home.services.ready()
    home.manager.start()
    assert home.states() == {"x.a": "failed"}
    assert home.catalogue.all("effect") == ()
    assert "Nonsense" in home.manager.rows()[0].error
