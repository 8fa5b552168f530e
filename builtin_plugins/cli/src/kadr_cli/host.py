"""The host: commands by name from the manifests, imported only when called.

Exit codes: 0 done; 1 a defect of kadr; 2 wrong input or usage; 3 media that cannot be read;
4 a render that failed; 5 a result that failed verification; 6 permission denied; 7 a
resource ran out; 130 cancelled.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from typing import Any

import click
from kadr_sdk.errors import KadrError
from kadr_sdk.plugin import Kernel

from kadr_cli.output import print_error

__all__ = ["CliHost"]

_EPILOG = "Try:  kadr demo    then:  kadr make a.mp4 b.mov song.mp3 -o film.mp4"


class CliHost:
    """Satisfies :class:`kadr_sdk.plugin.Host`."""

    def run(self, kernel: Kernel, argv: Sequence[str]) -> int:
        """Run one command; the exit code."""
        _terminate_as_interrupt()
        group = _Commands(kernel)
        try:
            code = group.main(list(argv), prog_name="kadr", standalone_mode=False)
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.ctx.get_help())
            return 0
        except click.ClickException as error:
            error.show()
            return 2
        except click.Abort:
            click.echo("cancelled", err=True)
            return 130
        except KadrError as error:
            print_error(error, as_json="--json" in argv)
            return error.exit_code
        except BrokenPipeError:  # the reader of our output went away: `kadr … | head`
            sys.stderr.close()
            return 0
        return int(code or 0)


class _Commands(click.Group):
    """All contributed commands; listing them imports none."""

    def __init__(self, kernel: Kernel) -> None:
        params: list[click.Parameter] = [
            click.Option(["--version"], is_flag=True, help="Show the version and stop."),
        ]
        super().__init__(
            "kadr",
            params=params,
            help="A headless video engine: cut, grade, mix and deliver without a screen.",
            epilog=_EPILOG,
            no_args_is_help=True,
            invoke_without_command=False,
        )
        self._kernel = kernel

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Ids in the order of the manifests."""
        return [c.id for c in self._kernel.catalogue.all("command")]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A thin command that hands everything after its name to the contribution."""
        if cmd_name not in self.list_commands(ctx):
            return None
        row = self._kernel.catalogue.find("command", cmd_name)
        kernel = self._kernel

        def call(args: tuple[str, ...]) -> Any:
            return kernel.catalogue.load("command", row.id)(kernel, args)

        return click.Command(
            row.id,
            callback=call,
            params=[click.Argument(["args"], nargs=-1, type=click.UNPROCESSED)],
            short_help=row.summary,
            add_help_option=False,
            context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
        )


def _terminate_as_interrupt() -> None:
    """SIGTERM cancels like Ctrl-C, so that a stopped job cleans up after itself."""

    def interrupt(_signal: int, _frame: object) -> None:
        raise KeyboardInterrupt

    try:
        signal.signal(signal.SIGTERM, interrupt)
    except ValueError:  # not the main thread: an embedding program has its own handling
        return
