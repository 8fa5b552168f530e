"""The process of an Extism guest: ``python -m kadr_extism.child``.

Of the manifests that Extism knows, this one names no file, address, host or path, and no function
of ours; what a guest's construction may take the library does not limit, so the parent's clock does.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any

from kadr_sdk.data_guests import GuestRefusedError
from kadr_sdk.guest_process import GuestFaultError, serve

__all__ = ["main"]

_PAGE = 64 << 10
_WRONG = re.compile(r"Error code: -?\d+|expected \d+ arguments, got \d+")
_FRAME = re.compile(r"\b0: +(?:0x[0-9a-f]+ - )?(\S.*)")
_BACKTRACE = ("wasm backtrace", "wasm trap", "wasm `unreachable`")


def main() -> int:
    """Serve until kadr is gone."""
    return serve(_load, _start)


def _load() -> None:
    import extism  # type: ignore[import-untyped]  # noqa: F401 - it has no stubs; before the guest's clock runs


def _start(head: Mapping[str, Any], code: bytes) -> Callable[[str, bytes, float], bytes]:
    import extism

    manifest = {
        "wasm": [{"data": base64.b64encode(code).decode()}],
        "memory": {
            "max_pages": int(head["memory"]) // _PAGE,
            "max_http_response_bytes": 0,
            "max_var_bytes": 1 << 20,
        },
        "allowed_hosts": [],
        "allowed_paths": {},
        "timeout_ms": int(float(head["call_seconds"]) * 1000),
    }
    try:
        # Without this list it would get every function that anybody ever registered.
        guest = extism.Plugin(manifest, wasi=bool(head["wasi"]), config=dict(head["settings"]), functions=[])
    except extism.Error as error:
        raise GuestFaultError(f"it does not start: {_reason(error)}") from None

    def call(function: str, data: bytes, seconds: float) -> bytes:
        if not guest.function_exists(function):
            raise GuestFaultError(f"it exports no function {function!r}")
        try:
            return bytes(guest.call(function, data))
        except extism.Error as error:
            raise _said(str(error), seconds) from None

    return call


def _said(text: str, seconds: float) -> Exception:
    """The library gives one kind of error: what the guest said, and what became of it."""
    if text == "timeout":
        return GuestFaultError(f"it ran longer than it may, {seconds:g} s")
    if text == "oom":
        return GuestFaultError("it needs more memory than it may have")
    if any(word in text for word in _BACKTRACE):
        return GuestFaultError(f"it trapped{_place(text)}")
    if _WRONG.fullmatch(text):
        return GuestFaultError(f"it has nothing to say: {text[:1].lower()}{text[1:]}")
    return GuestRefusedError(text)


def _place(text: str) -> str:
    """The innermost function; the library keeps the cause to itself."""
    found = _FRAME.search(text)
    return f" in {found[1]}" if found else ""


def _reason(error: object) -> str:
    lines = str(error).strip().splitlines()
    return lines[-1].strip() if lines else "without a word"


if __name__ == "__main__":
    raise SystemExit(main())
