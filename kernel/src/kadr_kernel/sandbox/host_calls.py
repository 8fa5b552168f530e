"""What host functions do: every one asks the gate, keeps to its limits, and answers with a status."""

from __future__ import annotations

import http.client
import json
import logging
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from kadr_sdk.errors import KadrError
from kadr_sdk.events import GuestProgressed
from kadr_sdk.permissions import Permission
from kadr_sdk.text import printable

from kadr_kernel.sandbox.counters import Counters
from kadr_kernel.sandbox.host_fetch import Fetcher, FetchRefusedError, addresses_of
from kadr_kernel.sandbox.host_files import read_at
from kadr_kernel.sandbox.host_storage import GuestStorage
from kadr_kernel.sandbox.host_table import FAILED, HOST_FUNCTIONS, INVALID, LIMIT, MISSING, REFUSED
from kadr_kernel.sandbox.house import House
from kadr_kernel.sandbox.limits import Limits
from kadr_kernel.sandbox.rate import Rate

__all__ = ["HostCalls", "PluginHost"]

LINES_A_SECOND, LINE_CHARACTERS = 20, 1_000
PROGRESS_A_SECOND = 10
KEY_BYTES, PATH_BYTES, URL_BYTES = 256, 4_096, 4_096
FETCH_SECONDS = 5.0
_LEVELS = (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR)
Answer = tuple[int, bytes]
Resolve = Callable[[str, int], list[str]]


@dataclass(slots=True)
class PluginHost:
    """What all guests of a plugin share, in all jobs: its limits do not grow with its guests."""

    plugin: str
    house: House
    limits: Limits
    resolve: Resolve = addresses_of
    calls: Rate = field(init=False)
    lines: Rate = field(init=False)
    steps: Rate = field(init=False)
    sockets: threading.BoundedSemaphore = field(init=False)
    storage: GuestStorage | None = field(init=False)

    def __post_init__(self) -> None:
        self.calls = Rate(self.limits.host_calls)
        self.lines = Rate(LINES_A_SECOND)
        self.steps = Rate(PROGRESS_A_SECOND)
        self.sockets = threading.BoundedSemaphore(max(1, self.limits.connections))
        folder = self.house.storage
        self.storage = GuestStorage(folder / self.plugin, self.limits.storage_bytes) if folder else None


