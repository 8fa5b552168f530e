"""The search index: one line for every plugin, signed, searched as text.

The fields of a line stand between tabs, those that matter most first, so where a word is found
says how well it fits. Twenty thousand lines are scanned in a few milliseconds, and only what is
shown is taken apart. The index only helps to find: whatever is installed is believed by its
listing and record.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kadr_registry.record import Record

__all__ = ["MAX_INDEX", "Entry", "read_index", "search", "write_index"]

MAX_INDEX = 64 << 20
_FIELDS = 8


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
    return "".join(f"{_line(e)}\n" for e in sorted(entries, key=lambda e: e.id)).encode("utf-8")


def _line(entry: Entry) -> str:
    fields = (
        entry.id,
        entry.title,
        " ".join(entry.contributes),
        entry.summary,
        entry.publisher,
        entry.tier,
        entry.license,
        entry.version,
    )
    return "\t".join(" ".join(field.split()) for field in fields)


def read_index(data: bytes) -> list[Entry]:
    """Every entry; lines that are none are left out."""
    return [entry for line in data.decode("utf-8", "replace").split("\n") if (entry := _entry(line))]


def search(data: bytes, text: str, limit: int = 50) -> list[Entry]:
    """The entries that hold every word, the best first; none that nobody should use.

    Args:
        data: of :func:`write_index`.
        text: words; case does not matter. Nothing: all entries.
    """
    words = [word.encode("utf-8", "replace") for word in text.casefold().split()]
    plain = all(word.isascii() for word in words)
    # Lower case of ASCII keeps every offset; other letters may fold to several.
    folded = data.lower() if plain else data.decode("utf-8", "replace").casefold().encode()
    best = heapq.nsmallest(limit, _hits(folded, words))
    if plain:
        lines = [data[start : data.find(b"\n", start)] for _, start in best]
    else:
        whole = data.split(b"\n")
        lines = [whole[folded.count(b"\n", 0, start)] for _, start in best]
    return [entry for line in lines if (entry := _entry(line.decode("utf-8", "replace")))]


def _hits(folded: bytes, words: list[bytes]) -> Iterator[tuple[int, int]]:
    """Place and offset of every line that holds all words; one without a version is left out."""
    first, *others = sorted(words, key=len, reverse=True) or [b"\t"]
    named = [(word, b"." + word + b"\t") for word in words]
    at = folded.find(first)
    while at >= 0:
        start, end = folded.rfind(b"\n", 0, at) + 1, folded.find(b"\n", at)
        line = folded[start:end]
        if line[-1:] != b"\t" and all(word in line for word in others):
            yield _place(line, named), start
        at = folded.find(first, end) if end >= 0 else -1


def _place(line: bytes, words: Iterable[tuple[bytes, bytes]]) -> int:
    """How far back the words stand, in fields; words that are the whole name count most."""
    place = 0
    for word, name in words:
        place += 2 * line.count(b"\t", 0, line.find(word)) - (name in line)
    return place


def _entry(line: str) -> Entry | None:
    fields = line.split("\t")
    if len(fields) != _FIELDS:
        return None
    name, title, contributes, summary, publisher, tier, license, version = fields
    names = tuple(contributes.split())
    return Entry(name, version, title, summary, publisher, tier, license, names)
