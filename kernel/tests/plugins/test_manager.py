from __future__ import annotations

import random
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from kadr_kernel.plugins.commands import as_argv
from kadr_kernel.plugins.roster import Choice
from kadr_sdk.errors import (
    InvalidParameterError,
    KadrError,
    NotFoundError,
    PluginError,
    PluginNotActiveError,
    PluginNotFoundError,
)
from kadr_sdk.events import PluginActivated, PluginStateChanged

if TYPE_CHECKING:
    from conftest import House, Site

Build = Callable[..., "House"]


def effect(name: str, entry: str = "PKG:x") -> str:
    return f'[[contributes.effect]]\nid = "{name}"\nentry = "{entry}"\n'


def chain(site: Site) -> None:
    """x.a requires x.b requires x.c; x.d stands alone."""
    site.add("x.a", effect("a"), head='requires = ["x.b"]')
    site.add("x.b", effect("b"), head='requires = ["x.c"]')
    site.add("x.c", effect("c"))
    site.add("x.d", effect("d"))


def ids(home: House) -> list[str]:
    return [item.id for item in home.catalogue.all("effect")]


def test_start_activates_everything_in_order_without_code(site: Site, house: Build) -> None:
    chain(site)
    site.add("x.e", files={"__init__.py": "raise RuntimeError"})
    home = house()
    assert set(home.states().values()) == {"active"}
    activated = [e.plugin for e in home.events if isinstance(e, PluginActivated)]
    assert activated == ["x.c", "x.b", "x.a", "x.d", "x.e"]
    assert not {"x_a", "x_b", "x_c", "x_d", "x_e"} & set(sys.modules)
    assert home.manager.doctor() == []


def test_every_step_is_an_event(site: Site, house: Build) -> None:
    site.add("x.a")
    home = house()
    home.manager.suspend("x.a")
    home.manager.resume("x.a")
    home.manager.stop("x.a")
    steps = [(e.old, e.new) for e in home.events if isinstance(e, PluginStateChanged)]
    assert steps == [
        ("found", "resolved"),
        ("resolved", "activating"),
        ("activating", "active"),
        ("active", "suspended"),
        ("suspended", "active"),
        ("active", "stopping"),
        ("stopping", "stopped"),
    ]
    assert home.names().count("PluginActivated") == 1
    assert home.names()[-1] == "PluginStopped"


def test_stopping_takes_dependants_first_and_activating_requirements(site: Site, house: Build) -> None:
    chain(site)
    home = house()
    home.events.clear()
    home.manager.stop("x.c")
    # Its name says what it has.
    stopped = [e.plugin for e in home.events if e.name == "PluginStopped"]  # type: ignore[attr-defined]
    assert stopped == ["x.a", "x.b", "x.c"]
    assert ids(home) == ["d"]
    home.manager.stop("x.c")
    home.events.clear()
    home.manager.activate("x.a")
    assert [e.plugin for e in home.events if isinstance(e, PluginActivated)] == ["x.c", "x.b", "x.a"]
    assert ids(home) == ["a", "b", "c", "d"]


def test_suspending_takes_dependants_and_resuming_requirements(site: Site, house: Build) -> None:
    chain(site)
    home = house()
    context = home.contexts.of("x.b")
    home.manager.suspend("x.b")
    assert home.states() == {"x.a": "suspended", "x.b": "suspended", "x.c": "active", "x.d": "active"}
    assert ids(home) == ["c", "d"]
    assert home.contexts.of("x.b") is context
    with pytest.raises(NotFoundError, match=r"plugin 'x\.b' has it, but it is suspended; resume it"):
        home.catalogue.find("effect", "b")
    home.manager.resume("x.a")
    assert ids(home) == ["a", "b", "c", "d"]
    home.manager.resume("x.a")
    home.manager.suspend("x.c")
    home.manager.activate("x.b")
    assert ids(home) == ["b", "c", "d"]
    home.manager.stop("x.c")
    assert home.states() == {"x.a": "stopped", "x.b": "stopped", "x.c": "stopped", "x.d": "active"}


def test_what_does_not_run_cannot_be_suspended_or_resumed(site: Site, house: Build) -> None:
    site.add("x.a")
    home = house()
    home.manager.stop("x.a")
    for change in (home.manager.suspend, home.manager.resume):
        with pytest.raises(
            PluginNotActiveError, match=r"plugin 'x\.a' is not active: it is stopped \(activate it\)"
        ):
            change("x.a")


