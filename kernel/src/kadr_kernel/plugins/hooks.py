"""The hook relay: pluggy's markers and rules, with every implementation called on its own.

pluggy calls all implementations in one go, and one that raises loses the answers of the
rest. Here each is called alone, timed, counted and attributed to its plugin:

- an implementation that raises is reported and skipped; the others' answers stay;
- except that a :class:`~kadr_sdk.errors.KadrError` out of a ``before_`` hook stops the step:
  refusing is what these hooks are for;
- of a ``choose_`` hook (``firstresult``) the first answer that is not None counts.

The order is pluggy's: ``tryfirst``, then the plugin activated last, then ``trylast``. Hook
modules are imported when the first hook is called. A module is taken whole or, where one
signature does not fit, not at all. Hook wrappers are refused: calls are separate, so there
is nothing to wrap.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kadr_sdk.errors import InternalError, KadrError, PluginError, did_you_mean

from kadr_kernel.plugins.failures import attributed

if TYPE_CHECKING:
    from pluggy import HookCaller, HookImpl, PluginManager

__all__ = ["HookCount", "Hooks"]


@dataclass(slots=True)
class HookCount:
    """What one plugin's implementation of one hook did so far."""

    plugin: str
    hook: str
    calls: int = 0
    failures: int = 0
    seconds: float = 0.0


class Hooks:
    """The relay. Safe to use from any thread.

    Args:
        load: the hook module (or object) of a plugin by its entry; may raise KadrError.
        report: told of every implementation and module that failed, with the plugin.
    """

    def __init__(self, load: Callable[[str, str], Any], report: Callable[[str, KadrError], None]) -> None:
        self._load = load
        self._report = report
        self._lock = threading.Lock()
        self._loading = threading.RLock()
        self._busy = False
        self._pending: dict[str, str] = {}
        self._registered: set[str] = set()
        self._counts: dict[tuple[str, str], HookCount] = {}
        self._relay: PluginManager | None = None

    def add(self, plugin: str, entry: str) -> None:
        """Take note of a plugin's hook module; it is imported when a hook is called."""
        with self._lock:
            self._pending[plugin] = entry

    def remove(self, plugin: str) -> None:
        """Forget a plugin's implementations."""
        with self._lock:
            self._pending.pop(plugin, None)
            if plugin in self._registered and self._relay is not None:
                self._registered.discard(plugin)
                self._relay.unregister(name=plugin)

    def call(self, hook: str, /, **arguments: Any) -> Any:
        """Call every implementation.

        Args:
            hook: its name.
            arguments: exactly those that the hook offers.

        Returns:
            The answers that are not None, in order; of a ``firstresult`` hook the first, or None.

        Raises:
            KadrError: a ``before_`` hook refused.
            InternalError: there is no such hook, or the arguments are not its own.
        """
        caller = self._caller(hook, arguments)
        first = bool(caller.spec and caller.spec.opts.get("firstresult"))
        answers = []
        for implementation in reversed(caller.get_hookimpls()):
            answer = self._call_one(hook, implementation, arguments)
            if answer is None:
                continue
            if first:
                return answer
            answers.append(answer)
        return None if first else answers

    def counts(self) -> Sequence[HookCount]:
        """Calls, failures and seconds of every implementation that was called, by plugin and hook."""
        with self._lock:
            return [self._counts[key] for key in sorted(self._counts)]

    def _caller(self, hook: str, arguments: Mapping[str, Any]) -> HookCaller:
        relay = self._ready()
        caller: HookCaller | None = vars(relay.hook).get(hook)
        if caller is None or caller.spec is None:
            raise InternalError(f"there is no hook {hook!r}", hint=did_you_mean(hook, _names(relay)))
        if set(arguments) != set(caller.spec.argnames):
            offered = ", ".join(caller.spec.argnames)
            raise InternalError(f"the hook {hook} takes ({offered}), not ({', '.join(arguments)})")
        return caller

    def _call_one(self, hook: str, implementation: HookImpl, arguments: Mapping[str, Any]) -> Any:
        plugin = implementation.plugin_name
        start = time.perf_counter()
        error: BaseException | None = None
        try:
            return implementation.function(*(arguments[name] for name in implementation.argnames))
        except KeyboardInterrupt:
            raise
        except BaseException as raised:  # sys.exit in a hook must not end kadr
            error = raised
            named = attributed(plugin, f"the hook {hook}", raised)
            if hook.startswith("before_") and isinstance(raised, KadrError):
                raise
            if named is not raised:
                named.__cause__ = raised
            self._report(plugin, named)
            return None
        finally:
            self._count(plugin, hook, time.perf_counter() - start, failed=error is not None)

    def _count(self, plugin: str, hook: str, seconds: float, *, failed: bool) -> None:
        with self._lock:
            count = self._counts.setdefault((plugin, hook), HookCount(plugin, hook))
            count.calls += 1
            count.failures += failed
            count.seconds += seconds

    def _ready(self) -> PluginManager:
        """The relay with every module of active plugins registered."""
        if self._relay is not None and not self._pending:
            return self._relay
        with self._loading:
            relay = self._relay = self._relay or _new_relay()
            # A hook called while a hook module is being imported sees those registered so far.
            while self._pending and not self._busy:
                plugin, entry = next(iter(self._pending.items()))
                self._busy = True
                try:
                    self._register(relay, plugin, entry)
                finally:
                    self._busy = False
        return relay

    def _register(self, relay: PluginManager, plugin: str, entry: str) -> None:
        try:
            module = self._load(plugin, entry)
            failed = _refusal(plugin, module)
        except KadrError as error:
            failed = error
        # Calls of other threads wait until nothing is pending: no implementation is passed by.
        with self._lock:
            if self._pending.get(plugin) != entry:  # stopped in the meantime
                return
            if failed is None:
                relay.register(module, name=plugin)
                self._registered.add(plugin)
            del self._pending[plugin]
        if failed is not None:
            self._report(plugin, failed)


def _new_relay() -> PluginManager:
    import pluggy
    from kadr_sdk.hooks import PROJECT_NAME, HookSpecs

    relay = pluggy.PluginManager(PROJECT_NAME)
    relay.add_hookspecs(HookSpecs)
    return relay


def _refusal(plugin: str, module: object) -> KadrError | None:
    """What is wrong with a module; found out on a relay of its own, for pluggy registers in parts."""
    from pluggy import PluginValidationError

    trial = _new_relay()
    try:
        trial.register(module, name=plugin)
        problem = _problem(trial)
    except PluginValidationError as error:
        problem = " ".join(str(error).split())
    except Exception as error:  # noqa: BLE001 - pluggy reads attributes of foreign objects
        problem = f"{type(error).__name__}: {error}"
    if not problem:
        return None
    hint = "take only arguments that the hook offers; fewer are fine"
    return PluginError(
        f"plugin {plugin!r}: registering the hooks failed: {problem}", hint=hint, plugin=plugin
    )


def _problem(trial: PluginManager) -> str:
    for caller in vars(trial.hook).values():
        for implementation in caller.get_hookimpls():
            if caller.spec is None and not implementation.optionalhook:
                return f"there is no hook {caller.name!r}; {did_you_mean(caller.name, _names(trial))}"
            if implementation.hookwrapper or implementation.wrapper:
                return f"{caller.name} is a wrapper, and wrappers are not supported"
    return ""


def _names(relay: PluginManager) -> list[str]:
    return [name for name, caller in vars(relay.hook).items() if caller.spec is not None]
