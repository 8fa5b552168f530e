from __future__ import annotations

import random
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from kadr_kernel.plugins.catalogue import Catalogue
from kadr_kernel.plugins.crashes import CrashGuard
from kadr_kernel.plugins.failures import Failures
from kadr_kernel.plugins.loader import Loader
from kadr_sdk.errors import NotFoundError, PluginError
from kadr_sdk.manifest import Contribution, Manifest

if TYPE_CHECKING:
    from conftest import House, Site


def new(absent: Callable[[str, str], str] = lambda _k, _n: "") -> Catalogue:
    # A text for a context.
    return Catalogue(Loader([], CrashGuard(None), Failures()), lambda plugin: f"context of {plugin}", absent)  # type: ignore[arg-type, return-value]


def plugin(name: str, *effects: str, **more: Any) -> Manifest:
    items = tuple(
        Contribution("effect", e, name, "json:dumps", names=(e.rpartition(".")[2],)) for e in effects
    )
    return Manifest(name, "1.0", contributions=items, **more)


def test_finds_by_id_and_short_name() -> None:
    catalogue = new()
    catalogue.add(plugin("x.a", "x.blur", "x.glow"))
    assert catalogue.find("effect", "x.blur").id == "x.blur"
    assert catalogue.find("effect", "blur").id == "x.blur"
    assert [c.id for c in catalogue.all("effect")] == ["x.blur", "x.glow"]
    assert catalogue.all("transition") == ()


def test_unknown_ids_and_kinds_have_hints() -> None:
    catalogue = new()
    with pytest.raises(NotFoundError, match="no active plugin contributes any audio effect"):
        catalogue.find("audio_effect", "echo")
    catalogue.add(plugin("x.a", "x.blur"))
    with pytest.raises(NotFoundError, match=r"unknown effect 'blurr' \(did you mean 'blur'\?\)"):
        catalogue.find("effect", "blurr")
    for look in (catalogue.all, lambda kind: catalogue.find(kind, "x")):
        with pytest.raises(
            NotFoundError, match=r"unknown kind of contribution 'effects'.*did you mean 'effect'"
        ):
            look("effects")


def test_absent_contributions_are_explained() -> None:
    catalogue = new(lambda kind, name: f"plugin 'x.b' has {kind} {name}, but it is disabled")
    with pytest.raises(
        NotFoundError, match=r"unknown effect 'glow' \(plugin 'x.b' has effect glow, but it is disabled\)"
    ):
        catalogue.find("effect", "glow")


def test_short_names_go_to_the_higher_priority_and_a_tie_is_an_error() -> None:
    catalogue = new()
    low = Contribution("effect", "x.blur", "x.a", "json", names=("blur",))
    high = Contribution("effect", "y.blur", "y.a", "json", names=("blur",), priority=5)
    tie = Contribution("effect", "z.blur", "z.a", "json", names=("blur",), priority=5)
    catalogue.add(Manifest("x.a", "1", contributions=(low,)))
    catalogue.add(Manifest("y.a", "1", contributions=(high,)))
    assert catalogue.find("effect", "blur") is high
    assert catalogue.all("effect") == (high, low)
    catalogue.add(Manifest("z.a", "1", contributions=(tie,)))
    with pytest.raises(NotFoundError, match=r"the name fits several; write 'y.blur' or 'z.blur'"):
        catalogue.find("effect", "blur")
    catalogue.remove("y.a")
    assert catalogue.find("effect", "blur") is tie


def test_an_id_wins_over_a_short_name() -> None:
    catalogue = new()
    catalogue.add(Manifest("x.a", "1", contributions=(Contribution("effect", "blur", "x.a", "json"),)))
    other = Contribution("effect", "y.blur", "y.a", "json", names=("blur",), priority=9)
    catalogue.add(Manifest("y.a", "1", contributions=(other,)))
    assert catalogue.find("effect", "blur").plugin == "x.a"


def test_adding_is_all_or_nothing() -> None:
    catalogue = new()
    catalogue.add(plugin("x.a", "x.blur"))
    with pytest.raises(PluginError, match=r"effect 'x.blur' of plugin 'y.a' also comes from 'x.a'"):
        catalogue.add(plugin("y.a", "y.one", "x.blur", "y.two"))
    assert [c.id for c in catalogue.all("effect")] == ["x.blur"]
    with pytest.raises(PluginError, match="are there already"):
        catalogue.add(plugin("x.a", "x.other"))
    catalogue.add(plugin("y.a", "y.one"))
    catalogue.remove("x.a")
    catalogue.remove("x.a")
    assert [c.id for c in catalogue.all("effect")] == ["y.one"]
    catalogue.add(plugin("x.a", "x.blur"))


COUNTED = """
made = []
class Thing:
    def __init__(self, context):
        made.append(context.plugin)
        self.closed = False
    def close(self):
        self.closed = True
"""


def test_load_makes_one_object_and_closing_ends_it(site: Site, house: Callable[..., House]) -> None:
    toml = '[[contributes.effect]]\nid = "x.t"\nentry = "PKG.code:Thing"\nnames = ["t"]'
    site.add("x.a", toml, {"code.py": COUNTED})
    home = house()
    import sys

    assert "x_a" not in sys.modules
    thing = home.catalogue.load("effect", "t")
    assert home.catalogue.load("effect", "x.t") is thing
    assert sys.modules["x_a.code"].made == ["x.a"]
    home.manager.stop("x.a")
    assert thing.closed
    with pytest.raises(NotFoundError, match=r"plugin 'x.a' has it, but it is stopped; activate it"):
        home.catalogue.load("effect", "t")
    home.manager.activate("x.a")
    assert home.catalogue.load("effect", "t") is not thing


