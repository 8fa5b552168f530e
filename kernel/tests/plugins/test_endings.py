"""Ends of plugins: what raises is named, what hangs is left behind and named."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kadr_kernel.plugins.endings import Endings
from kadr_sdk.errors import KadrError


@pytest.fixture
def never() -> Iterator[threading.Event]:
    """Waited for by what hangs, and set at the end, so that no thread stays."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def told() -> list[tuple[str, KadrError]]:
    return []


@pytest.fixture
def endings(told: list[tuple[str, KadrError]]) -> Endings:
    return Endings(lambda plugin, error: told.append((plugin, error)), 0.2)


def test_what_ends_is_waited_for(endings: Endings, told: list[Any]) -> None:
    done: list[int] = []
    endings.run("x.a", "T", lambda: done.append(threading.get_ident()))
    assert len(done) == 1
    assert told == []


@pytest.mark.parametrize(
    ("error", "words"),
    [(OSError("no"), "OSError: no"), (SystemExit(5), "sys.exit(5)"), (KeyboardInterrupt(), "Keyboard")],
)
def test_what_raises_is_named(
    endings: Endings, told: list[Any], error: BaseException, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    def work() -> None:
        raise error

    endings.run("x.a", "T", work)
    ((plugin, said),) = told
    assert plugin == "x.a"
    assert said.data["plugin"] == "x.a"
    assert words in said.message
    assert said.message in caplog.text


def test_what_hangs_is_left_behind(
    endings: Endings, told: list[Any], never: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    """Named, in a thread that keeps nothing alive; the next one of the plugin is still called."""
    called: list[Callable[[], object]] = []
    endings.run("x.a", "T", never.wait)
    endings.run("x.a", "U", lambda: called.append(never.wait))
    endings.run("x.a", "V", never.wait)
    assert len(called) == 1
    assert [plugin for plugin, _ in told] == ["x.a", "x.a"]
    assert "closing T did not end in 0.2 s" in told[0][1].message
    assert "closing V did not end in 0.1 s" in told[1][1].message
    assert "kadr plugin disable x.a" in told[0][1].hint
    assert "is left behind" in caplog.text
    left = [thread for thread in threading.enumerate() if thread.name == "kadr-end-x.a"]
    assert left
    assert all(thread.daemon for thread in left)
