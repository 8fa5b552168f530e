"""The host: commands by name from the manifests, imported only when called.

Exit codes: 0 done; 1 a defect of kadr; 2 wrong input or usage; 3 media that cannot be read;
4 a render that failed; 5 a result that failed verification; 6 permission denied; 7 a
resource ran out; 8 done, but an effect failed and was skipped or held in some frames, as the
user's ``sandbox.on_failure`` says; 130 cancelled.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import click
from kadr_sdk.errors import CancelledError, InternalError, KadrError
from kadr_sdk.plugin import Kernel

from kadr_cli.contributed import command_of, group_of
from kadr_cli.output import color_of, print_error
from kadr_cli.usage import usage_error

__all__ = ["CliHost"]

_SECTIONS = {
    "Films": ("demo", "make", "reframe", "render", "frame", "jobs"),
    "Projects and media": (
        "media",
        "recognize",
        "import",
        "validate",
        "plan",
        "probe",
        "verify",
        "analyze",
        "schema",
    ),
    "What there is": (
        "effects",
        "transitions",
        "generators",
        "analyzers",
        "importers",
        "presets",
        "formats",
        "models",
    ),
    "This installation": ("plugin", "registry", "build", "cache", "system", "config"),
}
_EPILOG = """\b
Begin with:  kadr demo
then:        kadr make a.mp4 b.mov photo.jpg song.mp3 -o film.mp4

--plugins ID,ID or --safe-mode before the command choose which plugins run;
--untrusted there: media is read in confined processes.
"""


class CliHost:
    """Satisfies :class:`kadr_sdk.plugin.Host`."""

    def run(self, kernel: Kernel, argv: Sequence[str]) -> int:
        """Run one command; the exit code."""
        as_json = "--json" in argv
        color = color_of(kernel)
        try:
            with _terminate_as_interrupt():
                code = _Commands(kernel).main(
                    list(argv), prog_name="kadr", standalone_mode=False, color=color
                )
            return code if isinstance(code, int) else 0
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.ctx.get_help(), color=color)
            return 0
        except click.ClickException as error:
            trouble: KadrError = usage_error(error)
        except click.Abort:  # Ctrl-C where no render was running
            trouble = CancelledError("stopped")
        except KadrError as error:
            trouble = error
        except OSError:  # a closed pipe is none of ours; the kernel knows what to do
            raise
        except Exception as error:
            if as_json:  # a program that reads lines gets one here too; the kernel tells people
                print_error(InternalError(f"{type(error).__name__}: {error}"), as_json=True)
            raise
        print_error(trouble, as_json=as_json, color=color)
        return trouble.exit_code


class _Commands(click.Group):
    """All contributed commands; listing them imports none."""

    def __init__(self, kernel: Kernel) -> None:
        super().__init__(
            "kadr",
            help="A headless video engine: cut, grade, mix and deliver without a screen.",
            epilog=_EPILOG,
            no_args_is_help=True,
        )
        self._kernel = kernel
        show_version = click.version_option(kernel.version, prog_name="kadr", message="%(prog)s %(version)s")
        show_version(self)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Every id outside the groups; ours in the order of the sections, others by name."""
        found = [c.id for c in self._kernel.catalogue.all("command") if not group_of(c.id)]
        ours = [name for names in _SECTIONS.values() for name in names]
        return sorted(found, key=lambda name: (ours.index(name), "") if name in ours else (len(ours), name))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A thin command that hands everything after its name to the contribution."""
        if cmd_name not in self.list_commands(ctx):
            return None
        return command_of(self._kernel, self._kernel.catalogue.find("command", cmd_name), cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command of the first argument.

        Raises:
            NotFoundError: there is none; says which was probably meant, or why a plugin's is absent.
        """
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            self._kernel.catalogue.find("command", args[0])
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """In sections, each line whole."""
        known = self.list_commands(ctx)
        titled = {name: title for title, names in _SECTIONS.items() for name in names}
        width = max(map(len, known), default=0)
        for title in [*_SECTIONS, "More"]:
            names = [name for name in known if titled.get(name, "More") == title]
            if not names:
                continue
            rows = [(n.ljust(width), self._kernel.catalogue.find("command", n).summary) for n in names]
            with formatter.section(title):
                formatter.write_dl(rows)


@contextmanager
def _terminate_as_interrupt() -> Iterator[None]:
    """SIGTERM, and a terminal that is closed, cancel like Ctrl-C: a stopped job cleans up after itself."""

    def interrupt(_signal: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before: dict[signal.Signals, Any] = {}
    with suppress(ValueError):  # not the main thread: an embedding program has its own handling
        for name in ("SIGTERM", "SIGHUP"):  # Windows has one of them
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:  # nohup
                before[number] = signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
