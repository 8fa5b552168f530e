"""How a search is carried out, so that it takes as long in a large library as in a small one.

The files are walked in the order in which they are shown, by an index that holds all that conditions
compare, until enough are found; only those are read whole. What was seen is asked of each file on
the way, or, where few contents show it, looked up first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kadr_scanner.rows import FileRow

if TYPE_CHECKING:
    from kadr_scanner.index import Index
    from kadr_scanner.query import Query, Seen

__all__ = ["search"]

_FEW = 4000  # contents, of which a list is made quickly
_PAGE = 500


def search(index: Index, query: Query, limit: int) -> list[FileRow]:
    """Files that fulfil a query, those that stand first, by folder and name.

    Args:
        limit: at most so many.

    Raises:
        sqlite3.Error, OSError, StorageError: as of the index.
    """
    conditions, values = [query.condition], list(query.values)
    for seen in query.seen:
        conditions.append(_among(index, seen))
        values += seen.values
    statement = f"""SELECT id FROM file INDEXED BY file_shown WHERE {" AND ".join(conditions)}
        ORDER BY missing, folder, name LIMIT ?"""  # noqa: S608 - texts of this package; what users give are values
    numbers = [row[0] for row in index.rows(statement, *values, limit)]
    return [row for at in range(0, len(numbers), _PAGE) for row in _read(index, numbers[at : at + _PAGE])]


def _among(index: Index, seen: Seen) -> str:
    """The condition over files that stands for what was seen."""
    few = f"SELECT count(*) FROM (SELECT 1 FROM seen WHERE {seen.condition} LIMIT {_FEW})"  # noqa: S608 - as above
    if index.rows(few, *seen.values)[0][0] < _FEW:
        return f"digest IN (SELECT digest FROM seen WHERE {seen.condition})"  # noqa: S608 - as above
    return f"EXISTS (SELECT 1 FROM seen WHERE seen.digest = file.digest AND {seen.condition})"  # noqa: S608 - as above


def _read(index: Index, numbers: list[Any]) -> list[FileRow]:
    """Files by their ids, in that order."""
    marks = ", ".join("?" * len(numbers))
    found = {row.id: row for row in index.files(f"id IN ({marks})", numbers)}
    return [found[number] for number in numbers if number in found]
