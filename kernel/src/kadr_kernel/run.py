"""Run a host and turn whatever comes out of it into an exit code and one clear message.

Options before the host's own, and environment variables:

====================== ===============================================================
``--version``          print the version and end
``--plugins A,B``      run only these plugins, what they require, and hosts
``--safe-mode``        run only plugins that the metapackage ``kadr`` pins
``--untrusted``        read media in confined processes, as the setting ``media.untrusted``
``KADR_PLUGINS``       as ``--plugins``
``KADR_SAFE_MODE=1``   as ``--safe-mode``
``KADR_HOST``          id of the host; else the one with the highest priority
``KADR_HOME``          one folder for configuration, data, cache and state
``KADR_DEBUG=1``       tracebacks
====================== ===============================================================
"""

from __future__ import annotations

import contextlib
import faulthandler
import itertools
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kadr_sdk.errors import DependencyMissingError, InputError, InternalError, KadrError
from kadr_sdk.text import printable

from kadr_kernel.kernel import Kernel

__all__ = ["Options", "parse_options", "run"]


@dataclass(frozen=True, slots=True)
class Options:
    """What is said before the host's own arguments.

    Attributes:
        plugins: ids of the plugins to run; None: all.
        untrusted: media are read in confined processes.
        host: id of the host; empty: the preferred one.
    """

    plugins: tuple[str, ...] | None = None
    safe_mode: bool = False
    untrusted: bool = False
    host: str = ""


def run(argv: Sequence[str], environ: Mapping[str, str], boot: Callable[..., Kernel]) -> int:
    """Boot, run the host, close; the exit code.

    0 and whatever the host returns; of an error its own (see :mod:`kadr_sdk.errors`); 130 after
    Ctrl-C; 1 for a defect of kadr, with the journal of the last events written to a file.
    """
    _have_streams()
    # Before any engine is made: a handler installed later breaks the traps of WebAssembly guests.
    with contextlib.suppress(OSError, ValueError, RuntimeError, AttributeError):  # no standard error
        if not faulthandler.is_enabled():
            faulthandler.enable()
    if not _is_on(environ, "KADR_DEBUG"):
        with _short_log():
            return _run(argv, environ, boot)
    return _run(argv, environ, boot, debug=True)


