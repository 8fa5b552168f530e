"""Compiled guests: made in a limited child process, kept in a private folder.

Compiled code is native code: only what this class wrote is ever loaded. The folder belongs to
the user alone, and every file begins with a code of authenticity over its name and content.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import subprocess
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path

from kadr_sdk.errors import StorageError
from kadr_sdk.text import printable

from kadr_kernel.disk import write_whole
from kadr_kernel.sandbox.engine import CONFIGURATION
from kadr_kernel.sandbox.faults import ModuleError
from kadr_kernel.sandbox.limits import Limits

__all__ = ["Compiler"]

_MAC = 32


@cache
def _engine_version() -> str:
    """Read from its metadata, which takes as long as all the rest of a load."""
    return version("wasmtime")


class Compiler:
    """Turns modules into native code for an engine. Safe to use from any thread.

    Args:
        folder: of compiled code; made where it is missing, readable by its owner alone.
    """

    def __init__(self, folder: Path, limits: Limits) -> None:
        self._folder = folder
        self._limits = limits
        self._key: bytes | None = None

    def native(self, code: bytes, *, guarded: bool, component: bool = False) -> bytes:
        """Native code of a checked module or component, from the folder where it is there and untouched.

        Raises:
            ModuleError: it does not compile, or not within the limits.
        """
        kind = "component" if component else "guarded" if guarded else "trusted"
        name = self._name(code, kind)
        if (known := self._recall(name)) is not None:
            return known
        made = self._compile(code, kind)
        self._keep(name, made)
        return made

    def _name(self, code: bytes, kind: str) -> str:
        parts = (_engine_version(), CONFIGURATION, kind, hashlib.sha256(code).hexdigest())
        return hashlib.sha256("\n".join(parts).encode()).hexdigest() + ".native"

    def _compile(self, code: bytes, kind: str) -> bytes:
        limits = self._limits
        command = [sys.executable, "-P", "-m", "kadr_kernel.sandbox.compile_child"]
        command += [kind, str(int(limits.compile_seconds))]
        try:
            done = subprocess.run(  # noqa: S603 - our own module in our own interpreter
                [*command, str(limits.compile_bytes)],
                input=code,
                capture_output=True,
                # Out of memory, the engine deadlocks in writing its own backtrace.
                env={**os.environ, "RUST_BACKTRACE": "0"},
                timeout=limits.compile_seconds + 5,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise ModuleError(f"compiling took more than {limits.compile_seconds:g} s") from None
        if done.returncode == 0:
            return done.stdout
        if done.returncode == 1 and done.stderr:
            words = done.stderr.decode("utf-8", "replace")
            raise ModuleError(f"it does not compile: {printable(words, 300)}")
        limit = f"{limits.compile_seconds:g} s and {limits.compile_bytes >> 20} MiB"
        raise ModuleError(f"the compiler was stopped; it may use {limit}")

    # -- the folder ----------------------------------------------------------------------------

    def _recall(self, name: str) -> bytes | None:
        try:
            data = (self._folder / name).read_bytes()
            mac, code = data[:_MAC], data[_MAC:]
            return code if hmac.compare_digest(mac, self._mac(name, code)) else None
        except (OSError, StorageError):
            return None

    def _keep(self, name: str, code: bytes) -> None:
        try:
            write_whole(self._private() / name, self._mac(name, code) + code, private=True)
        except (OSError, StorageError):
            return  # it is compiled again next time

    def _mac(self, name: str, code: bytes) -> bytes:
        return hmac.digest(self._secret(), name.encode() + b"\0" + code, "sha256")

    def _secret(self) -> bytes:
        """A key of this folder, so that a file from elsewhere does not fit."""
        if self._key is None:
            path = self._private() / "key"
            try:
                with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                    file.write(os.urandom(32))
            except FileExistsError:
                pass
            key = path.read_bytes()
            if len(key) != 32:
                path.unlink()
                raise OSError("the key is damaged")
            self._key = key
        return self._key

    def _private(self) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        return self._folder
