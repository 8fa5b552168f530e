"""The search index: one JSON line for every plugin, signed, searched as text.

A line is an array, so that no name of a key is found: id, version, title, summary,
publisher, tier, license, and what it contributes (``effect:glow``). Twenty thousand lines
are scanned in a few milliseconds; a database would be slower to make than this is to read.
The index only helps to find: whatever is installed is believed by its listing and record.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import astuple, dataclass

from kadr_registry.record import Record

__all__ = ["MAX_INDEX", "Entry", "read_index", "search", "write_index"]

MAX_INDEX = 64 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """A plugin as search shows it.

    Attributes:
        version: the newest release that anybody should use, a pre-release only where there is no
            other; empty where all are yanked or revoked.
    """

    id: str
    version: str
    title: str
    summary: str
    publisher: str
    tier: str
    license: str
    contributes: tuple[str, ...] = ()

    @classmethod
    def of(cls, record: Record) -> Entry:
        """The entry for a release."""
        manifest = record.manifest
        names = {f"{c.kind}:{name}" for c in manifest.contributions for name in (c.id, *c.names)}
        return cls(
            record.id,
            record.version,
            manifest.title,
            manifest.summary,
            record.publisher,
            record.tier,
            manifest.license,
            tuple(sorted(names)),
        )


def write_index(entries: Iterable[Entry]) -> bytes:
    """The bytes of an index, in order of id."""
    rows = sorted(entries, key=lambda entry: entry.id)
    return "".join(f"{json.dumps(astuple(e), ensure_ascii=False)}\n" for e in rows).encode("utf-8")


def read_index(data: bytes) -> list[Entry]:
    """Every entry; lines that are none are left out."""
    return [entry for line in data.decode("utf-8", "replace").splitlines() if (entry := _entry(line))]


def search(data: bytes, text: str, limit: int = 50) -> list[Entry]:
    """The entries that hold every word, the best first.

    Args:
        data: of :func:`write_index`.
        text: words; case does not matter. Nothing: all entries.
    """
    words = text.casefold().split()
    lines = data.decode("utf-8", "replace").split("\n")
    folded = data.decode("utf-8", "replace").casefold().split("\n")
    hits = [i for i, line in enumerate(folded) if all(word in line for word in words)]
    scored = [
        (rank, entry)
        for i in hits
        if (entry := _entry(lines[i])) and entry.version and (rank := _rank(entry, words))
    ]
    scored.sort(key=lambda pair: (-pair[0], pair[1].id))
    return [entry for _, entry in scored[:limit]]


def _entry(line: str) -> Entry | None:
    try:
        *texts, names = json.loads(line)
        name, version, title, summary, publisher, tier, license = map(str, texts)
        rest = tuple(map(str, names))
        return Entry(name, version, title, summary, publisher, tier, license, rest)
    except (ValueError, TypeError):
        return None


def _rank(entry: Entry, words: list[str]) -> int:
    """0 where a word is in none of the fields, as quotes and brackets of a line may be."""
    fields = (
        (64, entry.id.rpartition(".")[2]),
        (16, entry.id),
        (8, entry.title),
        (4, " ".join(entry.contributes)),
        (2, entry.summary),
        (1, f"{entry.publisher} {entry.tier} {entry.license}"),
    )
    total = 1
    for word in words:
        points = [n * (2 if word == text.casefold() else 1) for n, text in fields if word in text.casefold()]
        if not points:
            return 0
        total += max(points)
    return total
