"""Host functions as their documents and the C header say them, and a guest in C that calls them."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from kadr_kernel.permissions import Grants, PermissionGate, Policy, Rule, Subject
from kadr_kernel.sandbox.host_table import ERRORS, HOST_FUNCTIONS
from kadr_kernel.sandbox.house import House
from kadr_kernel.sandbox.limits import Limits
from kadr_kernel.sandbox.module import read_module
from kadr_kernel.sandbox.runtime import CoreRuntime
from kadr_sdk.color import BT709
from kadr_sdk.effects import EffectDeclaration, FrameCall
from kadr_sdk.errors import PluginError
from kadr_sdk.frames import VideoFrame
from kadr_sdk.permissions import PermissionSet

ABI = Path(__file__).resolve().parents[2] / "sdk" / "abi"
HEADER = (ABI / "kadr_abi.h").read_text("utf-8")
SPEC = (ABI / "SPEC.md").read_text("utf-8")

GUEST = """
#include "kadr.h"
KADR_GUEST
KADR_PROCESS(job) {
    char size[16];
    uint8_t *out = kadr_row(&kadr_output(job)->planes[0], 0);
    int32_t length = kadr_config("size", size, sizeof size);
    if (length < 0 || length > (int32_t)sizeof size) return KADR_FAILED;
    kadr_log(KADR_LOG_INFO, "hello from C");
    out[0] = (uint8_t)size[0];
    out[1] = (uint8_t)-kadr_config("none", size, sizeof size);
    out[2] = (uint8_t)kadr_host_should_abort();
    return KADR_OK;
}
"""
ALL = """
#include "kadr.h"
KADR_GUEST
KADR_PROCESS(job) {
    char t[4] = "abc";
    (void)job;
    return kadr_host_log(0, t, 3) + kadr_host_progress(1) + kadr_host_should_abort()
        + kadr_host_config_get(t, 3, t, 3) + kadr_host_storage_get(t, 3, t, 3)
        + kadr_host_storage_set(t, 3, t, 3) + kadr_host_read_file(t, 3, 0, t, 3)
        + kadr_host_net_fetch(t, 3, t, 3);
}
"""


@pytest.fixture(scope="module")
def compiled(script: Callable[[str], ModuleType], tmp_path_factory: pytest.TempPathFactory) -> Any:
    if find_spec("ziglang") is None:
        pytest.skip("no C compiler here: the package ziglang is not installed")
    build, folder = script("sdk/c/build.py"), tmp_path_factory.mktemp("guests")

    def make(text: str) -> bytes:
        source = folder / "guest.c"
        source.write_text(text, "utf-8")
        code: bytes = build.with_sections(build.compiled(source, folder, folder / "cache"))
        return code

    return make


def test_the_documents_name_every_function_and_every_error() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]*\| `(\w+)` \|", SPEC, re.MULTILINE))
    assert {n: p for n, p in rows.items() if n in HOST_FUNCTIONS} == {
        name: function.permission for name, function in HOST_FUNCTIONS.items()
    }
    assert {n: int(v) for v, n in re.findall(r"^\| (-\d) \| `KADR_E_(\w+)` \|", SPEC, re.MULTILINE)} == ERRORS
    assert {n: int(v) for n, v in re.findall(r"KADR_E_(\w+) = (-\d)", HEADER)} == ERRORS
    assert set(re.findall(r"^KADR_IMPORT\((\w+)\)\(", HEADER, re.MULTILINE)) == set(HOST_FUNCTIONS)


def test_the_header_declares_the_types_of_the_table(compiled: Any) -> None:
    facts = read_module(compiled(ALL), Limits())  # it compares every type
    assert sorted(facts.imports) == sorted(HOST_FUNCTIONS)


@pytest.mark.parametrize("granted", [True, False])
def test_a_guest_in_c(compiled: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture, granted: bool) -> None:

    rules = (Rule("trust", plugin="org.c"),) if granted else ()
    gate = PermissionGate(Grants(tmp_path), Policy(rules))
    asked = PermissionSet.of(["log", "config", "progress"])
    gate.admit(Subject("org.c", "dist:c", "1", asked, runtime="wasm"))
    runtime = CoreRuntime(tmp_path / "compiled", house=House(keys=gate, settings=lambda _p: {"size": 7}))
    data = {"id": "org.c.x", "version": 1, "title": "X", "implementations": ["wasm"], "wasm": "x.wasm"}
    declaration = EffectDeclaration.from_dict(data)
    if not granted:
        with pytest.raises(PluginError, match=r"it imports kadr\.\w+, which needs the permission .* --grant"):
            runtime.load(compiled(GUEST), declaration, "org.c")
        return
    bound = runtime.load(compiled(GUEST), declaration, "org.c").bind("fail", lambda: True)
    frame = VideoFrame.empty("gray", 32, 4, BT709)

    moment = (0, Fraction(25), Fraction(0), Fraction(1), 0.0, 7)
    with caplog.at_level(logging.INFO, "kadr.plugin.org.c"):
        made = bound.effect(print).frame(FrameCall([[frame]], {}, *moment, 32, 4, "gray", BT709))
    assert made.planes[0][0, :3].tolist() == [ord("7"), 3, 1]
    assert caplog.messages == ["org.c.x: hello from C"]
    bound.close()
    runtime.close()