@pytest.mark.parametrize("verb", ["activate", "stop", "suspend", "resume"])
def test_unknown_ids_have_suggestions(site: Site, house: Build, verb: str) -> None:
    site.add("x.glow")
    home = house()
    with pytest.raises(
        PluginNotFoundError, match=r"no plugin 'x\.glov' is installed \(did you mean 'x\.glow'\?\)"
    ):
        getattr(home.manager, verb)("x.glov")
    with pytest.raises(PluginNotFoundError):
        home.manager.set_enabled("x.glov", False)
    with pytest.raises(PluginNotFoundError):
        home.manager.execute_command("x.glov", "c", {})
    assert home.config.values == {}


def test_no_plugins_at_all(house: Build) -> None:
    home = house()
    assert (home.manager.rows(), home.manager.doctor()) == ([], [])
    with pytest.raises(PluginNotFoundError, match="no plugin is installed"):
        home.manager.activate("x.a")


def test_broken_plugins_are_rows_and_take_nobody_down(site: Site, house: Build) -> None:
    chain(site)
    site.add("x.broken", manifest="[")
    site.add("x.user", head='requires = ["x.broken"]')
    site.add("x.fine")
    home = house()
    states = home.states()
    assert (states["x.broken"], states["x.user"], states["x.fine"]) == ("failed", "failed", "active")
    with pytest.raises(
        PluginError, match=r"cannot be activated: it requires 'x.broken', which cannot run"
    ) as caught:
        home.manager.activate("x.user")
    assert caught.value.hint == "see kadr plugin doctor"
    with pytest.raises(PluginError, match=r"cannot be activated: .*cannot be read"):
        home.manager.activate("x.broken")
    findings = [(f["plugin"], f["severity"]) for f in home.manager.doctor()]
    assert findings == [("x.broken", "error"), ("x.user", "error")]
    assert "PluginFailed" in home.names()


def test_namesakes_all_fail(site: Site, house: Build, tmp_path: Path) -> None:
    site.add("x.a", effect("a"))
    site.add("x.a", effect("a"), where=tmp_path / "folder" / "one")
    (tmp_path / "folder" / "one" / "x_a").rename(tmp_path / "folder" / "one" / "other_a")
    home = house()
    assert [row.state for row in home.manager.rows()] == ["failed", "failed"]
    assert all("2 plugins have the id 'x.a'" in row.error for row in home.manager.rows())
    assert ids(home) == []


def test_conflicting_contributions(site: Site, house: Build) -> None:
    site.add("x.a", effect("same"))
    site.add("x.b", effect("same"))
    home = house()
    assert ids(home) == []
    assert (
        "'same' also comes from 'x.b' (disable one of them: kadr plugin disable x.b)"
        in home.manager.rows()[0].error
    )
    home.manager.set_enabled("x.b", False)
    home.manager.activate("x.a")
    assert home.catalogue.find("effect", "same").plugin == "x.a"


def test_disabling_is_remembered_and_not_acted_upon(site: Site, house: Build) -> None:
    chain(site)
    home = house()
    home.manager.set_enabled("x.c", False)
    assert home.config.values == {"plugins.disabled": ["x.c"]}
    assert [row.enabled for row in home.manager.rows()] == [True, True, False, True]
    assert ids(home) == ["a", "b", "c", "d"]
    again = house(config=home.config.values)
    assert again.states() == {"x.a": "failed", "x.b": "failed", "x.c": "found", "x.d": "active"}
    assert (
        "it requires 'x.c', which cannot run (it is disabled; kadr plugin enable x.c)"
        in again.manager.rows()[1].error
    )
    assert again.manager.rows()[2].error == ""
    with pytest.raises(
        PluginError, match=r"plugin 'x\.c' cannot be activated: it is disabled \(kadr plugin enable x\.c\)"
    ):
        again.manager.activate("x.c")
    again.manager.set_enabled("x.c", True)
    assert again.config.values == {"plugins.disabled": []}
    again.manager.activate("x.a")
    assert ids(again) == ["a", "b", "c", "d"]


def test_an_uninstalled_plugin_can_be_taken_off_the_list(site: Site, house: Build) -> None:
    home = house(config={"plugins.disabled": ("x.gone",)})
    home.manager.set_enabled("x.gone", True)
    assert home.config.values == {"plugins.disabled": []}


