"""The kernels of ``wasm_kernels.c`` as a guest and by gcc, over the same picture."""

from __future__ import annotations

import ctypes
import importlib.util
import shutil
import subprocess
import tomllib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from kadr_kernel.sandbox.instance import Instance
from kadr_kernel.sandbox.layout import layout_of, plane_shapes
from kadr_kernel.sandbox.machine import LocalCode
from kadr_kernel.sandbox.values import pack_values
from kadr_sdk.effects import EffectDeclaration, FrameCall

__all__ = ["KERNELS", "Native", "called", "declaration", "guest"]

HERE = Path(__file__).resolve().parent
KERNELS = ("invert", "lut", "blur")
SOURCE = HERE / "wasm_kernels.c"


def declaration() -> EffectDeclaration:
    """Of the guest."""
    return EffectDeclaration.from_dict(tomllib.loads(SOURCE.with_suffix(".toml").read_text("utf-8")))


def guest() -> bytes:
    """The guest, as an author would build it."""
    spec = importlib.util.spec_from_file_location("sdk_c_build", HERE.parents[1] / "sdk" / "c" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return bytes(module.build(SOURCE))


def called(code: LocalCode, call: FrameCall, kernel: int) -> tuple[Instance, Callable[[], object]]:
    """An instance with the picture in it, and its function alone."""
    own = declaration()
    packed = pack_values(own.params, {"kernel": kernel})
    instance = Instance(code, layout_of(own, call, 0, code.limits.message_bytes))
    instance._write(call, lambda _at: packed)
    return instance, partial(instance._call, "kadr_process", instance._job)


class Native:
    """What gcc makes of it, for any x86-64: SSE2. Planes lie as they do in a guest.

    Raises:
        RuntimeError: there is no gcc.
    """

    def __init__(self, folder: Path, call: FrameCall) -> None:
        compiler = shutil.which("gcc")
        if compiler is None:
            raise RuntimeError("there is no gcc to compare with")
        target = folder / "kernels.so"
        flags = ["-O3", "-shared", "-fPIC", "-Wall"]
        subprocess.run([compiler, *flags, str(SOURCE), "-o", str(target)], check=True)
        self._function = ctypes.CDLL(str(target)).kernels
        shapes = plane_shapes(call.format, call.width, call.height)
        self._in, self._out = ([np.zeros((s.height, s.stride), np.uint8) for s in shapes] for _ in range(2))
        for plane, source in zip(self._in, call.inputs[0][0].planes, strict=True):
            plane[:, : source.shape[1]] = source
        self.widths = [s.width for s in shapes]
        numbers = [[s.stride for s in shapes], self.widths, [s.height for s in shapes]]
        self._numbers = [(ctypes.c_uint32 * 3)(*row) for row in numbers]
        self._pointers = [
            (ctypes.c_void_p * 3)(*(p.ctypes.data for p in planes)) for planes in (self._out, self._in)
        ]

    def run(self, kernel: int) -> None:
        """One frame."""
        self._function(kernel, *self._pointers, *self._numbers)

    def picture(self) -> list[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
        """The planes that it made."""
        return [plane[:, :width] for plane, width in zip(self._out, self.widths, strict=True)]
