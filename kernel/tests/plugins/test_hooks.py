from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from kadr_kernel.plugins.hooks import Hooks
from kadr_sdk.errors import InternalError, KadrError, PermissionDeniedError
from kadr_sdk.hooks import hookimpl

if TYPE_CHECKING:
    from conftest import House, Site


class Plugs:
    """Hook modules by plugin, and what was reported."""

    def __init__(self, **modules: Any) -> None:
        self.modules = {name.replace("_", "."): module for name, module in modules.items()}
        self.reports: list[tuple[str, KadrError]] = []
        self.loads: list[str] = []
        self.hooks = Hooks(self.load, lambda plugin, error: self.reports.append((plugin, error)))
        for name in self.modules:
            self.hooks.add(name, f"{name}:hooks")

    def load(self, plugin: str, entry: str) -> Any:
        self.loads.append(plugin)
        module = self.modules[plugin]
        if isinstance(module, KadrError):
            raise module
        return module

    def encoder(self) -> Any:
        return self.hooks.call("choose_encoder", codec="h264", available=("a", "b"))

    def plan(self) -> Any:
        return self.hooks.call("before_plan", project=None)


def chooses(answer: Any, **order: bool) -> Any:
    class Module:
        @staticmethod
        @hookimpl(**order)
        def choose_encoder(codec: str) -> Any:
            if isinstance(answer, BaseException):
                raise answer
            return answer

    return Module()


def refuses(error: BaseException | None, seen: list[str] | None = None, name: str = "") -> Any:
    class Module:
        @staticmethod
        @hookimpl
        def before_plan() -> None:
            if seen is not None:
                seen.append(name)
            if error is not None:
                raise error

    return Module()


def test_nothing_is_imported_before_the_first_call() -> None:
    plugs = Plugs(x_a=chooses("a"), x_b=chooses(None))
    assert plugs.loads == []
    assert plugs.encoder() == "a"
    assert plugs.loads == ["x.a", "x.b"]
    plugs.encoder()
    assert plugs.loads == ["x.a", "x.b"]


def test_the_first_answer_counts_and_the_last_activated_is_asked_first() -> None:
    assert Plugs(x_a=chooses("a"), x_b=chooses("b")).encoder() == "b"
    assert Plugs(x_a=chooses("a"), x_b=chooses(None)).encoder() == "a"
    assert Plugs(x_a=chooses("a", tryfirst=True), x_b=chooses("b")).encoder() == "a"
    assert Plugs(x_a=chooses("a"), x_b=chooses("b", trylast=True)).encoder() == "a"
    assert Plugs(x_a=chooses(None)).encoder() is None
    assert Plugs().encoder() is None


@pytest.mark.parametrize(
    "error", [RuntimeError("broken"), SystemExit(3), KadrError("no"), BaseException("rude")]
)
def test_one_that_raises_loses_nobody_elses_answer(error: BaseException) -> None:
    plugs = Plugs(x_a=chooses("a"), x_b=chooses(error))
    assert plugs.encoder() == "a"
    ((plugin, reported),) = plugs.reports
    assert plugin == "x.b"
    assert reported is error or reported.__cause__ is error
    counts = {(c.plugin, c.hook): (c.calls, c.failures) for c in plugs.hooks.counts()}
    assert counts == {("x.a", "choose_encoder"): (1, 0), ("x.b", "choose_encoder"): (1, 1)}


