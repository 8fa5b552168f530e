"""Files from addresses or folders: resumed, bounded, verified, and only then under their name."""

from __future__ import annotations

import hashlib
import http.client
import os
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import IO, Protocol

from kadr_sdk.errors import ModelError, StorageError
from kadr_sdk.models import ModelFile
from kadr_sdk.text import printable

__all__ = ["Progress", "copy_verified", "digest_of", "download"]

_BLOCK = 1 << 20
_ABANDONED = 60.0
"""Seconds after which a part that does not grow belongs to nobody."""


class Progress(Protocol):
    """Told how far it is."""

    def __call__(self, done: int, total: int) -> None:
        """Bytes done, of so many."""
        ...


def digest_of(path: Path) -> str:
    """sha256 of a file.

    Raises:
        ModelError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"cannot be read: {error.strerror or error}", path=path) from error


def copy_verified(source: Path, target: Path, wanted: ModelFile) -> None:
    """Copy a file that has the digest.

    Raises:
        ModelError: it is missing, or another file.
        StorageError: it cannot be written; nothing stands under the name.
    """
    part = _own_part(target)
    try:
        size = source.stat().st_size
        if size != wanted.size:
            raise ModelError(f"has {size} bytes, not {wanted.size}", path=source, hint=_other(wanted))
        with source.open("rb") as reader, part.open("wb") as writer:
            shutil.copyfileobj(reader, writer, _BLOCK)
        _finish(part, target, wanted, str(source))
    except OSError as error:
        if not source.is_file():
            raise ModelError("there is no such file", path=source) from error
        raise _storage(error, target) from error
    finally:
        part.unlink(missing_ok=True)


def download(
    wanted: ModelFile,
    target: Path,
    progress: Callable[[int, int], object] | None = None,
    *,
    timeout: float = 30.0,
) -> None:
    """Fetch a file from its address; what an interrupted fetch left is continued.

    Raises:
        ModelError: no address, no answer, or not the file that the card describes.
        StorageError: the disk is full, or the folder refuses.
    """
    if not wanted.source:
        raise ModelError(f"the card has no address for {wanted.name}", hint="kadr models fetch ID --from DIR")
    part = _own_part(target)
    try:
        _adopt(target, part)
        try:
            _transfer(wanted, part, progress, timeout)
        except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
            raise ModelError(
                f"cannot be fetched: {_reason(error)}",
                path=wanted.source,
                hint="try again: what has come is kept; or get the file elsewhere and add --from DIR",
            ) from error
        _finish(part, target, wanted, wanted.source)
    except OSError as error:
        raise _storage(error, target) from error
    finally:
        if part.exists():
            os.replace(part, _part(target))  # noqa: PTH105 - the name that the next try looks for


def _transfer(
    wanted: ModelFile, part: Path, progress: Callable[[int, int], object] | None, timeout: float
) -> None:
    have = part.stat().st_size if part.exists() else 0
    if have == wanted.size:
        return
    headers = {"User-Agent": "kadr", "Accept-Encoding": "identity"}
    if 0 < have < wanted.size:
        headers["Range"] = f"bytes={have}-"
    request = urllib.request.Request(wanted.source, headers=headers)  # noqa: S310 - cards name http(s) only
    with urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310 - as above
        # A server that knows no ranges sends the whole file, and the part begins anew.
        goes_on = answer.status == 206 and _begins_at(answer.headers.get("Content-Range", ""), have)
        with part.open("ab" if goes_on else "wb") as file:
            _copy(answer, file, wanted, have if goes_on else 0, progress)


def _copy(
    answer: IO[bytes],
    file: IO[bytes],
    wanted: ModelFile,
    done: int,
    progress: Callable[[int, int], object] | None,
) -> None:
    while block := answer.read(_BLOCK):
        done += len(block)
        if done > wanted.size:
            file.truncate(0)  # of no use to a next try
            raise ModelError(f"more than {wanted.size} bytes came", path=wanted.source, hint=_other(wanted))
        file.write(block)
        if progress is not None:
            progress(done, wanted.size)
    if done < wanted.size:
        raise ConnectionError(f"it ended after {done} of {wanted.size} bytes")


def _begins_at(content_range: str, at: int) -> bool:
    return content_range.startswith(f"bytes {at}-")


def _finish(part: Path, target: Path, wanted: ModelFile, source: str) -> None:
    found = digest_of(part)
    if found != wanted.sha256:
        part.unlink()
        raise ModelError(
            f"the sha256 is {found}, not {wanted.sha256}; nothing was kept", path=source, hint=_other(wanted)
        )
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    part.replace(target)


def _part(target: Path) -> Path:
    return target.with_name(f".{target.name}.part")


def _own_part(target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    return target.with_name(f".{target.name}.{os.getpid()}-{os.urandom(4).hex()}.part")


def _adopt(target: Path, part: Path) -> None:
    """Go on with what another try left; a rename, so two processes never write one file."""
    now = time.time()
    for found in [_part(target), *target.parent.glob(f".{target.name}.*.part")]:
        try:
            if found == _part(target) or now - found.stat().st_mtime > _ABANDONED:
                found.rename(part)
                return
        except OSError:
            continue


def _other(wanted: ModelFile) -> str:
    return f"this is not the {wanted.name} that the card describes: another version, or damaged on its way"


def _reason(error: BaseException) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"the server answers {error.code} {printable(error.reason)}"
    return printable(getattr(error, "reason", None) or error)


def _storage(error: OSError, target: Path) -> StorageError:
    hint = "free some space" if error.errno == 28 else "check the rights of the folder"
    return StorageError(f"cannot write: {error.strerror or error}", path=target, hint=hint)
