"""Who signed each plugin when it was seen first: other keys later are an alarm, not an update."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from kadr_registry.faults import TrustError
from kadr_registry.files import write_whole

__all__ = ["Publishers", "identity"]


def identity(keys: Iterable[str]) -> str:
    """Whom grants are bound to: ``key:<id>``, of several keys the digest of all of them."""
    known = sorted(keys)
    if len(known) == 1:
        return f"key:{known[0]}"
    return f"key:{hashlib.sha256(' '.join(known).encode()).hexdigest()}"


class Publishers:
    """One small file in the store."""

    def __init__(self, store: Path) -> None:
        self._path = store / "publishers.json"

    def known(self) -> dict[str, str]:
        """Publishers by plugin.

        Raises:
            TrustError: the file is damaged.
        """
        try:
            found = json.loads(self._path.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            hint = "restore it, or move it away to trust publishers anew"
            raise TrustError(
                f"the list of publishers cannot be read: {error}", path=self._path, hint=hint
            ) from error
        return {str(k): str(v) for k, v in found.items()}

    def check(self, plugin: str, publisher: str) -> None:
        """Return where the publisher is the one that was seen first, or none was.

        Raises:
            TrustError: it has other keys now.
        """
        before = self.known().get(plugin, publisher)
        if before != publisher:
            text = f"{plugin} is signed by other keys ({publisher[:20]}…) than before ({before[:20]}…)"
            hint = f"ask its publisher; if that is right: --accept-new-key {plugin}, and you are asked again"
            raise TrustError(text, hint=hint)

    def remember(self, publishers: Mapping[str, str]) -> None:
        """Note who signed; under the store's lock."""
        known = self.known()
        if (now := known | dict(publishers)) != known:
            write_whole(self._path, json.dumps(now, sort_keys=True, indent=1).encode())

    def forget(self, plugin: str) -> bool:
        """The plugin was purged: anybody may publish it next; whether it was known."""
        known = self.known()
        if plugin not in known:
            return False
        del known[plugin]
        write_whole(self._path, json.dumps(known, sort_keys=True, indent=1).encode())
        return True
