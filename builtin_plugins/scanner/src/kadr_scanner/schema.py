"""The index file: numbered steps from an empty file to the tables of today."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from kadr_sdk.errors import StorageError
from kadr_sdk.tables import Migrations, open_tables

__all__ = ["MIGRATIONS", "open_index"]

MIGRATIONS: Migrations = (
    (
        """CREATE TABLE file (
            id INTEGER PRIMARY KEY, folder TEXT NOT NULL, name TEXT NOT NULL,
            size INTEGER NOT NULL, mtime INTEGER NOT NULL, inode TEXT NOT NULL,
            missing INTEGER NOT NULL DEFAULT 0, reason TEXT NOT NULL DEFAULT '',
            digest TEXT NOT NULL DEFAULT '', packets INTEGER NOT NULL DEFAULT 0,
            kind TEXT NOT NULL DEFAULT '', duration REAL, width INTEGER, height INTEGER,
            fps REAL, codec TEXT NOT NULL DEFAULT '', created TEXT NOT NULL DEFAULT '',
            flags TEXT NOT NULL DEFAULT '', words TEXT NOT NULL DEFAULT '',
            facts TEXT NOT NULL DEFAULT '{}', UNIQUE (folder, name)
        )""",
        "CREATE INDEX file_size ON file (size)",
        "CREATE INDEX file_digest ON file (digest)",
        """CREATE TABLE former (
            folder TEXT NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (folder, name)
        ) WITHOUT ROWID""",
        """CREATE VIRTUAL TABLE search USING fts5(
            words, content = 'file', content_rowid = 'id', prefix = '2 3',
            tokenize = 'unicode61 remove_diacritics 2'
        )""",
        """CREATE TRIGGER file_added AFTER INSERT ON file BEGIN
            INSERT INTO search (rowid, words) VALUES (new.id, new.words);
        END""",
        """CREATE TRIGGER file_removed AFTER DELETE ON file BEGIN
            INSERT INTO search (search, rowid, words) VALUES ('delete', old.id, old.words);
        END""",
        """CREATE TRIGGER file_changed AFTER UPDATE OF words ON file BEGIN
            INSERT INTO search (search, rowid, words) VALUES ('delete', old.id, old.words);
            INSERT INTO search (rowid, words) VALUES (new.id, new.words);
        END""",
    ),
    (
        """CREATE TABLE seen (
            digest TEXT NOT NULL, model TEXT NOT NULL, class TEXT NOT NULL, best REAL NOT NULL,
            PRIMARY KEY (digest, model, class)
        ) WITHOUT ROWID""",
        "CREATE INDEX seen_class ON seen (class, best, digest)",
    ),
    (
        """CREATE INDEX file_shown ON file (
            missing, folder, name, kind, duration, width, height, fps, size, codec, created, flags,
            digest, reason
        )""",
        "CREATE INDEX seen_digest ON seen (digest, class, best)",
    ),
)
"""Statements by version; the version of a file is its ``user_version``.

``mtime`` is nanoseconds since 1970; ``inode`` is text, for it has up to 128 bits; ``former``
holds paths under which a content once stood, so that projects can be relinked; ``seen`` is
what detectors saw in a content at best, by class in lower case; ``file_shown`` is in the order of
results and holds all that a search compares.
"""


def open_index(path: Path, *, patience: float = 10.0) -> sqlite3.Connection:
    """A connection with today's tables; see :func:`kadr_sdk.tables.open_tables`.

    Raises:
        StorageError: a newer kadr has written it.
        OSError, sqlite3.Error: it cannot be made, or is not an index.
    """
    newer = StorageError(
        "the media library was written by a newer kadr",
        path=path,
        hint="update kadr, or move the file away: a scan makes it anew",
    )
    return open_tables(path, MIGRATIONS, newer, patience=patience)
