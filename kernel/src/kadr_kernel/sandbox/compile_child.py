"""The process that compiles: a module on its input, native code on its output.

``python -m kadr_kernel.sandbox.compile_child guarded|trusted|component SECONDS BYTES``. A compiler can be
made to work for minutes and to eat gigabytes, so it has a process, and limits where the system
knows them; the caller ends it in any case.
"""

from __future__ import annotations

import sys

__all__ = ["main"]


def main(arguments: list[str]) -> int:
    """Compile; 0 with code on the output, or 1 with a reason on the error output."""
    kind, seconds, size = arguments
    _limit(int(seconds), int(size))
    import wasmtime

    try:
        code = _compiled(kind, sys.stdin.buffer.read())
    except (wasmtime.WasmtimeError, MemoryError) as error:
        sys.stderr.write(str(error) or "out of memory")
        return 1
    sys.stdout.buffer.write(code)
    return 0


def _compiled(kind: str, code: bytes) -> bytes:
    import wasmtime

    from kadr_kernel.sandbox.engine import make_engine

    if kind == "component":
        from wasmtime.component import Component

        return bytes(Component(make_engine(guarded=True, component=True), code).serialize())
    return bytes(wasmtime.Module(make_engine(guarded=kind == "guarded"), code).serialize())


def _limit(seconds: int, size: int) -> None:
    try:
        import resource
    except ImportError:  # Windows: the caller's clock is the limit
        return
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":  # macOS counts reserved address space and would refuse to start
        resource.setrlimit(resource.RLIMIT_AS, (size, size))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