def test_pure_data_cannot_be_loaded_but_described(site: Site, house: Callable[..., House]) -> None:
    files = {
        "one.toml": 'title = "Eins"',
        "two.json": '{"title": "Zwei"}',
        "bad.toml": "[",
        "list.json": "[1]",
    }
    toml = "".join(
        f'[[contributes.preset]]\nid = "{name.partition(".")[0]}"\nfile = "{name}"\n' for name in files
    )
    toml += '[[contributes.effect]]\nid = "bare"\nentry = "PKG:x"\n'
    site.add("x.a", toml, files)
    catalogue = house().catalogue
    assert dict(catalogue.describe("preset", "one")) == {"title": "Eins"}
    assert dict(catalogue.describe("preset", "two")) == {"title": "Zwei"}
    assert catalogue.describe("preset", "one") is catalogue.describe("preset", "one")
    assert dict(catalogue.describe("effect", "bare")) == {}
    with pytest.raises(PluginError, match=r"preset 'one' of plugin 'x.a' is data and has no code"):
        catalogue.load("preset", "one")
    with pytest.raises(PluginError, match=r"bad.toml: the descriptor of plugin 'x.a' cannot be read"):
        catalogue.describe("preset", "bad")
    with pytest.raises(PluginError, match="a table is expected"):
        catalogue.describe("preset", "list")
    (site.folder / "x_a" / "one.toml").unlink()
    assert dict(catalogue.describe("preset", "one")) == {"title": "Eins"}


def test_loading_in_a_circle_is_an_error(site: Site, house: Callable[..., House]) -> None:
    code = """
    import builtins
    class A:
        def __init__(self):
            builtins.kadr_test_catalogue.load("effect", "b")
    class B:
        def __init__(self):
            builtins.kadr_test_catalogue.load("effect", "a")
    """
    toml = "".join(f'[[contributes.effect]]\nid = "{n}"\nentry = "PKG:{n.upper()}"\n' for n in "ab")
    site.add("x.a", toml, {"__init__.py": code})
    home = house()
    import builtins

    builtins.kadr_test_catalogue = home.catalogue  # type: ignore[attr-defined]  # seen by the plugin's code
    try:
        with pytest.raises(PluginError, match="effect 'a' loads itself: a -> b -> a"):
            home.catalogue.load("effect", "a")
    finally:
        del builtins.kadr_test_catalogue  # type: ignore[attr-defined]  # seen by the plugin's code


def test_threads_get_the_same_object(site: Site, house: Callable[..., House]) -> None:
    code = """
    import time
    made = []
    class T:
        def __init__(self):
            time.sleep(0.03)
            made.append(1)
    """
    site.add("x.a", '[[contributes.effect]]\nid = "t"\nentry = "PKG:T"', {"__init__.py": code})
    catalogue = house().catalogue
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(catalogue.load("effect", "t"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, found))) == 1
    import sys

    assert sys.modules["x_a"].made == [1]


def test_an_object_made_for_a_plugin_that_went_is_closed(site: Site, house: Callable[..., House]) -> None:
    code = """
    import threading
    inside, go, closed = threading.Event(), threading.Event(), []
    class T:
        def __init__(self):
            inside.set()
            assert go.wait(10)
        def close(self):
            closed.append(self)
    """
    site.add("x.a", '[[contributes.effect]]\nid = "t"\nentry = "PKG:T"', {"__init__.py": code})
    home = house()
    import importlib

    module = importlib.import_module("x_a")
    errors: list[BaseException] = []

    def load() -> None:
        try:
            home.catalogue.load("effect", "t")
        except NotFoundError as error:
            errors.append(error)

    thread = threading.Thread(target=load)
    thread.start()
    assert module.inside.wait(10)
    home.manager.stop("x.a")
    home.manager.activate("x.a")
    module.go.set()
    thread.join(10)
    assert len(errors) == 1
    assert len(module.closed) == 1


def test_readers_always_see_whole_plugins() -> None:
    catalogue = new()
    plugins = [plugin(f"x.p{n}", *(f"x.p{n}-{m}" for m in range(5))) for n in range(4)]
    stop = threading.Event()
    broken: list[object] = []

    def change(seed: int) -> None:
        chance = random.Random(seed)
        one = plugins[seed]
        while not stop.is_set():
            catalogue.add(one)
            if chance.random() < 0.5:
                catalogue.all("effect")
            catalogue.remove(one.id)

    def read() -> None:
        while not stop.is_set():
            counts: dict[str, int] = {}
            for item in catalogue.all("effect"):
                counts[item.plugin] = counts.get(item.plugin, 0) + 1
            if any(count != 5 for count in counts.values()):
                broken.append(counts)

    threads = [threading.Thread(target=change, args=(n,)) for n in range(4)]
    threads += [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    stop.wait(0.4)
    stop.set()
    for thread in threads:
        thread.join()
    assert broken == []
    assert catalogue.all("effect") == ()


def test_descriptor_paths_stay_inside(site: Site, house: Callable[..., House], tmp_path: Path) -> None:
    (tmp_path / "secret.toml").write_text("a = 1", "utf-8")
    site.add("x.a", '[[contributes.preset]]\nid = "p"\nfile = "../../secret.toml"')
    assert "leaves the plugin's folder" in house().manager.rows()[0].error
