"""Run a command of a plugin for a program instead of a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kadr_sdk.errors import NotFoundError
from kadr_sdk.manifest import Contribution, Manifest
from kadr_sdk.plugin import Kernel

from kadr_kernel.plugins.catalogue import Catalogue
from kadr_kernel.plugins.failures import attributed
from kadr_kernel.plugins.hooks import Hooks

__all__ = ["as_argv", "run_command"]


def run_command(
    catalogue: Catalogue,
    hooks: Hooks,
    kernel: Kernel,
    manifest: Manifest,
    command: str,
    args: Mapping[str, Any],
) -> Any:
    """Run the command that a plugin contributes.

    Where the entry has a method ``execute``, it is called as ``execute(kernel, args)`` and
    its result returned. Any other entry is called as the host would, ``entry(kernel,
    argv)``, with the arguments of :func:`as_argv`; the result is its exit code. Before
    that, ``before_command`` hooks may refuse.

    Raises:
        NotFoundError: the plugin has no such command, by id or short name.
        KadrError: a hook refused, or the command raised one.
        PluginError: the command raised anything else; it is the cause.
    """
    item = _command(manifest, command)
    hooks.call("before_command", plugin=manifest.id, command=item.id, args=dict(args))
    entry = catalogue.load("command", item.id)
    execute = getattr(entry, "execute", None)
    try:
        return execute(kernel, args) if callable(execute) else entry(kernel, list(as_argv(args)))
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        named = attributed(manifest.id, f"the command {item.id!r}", error)
        if named is error:
            raise
        raise named from error


def _command(manifest: Manifest, name: str) -> Contribution:
    commands = [item for item in manifest.contributions if item.kind == "command"]
    for item in commands:
        if name in (item.id, *item.names):
            return item
    known = [n for item in commands for n in (item.id, *item.names)]
    hint = "" if known else f"plugin {manifest.id!r} has no commands"
    raise NotFoundError("command", name, known, hint=hint)


def as_argv(args: Mapping[str, Any]) -> Iterator[str]:
    """Arguments as on a command line.

    ``{"size": 3, "dry_run": True, "skip": None, "tag": ["a", "b"], "": ["in.mp4"]}`` is
    ``--size=3 --dry-run --tag=a --tag=b in.mp4``: False and None are left out, a list repeats
    its option, and the empty name holds what has no option.
    """
    for name, value in args.items():
        if name:
            for one in value if isinstance(value, list | tuple) else [value]:
                if one is not None and one is not False:
                    option = f"--{name.replace('_', '-')}"
                    yield option if one is True else f"{option}={one}"
    yield from map(str, args.get("", ()))
