"""``kadr config`` for settings of plugins: set, seen, used, and refused by their manifests."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from kadr_cli.host import CliHost
from kadr_kernel.boot import boot
from kadr_sdk.services import Cache

KEY = "plugin.kadr.cache.max_size_mb"


def run(kernel: Any, *argv: str) -> int:
    return CliHost().run(kernel, ["config", *argv])


def test_a_setting_of_a_plugin_is_set_seen_and_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environ = {"KADR_HOME": str(tmp_path)}
    with boot(environ=environ) as kernel:
        assert run(kernel, "get", KEY, "--json") == 0
        assert json.loads(capsys.readouterr().out) == {"key": KEY, "value": 10000, "layer": "default"}
        assert run(kernel, "set", KEY, "77") == 0
    with boot(environ=environ) as kernel:
        capsys.readouterr()
        run(kernel, "list", "--json")
        assert json.loads(capsys.readouterr().out)[KEY] == {"value": 77, "layer": "file"}
        cache: Any = kernel.container.get(Cache)
        assert cache.stats()["max_bytes"] == 77_000_000
    (file,) = tmp_path.glob("**/config.toml")
    assert tomllib.loads(file.read_text()) == {"plugin": {"kadr.cache": {"max_size_mb": 77}}}


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        (KEY, "-1", "-1 is outside"),
        (KEY, "much", "a number is expected"),
        ("plugin.kadr.cache.max_size", "1", "did you mean 'plugin.kadr.cache.max_size_mb'"),
        ("plugin.nobody.x", "1", "unknown setting 'plugin.nobody.x'"),
    ],
)
def test_what_no_manifest_allows_is_refused(
    tmp_path: Path, key: str, value: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with boot(environ={"KADR_HOME": str(tmp_path)}) as kernel:
        assert run(kernel, "set", key, "--", value) == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.glob("**/config.toml"))