class HostCalls:
    """Answers the host functions of one guest in one job. Safe to use from any thread.

    Args:
        cancelled: whether the job is.
    """

    def __init__(
        self, host: PluginHost, effect: str, counters: Counters, cancelled: Callable[[], bool]
    ) -> None:
        self._host = host
        self._effect = effect
        self._counters = counters
        self._cancelled = cancelled
        self._logger = logging.getLogger(f"kadr.plugin.{host.plugin}")
        self._dropped = 0

    def answer(self, name: str, numbers: Sequence[int], given: Sequence[bytes], capacity: int) -> Answer:
        """Satisfies :class:`~kadr_kernel.sandbox.host_link.HostHandler`."""
        if not self._host.calls.take():
            self._counters.failed("limit")
            return LIMIT, b""
        function = HOST_FUNCTIONS[name]
        if function.permission not in ("read", "net") and not self._may(Permission(function.permission)):
            return REFUSED, b""
        try:
            found: Answer = getattr(self, f"_{name}")(*given, *numbers, capacity)
        except ValueError:  # not UTF-8, or no permission's scope
            return INVALID, b""
        except (OSError, KadrError) as error:
            self._logger.debug("%s of a guest failed: %s", name, printable(error))
            return FAILED, b""
        return found

    def violated(self, name: str) -> None:  # noqa: ARG002 - the Protocol's signature
        """Count it."""
        self._counters.failed("memory")

    def close(self) -> None:
        """Say how many lines were left out."""
        if self._dropped:
            self._logger.warning("%d more lines were not written", self._dropped)
            self._dropped = 0

    def _may(self, permission: Permission) -> bool:
        return self._host.house.keys.allowed(self._host.plugin, permission)

    # -- one method a function: bytes in, then numbers, then room --------------------------------

    def _log(self, text: bytes, level: int, _capacity: int) -> Answer:
        if level >= len(_LEVELS):
            return INVALID, b""
        if not self._host.lines.take():
            self._dropped += 1
            return LIMIT, b""
        words = text[: 4 * LINE_CHARACTERS].decode("utf-8", "replace")
        self._logger.log(_LEVELS[level], "%s: %s", self._effect, printable(words, LINE_CHARACTERS))
        return 0, b""

    def _progress(self, done: int, _capacity: int) -> Answer:
        if done > 1000:
            return INVALID, b""
        if self._host.steps.take():
            self._host.house.publish(GuestProgressed(self._host.plugin, self._effect, done / 1000))
        return 0, b""

    def _should_abort(self, _capacity: int) -> Answer:
        return int(self._cancelled()), b""

    def _config_get(self, name: bytes, capacity: int) -> Answer:
        settings = self._host.house.settings(self._host.plugin)
        key = name.decode()
        if key not in settings:
            return MISSING, b""
        return _whole(json.dumps(settings[key], default=str).encode(), capacity)

    def _storage_get(self, key: bytes, capacity: int) -> Answer:
        if (storage := self._host.storage) is None or len(key) > KEY_BYTES:
            return INVALID, b""
        found = storage.get(key.decode())
        return (MISSING, b"") if found is None else _whole(found, capacity)

    def _storage_set(self, key: bytes, value: bytes, _capacity: int) -> Answer:
        if (storage := self._host.storage) is None or len(key) > KEY_BYTES:
            return INVALID, b""
        return (0 if storage.set(key.decode(), value) else LIMIT), b""

    def _read_file(self, path: bytes, position: int, capacity: int) -> Answer:
        name = path.decode()
        if not name or len(path) > PATH_BYTES or "\0" in name or not os.path.isabs(name):  # noqa: PTH117 - a text
            return INVALID, b""
        real = os.path.realpath(name)
        if not self._may(Permission("read", real)):
            return REFUSED, b""
        if not self._host.limits.transfer_bytes:
            return LIMIT, b""
        found = read_at(real, position, min(capacity, self._host.limits.transfer_bytes))
        return (MISSING, b"") if found is None else (len(found), found)

    def _net_fetch(self, url: bytes, capacity: int) -> Answer:
        if len(url) > URL_BYTES:
            return INVALID, b""
        host = self._host
        if not host.limits.connections or not host.sockets.acquire(blocking=False):
            return LIMIT, b""
        most = min(capacity, host.limits.transfer_bytes)
        seconds = min(FETCH_SECONDS, host.limits.call_seconds / 2)
        fetcher = Fetcher(self._may_connect, self._is_named, host.resolve)
        done: list[Answer] = []

        def work() -> None:
            try:
                done.append(self._fetched(fetcher, url.decode("ascii", "replace"), most, seconds))
            finally:
                host.sockets.release()

        # Apart, because a resolver and a dripping server know no time limit of ours.
        thread = threading.Thread(target=work, name="kadr-guest-fetch", daemon=True)
        thread.start()
        thread.join(seconds + 0.5)
        if not done:
            fetcher.cancel()
            return LIMIT, b""
        return done[0]

    def _fetched(self, fetcher: Fetcher, url: str, most: int, seconds: float) -> Answer:
        try:
            status, body = fetcher.get(url, most, seconds)
        except FetchRefusedError as error:
            self._logger.warning("%s may not fetch %s: %s", self._effect, printable(url), error)
            return REFUSED, b""
        except TimeoutError:
            return LIMIT, b""
        except OverflowError:
            return LIMIT, b""
        except ValueError:
            return INVALID, b""
        except (OSError, http.client.HTTPException) as error:
            self._logger.debug("fetching %s failed: %s", printable(url), printable(error))
            return FAILED, b""
        if status in (404, 410):
            return MISSING, b""
        return (len(body), body) if status == 200 else (FAILED, b"")

    def _may_connect(self, host: str, port: int) -> bool:
        return self._may(_net(host, port))

    def _is_named(self, host: str, port: int) -> bool:
        wanted = _net(host, port)
        scopes = self._host.house.keys.granted(self._host.plugin)
        return any(p.covers(wanted) for p in scopes if p.name == "net" and not p.scope.startswith("*"))


def _net(host: str, port: int) -> Permission:
    return Permission("net", f"[{host}]:{port}" if ":" in host else f"{host}:{port}")


def _whole(data: bytes, capacity: int) -> Answer:
    """All of it and its length; the length alone where there is no room."""
    return len(data), data if len(data) <= capacity else b""
