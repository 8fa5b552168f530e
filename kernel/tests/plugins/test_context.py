from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from kadr_kernel.plugins.context import config_values
from kadr_sdk.errors import ConfigError, ManifestError, PluginNotActiveError, StorageError
from kadr_sdk.events import Event, WarningRaised
from kadr_sdk.manifest import Manifest
from kadr_sdk.services import Tracer

if TYPE_CHECKING:
    from conftest import House, Site

TABLE = {
    "strength": {"type": "float", "default": 1.0, "min": 0.0, "max": 2.0},
    "mode": {"type": "choice", "choices": ["a", "b"], "default": "a"},
}


def manifest(config: Mapping[str, Any]) -> Manifest:
    return Manifest("x.a", "1.0", config=config)


def test_settings_have_defaults_and_are_checked() -> None:
    assert config_values(manifest(TABLE), {}) == {"strength": 1.0, "mode": "a"}
    assert config_values(manifest(TABLE), {"strength": 2}) == {"strength": 2.0, "mode": "a"}
    with pytest.raises(ConfigError) as caught:
        config_values(manifest(TABLE), {"strength": 5, "mood": "a"})
    text = str(caught.value)
    assert text.startswith("plugin.\"x.a\": the settings of plugin 'x.a' are wrong")
    assert "5 is outside 0..2" in text
    assert "unknown parameter 'mood'" in text
    assert "'mode'" in text


@pytest.mark.parametrize(
    "table",
    [{"s": {"type": "flaot"}}, {"s": 3}, {"Bad Name": {"type": "int", "default": 1}}, {"s": {"typ": 1}}],
)
def test_a_wrong_declaration_is_the_manifests_fault(table: dict[str, Any]) -> None:
    with pytest.raises(ManifestError, match="the manifest declares settings wrongly"):
        config_values(manifest(table), {})


def test_the_context_of_a_running_plugin(site: Site, house: Callable[..., House], tmp_path: Path) -> None:
    site.add("x.a", '[config.size]\ntype = "int"\ndefault = 3\n[permissions]\nread = ["*"]')
    home = house(config={"x.a": {"size": 9}})
    context = home.contexts.of("x.a")
    assert (context.plugin, context.config["size"], context.logger.name) == ("x.a", 9, "kadr.plugin.x.a")
    assert [str(p) for p in context.permissions] == ["read:*"]
    assert context.container is home.container
    with pytest.raises(TypeError):
        context.config["size"] = 1  # type: ignore[index]  # wrong on purpose
    folder = tmp_path / "data" / "x.a"
    assert not folder.exists()
    assert context.storage == folder
    assert folder.is_dir()


def test_a_blocked_storage_folder_is_a_clear_error(
    site: Site, house: Callable[..., House], tmp_path: Path
) -> None:
    site.add("x.a")
    (tmp_path / "data").write_text("", "utf-8")
    context = house().contexts.of("x.a")
    with pytest.raises(StorageError, match="the plugin's folder cannot be made"):
        _ = context.storage


def test_wrong_settings_fail_who_reads_them_and_nobody_else(site: Site, house: Callable[..., House]) -> None:
    code = "class T:\n    def __init__(self, context):\n        self.size = context.config['size']\n"
    toml = '[config.size]\ntype = "int"\ndefault = 3\n[[contributes.effect]]\nid = "t"\nentry = "PKG:T"'
    site.add("x.a", toml, {"__init__.py": code})
    site.add("x.b")
    home = house(config={"x.a": {"size": "large"}})
    with pytest.raises(ConfigError, match="a number is expected"):
        home.catalogue.load("effect", "t")
    assert home.states() == {"x.a": "active", "x.b": "active"}


def test_events_carry_the_plugin_and_end_with_it(site: Site, house: Callable[..., House]) -> None:
    site.add("x.a")
    home = house()
    context = home.contexts.of("x.a")
    heard: list[Event] = []
    context.events.subscribe(WarningRaised, heard.append)
    assert context.events.publish(WarningRaised("one")).source == "plugin:x.a"
    home.manager.stop("x.a")
    home.bus.publish(WarningRaised("two"))
    assert [e.message for e in heard if isinstance(e, WarningRaised)] == ["one"]
    with pytest.raises(PluginNotActiveError, match=r"plugin 'x\.a' is not active"):
        home.contexts.of("x.a")
    home.manager.activate("x.a")
    assert home.contexts.of("x.a") is not context


def test_the_tracer_names_the_plugin(site: Site, house: Callable[..., House]) -> None:
    spans: list[tuple[str, dict[str, Any]]] = []

    class Recorder:
        def span(self, name: str, **attributes: Any) -> Any:
            spans.append((name, attributes))
            return nullcontext()

    site.add("x.a")
    home = house()
    with home.container.override(Tracer, Recorder()), home.contexts.of("x.a").tracer.span("work", frames=3):
        pass
    assert spans == [("work", {"plugin": "x.a", "frames": 3})]
