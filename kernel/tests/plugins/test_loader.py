from __future__ import annotations

import json
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from kadr_kernel.plugins.crashes import CrashGuard
from kadr_kernel.plugins.discovery import discover
from kadr_kernel.plugins.failures import Failures
from kadr_kernel.plugins.loader import Loader
from kadr_sdk.errors import DependencyMissingError, PluginError

if TYPE_CHECKING:
    from conftest import Site

CONTEXT: Any = object()


@pytest.fixture
def failures() -> Failures:
    return Failures()


@pytest.fixture
def loader(failures: Failures) -> Loader:
    return Loader([], CrashGuard(None), failures)


def test_entries_name_modules_and_attributes(loader: Loader) -> None:
    assert loader.get("x.a", "json") is json
    assert loader.get("x.a", "json:dumps") is json.dumps
    assert loader.get("x.a", "pathlib:Path.home") == Path.home


@pytest.mark.parametrize(
    ("init", "words"),
    [
        ("raise RuntimeError('on the rocks')", "loading 'x_bad:thing' failed: RuntimeError: on the rocks"),
        ("import sys; sys.exit(7)", "it called sys.exit(7)"),
        ("import no_such_module_here", "ModuleNotFoundError: No module named 'no_such_module_here'"),
        ("def", "SyntaxError"),
        ("", "has no attribute 'thing'"),
        ("raise BaseException('rude')", "BaseException: rude"),
        ("raise RuntimeError('\\x1b[2J')", r"RuntimeError: \\x1b\[2J"),
    ],
)
def test_errors_at_import_name_plugin_and_entry(
    site: Site, loader: Loader, failures: Failures, init: str, words: str
) -> None:
    site.add("x.bad", files={"__init__.py": init})
    with pytest.raises(PluginError, match=words if "\\" in words else None) as caught:
        loader.get("x.bad", "x_bad:thing")
    text = str(caught.value)
    assert text.startswith("plugin 'x.bad': loading 'x_bad:thing' failed: ")
    assert "\\" in words or words in text
    assert "kadr plugin disable x.bad" in text
    assert caught.value.__cause__ is not None
    assert [f.plugin for f in failures.rows()] == ["x.bad"]


def test_ctrl_c_at_import_is_the_users(site: Site, loader: Loader) -> None:
    site.add("x.bad", files={"__init__.py": "raise KeyboardInterrupt"})
    with pytest.raises(KeyboardInterrupt):
        loader.get("x.bad", "x_bad")


def test_errors_of_the_tree_keep_their_class(site: Site, loader: Loader) -> None:
    text = """
    from kadr_sdk.errors import DependencyMissingError
    raise DependencyMissingError("onnxruntime is missing", hint="pip install onnxruntime")
    """
    site.add("x.bad", files={"__init__.py": text})
    with pytest.raises(DependencyMissingError) as caught:
        loader.get("x.bad", "x_bad")
    assert caught.value.data["plugin"] == "x.bad"
    assert caught.value.__cause__ is None
    assert "plugin 'x.bad'" in caught.value.__notes__[0]


def test_one_failing_plugin_takes_no_other_down(site: Site, loader: Loader) -> None:
    site.add("x.bad", files={"__init__.py": "import sys; sys.exit(1)"})
    site.add("x.good", files={"__init__.py": "thing = 5"})
    with pytest.raises(PluginError):
        loader.get("x.bad", "x_bad:thing")
    assert loader.get("x.good", "x_good:thing") == 5


CLASSES = """
class Plain:
    pass
class Wants:
    def __init__(self, context):
        self.context = context
class Optional:
    def __init__(self, context=None, *args, **kwargs):
        self.context = context
class KeywordOnly:
    def __init__(self, *, context=None):
        self.context = context
class Greedy:
    def __init__(self, context, more):
        pass
class Broken:
    def __init__(self):
        1 / 0
class Exits:
    def __init__(self):
        raise SystemExit
def function(kernel, argv):
    return 0
data = {"a": 1}
"""


def test_classes_are_instantiated_and_nothing_else(site: Site, loader: Loader) -> None:
    site.add("x.k", files={"kinds.py": CLASSES})

    def make(name: str) -> Any:
        return loader.make("x.k", f"x_k.kinds:{name}", CONTEXT)

    assert type(make("Plain")).__name__ == "Plain"
    assert make("Wants").context is CONTEXT
    assert make("Optional").context is None
    assert make("KeywordOnly").context is None
    assert make("function")(None, []) == 0
    assert make("data") == {"a": 1}
    assert loader.make("x.k", "builtins:dict", CONTEXT) == {}


