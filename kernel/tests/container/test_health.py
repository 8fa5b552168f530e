"""Health: the worst wins; raising, silent and odd pings are unhealthy rows."""

from __future__ import annotations

import threading
import time
from typing import Any, Protocol

import pytest
from kadr_kernel.container import Container, HealthRow, Registry, overall


class Disk(Protocol): ...


def container_with(**pings: Any) -> Container:
    registry = Registry()
    for name, ping in pings.items():
        registry.value(Disk, object(), name=name, health=ping)
    container = Container(registry)
    for name in pings:
        container.get(Disk, name)
    return container


def test_rows_come_worst_first() -> None:
    def broken(_: object) -> None:
        raise OSError("no disk")

    container = container_with(
        good=lambda _: None, full=lambda _: ("warning", "95 % full"), bad=broken, odd=lambda _: 42
    )
    rows = container.health()
    assert rows == [
        HealthRow("Disk[bad]", "unhealthy", "OSError: no disk"),
        HealthRow("Disk[odd]", "unhealthy", "the ping answered 42, not one of healthy, warning, unhealthy"),
        HealthRow("Disk[full]", "warning", "95 % full"),
        HealthRow("Disk[good]", "healthy"),
    ]
    assert overall(rows) == "unhealthy"


@pytest.mark.parametrize(
    ("statuses", "worst"),
    [
        ([], "healthy"),
        (["healthy"], "healthy"),
        (["warning", "healthy"], "warning"),
        (["healthy", "unhealthy", "warning"], "unhealthy"),
    ],
)
def test_the_worst_wins(statuses: list[str], worst: str) -> None:
    assert overall([HealthRow("x", status) for status in statuses]) == worst


def test_a_silent_service_costs_its_limit_once_and_one_thread() -> None:
    release, asked = threading.Event(), []

    def hang(_: object) -> str:
        asked.append(1)
        release.wait(10)
        return "healthy"

    container = container_with(hung=hang, hung2=hang, good=lambda _: None)
    begun = time.monotonic()
    for _ in range(3):
        rows = container.health(limit=0.25)
        assert [(r.status, r.message) for r in rows] == [
            ("unhealthy", "no answer within 0.25 s"),
            ("unhealthy", "no answer within 0.25 s"),
            ("healthy", ""),
        ]
    assert time.monotonic() - begun < 20
    assert len(asked) == 2
    release.set()
    assert overall(container.health()) == "healthy"


def test_only_live_services_are_asked_in_all_open_scopes() -> None:
    class Service:
        def health(self) -> str:
            return "warning"

    registry = Registry()
    registry.provide(Disk, Service, scope="job", health=True)
    registry.provide(Disk, Service, name="unused", health=True)
    container = Container(registry)
    with container.scope("job") as job:
        assert container.health() == []
        job.get(Disk)
        assert [row.name for row in container.health()] == ["Disk (job 1)"]
        assert container.health()[0].as_dict() == {"name": "Disk (job 1)", "status": "warning", "message": ""}
    assert container.health() == []
