from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from kadr_kernel import __version__
from kadr_kernel.boot import boot, main
from kadr_kernel.run import Options, parse_options, run
from kadr_sdk.errors import InputError

if TYPE_CHECKING:
    from conftest import Site

HOST = """
from kadr_sdk import errors
class Host:
    def run(self, kernel, argv):
        if argv[:1] == ["raise"]:
            raise eval(argv[1])
        print("args", argv, sorted(r.id for r in kernel.plugins.rows() if r.state == "active"))
        return 7
class Other:
    def run(self, kernel, argv):
        print("other")
        return 0
"""
TOML = """
[[contributes.host]]
id = "main"
entry = "PKG.host:Host"
priority = 5
[[contributes.host]]
id = "other"
entry = "PKG.host:Other"
"""
Say = Callable[..., tuple[int, str, str]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    (folder / "config").mkdir(parents=True)
    (folder / "config" / "policy.toml").write_text('policy = 1\n[[rules]]\neffect = "trust"\n', "utf-8")
    return folder


@pytest.fixture
def say(site: Site, home: Path, capsys: pytest.CaptureFixture[str]) -> Say:
    def begin(*argv: str, environ: Mapping[str, str] | None = None) -> tuple[int, str, str]:
        code = run(argv, {"KADR_HOME": str(home), **(environ or {})}, boot)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return begin


@pytest.fixture
def host(site: Site) -> None:
    site.add("x.host", TOML, {"host.py": HOST})


@pytest.mark.usefixtures("host")
def test_the_preferred_host_runs_with_its_arguments(say: Say) -> None:
    assert say("render", "--safe-mode") == (7, "args ['render', '--safe-mode'] ['x.host']\n", "")


@pytest.mark.usefixtures("host")
def test_another_host(say: Say) -> None:
    assert say(environ={"KADR_HOST": "other"}) == (0, "other\n", "")
    code, _, err = say(environ={"KADR_HOST": "othre"})
    assert (code, err) == (2, "kadr: unknown host 'othre' (did you mean 'other'?)\n")


def test_no_host(say: Say) -> None:
    code, out, err = say("render")
    assert (code, out) == (2, "")
    assert err == "kadr: no host is installed, so there is nobody to talk to (pip install kadr-cli)\n"


@pytest.mark.usefixtures("host")
def test_a_disabled_host_can_be_enabled_without_a_host(say: Say) -> None:
    disabled = {"KADR_PLUGINS__DISABLED": "x.host"}
    code, _, err = say("render", environ=disabled)
    assert code == 2
    assert "no host can run" in err
    assert "it is disabled; kadr plugin enable x.host" in err
    code, _, err = say("plugin", "enable", "x.hots", environ=disabled)
    assert (code, "did you mean 'x.host'" in err) == (2, True)
    code, _, err = say("plugin", "enable", environ=disabled)
    assert (code, "no host can run" in err) == (2, True)


def test_an_unknown_publishers_host_can_be_allowed_without_a_host(site: Site, say: Say, home: Path) -> None:
    (home / "config" / "policy.toml").unlink()
    site.add("x.host", TOML + "[permissions]\ngpu = true", {"host.py": HOST})
    code, _, err = say("render")
    assert (code, "needs your permission" in err) == (2, True)
    assert say("plugin", "enable", "x.host", "--grant", "gpu")[0] == 0
    assert say("render")[0] == 7


@pytest.mark.usefixtures("host")
def test_only_some_plugins(site: Site, say: Say) -> None:
    for name in ("x.a", "x.b"):
        site.add(name)
    assert "['x.a', 'x.host']" in say("--plugins", "x.a", "go")[1]
    assert "['x.b', 'x.host']" in say("--plugins=x.b,", "go")[1]
    assert "['x.a', 'x.b', 'x.host']" in say("go")[1]
    assert "['x.b', 'x.host']" in say(environ={"KADR_PLUGINS": "x.b"})[1]
    code, _, err = say("--plugins", "x.z", "go")
    assert (code, "no plugin 'x.z' is installed" in err) == (2, True)


@pytest.mark.usefixtures("host")
def test_safe_mode_leaves_out_what_is_not_pinned(say: Say) -> None:
    for code, _, err in (say("--safe-mode"), say(environ={"KADR_SAFE_MODE": "1"})):
        assert (code, "it is left out in safe mode" in err) == (2, True)
    assert say(environ={"KADR_SAFE_MODE": "0"})[0] == 7


@pytest.mark.parametrize(
    ("raised", "code", "words"),
    [
        ("errors.InputError('bad clip', path='a.mp4', hint='try b')", 2, "kadr: a.mp4: bad clip (try b)\n"),
        ("errors.RenderError('stopped')", 4, "kadr: stopped\n"),
        ("errors.InputError('red \\x1b[31m')", 2, "kadr: red \\x1b[31m\n"),
        ("KeyboardInterrupt()", 130, ""),
        ("SystemExit(9)", 9, ""),
        ("SystemExit()", 0, ""),
        ("SystemExit('words')", 1, "kadr: words\n"),
    ],
)
@pytest.mark.usefixtures("host")
def test_errors_become_one_message_and_a_code(
    say: Say, home: Path, raised: str, code: int, words: str
) -> None:
    assert say("raise", raised) == (code, "", words)
    assert not (home / "state" / "journals").exists()


@pytest.mark.usefixtures("host")
def test_every_problem_is_told(say: Say) -> None:
    problems = "[errors.Problem('a', 'first'), errors.Problem('b', 'second', 'remedy')]"
    _, _, err = say("raise", f"errors.ValidationError('wrong', {problems})")
    assert err == "kadr: wrong\n  - a: first\n  - b: second (remedy)\n"


@pytest.mark.parametrize("raised", ["ValueError('oh\\x07')", "errors.InternalError('oh')"])
@pytest.mark.usefixtures("host")
def test_a_defect_leaves_a_journal(say: Say, home: Path, raised: str) -> None:
    code, _, err = say("raise", raised)
    assert code == 1
    assert err.startswith("kadr: this is a defect of kadr: ")
    assert "Traceback" not in err
    assert "\x07" not in err
    (journal,) = (home / "state" / "journals").iterdir()
    assert f"kadr: please report it with the file {journal}\n" in err
    assert "SystemStarted" in journal.read_text("utf-8")


@pytest.mark.parametrize("raised", ["ValueError('oh')", "errors.InputError('oh')"])
@pytest.mark.usefixtures("host")
def test_debugging_shows_the_traceback(say: Say, raised: str) -> None:
    code, _, err = say("raise", raised, environ={"KADR_DEBUG": "1"})
    assert code in (1, 2)
    assert "Traceback (most recent call last)" in err
    assert "oh" in err


@pytest.mark.parametrize("code", ["raise RuntimeError('at import')", "import sys; sys.exit(0)"])
def test_a_broken_host_is_named(site: Site, say: Say, code: str) -> None:
    site.add("x.host", TOML, {"host.py": code})
    status, _, err = say("render")
    assert status == 1
    assert err.startswith("kadr: plugin 'x.host': loading 'x_host.host:Host' failed: ")
    assert "Traceback" not in err


@pytest.mark.usefixtures("host")
def test_wrong_settings_are_one_message(say: Say) -> None:
    code, _, err = say(environ={"KADR_RENDER__WORKERS": "many"})
    assert code == 2
    assert "environment variable KADR_RENDER__WORKERS: a whole number is expected" in err
    assert "Traceback" not in err


def test_warnings_of_the_log_are_one_line_each(site: Site, say: Say) -> None:
    log = logging.getLogger("kadr_kernel.test")
    handlers = list(logging.getLogger("kadr_kernel").handlers)
    code = """
    import logging
    class Host:
        def run(self, kernel, argv):
            try:
                1 / 0
            except ZeroDivisionError:
                logging.getLogger("kadr_kernel.test").error("went wrong", exc_info=True)
            return 0
    """
    site.add("x.host", TOML, {"host.py": code})
    assert log.getEffectiveLevel() <= logging.WARNING
    assert say()[2] == "kadr_kernel.test: went wrong\n"
    assert logging.getLogger("kadr_kernel").handlers == handlers


@pytest.mark.parametrize(
    ("argv", "environ", "options", "rest"),
    [
        ([], {}, Options(), []),
        (["a", "--plugins", "x"], {}, Options(), ["a", "--plugins", "x"]),
        (["--plugins", "a,b", "c"], {}, Options(plugins=("a", "b")), ["c"]),
        (["--safe-mode", "--plugins= a , b ", "c"], {}, Options(("a", "b"), safe_mode=True), ["c"]),
        (["--plugins", "a"], {"KADR_PLUGINS": "b"}, Options(("a",)), []),
        (["c"], {"KADR_PLUGINS": "b,c", "KADR_HOST": "h"}, Options(("b", "c"), host="h"), ["c"]),
        (["--other"], {"KADR_SAFE_MODE": "yes", "KADR_PLUGINS": ""}, Options(safe_mode=True), ["--other"]),
    ],
)
def test_options(argv: list[str], environ: dict[str, str], options: Options, rest: list[str]) -> None:
    assert parse_options(argv, environ) == (options, rest)


@pytest.mark.parametrize("argv", [["--plugins"], ["--plugins", ""], ["--plugins=,"]])
def test_plugins_needs_ids(argv: list[str]) -> None:
    with pytest.raises(InputError, match="--plugins needs ids"):
        parse_options(argv, {})


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"kadr {__version__}\n"


def python(code: str, *, environ: Mapping[str, str], **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # type: ignore[call-overload, no-any-return]  # any of its options
        [sys.executable, "-c", code],
        env=os.environ | environ,
        capture_output=True,
        text=True,
        timeout=60,
        **options,
    )


def test_the_version_needs_nothing(tmp_path: Path) -> None:
    code = "import sys; from kadr_kernel.boot import boot, main; main(['--version']); print(*sys.modules)"
    loaded = python(code, environ={"KADR_HOME": str(tmp_path)}).stdout.split()
    assert loaded[:2] == ["kadr", __version__]
    heavy = {"kadr_sdk", "numpy", "pydantic", "tomllib", "dataclasses", "importlib.metadata", "pathlib"}
    assert not heavy & set(loaded)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="a pipe that nobody reads is another error there")
