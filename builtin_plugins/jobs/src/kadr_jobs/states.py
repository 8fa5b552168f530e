"""The state machine of a job.

::

    submit --> queued --take--> running --finish--> done
                ^ | ^             | | |
                | | +-stop,crash--+ | +--fail--> failed ----+
                | |                 |                       |
                | +--pause--> paused <-- pause              | resume
                | |             |                           |
                | +--cancel--> cancelled <-- cancel         |
                |      (from paused, too)  |                |
                +---------- resume --------+----------------+

``take``, ``finish``, ``fail``, ``stop`` and ``crash`` are the runner's; the others anybody's. A
running job is not moved by others: they leave a *wish* (``pause``, ``cancel``), and the
runner carries it out when the work has ended. Ended by itself before, it is done or failed
whatever was wished. ``stop`` is the runner's own end, ``crash`` what the next one finds: a
job whose runner has died in it :data:`MAX_CRASHES` times fails instead of killing another.
"""

from __future__ import annotations

from collections.abc import Mapping

from kadr_sdk.errors import InvalidParameterError

__all__ = ["ACTIONS", "MAX_CRASHES", "after"]

MAX_CRASHES = 3

ACTIONS: Mapping[str, Mapping[str, str]] = {
    "take": {"queued": "running"},
    "finish": {"running": "done"},
    "fail": {"running": "failed"},
    "stop": {"running": "queued"},
    "crash": {"running": "queued"},
    "pause": {"queued": "paused", "running": "paused"},
    "cancel": {"queued": "cancelled", "running": "cancelled", "paused": "cancelled"},
    "resume": {"paused": "queued", "failed": "queued", "cancelled": "queued"},
}
"""By action: the state after it by the state before."""

_PARTICIPLES = {"pause": "paused", "cancel": "cancelled", "resume": "resumed"}


def after(job: int, state: str, action: str) -> str:
    """The state that an action leads to.

    Raises:
        InvalidParameterError: not from this state.
    """
    found = ACTIONS[action].get(state)
    if found is None:
        word = _PARTICIPLES.get(action, action)
        allowed = " or ".join(ACTIONS[action])
        hint = f"only what is {allowed} can be {word}"
        raise InvalidParameterError(f"job {job} is {state} and cannot be {word}", hint=hint)
    return found