def test_only_some_plugins(site: Site, house: Build) -> None:
    chain(site)
    home = house(Choice(only={"x.b"}))
    assert home.states() == {"x.a": "found", "x.b": "active", "x.c": "active", "x.d": "found"}
    assert home.manager.doctor() == []
    with pytest.raises(PluginError, match="it is left out by --plugins"):
        home.manager.activate("x.d")


def test_safe_mode(site: Site, house: Build) -> None:
    chain(site)
    home = house(Choice(pinned={("dist:x-c", "x.c")}))
    assert home.states() == {"x.a": "found", "x.b": "found", "x.c": "active", "x.d": "found"}


def test_a_plugin_that_nobody_allowed_waits(site: Site, house: Build) -> None:
    site.add("x.a", effect("a") + '[permissions]\nread = ["*"]')
    home = house(trust=())
    (row,) = home.manager.rows()
    assert (row.state, row.enabled) == ("found", True)
    assert "needs your permission" in row.error
    assert "kadr plugin enable x.a" in row.error
    assert [f["severity"] for f in home.manager.doctor()] == ["warning"]
    with pytest.raises(PluginError, match="needs your permission"):
        home.manager.activate("x.a")
    home.manager.set_enabled("x.a", True)
    home.manager.activate("x.a")
    assert [str(p) for p in home.contexts.of("x.a").permissions] == ["read:*"]
    assert house(trust=()).states() == {"x.a": "active"}, "a yes is remembered"
    site.add(
        "x.a", effect("a") + '[permissions]\nread = ["*"]\nnet = ["*"]', version="1.0.1", where=site.folder
    )
    assert house(trust=()).states() == {"x.a": "found"}, "an update that asks for more waits"


def test_a_part_of_what_is_asked_can_be_granted(site: Site, house: Build, tmp_path: Path) -> None:
    site.add("x.a", '[permissions]\nread = ["*"]\ngpu = true')
    home = house(trust=())
    for wrong in ("net:*", "fly"):
        with pytest.raises(InvalidParameterError):
            home.manager.set_enabled("x.a", True, [wrong])
    home.manager.set_enabled("x.a", True, ["gpu"])
    home.manager.activate("x.a")
    assert [str(p) for p in home.contexts.of("x.a").permissions] == ["gpu"]


def test_disabling_takes_the_yes_back(site: Site, house: Build) -> None:
    site.add("x.a", '[permissions]\nread = ["*"]')
    home = house(trust=())
    home.manager.set_enabled("x.a", True)
    home.manager.activate("x.a")
    home.manager.set_enabled("x.a", False)
    assert [str(p) for p in home.contexts.of("x.a").permissions] == []
    again = house(trust=())
    assert again.states() == {"x.a": "found"}, "not on the list of the disabled here, and without a yes"


def test_damaged_grants_are_no_grants(site: Site, house: Build, tmp_path: Path) -> None:
    site.add("x.a")
    (tmp_path / "grants").mkdir()
    (tmp_path / "grants" / "grants.json").write_text("{", "utf-8")
    (row,) = house(trust=()).manager.rows()
    assert row.state == "found"
    assert row.error


CRASHER = """
import sys
from pathlib import Path
from kadr_kernel.plugins.crashes import CrashGuard
from kadr_kernel.plugins.failures import Failures
from kadr_kernel.plugins.loader import Loader
Loader([], CrashGuard(Path(sys.argv[1])), Failures()).get("x.bad", "x_bad:x")
"""


def test_a_plugin_that_kills_the_process_is_left_out_after_three_times(
    site: Site, house: Build, tmp_path: Path
) -> None:
    site.add("x.bad", effect("bad"), {"__init__.py": "import os; os._exit(134)"})
    site.add("x.user", head='requires = ["x.bad"]')
    site.add("x.fine")
    import os

    environ = os.environ | {"PYTHONPATH": str(site.folder)}
    for _ in range(3):
        assert house().states()["x.bad"] == "active"
        command = [sys.executable, "-c", CRASHER, str(tmp_path / "crashes")]
        assert subprocess.run(command, env=environ, timeout=60).returncode == 134
    home = house()
    assert home.states() == {"x.bad": "failed", "x.user": "failed", "x.fine": "active"}
    assert [row.enabled for row in home.manager.rows()] == [False, True, True]
    finding = home.manager.doctor()[0]
    assert finding["plugin"] == "x.bad"
    assert finding["message"] == "it took kadr down 3 times in a row while 'x_bad:x' was loaded"
    assert finding["hint"] == "update it, then kadr plugin enable x.bad"
    home.manager.set_enabled("x.bad", True)
    home.manager.activate("x.user")
    assert set(home.states().values()) == {"active"}


