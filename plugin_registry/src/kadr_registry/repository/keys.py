"""Ed25519 keys in PEM files: made, read, and found again by their ids."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from kadr_sdk.errors import InvalidPathError
from securesystemslib.signer import CryptoSigner, SSlibKey

from kadr_registry.faults import RegistryError
from kadr_registry.files import storage_error, write_whole

__all__ = ["KeyRing", "new_key", "read_public", "read_signer"]


def new_key(path: Path) -> CryptoSigner:
    """A new key pair in ``path`` (its owner alone can read it) and ``path`` with ``.pub`` added.

    Raises:
        StorageError: it cannot be written, or stands there already.
    """
    beside = path.with_name(f"{path.name}.pub")
    if beside.exists():
        raise storage_error(FileExistsError(17, "there is such a file already"), beside)
    private = Ed25519PrivateKey.generate()
    signer = CryptoSigner(private, _public(private.public_key()))
    write_whole(path, signer.private_bytes, private=True, new=True)
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    write_whole(beside, public, new=True)
    return signer


def read_signer(path: Path) -> CryptoSigner:
    """The signer of a private key file.

    Raises:
        RegistryError: no unencrypted Ed25519 key in PEM.
    """
    try:
        private = load_pem_private_key(_read(path), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _wrong(path, "private", error) from error
    if not isinstance(private, Ed25519PrivateKey):
        raise _wrong(path, "private", "another kind of key")
    return CryptoSigner(private, _public(private.public_key()))


def read_public(path: Path) -> SSlibKey:
    """The public key of a file.

    Raises:
        RegistryError: no Ed25519 key in PEM.
    """
    try:
        public = load_pem_public_key(_read(path))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _wrong(path, "public", error) from error
    if not isinstance(public, Ed25519PublicKey):
        raise _wrong(path, "public", "another kind of key")
    return _public(public)


def _public(key: Ed25519PublicKey) -> SSlibKey:
    return SSlibKey.from_crypto(key)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        text = f"the key cannot be read: {error.strerror or error}"
        raise InvalidPathError(text, path=path, hint="make one with: kadr registry keygen FILE") from error


def _wrong(path: Path, kind: str, reason: object) -> RegistryError:
    text = f"this is no {kind} Ed25519 key in PEM: {reason}"
    return RegistryError(text, path=path, hint="make one with: kadr registry keygen FILE")


class KeyRing:
    """The private keys at hand: those in a folder, and others that the user named.

    Raises:
        RegistryError: one of the files is no key.
    """

    def __init__(self, folder: Path | None = None, others: Iterable[Path] = ()) -> None:
        self._folder = folder
        self._signers: dict[str, CryptoSigner] = {}
        for path in (*(sorted(folder.glob("*.pem")) if folder else ()), *others):
            self.add(read_signer(path))

    def add(self, signer: CryptoSigner) -> None:
        """One more key."""
        self._signers[signer.public_key.keyid] = signer

    def all(self) -> Iterable[CryptoSigner]:
        """Every key at hand."""
        return self._signers.values()

    def make(self, role: str) -> CryptoSigner:
        """A new key for a role, kept in the folder."""
        assert self._folder is not None, "only a registry's own ring makes keys"
        number = 1 + max((_number(p, role) for p in self._folder.glob(f"{role}-*.pem")), default=0)
        signer = new_key(self._folder / f"{role}-{number}.pem")
        self.add(signer)
        return signer

    def of(self, keyids: Iterable[str], threshold: int, role: str) -> list[CryptoSigner]:
        """The keys at hand among ``keyids``.

        Raises:
            RegistryError: fewer than the role needs.
        """
        found = [self._signers[k] for k in keyids if k in self._signers]
        if len(found) < threshold:
            text = f"{role} needs {threshold} of its keys, {len(found)} are here"
            raise RegistryError(text, path=self._folder or "", hint="name the others with --key FILE")
        return found


def _number(path: Path, role: str) -> int:
    text = path.stem.removeprefix(f"{role}-")
    return int(text) if text.isdigit() else 0
