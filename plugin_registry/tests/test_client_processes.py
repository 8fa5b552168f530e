"""Several processes on one store."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

CHILD = """
import os, sys
from pathlib import Path
from types import SimpleNamespace
from kadr_registry.client.client import Client
from kadr_registry.client.consent import Answers, Consent
from kadr_registry.client.places import Places
from kadr_registry.client.planner import Planner, Terms
from kadr_registry.client.registries import Registries

os.fsync = lambda _: None
store, now, name = Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
places = Places(store)
registries = Registries(places, {}, now=lambda: now)
nobody = SimpleNamespace(question=lambda *_: None)
Client(places, Planner(places, registries), Consent(nobody, Answers())).install({name: ""}, Terms())
"""


@pytest.mark.case("E59")
def test_e59_eight_processes_install_at_once(bench: Any, user: Any) -> None:
    names = [f"org.example.{word}" for word in "glow grain vignette sepia mosaic ripple wave tint".split()]
    for name in names:
        bench.publish(name)
    command = [sys.executable, "-c", CHILD, str(user.store), str(bench.now)]
    running = [subprocess.Popen([*command, name], stderr=subprocess.PIPE) for name in names]
    said = [child.communicate(timeout=120)[1] for child in running]
    assert [child.returncode for child in running] == [0] * 8, said
    assert user.there() == dict.fromkeys(names, "1.0.0")
    assert user.client().current().number == 8
    assert sorted(user.client().lock().asked) == sorted(names)
