"""Numbers that are kept from run to run."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from kadr_kernel.sandbox.counters import Counters
from kadr_kernel.sandbox.ledger import Ledger


def test_sums_and_the_last_job(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "state" / "guests.json")
    assert ledger.rows("org.a") == {}
    ledger.add("org.a", "org.a.x", {"calls": 3, "peak_memory": 10, "seconds": 0.5})
    ledger.add("org.a", "org.a.x", {"calls": 4, "peak_memory": 7, "seconds": 0.25})
    ledger.add("org.b", "org.b.x", {"calls": 1})
    row = Ledger(tmp_path / "state" / "guests.json").rows("org.a")["org.a.x"]
    assert row.pop("last_at") > 1_600_000_000
    assert row == {
        "jobs": 2,
        "last": {"calls": 4, "peak_memory": 7, "seconds": 0.25},
        "total": {"calls": 7, "peak_memory": 10, "seconds": 0.75},
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"format": 1}',
        '{"format": 2, "plugins": {}}',
        '{"format": 1, "plugins": {"org.a": 5}}',
        '{"format": 1, "plugins": {"org.a": {"x": {"jobs": "1"}}}}',
        '{"format": 1, "plugins": {"p": {"e": {"jobs": 1, "last_at": 1, "last": {}, "total": 3}}}}',
        "[" * 100_000,
    ],
)
def test_a_damaged_file_is_begun_anew(tmp_path: Path, text: str) -> None:
    path = tmp_path / "guests.json"
    path.write_text(text, "utf-8")
    ledger = Ledger(path)
    assert ledger.rows("org.a") == {}
    ledger.add("org.a", "org.a.x", {"calls": 3})
    assert ledger.rows("org.a")["org.a.x"]["total"] == {"calls": 3}


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="rights that the superuser does not have")
def test_a_folder_that_cannot_be_written_costs_nothing_else(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    Ledger(tmp_path / "state" / "guests.json").add("org.a", "x", {"calls": 3})
    tmp_path.chmod(0o700)


def test_it_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kadr_kernel.sandbox.ledger._MOST_EFFECTS", 3)
    ledger = Ledger(tmp_path / "guests.json")
    times = iter(range(100, 200))
    monkeypatch.setattr("kadr_kernel.sandbox.ledger.time.time", lambda: next(times))
    for number in range(5):
        ledger.add("org.a", f"e{number}", {"calls": 1})
    assert sorted(ledger.rows("org.a")) == ["e2", "e3", "e4"]


def test_many_threads_lose_nothing(tmp_path: Path) -> None:
    def work() -> None:
        for _ in range(5):
            Ledger(tmp_path / "guests.json").add("org.a", "x", {"calls": 1})

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Ledger(tmp_path / "guests.json").rows("org.a")["x"]["jobs"] == 15


def test_numbers_of_a_job_are_also_its_guests() -> None:
    whole = Counters()
    jobs = [Counters(whole), Counters(whole)]
    for number, job in enumerate(jobs):
        job.called(0.5, 100 + number)
        job.started()
        job.replaced()
    for kind in ("trap", "stack", "crash", "deadline", "memory", "abi", "start", "status", "limit"):
        jobs[0].failed(kind)
    assert jobs[1].row() == Counters().row() | {
        "calls": 1, "seconds": 0.5, "peak_memory": 101, "instances": 1, "replaced": 1,
    }  # fmt: skip
    assert whole.row() == {
        "calls": 2, "traps": 2, "crashes": 1, "deadlines": 1, "violations": 3, "refusals": 1, "limited": 1,
        "replaced": 2, "instances": 2, "seconds": 1.0, "peak_memory": 101,
    }  # fmt: skip