def _have_streams() -> None:
    """The null device for what we were started without (by a service, by ``pythonw``).

    Else a file that is opened later gets its number, and what a library says goes into that file.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - for good


def _run(
    argv: Sequence[str], environ: Mapping[str, str], boot: Callable[..., Kernel], *, debug: bool = False
) -> int:
    journal: list[Path] = []
    try:
        options, rest = parse_options(argv, environ)
        with boot(
            environ=environ,
            plugins=options.plugins,
            safe_mode=options.safe_mode,
            hosts=True,
            overrides={"media.untrusted": True} if options.untrusted else None,
        ) as kernel:
            return _serve(kernel, options.host, rest, journal)
    except KeyboardInterrupt:
        return 130
    except SystemExit as stop:
        return _exit_code(stop)
    except KadrError as error:
        trouble: Exception = error
    except OSError as error:
        if error.filename is None and (fault := _stdout_fault()) is not None:
            if not isinstance(fault, BrokenPipeError):
                _say(f"cannot write to the standard output: {fault.strerror}")
            return 1
        trouble = error
    except Exception as error:  # noqa: BLE001 - the last resort of the program
        trouble = error
    if debug:
        import traceback

        traceback.print_exception(trouble)
    if isinstance(trouble, KadrError) and not isinstance(trouble, InternalError):
        return _sorry(trouble)
    return _defect(trouble, journal)


def parse_options(argv: Sequence[str], environ: Mapping[str, str]) -> tuple[Options, list[str]]:
    """Options of the kernel and what is left for the host.

    Raises:
        InputError: ``--plugins`` without ids.
    """
    plugins = environ.get("KADR_PLUGINS") or None
    options = Options(
        safe_mode=_is_on(environ, "KADR_SAFE_MODE"),
        host=environ.get("KADR_HOST", ""),
    )
    rest = list(argv)
    while rest:
        name, equals, value = rest[0].partition("=")
        if rest[0] == "--safe-mode":
            options = replace(options, safe_mode=True)
        elif rest[0] == "--untrusted":
            options = replace(options, untrusted=True)
        elif name == "--plugins":
            plugins = value if equals else (rest.pop(1) if len(rest) > 1 else "")
            if not _ids(plugins):
                raise InputError("--plugins needs ids", hint="kadr --plugins kadr.pyav,kadr.effects render …")
        else:
            break
        rest.pop(0)
    return replace(options, plugins=None if plugins is None else _ids(plugins)), rest


def _ids(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _is_on(environ: Mapping[str, str], name: str) -> bool:
    return environ.get(name, "").lower() not in ("", "0", "false", "no", "off")


def _serve(kernel: Kernel, host: str, argv: list[str], journal: list[Path]) -> int:
    """Run the host; where it ends by a defect, the journal is written while there is one."""
    try:
        return _run_host(kernel, host, argv)
    except BrokenPipeError:
        raise
    except Exception as error:
        defect = isinstance(error, InternalError) or not isinstance(error, KadrError)
        if defect and (path := kernel.dump_journal()) is not None:
            journal.append(path)
        raise


def _run_host(kernel: Kernel, wanted: str, argv: list[str]) -> int:
    hosts = kernel.catalogue.all("host")
    if not wanted and not hosts:
        if (code := _rescue(kernel, argv)) is not None:
            return code
        raise _no_host(kernel)
    host = kernel.catalogue.load("host", wanted or hosts[0].id)
    return int(host.run(kernel, argv))


def _rescue(kernel: Kernel, argv: list[str]) -> int | None:
    """``plugin enable ID`` without a host: else nobody could enable the host itself."""
    if len(argv) < 3 or argv[:2] != ["plugin", "enable"]:
        return None
    grants = [value for name, value in itertools.pairwise(argv) if name == "--grant"]
    kernel.plugins.set_enabled(argv[2], True, grants or None)
    _say(f"plugin {printable(argv[2])} is enabled")
    return 0


def _no_host(kernel: Kernel) -> DependencyMissingError:
    for row in kernel.plugins.rows():
        for item in row.manifest.contributions if row.manifest else ():
            if item.kind == "host":
                why = kernel.plugins.absent("host", item.id)
                return DependencyMissingError("no host can run, so there is nobody to talk to", hint=why)
    text = "no host is installed, so there is nobody to talk to"
    return DependencyMissingError(text, hint="pip install kadr-cli")


def _exit_code(stop: SystemExit) -> int:
    if isinstance(stop.code, int):
        return stop.code
    if stop.code is None:
        return 0
    _say(printable(stop.code))
    return 1


def _stdout_fault() -> OSError | None:
    """Why our output cannot be written, such as that its reader went away (``kadr … | head``): no defect."""
    try:
        # The failed write took its text with it, so a new one has to show.
        sys.stdout.write("\n")
        sys.stdout.flush()
    except OSError as error:
        # What is still buffered has nowhere to go; the interpreter would complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return error
    return None


def _sorry(error: KadrError) -> int:
    lines = [*str(error).splitlines(), *getattr(error, "__notes__", ())]
    _say("\n".join(printable(line, 4000) for line in lines))
    return error.exit_code


def _defect(error: Exception, journal: Sequence[Path]) -> int:
    what = str(error) if isinstance(error, InternalError) else f"{type(error).__name__}: {error}"
    _say(f"this is a defect of kadr: {printable(what, 4000)}")
    for path in journal:
        _say(f"please report it with the file {path}")
    _say("KADR_DEBUG=1 shows where it happened")
    return 1


def _say(text: str) -> None:
    with contextlib.suppress(OSError, ValueError):  # a closed standard error
        print(f"kadr: {text}", file=sys.stderr)  # noqa: T201 - the program's own voice


@contextlib.contextmanager
def _short_log() -> Iterator[None]:
    """Warnings of the log on standard error, one line each, without tracebacks."""
    import logging

    class OneLine(logging.Formatter):
        def formatException(self, ei: object) -> str:  # noqa: N802, ARG002 - the base names it so
            return ""

    handler = logging.StreamHandler()
    handler.setLevel(logging.WARNING)
    handler.setFormatter(OneLine("%(name)s: %(message)s"))
    loggers = [logging.getLogger(name) for name in ("kadr", "kadr_kernel")]
    for logger in loggers:
        logger.addHandler(handler)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(handler)
