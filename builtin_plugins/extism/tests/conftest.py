"""Guests as text, and terms for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kadr_extism.runtime import ExtismRuntime
from kadr_sdk.data_guests import DataGuest, DataTerms

TERMS: dict[str, Any] = {
    "plugin": "org.test",
    "name": "test.guest",
    "start_seconds": 2.0,
    "call_seconds": 2.0,
}
ENV = """
(import "extism:host/env" "input_length" (func $input_length (result i64)))
(import "extism:host/env" "input_offset" (func $input_offset (result i64)))
(import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
(import "extism:host/env" "error_set" (func $error_set (param i64)))
(import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
(import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
(import "extism:host/env" "config_get" (func $config_get (param i64) (result i64)))
(import "extism:host/env" "length" (func $length (param i64) (result i64)))
"""


def module(body: str, imports: str = ENV) -> bytes:
    """A module of its text."""
    import wasmtime

    return bytes(wasmtime.wat2wasm(f"(module {imports} {body})"))


@pytest.fixture
def wat() -> Callable[..., bytes]:
    return module


@pytest.fixture
def opened() -> Iterator[Callable[..., DataGuest]]:
    """Opens guests, and closes them."""
    pytest.importorskip("extism", reason="the dev group has it")
    made: list[DataGuest] = []

    def open_(code: bytes, **terms: Any) -> DataGuest:
        made.append(ExtismRuntime().open(code, DataTerms(**(TERMS | terms))))
        return made[-1]

    yield open_
    for guest in made:
        guest.close()