COMMANDS = """
from kadr_sdk.errors import InputError
def plain(kernel, argv):
    return [kernel.version, *argv]
class Rich:
    def __call__(self, kernel, argv):
        raise AssertionError
    def execute(self, kernel, args):
        return {"version": kernel.version} | dict(args)
def exits(kernel, argv):
    raise SystemExit(3)
def breaks(kernel, argv):
    raise LookupError("lost")
def complains(kernel, argv):
    raise InputError("no such thing")
"""


def command(name: str) -> str:
    entry = name.capitalize() if name == "rich" else name
    head = f'[[contributes.command]]\nid = "x.{name}"\nnames = ["{name}"]\n'
    return f'{head}entry = "PKG.commands:{entry}"\n'


def test_commands(site: Site, house: Build) -> None:
    names = ("plain", "rich", "exits", "breaks", "complains")
    site.add("x.a", "".join(map(command, names)), {"commands.py": COMMANDS})
    site.add("x.b")
    run = house().manager.execute_command
    assert run("x.a", "plain", {"size": 3, "": ["in.mp4"]}) == ["test", "--size=3", "in.mp4"]
    assert run("x.a", "x.rich", {"a": 1}) == {"version": "test", "a": 1}
    with pytest.raises(
        PluginError, match=r"plugin 'x\.a': the command 'x\.exits' failed: it called sys.exit\(3\)"
    ):
        run("x.a", "exits", {})
    with pytest.raises(PluginError, match="LookupError: lost") as caught:
        run("x.a", "breaks", {})
    assert isinstance(caught.value.__cause__, LookupError)
    with pytest.raises(KadrError, match="no such thing"):
        run("x.a", "complains", {})
    with pytest.raises(NotFoundError, match=r"unknown command 'plane'.*did you mean 'plain'"):
        run("x.a", "plane", {})
    with pytest.raises(NotFoundError, match=r"plugin 'x\.b' has no commands"):
        run("x.b", "plain", {})


@pytest.mark.parametrize("state", ["stopped", "suspended", "disabled", "failed"])
def test_commands_are_refused_unless_active(site: Site, house: Build, state: str) -> None:
    head = 'requires = ["x.gone"]' if state == "failed" else ""
    site.add("x.a", command("plain"), {"commands.py": COMMANDS}, head=head)
    home = house(config={"plugins.disabled": ("x.a",)} if state == "disabled" else {})
    if state == "stopped":
        home.manager.stop("x.a")
    if state == "suspended":
        home.manager.suspend("x.a")
    with pytest.raises(PluginNotActiveError, match=r"plugin 'x\.a' is not active: ") as caught:
        home.manager.execute_command("x.a", "plain", {})
    remedy = {"stopped": "activate it", "suspended": "resume it", "disabled": "kadr plugin enable x.a"}
    assert caught.value.hint == remedy.get(state, caught.value.hint)
    assert "x_a" not in sys.modules


def test_arguments_as_on_a_command_line() -> None:
    args = {"size": 3, "dry_run": True, "skip": None, "off": False, "tag": ["a", "b"], "": ["in.mp4", 7]}
    assert list(as_argv(args)) == ["--size=3", "--dry-run", "--tag=a", "--tag=b", "in.mp4", "7"]


def test_strange_titles_are_shown_as_escapes(site: Site, house: Build) -> None:
    title = 'title = "\\u001b[31mBad\\u202eTitle\\u0007 \\u2705 Ж"'
    site.add("x.a", head=f'{title}\nrequires = ["x.gone"]')
    (finding,) = house().manager.doctor()
    assert finding["message"].startswith("\\x1b[31mBad\\u202eTitle\\x07 ✅ Ж: it requires 'x.gone'")
    for text in finding.values():
        assert text.isprintable()


def test_errors_in_rows_are_printable(site: Site, house: Build) -> None:
    site.add("x.a", manifest='manifest = 1\n[plugin]\nid = "x.a"\nversion = "1"\n"\\u001b[2J" = 1')
    (row,) = house().manager.rows()
    assert "\\x1b[2J" in row.error
    assert row.error.isprintable()


def test_rows_are_copies(site: Site, house: Build) -> None:
    site.add("x.a")
    home = house()
    home.manager.rows()[0].state = "failed"
    assert home.states() == {"x.a": "active"}


