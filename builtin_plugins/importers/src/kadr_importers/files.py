"""A foreign text file, whole and within limits."""

from __future__ import annotations

import stat
from pathlib import Path

from kadr_sdk.errors import InvalidPathError, SerializationError, StorageError
from kadr_sdk.text import printable

__all__ = ["read_text"]


def read_text(path: Path, most: int) -> str:
    """The text of a file in UTF-8, with or without a mark at its front.

    Raises:
        InvalidPathError: there is no such file.
        SerializationError: too large, or not UTF-8.
        StorageError: it cannot be read.
    """
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise InvalidPathError("not a file", path=path, hint="give the file itself")
        if found.st_size > most:
            raise SerializationError(f"the file is larger than {most >> 20} MiB", path=path)
        return path.read_bytes().decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InvalidPathError("there is no such file", path=path, hint="check the spelling") from error
    except UnicodeDecodeError as error:
        raise SerializationError("not a text file in UTF-8", path=path) from error
    except ValueError as error:  # a NUL in the name
        raise InvalidPathError(f"not a path: {error}", path=printable(path)) from error
    except OSError as error:
        raise StorageError(f"cannot read: {error.strerror or error}", path=path) from error