@pytest.mark.parametrize(
    ("name", "words"),
    [("Broken", "ZeroDivisionError"), ("Exits", "it called sys.exit"), ("Greedy", "requires 2 arguments")],
)
def test_errors_of_constructors(site: Site, loader: Loader, name: str, words: str) -> None:
    site.add("x.k", files={"kinds.py": CLASSES})
    with pytest.raises(PluginError, match=words):
        loader.make("x.k", f"x_k.kinds:{name}", CONTEXT)


def test_a_plugin_folder_is_contained(site: Site, tmp_path: Path, failures: Failures) -> None:
    where = tmp_path / "plugins" / "glow"
    files = {"__init__.py": "from x_glow.inner import value", "inner.py": "value = 42"}
    site.add("x.glow", files=files, where=where)
    (where / "json.py").write_text("raise RuntimeError('shadow')", "utf-8")
    (where / "neighbour.py").write_text("", "utf-8")
    before = list(sys.path)
    loader = Loader(discover([tmp_path / "plugins"]), CrashGuard(None), failures)
    assert loader.get("x.glow", "x_glow:value") == 42
    assert loader.get("x.glow", "x_glow.inner:value") == 42
    assert sys.path == before
    with pytest.raises(PluginError, match="No module named 'neighbour'"):
        loader.get("x.glow", "neighbour")


def test_a_taken_package_name_is_an_error(site: Site, tmp_path: Path, failures: Failures) -> None:
    site.add("x.glow", where=tmp_path / "plugins" / "glow")
    rows = discover([tmp_path / "plugins"])
    site.add("x.glow", files={"__init__.py": "mine = 1"})
    Loader([], CrashGuard(None), failures).get("x.glow", "x_glow:mine")
    with pytest.raises(PluginError, match="the package name 'x_glow' is already taken"):
        Loader(rows, CrashGuard(None), failures).get("x.glow", "x_glow")


def test_a_contained_package_that_raises_is_tried_again(
    site: Site, tmp_path: Path, failures: Failures
) -> None:
    package = site.add("x.glow", files={"__init__.py": "1 / 0"}, where=tmp_path / "plugins" / "glow")
    loader = Loader(discover([tmp_path / "plugins"]), CrashGuard(None), failures)
    with pytest.raises(PluginError):
        loader.get("x.glow", package)
    assert package not in sys.modules
    (tmp_path / "plugins" / "glow" / package / "__init__.py").write_text("fixed = True", "utf-8")
    assert loader.get("x.glow", f"{package}:fixed") is True


def test_threads_import_a_contained_package_once(site: Site, tmp_path: Path, failures: Failures) -> None:
    text = "import time; time.sleep(0.05); thing = object()"
    site.add("x.slow", files={"__init__.py": text}, where=tmp_path / "plugins" / "slow")
    loader = Loader(discover([tmp_path / "plugins"]), CrashGuard(tmp_path / "crashes"), failures)
    found: list[object] = []
    threads = [
        threading.Thread(target=lambda: found.append(loader.get("x.slow", "x_slow:thing"))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(map(id, found))) == 1


@pytest.mark.parametrize("runtime", ["wasm", "extism", "component"])
def test_a_confined_plugin_has_no_python_code(tmp_path: Path, failures: Failures, runtime: str) -> None:
    """It is started without a question because a sandbox holds it; code in the kernel it would not."""
    package = tmp_path / "org_sly" / "org_sly"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise SystemExit('it ran')", "utf-8")
    manifest = f'manifest = 1\n[plugin]\nid = "org.sly"\nversion = "1"\nruntime = "{runtime}"\n'
    command = '[[contributes.command]]\nid = "sly"\nentry = "org_sly:run"\n'
    (package / "plugin.toml").write_text(manifest + command, "utf-8")
    loader = Loader(list(discover([tmp_path])), CrashGuard(None), failures)
    for ask in (loader.get, lambda plugin, entry: loader.make(plugin, entry, CONTEXT)):
        with pytest.raises(PluginError, match=f"runs by {runtime}, so its Python code org_sly:run is not"):
            ask("org.sly", "org_sly:run")
    assert "org_sly" not in sys.modules