def test_ctrl_c_is_the_users() -> None:
    plugs = Plugs(x_a=chooses(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        plugs.encoder()


def test_a_before_hook_may_refuse_and_is_named() -> None:
    seen: list[str] = []
    plugs = Plugs(
        x_a=refuses(None, seen, "a"),
        x_b=refuses(PermissionDeniedError("not on my watch"), seen, "b"),
        x_c=refuses(RuntimeError("a slip is no refusal"), seen, "c"),
    )
    with pytest.raises(PermissionDeniedError, match="not on my watch") as caught:
        plugs.plan()
    assert caught.value.data["plugin"] == "x.b"
    assert seen == ["c", "b"]
    assert [plugin for plugin, _ in plugs.reports] == ["x.c"]


def test_collecting_hooks_return_every_answer_in_order() -> None:
    class Says:
        def __init__(self, answer: Any) -> None:
            self.answer = answer

        @hookimpl
        def after_render(self) -> Any:
            return self.answer

    plugs = Plugs(x_a=Says(1), x_b=Says(None), x_c=Says(3))
    assert plugs.hooks.call("after_render", plan=None, report=None) == [3, 1]


def test_fewer_arguments_are_fine_and_more_are_not() -> None:
    class Greedy:
        @staticmethod
        @hookimpl
        def before_plan(project: Any, weather: Any) -> None:
            raise AssertionError

        @staticmethod
        @hookimpl
        def choose_encoder() -> str:
            return "greedy"

    plugs = Plugs(x_greedy=Greedy(), x_good=chooses("good"))
    assert plugs.encoder() == "good"
    ((plugin, error),) = plugs.reports
    assert plugin == "x.greedy"
    assert "plugin 'x.greedy': registering the hooks failed" in str(error)
    assert "hook 'before_plan'" in str(error)
    assert "'weather'" in str(error)
    assert "fewer are fine" in str(error)
    assert plugs.plan() == [], "a module is taken whole or not at all"


def test_unknown_hooks_and_wrappers_are_refused() -> None:
    class Typo:
        @staticmethod
        @hookimpl
        def before_plann() -> None: ...

    class Wraps:
        @staticmethod
        @hookimpl(wrapper=True)
        def before_plan() -> Any:
            return (yield)

    class Maybe:
        @staticmethod
        @hookimpl(optionalhook=True)
        def after_the_future() -> None: ...

        @staticmethod
        @hookimpl
        def choose_encoder() -> str:
            return "maybe"

    plugs = Plugs(x_typo=Typo(), x_wraps=Wraps(), x_maybe=Maybe())
    assert plugs.encoder() == "maybe"
    texts = {plugin: str(error) for plugin, error in plugs.reports}
    assert "there is no hook 'before_plann'; did you mean 'before_plan'" in texts["x.typo"]
    assert "before_plan is a wrapper, and wrappers are not supported" in texts["x.wraps"]
    assert set(texts) == {"x.typo", "x.wraps"}
    assert plugs.plan() == []


def test_a_module_that_cannot_be_imported_is_reported_once() -> None:
    plugs = Plugs(x_a=KadrError("cannot be imported"), x_b=chooses("b"))
    assert [plugs.encoder(), plugs.encoder()] == ["b", "b"]
    assert [str(error) for _, error in plugs.reports] == ["cannot be imported"]


def test_an_object_that_fights_inspection_does_no_harm() -> None:
    class Fights:
        @property
        def anything(self) -> None:
            raise RuntimeError("do not look")

        def __getattr__(self, name: str) -> Any:
            raise RuntimeError("do not look")

    plugs = Plugs(x_a=Fights(), x_b=chooses("b"))
    assert plugs.encoder() == "b"


def test_removed_plugins_are_not_called() -> None:
    plugs = Plugs(x_a=chooses("a"), x_b=chooses("b"), x_c=chooses("c"))
    plugs.hooks.remove("x.c")
    assert plugs.encoder() == "b"
    plugs.hooks.remove("x.b")
    plugs.hooks.remove("x.unknown")
    assert plugs.encoder() == "a"
    plugs.hooks.add("x.b", "x.b:hooks")
    assert plugs.encoder() == "b"
    assert plugs.loads == ["x.a", "x.b", "x.b"]


@pytest.mark.parametrize(
    ("hook", "arguments", "words"),
    [
        ("before_plam", {"project": 1}, "there is no hook 'before_plam'.*before_plan"),
        ("__class__", {}, "there is no hook"),
        ("before_plan", {}, r"before_plan takes \(project\), not \(\)"),
        ("before_plan", {"project": 1, "more": 2}, r"not \(project, more\)"),
    ],
)
def test_wrong_calls_are_defects(hook: str, arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(InternalError, match=words):
        Plugs().hooks.call(hook, **arguments)


def test_time_is_counted() -> None:
    import time

    class Slow:
        @staticmethod
        @hookimpl
        def before_plan() -> None:
            time.sleep(0.02)

    plugs = Plugs(x_slow=Slow())
    plugs.plan()
    plugs.plan()
    (count,) = plugs.hooks.counts()
    assert count.calls == 2
    assert 0.04 <= count.seconds < 5


def test_no_thread_passes_an_implementation_by_while_it_is_imported() -> None:
    go = threading.Event()

    class Gated(Plugs):
        def load(self, plugin: str, entry: str) -> Any:
            go.wait(10)
            return super().load(plugin, entry)

    plugs = Gated(x_guard=refuses(PermissionDeniedError("no")), x_a=chooses("a"))
    outcomes: list[str] = []

    def call() -> None:
        try:
            plugs.plan()
            outcomes.append("passed")
        except PermissionDeniedError:
            outcomes.append("refused")

    threads = [threading.Thread(target=call) for _ in range(6)]
    for thread in threads:
        thread.start()
    go.set()
    for thread in threads:
        thread.join(10)
    assert outcomes == ["refused"] * 6
    assert sorted(plugs.loads) == ["x.a", "x.guard"]


def test_a_plugin_that_is_stopped_while_its_hooks_are_imported() -> None:
    class Stopped(Plugs):
        def load(self, plugin: str, entry: str) -> Any:
            if plugin == "x.b":
                self.hooks.remove("x.b")
            return super().load(plugin, entry)

    plugs = Stopped(x_a=chooses("a"), x_b=chooses("b"))
    assert plugs.encoder() == "a"


def test_a_hook_called_while_hook_modules_are_imported() -> None:
    class Nested(Plugs):
        def load(self, plugin: str, entry: str) -> Any:
            if plugin == "x.b":
                assert self.encoder() == "a"
            return super().load(plugin, entry)

    plugs = Nested(x_a=chooses("a"), x_b=chooses("b"))
    assert plugs.encoder() == "b"


def test_hook_modules_of_plugins_on_disk(site: Site, house: Callable[..., House], tmp_path: Path) -> None:
    files = {
        "hooks.py": """
        from kadr_sdk.errors import PermissionDeniedError
        from kadr_sdk.hooks import hookimpl
        class Guard:
            def __init__(self, context):
                self.context = context
            @hookimpl
            def before_command(self, command):
                if command == "x.secret":
                    raise PermissionDeniedError(f"{self.context.plugin} says no")
        """,
        "commands.py": "def run(kernel, argv):\n    return 7\n",
    }
    toml = '[hooks]\nentry = "PKG.hooks:Guard"\n'
    for name in ("x.open", "x.secret"):
        toml += f'[[contributes.command]]\nid = "{name}"\nentry = "PKG.commands:run"\n'
    site.add("x.a", toml, files)
    site.add("x.bad", '[hooks]\nentry = "PKG.hooks"', {"hooks.py": "import sys; sys.exit(2)"})
    home = house()
    assert home.manager.execute_command("x.a", "x.open", {}) == 7
    with pytest.raises(PermissionDeniedError, match=r"x\.a says no"):
        home.manager.execute_command("x.a", "x.secret", {})
    findings = [(f["plugin"], f["severity"]) for f in home.manager.doctor()]
    assert findings == [("x.bad", "warning")]
    assert home.states() == {"x.a": "active", "x.bad": "active"}