def test_closing_goes_backwards_and_survives_rude_plugins(site: Site, house: Build) -> None:
    code = """
    import sys
    class T:
        def close(self):
            order.append(__name__)
            sys.exit(5)
    order = []
    """
    site.add("x.b", effect("b", "PKG:T"), {"__init__.py": code})
    site.add("x.a", effect("a", "PKG:T"), {"__init__.py": code}, head='requires = ["x.b"]')
    home = house()
    for name in ("a", "b"):
        home.catalogue.load("effect", name)
    home.events.clear()
    home.manager.close()
    # Its name says what it has.
    stopped = [e.plugin for e in home.events if e.name == "PluginStopped"]  # type: ignore[attr-defined]
    assert stopped == ["x.a", "x.b"]
    assert sys.modules["x_a"].order == ["x_a"]
    assert sys.modules["x_b"].order == ["x_b"]
    assert "closing failed: it called sys.exit(5)" in home.manager.doctor()[0]["message"]


def test_subscribers_may_call_back_and_hear_things_in_order(site: Site, house: Build) -> None:
    chain(site)
    home = house(start=False)

    def react(event: PluginActivated) -> None:
        assert home.manager.rows()
        if event.plugin == "x.d":
            home.manager.stop("x.b")

    home.bus.subscribe(PluginActivated, react, priority=9)
    home.manager.start()
    assert home.states() == {"x.a": "stopped", "x.b": "stopped", "x.c": "active", "x.d": "active"}
    names = [e.name for e in home.events]
    assert names[-1] == "PluginStopped"
    assert "SubscriberFailed" not in names


def check(home: House, requires: dict[str, set[str]]) -> None:
    """The catalogue holds what is active, whole; and what is active has what it requires."""
    active = {plugin for plugin, state in home.states().items() if state == "active"}
    assert {item.plugin for item in home.catalogue.all("effect")} == active
    for plugin in active:
        assert requires[plugin] <= active
        found = [item.id for item in home.catalogue.all("effect") if item.plugin == plugin]
        assert len(found) == 2
    for plugin, state in home.states().items():
        if state in ("active", "suspended"):
            assert home.contexts.of(plugin).plugin == plugin
        else:
            with pytest.raises(PluginNotActiveError):
                home.contexts.of(plugin)


def graph(site: Site, count: int = 8, seed: int = 1) -> dict[str, set[str]]:
    chance = random.Random(seed)
    names = [f"x.p{n}" for n in range(count)]
    requires = {}
    for number, name in enumerate(names):
        needed = chance.sample(names[:number], min(number, chance.randrange(3)))
        requires[name] = set(needed)
        head = f"requires = [{', '.join(repr(n) for n in needed)}]"
        site.add(name, effect(f"{name}.one") + effect(f"{name}.two"), head=head)
    return requires


VERBS = ("activate", "stop", "suspend", "resume")


def test_random_sequences_keep_the_catalogue_consistent(site: Site, house: Build) -> None:
    requires = graph(site)
    for seed in range(50):
        chance = random.Random(seed)
        home = house()
        for _ in range(12):
            verb, plugin = chance.choice(VERBS), chance.choice(sorted(requires))
            try:
                getattr(home.manager, verb)(plugin)
            except PluginNotActiveError:
                assert verb in ("suspend", "resume")
            check(home, requires)
        home.manager.close()
        assert set(home.states().values()) <= {"stopped", "resolved"}
        check(home, requires)


def test_threads_keep_the_catalogue_consistent(site: Site, house: Build) -> None:
    requires = graph(site)
    home = house()
    errors: list[BaseException] = []

    def work(seed: int) -> None:
        chance = random.Random(seed)
        try:
            for _ in range(60):
                verb, plugin = chance.choice(VERBS), chance.choice(sorted(requires))
                try:
                    getattr(home.manager, verb)(plugin)
                except PluginNotActiveError:
                    assert verb in ("suspend", "resume")
                home.manager.rows()
                home.manager.doctor()
        except BaseException as error:  # noqa: BLE001 - shown by the main thread
            errors.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    check(home, requires)
    last: dict[str, str] = {}
    for event in home.events:
        if isinstance(event, PluginStateChanged):
            assert last.get(event.plugin, "found") == event.old, "steps are told in the order they happened"
            last[event.plugin] = event.new
    assert last == home.states()


def test_unused_values_of_any_kind_pass_to_execute(site: Site, house: Build) -> None:
    site.add("x.a", command("rich"), {"commands.py": COMMANDS})
    marker: Any = object()
    assert house().manager.execute_command("x.a", "rich", {"thing": marker})["thing"] is marker
