"""The plugin is what its manifest says."""

from __future__ import annotations

from kadr_sdk.testing.conformance import check_plugin


def test_conformance() -> None:
    check_plugin("kadr_extism")
