from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import kadr_kernel.health
import pytest
from kadr_kernel import __version__
from kadr_kernel.boot import boot
from kadr_kernel.defaults import NoCache, SystemClock
from kadr_kernel.kernel import Kernel
from kadr_kernel.plugins.hooks import Hooks
from kadr_sdk import services
from kadr_sdk.errors import ConfigError, InternalError, PluginNotFoundError
from kadr_sdk.events import Event
from kadr_sdk.silent import NoMetrics, NoTracer

if TYPE_CHECKING:
    from conftest import Site

TRUST_ALL = 'policy = 1\n[[rules]]\neffect = "trust"\n'


@pytest.fixture
def home(site: Site, tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    (folder / "config").mkdir(parents=True)
    (folder / "config" / "policy.toml").write_text(TRUST_ALL, "utf-8")
    return folder


@pytest.fixture
def start(home: Path) -> Callable[..., Kernel]:
    def begin(environ: Mapping[str, str] | None = None, **options: Any) -> Kernel:
        return boot(environ={"KADR_HOME": str(home), **(environ or {})}, **options)

    return begin


def names(kernel: Kernel) -> list[str]:
    return [envelope.event.name for envelope in kernel.events.journal()]


def test_the_kernel_as_a_library(site: Site, start: Callable[..., Kernel]) -> None:
    site.add("x.a", '[[contributes.effect]]\nid = "e"\nentry = "PKG:x"', {"__init__.py": "x = 5"})
    with start() as kernel:
        assert kernel.version == __version__
        assert kernel.catalogue.load("effect", "e") == 5
        assert names(kernel)[-1] == "SystemStarted"
    steps = ["SystemStopped", "PluginStateChanged", "PluginStateChanged", "PluginStopped"]
    assert names(kernel)[-4:] == steps
    assert kernel.plugins.rows()[0].state == "stopped"
    kernel.close()
    with pytest.raises(InternalError, match="the kernel is closed"):
        _ = kernel.container
    with pytest.raises(InternalError, match="closed and cannot be started"):
        kernel.start()


def test_every_service_of_the_kernel(start: Callable[..., Kernel]) -> None:
    with start() as kernel:
        get: Callable[[Any], Any] = kernel.container.get
        assert get(services.EventBus) is kernel.events
        assert get(services.Gate) is kernel.gate
        assert get(services.Config) is kernel.config
        assert get(services.Catalogue) is kernel.catalogue
        assert get(services.Plugins) is kernel.plugins
        assert get(Hooks) is kernel.hooks
        defaults = {
            services.Tracer: NoTracer,
            services.Metrics: NoMetrics,
            services.Cache: NoCache,
            services.Clock: SystemClock,
        }
        for protocol, default in defaults.items():
            assert type(get(protocol)) is default
        assert get(services.Scheduler).submit(lambda: 6 * 7).result(10) == 42


def test_defaults_do_nothing_quietly(tmp_path: Path) -> None:
    with NoTracer().span("x", a=1):
        pass
    metrics, cache, clock = NoMetrics(), NoCache(), SystemClock()
    metrics.count("a")
    metrics.gauge("a", 1.0)
    metrics.observe("a", 1.0, of="b")
    cache.put("a", "b", tmp_path)
    assert cache.get("a", "b") is None
    with cache.claim("a", "b") as path:
        assert path is None
    assert clock.monotonic() <= clock.monotonic()
    assert clock.now() > 1_700_000_000


def test_a_plugin_replaces_a_default(site: Site, start: Callable[..., Kernel]) -> None:
    toml = '[[contributes.service]]\nid = "x.t"\nprovides = "kadr_sdk.services:Tracer"\nentry = "PKG:T"'
    site.add("x.a", toml, {"__init__.py": "class T:\n    pass"})
    with start() as kernel:
        get: Callable[[Any], Any] = kernel.container.get
        assert type(get(services.Tracer)).__name__ == "T"
        kernel.plugins.stop("x.a")
        assert type(get(services.Tracer)) is NoTracer


def test_memory_follows_the_settings(start: Callable[..., Kernel]) -> None:
    with start(overrides={"render.memory_mb": 64}) as kernel:
        scheduler: Any = kernel.container.get(services.Scheduler)
        assert scheduler.memory_budget == 64 * 2**20


def test_threads_get_one_container(start: Callable[..., Kernel]) -> None:
    with start() as kernel:
        found: list[Any] = []
        threads = [threading.Thread(target=lambda: found.append(kernel.container)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(set(map(id, found))) == 1


def test_services_are_closed_before_the_bus(site: Site, start: Callable[..., Kernel]) -> None:
    code = """
    from kadr_sdk.events import WarningRaised
    class T:
        def __init__(self, context):
            self.context = context
        def close(self):
            self.context.events.publish(WarningRaised("closing"))
    """
    toml = '[[contributes.service]]\nid = "x.t"\nprovides = "kadr_sdk.services:Tracer"\nentry = "PKG:T"'
    site.add("x.a", toml, {"__init__.py": code})
    heard: list[Event] = []
    with start() as kernel:
        kernel.events.subscribe(Event, heard.append)
        kernel.container.get(services.Tracer)
    assert [e.name for e in heard][:2] == ["SystemStopped", "WarningRaised"]


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.mark.parametrize(
    ("free", "status"), [(5_000_000_000, "healthy"), (500_000_000, "warning"), (50_000_000, "unhealthy")]
)
def test_health_of_the_disks(
    start: Callable[..., Kernel], monkeypatch: pytest.MonkeyPatch, free: int, status: str
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**12, 0, free))
    with start() as kernel:
        rows = {row["name"]: row for row in kernel.health()}
    assert rows["disk: cache"]["status"] == rows["disk: data"]["status"] == status
    assert f"{free / 1e9:.1f} GB free" in rows["disk: data"]["message"]
    assert rows["Scheduler"]["status"] == "healthy"


def test_health_names_failed_plugins_and_the_worst_comes_first(
    site: Site, start: Callable[..., Kernel], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(path: object) -> None:
        raise OSError(5, "the disk is gone")

    site.add("x.bad", manifest="[")
    site.add("x.good")
    monkeypatch.setattr(kadr_kernel.health, "LITTLE", 0)
    with start() as kernel:
        (row,) = [row for row in kernel.health() if row["name"] == "plugins"]
        assert (row["status"], row["message"]) == ("warning", "failed: x.bad; see kadr plugin doctor")
        monkeypatch.setattr(shutil, "disk_usage", broken)
        statuses = [row["status"] for row in kernel.health()]
        assert statuses[:3] == ["unhealthy", "unhealthy", "warning"]
        assert "the disk is gone" in kernel.health()[0]["message"]


def test_the_journal_is_written_for_a_report(start: Callable[..., Kernel], home: Path) -> None:
    with start() as kernel:
        first, second = kernel.dump_journal(), kernel.dump_journal()
        assert first is not None
        assert first != second
        assert "SystemStarted" in first.read_text("utf-8")
        shutil.rmtree(home / "state")
        (home / "state").write_text("", "utf-8")
        assert kernel.dump_journal() is None


def test_of_many_journals_the_newest_are_kept(start: Callable[..., Kernel], home: Path) -> None:
    folder = home / "state" / "journals"
    folder.mkdir(parents=True)
    for n in range(30):
        (folder / f"20200101-0000{n:02}-000000000.jsonl").write_text("{}\n", "utf-8")
    (folder / "notes.txt").write_text("mine", "utf-8")
    with start() as kernel:
        newest = kernel.dump_journal()
    names = sorted(path.name for path in folder.glob("*.jsonl"))
    assert newest is not None
    assert (len(names), names[0], names[-1]) == (20, "20200101-000011-000000000.jsonl", newest.name)
    assert (folder / "notes.txt").exists()


def test_an_interrupted_start_is_undone(
    site: Site, start: Callable[..., Kernel], monkeypatch: pytest.MonkeyPatch
) -> None:
    site.add("x.a")
    closed: list[Kernel] = []
    close = Kernel.close
    monkeypatch.setattr(Kernel, "close", lambda self: (closed.append(self), close(self)))
    monkeypatch.setattr("kadr_kernel.kernel.SystemStarted", lambda version: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        start()
    assert [row.state for row in closed[0].plugins.rows()] == ["stopped"]


def test_options_of_boot(site: Site, start: Callable[..., Kernel], tmp_path: Path) -> None:
    site.add("x.a", head='requires = ["x.b"]')
    for name in ("x.b", "x.c"):
        site.add(name)
    site.add("x.host", '[[contributes.host]]\nid = "h"\nentry = "PKG:H"')
    site.add("x.folder", where=tmp_path / "plugins" / "one")

    def active(**options: Any) -> set[str]:
        with start(**options) as kernel:
            return {row.id for row in kernel.plugins.rows() if row.state == "active"}

    assert active() == {"x.a", "x.b", "x.c", "x.host"}
    assert active(overrides={"plugins.folders": [str(tmp_path / "plugins")]}) - active() == {"x.folder"}
    assert active(plugins=["x.a"]) == {"x.a", "x.b"}
    assert active(plugins=["x.c"], hosts=True) == {"x.c", "x.host"}
    assert active(safe_mode=True) == set()
    assert active(environ={"KADR_PLUGINS__DISABLED": "x.a, x.c"}) == {"x.b", "x.host"}
    with pytest.raises(PluginNotFoundError, match=r"no plugin 'x\.hots' is installed.*'x\.host'"):
        start(plugins=["x.a", "x.hots"])


def test_wrong_settings_and_policies_stop_the_boot(start: Callable[..., Kernel], home: Path) -> None:
    with pytest.raises(ConfigError):
        start(environ={"KADR_RENDER__WORKERS": "many"})
    (home / "config" / "policy.toml").write_text("policy = 2", "utf-8")
    with pytest.raises(ConfigError, match="the permission policy breaks rules"):
        start()


def test_a_policy_can_keep_a_plugin_out(site: Site, start: Callable[..., Kernel], home: Path) -> None:
    site.add("x.a")
    site.add("x.b")
    rule = '[[rules]]\neffect = "deny"\nplugin = "x.a"\nreason = "not here"\n'
    (home / "config" / "policy.toml").write_text(TRUST_ALL + rule, "utf-8")
    with start() as kernel:
        rows = {row.id: row for row in kernel.plugins.rows()}
    assert (rows["x.a"].state, rows["x.b"].state) == ("found", "active")
    assert "not here" in rows["x.a"].error


def test_settings_of_plugins_come_from_the_users_file(
    site: Site, start: Callable[..., Kernel], home: Path
) -> None:
    code = "class E:\n    def __init__(self, context):\n        self.size = context.config['size']"
    toml = '[config.size]\ntype = "int"\ndefault = 3\n[[contributes.effect]]\nid = "e"\nentry = "PKG:E"'
    site.add("x.a", toml, {"__init__.py": code})
    (home / "config" / "config.toml").write_text('[plugin."x.a"]\nsize = 8', "utf-8")
    with start() as kernel:
        assert kernel.catalogue.load("effect", "e").size == 8
        assert not (home / "data").exists()


def test_trouble_with_a_hook_is_an_event_and_a_finding(site: Site, start: Callable[..., Kernel]) -> None:
    code = "from kadr_sdk.hooks import hookimpl\n@hookimpl\ndef before_plan():\n    1 / 0\n"
    site.add("x.a", '[hooks]\nentry = "PKG"', {"__init__.py": code})
    with start() as kernel:
        assert kernel.hooks.call("before_plan", project=None) == []
        assert names(kernel)[-1] == "WarningRaised"
        assert "the hook before_plan failed: ZeroDivisionError" in kernel.plugins.doctor()[0]["message"]
