"""Windows and macOS are users: what only one system has stands where it is guarded, with its reason."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ALLOWED = {
    (
        "kadr_kernel/pools/cgroup.py",
        "/proc",
    ): "control groups are a thing of Linux; elsewhere there are no limits",
    ("kadr_kernel/pools/cgroup.py", "/sys"): "the same",
    ("kadr_pyav/cell.py", "/dev"): "where it is not there, a file among temporary ones",
    (
        "kadr_kernel/sandbox/shared.py",
        "/dev",
    ): "shared memory that runs out when it is touched is a thing of Linux; elsewhere nothing is there",
}
"""File and finding that may stand, each with its reason."""

SYSTEM_MODULES = {"fcntl", "grp", "msvcrt", "posix", "pty", "pwd", "resource", "termios", "tty", "winreg"}
SYSTEM_NAMES = {
    "os": {"fork", "forkpty", "geteuid", "getuid", "getgid", "setsid", "killpg", "uname", "mkfifo", "chown"},
    "signal": {"SIGKILL", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGSTOP", "SIGCONT", "SIGPIPE"},
}
NEVER = {"os.fork", "os.forkpty", "shell=True"}
FOLDERS = ("/proc", "/sys", "/tmp", "/dev", "/etc", "/var")

Findings = Iterator[tuple[int, str]]


def test_nothing_that_only_one_system_has(
    shipped: list[Path], parsed: Callable[[Path], ast.Module], at: Callable[[Path, int], str]
) -> None:
    bad = [
        f"{at(path, line)}: {what}"
        for path in shipped
        for line, what in findings(parsed(path))
        if (_module(path), what) not in ALLOWED
    ]
    assert not bad, "\n".join(bad)


def test_every_exception_is_still_needed(shipped: list[Path], parsed: Callable[[Path], ast.Module]) -> None:
    found = {(_module(p), what) for p in shipped for _, what in findings(parsed(p))}
    assert set(ALLOWED) - found == set()


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("import os\nos.fork()", "os.fork"),
        ("import os\ntry:\n    os.fork()\nexcept AttributeError:\n    pass", "os.fork"),
        ("import fcntl", "fcntl"),
        ("from signal import SIGKILL", "signal.SIGKILL"),
        ("import os\nos.geteuid()", "os.geteuid"),
        ("open('a')", "open without encoding"),
        ("from pathlib import Path\nPath('a').open('w')", "open without encoding"),
        ("from pathlib import Path\nPath('a').read_text()", "read_text without encoding"),
        ("import subprocess\nsubprocess.run('ls', shell=True)", "shell=True"),
        ("folder = '/tmp/x'", "/tmp"),
        ("name = f'/proc/{pid}/stat'", "/proc"),
    ],
)
def test_the_rule_sees(code: str, what: str) -> None:
    assert [found for _, found in findings(ast.parse(code))] == [what]


@pytest.mark.parametrize(
    "code",
    [
        "try:\n    import fcntl\nexcept ImportError:\n    fcntl = None",
        "import sys\nif sys.platform == 'win32':\n    import msvcrt\nelse:\n    import fcntl",
        "import os\nif os.name != 'nt':\n    os.geteuid()",
        "import os\nif hasattr(os, 'geteuid'):\n    os.geteuid()",
        "open('a', 'rb')\nopen('a', encoding='utf-8')\nopen('a', 'w', 1, 'utf-8')",
        "from pathlib import Path\nPath('a').open('a+b')\nPath('a').read_text('utf-8')",
        '"""Docstrings may speak of /proc and /tmp."""',
    ],
)
def test_the_rule_lets_pass(code: str) -> None:
    assert list(findings(ast.parse(code))) == []


def findings(tree: ast.Module) -> Findings:
    """Line and name of everything that does not travel."""
    docstrings = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    yield from _walk(tree, guarded=False, docstrings=docstrings)


def _walk(node: ast.AST, *, guarded: bool, docstrings: set[int]) -> Findings:
    for line, what in _own(node, docstrings):
        if what in NEVER or not (guarded and _may_be_guarded(what)):
            yield line, what
    for name, value in ast.iter_fields(node):
        inside = guarded or (name in ("body", "orelse") and _guards(node))
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _walk(child, guarded=inside, docstrings=docstrings)


def _may_be_guarded(what: str) -> bool:
    return what in SYSTEM_MODULES or "." in what


def _guards(node: ast.AST) -> bool:
    """A test for the platform, or a try that catches what another platform raises."""
    if isinstance(node, ast.Try):
        return any(h.type is not None for h in node.handlers)
    if isinstance(node, ast.If | ast.IfExp):
        test = ast.unparse(node.test)
        return any(word in test for word in ("sys.platform", "os.name", "hasattr(os", "hasattr(signal"))
    return False


def _own(node: ast.AST, docstrings: set[int]) -> Findings:
    if isinstance(node, ast.Import):
        yield from ((node.lineno, a.name) for a in node.names if a.name in SYSTEM_MODULES)
    elif isinstance(node, ast.ImportFrom):
        if node.module in SYSTEM_MODULES:
            yield node.lineno, str(node.module)
        names = SYSTEM_NAMES.get(node.module or "", set())
        yield from ((node.lineno, f"{node.module}.{a.name}") for a in node.names if a.name in names)
    elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        if node.attr in SYSTEM_NAMES.get(node.value.id, set()):
            yield node.lineno, f"{node.value.id}.{node.attr}"
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
        for folder in FOLDERS:
            # Without the first slash too: `root / "proc/self"` is the same place.
            if node.value == folder or node.value.startswith(
                (f"{folder}/", f"{folder[1:]}/self", f"{folder[1:]}/fs")
            ):
                yield node.lineno, folder
    elif isinstance(node, ast.Call):
        yield from _call(node)


def _call(node: ast.Call) -> Findings:
    if any(k.arg == "shell" and getattr(k.value, "value", True) for k in node.keywords):
        yield node.lineno, "shell=True"
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name not in ("open", "read_text", "write_text") or any(k.arg == "encoding" for k in node.keywords):
        return
    if name == "open":
        if _opens_text(node):
            yield node.lineno, "open without encoding"
    elif len(node.args) < (1 if name == "read_text" else 2):
        yield node.lineno, f"{name} without encoding"


def _opens_text(node: ast.Call) -> bool:
    """A call of ``open`` or ``Path.open`` in text mode with no encoding; others are not files."""
    method = isinstance(node.func, ast.Attribute)
    if method and ast.unparse(node.func).startswith(("av.", "os.", "webbrowser.", "Image.", "wave.")):
        return False
    modes = node.args[0 if method else 1 :]
    if len(modes) >= 3:
        return False  # the encoding stands third after the mode
    given = modes[0] if modes else next((k.value for k in node.keywords if k.arg == "mode"), None)
    mode = given.value if isinstance(given, ast.Constant) else "r" if given is None else "b"
    if not isinstance(mode, str) or (method and not set(mode) <= set("rwxabt+")):
        return False  # the argument is no mode, so this is another kind of open
    if method and not modes and not node.keywords and not _is_path(node.func):
        return False
    return "b" not in mode


def _is_path(func: ast.expr) -> bool:
    """``x.open()`` without a mode is taken for a file where x looks like a path."""
    text = ast.unparse(func)
    return "path" in text.lower() or "file" in text.lower()


def _module(path: Path) -> str:
    return "/".join(path.parts[path.parts.index("src") + 1 :])
