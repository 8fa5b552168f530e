"""Wrong usage in kadr's own words: what is wrong, what was probably meant, where to read on."""

from __future__ import annotations

import re

import click
from kadr_sdk.errors import InvalidParameterError, did_you_mean

__all__ = ["usage_error"]

_NO_COMMAND = re.compile(r"No such command '(.*?)'")


def usage_error(error: click.ClickException) -> InvalidParameterError:
    """Click's complaint as an error of the tree; the path is the option or argument."""
    message = error.format_message().rstrip(".")
    path, hint = "", ""
    if isinstance(error, click.NoSuchOption):
        message, hint = "no such option", _meant(error)
        path = error.option_name
    elif isinstance(error, click.MissingParameter):
        message = message[:1].lower() + message[1:]
    elif isinstance(error, click.BadParameter):
        path, message = _name(error), error.message.rstrip(".")
    else:
        message, hint = _no_command(error) or (message[:1].lower() + message[1:], "")
    context = getattr(error, "ctx", None)
    more = f"see: {context.command_path} --help" if context is not None else ""
    return InvalidParameterError(message, path=path, hint=hint or more)


def _meant(error: click.NoSuchOption) -> str:
    """Options that begin like the wrong one come before those that only resemble it."""
    known = [name for p in error.ctx.command.get_params(error.ctx) for name in p.opts] if error.ctx else []
    begins = [name for name in known if name.startswith(error.option_name)]
    if begins:
        return f"did you mean {' or '.join(begins[:3])}?"
    hint = did_you_mean(error.option_name, known)
    return hint.replace("'", "") if hint.startswith("did") else ""


def _no_command(error: click.ClickException) -> tuple[str, str] | None:
    """Message and hint where a group was asked for a command that it does not have."""
    context = getattr(error, "ctx", None)
    wrong = _NO_COMMAND.match(error.message)
    if wrong is None or context is None or not isinstance(context.command, click.Group):
        return None
    return f"no such command {wrong[1]!r}", did_you_mean(wrong[1], context.command.list_commands(context))


def _name(error: click.BadParameter) -> str:
    if isinstance(error.param_hint, str):
        return error.param_hint
    if error.param is None:
        return ""
    options = [name for name in error.param.opts if name.startswith("--")]
    return options[0] if options else error.param.human_readable_name