def test_a_reader_that_goes_away_is_no_defect(site: Site, home: Path) -> None:
    text = (
        "class Host:\n    def run(self, kernel, argv):\n        while True:\n            print('x' * 1000)\n"
    )
    site.add("x.host", TOML, {"host.py": text})
    environ = os.environ | {"KADR_HOME": str(home), "PYTHONPATH": str(site.folder), "KADR_HOST": "main"}
    command = [sys.executable, "-c", "import sys; from kadr_kernel.boot import boot, main; sys.exit(main())"]
    with subprocess.Popen(
        command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.readline()
        child.stdout.close()
        assert (child.wait(60), child.stderr.read()) == (1, "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")  # noqa: PTH110 - a device
def test_an_output_that_takes_no_more_is_no_defect(site: Site, home: Path) -> None:
    text = "class Host:\n    def run(self, kernel, argv):\n        print('x' * 100000, flush=True)\n"
    site.add("x.host", TOML, {"host.py": text})
    environ = {"KADR_HOME": str(home), "PYTHONPATH": str(site.folder), "KADR_HOST": "main"}
    code = (
        "import sys; sys.stdout = open('/dev/full', 'w'); from kadr_kernel.boot import main; sys.exit(main())"
    )
    done = python(code, environ=environ)
    said = "kadr: cannot write to the standard output: No space left on device\n"
    assert (done.returncode, done.stderr) == (1, said)


def test_without_standard_streams_it_has_the_null_device(home: Path) -> None:
    code = "import os, sys; from kadr_kernel.boot import main; sys.stdin = sys.stdout = sys.stderr = None; "
    code += "main(['--plugins', 'x.no']); "
    code += "print([s.name == os.devnull for s in (sys.stdin, sys.stdout, sys.stderr)], file=sys.__stdout__)"
    assert python(code, environ={"KADR_HOME": str(home)}).stdout == "[True, True, True]\n"


def test_without_a_standard_error_it_still_ends_well(site: Site, home: Path) -> None:
    code = "import sys; sys.stderr = None; from kadr_kernel.boot import boot, main; "
    code += "sys.exit(main(['--plugins', 'x.no']))"
    done = python(code, environ={"KADR_HOME": str(home)})
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "")
