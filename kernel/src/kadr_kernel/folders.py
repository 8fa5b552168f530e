"""Where kadr keeps its files: the platform's usual places, or all below ``KADR_HOME``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["HOME_VARIABLE", "Folders", "standard_folders"]

HOME_VARIABLE = "KADR_HOME"


@dataclass(frozen=True, slots=True)
class Folders:
    """The folders of one user; none of them needs to exist.

    Attributes:
        config: settings that the user writes.
        data: what must not be lost (plugins' storage).
        cache: what can be made again.
        state: what kadr remembers between runs.
        system: settings for all users; None where they do not count.
    """

    config: Path
    data: Path
    cache: Path
    state: Path
    system: Path | None = None


def standard_folders(environ: Mapping[str, str]) -> Folders:
    """The user's folders.

    With ``KADR_HOME`` set: ``config``, ``data``, ``cache`` and ``state`` below it, and no
    system-wide settings, so that nothing outside that folder plays a part.
    """
    if home := environ.get(HOME_VARIABLE):
        base = Path(home).expanduser().absolute()
        return Folders(base / "config", base / "data", base / "cache", base / "state")
    import platformdirs  # late: a run with KADR_HOME does not pay for it

    dirs = platformdirs.PlatformDirs("kadr", appauthor=False)
    return Folders(
        dirs.user_config_path,
        dirs.user_data_path,
        dirs.user_cache_path,
        dirs.user_state_path,
        dirs.site_config_path,
    )
