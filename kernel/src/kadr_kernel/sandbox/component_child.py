"""The process of a component: ``python -m kadr_kernel.sandbox.component_child``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kadr_sdk.data_guests import GuestRefusedError
from kadr_sdk.guest_process import GuestFaultError, serve

__all__ = ["main"]

_EXPORT = "call"


def main() -> int:
    """Serve until kadr is gone."""
    return serve(_load, _start)


def _load() -> None:
    import wasmtime.component  # noqa: F401 - before the guest's clock runs


def _start(head: Mapping[str, Any], native: bytes) -> Callable[[str, bytes, float], bytes]:
    import wasmtime
    from wasmtime.component import Component

    from kadr_kernel.sandbox.engine import make_engine

    engine = make_engine(guarded=True, component=True)
    component = Component.deserialize(engine, native)
    if wanted := sorted(component.type.imports(engine)):
        names = ", ".join(wanted[:3])
        raise GuestFaultError(
            f"it imports {names}; a guest may import nothing (componentize-py: --stub-wasi)"
        )
    try:
        return _Instance(engine, component, head).call
    except wasmtime.WasmtimeError as error:
        raise GuestFaultError(f"it does not start: {_first_line(error)}") from None


class _Instance:
    """The guest as it stands; after a fault the process goes, and it with it."""

    def __init__(self, engine: Any, component: Any, head: Mapping[str, Any]) -> None:
        import wasmtime
        from wasmtime.component import Linker

        from kadr_kernel.sandbox.engine import Ticker

        self._ticker = Ticker(engine)
        self._store = wasmtime.Store(engine)
        self._store.set_limits(memory_size=int(head["memory"]))
        with self._ticker.running():
            self._store.set_epoch_deadline(self._ticker.ticks(float(head["seconds"])))
            instance = Linker(engine).instantiate(self._store, component)
        found = instance.get_func(self._store, _EXPORT)
        if found is None:
            raise GuestFaultError(f"it exports no function {_EXPORT!r}; see sdk/abi/data.wit")
        self._call = found

    def call(self, function: str, data: bytes, seconds: float) -> bytes:
        """Call it with the name of what is wanted, and a text."""
        import wasmtime

        try:
            with self._ticker.running():
                self._store.set_epoch_deadline(self._ticker.ticks(seconds))
                found = self._call(self._store, function, data.decode())
                self._call.post_return(self._store)
        except (wasmtime.WasmtimeError, wasmtime.Trap) as error:
            raise GuestFaultError(_reason(str(error), seconds)) from None
        except (TypeError, ValueError) as error:
            raise GuestFaultError(
                f"its function {_EXPORT!r} is of another type: {error}; see sdk/abi/data.wit"
            ) from None
        tag, payload = getattr(found, "tag", ""), getattr(found, "payload", None)
        if tag == "err" and isinstance(payload, str):
            raise GuestRefusedError(payload)
        if tag != "ok" or not isinstance(payload, str):
            raise GuestFaultError("it answers with another type; see sdk/abi/data.wit")
        return payload.encode("utf-8", "replace")


def _reason(text: str, seconds: float) -> str:
    if "interrupt" in text:
        return f"it ran longer than it may, {seconds:g} s"
    return f"it trapped: {_last_line(text)}"


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]


def _last_line(text: str) -> str:
    """The cause stands below the backtrace."""
    return (text.strip().splitlines() or [""])[-1].strip()


if __name__ == "__main__":
    raise SystemExit(main())
