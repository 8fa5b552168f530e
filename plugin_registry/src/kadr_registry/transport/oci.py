"""A repository in an OCI registry: blobs are its blobs, releases its images.

============== ==========================================================================
tag            image manifest
============== ==========================================================================
``kadr``       every file of ``metadata/`` as a layer, by title
``r-DIGEST``   a release: the record is its config, the blobs are its layers
``t-DIGEST``   a listing, the index or the revocation list
============== ==========================================================================

Everything that is addressed by its digest is read as a blob, whatever the tags say; only the
metadata needs names. What the registry answers is checked by who asked, never believed here.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator, Mapping
from http.client import HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kadr_registry.faults import RegistryError, UnreachableError
from kadr_registry.pace import Limits, Pace
from kadr_registry.transport import NotThereError
from kadr_registry.transport.http import pieces, send

__all__ = ["OciSink", "OciTransport"]

_IMAGE = "application/vnd.oci.image.manifest.v1+json"
_RECORD = "application/vnd.kadr.release.v1+json"
_FILE = "application/vnd.kadr.file.v1"
_TITLE = "org.opencontainers.image.title"
_EMPTY = b"{}"
_MAX_MANIFEST = 4 << 20
_DIGEST = re.compile(r"(?:.*/)?([0-9a-f]{64})(?:\..*)?")
_TAG = "kadr"


class _Client:
    """The few requests of the distribution API that are needed.

    Raises:
        RegistryError: not ``oci://host/repository``, or a token that would travel in the clear.
    """

    def __init__(self, place: str, token: str) -> None:
        parts = urlsplit(place)
        self.place, self.repository = place, parts.path.strip("/")
        self.scheme = "http" if parts.scheme == "oci+http" else "https"
        if not parts.hostname or not self.repository:
            hint = "oci://host/repository, or oci+http:// for one without TLS"
            raise RegistryError("this is not the address of an OCI registry", path=place, hint=hint)
        if token and self.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
            raise RegistryError("a token is not sent without encryption", path=place, hint="use oci://")
        self.netloc = parts.netloc.rpartition("@")[2]
        self.headers = {"Authorization": _authorization(token)} if token else {}

    def get(self, what: str, pace: Pace, headers: Mapping[str, str] | None = None) -> Iterator[bytes]:
        """The body of ``/v2/REPOSITORY/what``; a blob may lie on another host, which gets no token."""
        scheme, netloc, target = self.scheme, self.netloc, f"/v2/{self.repository}/{what}"
        given = {**self.headers, **(headers or {})}
        for _ in range(3):
            with send(scheme, netloc, "GET", target, pace, given) as response:
                if response.status in (301, 302, 303, 307, 308):
                    scheme, netloc, target = self._moved(response)
                    given = {}
                    continue
                if response.status == 404:
                    raise NotThereError(what)
                _expect(response, (200,), self.place)
                yield from pieces(response, pace)
                return
        raise UnreachableError("the registry redirects without end", path=self.place)

    def _moved(self, response: HTTPResponse) -> tuple[str, str, str]:
        parts = urlsplit(response.headers.get("Location", ""))
        if parts.scheme != "https" and (parts.scheme, parts.hostname) != (
            "http",
            urlsplit(f"//{self.netloc}").hostname,
        ):
            raise UnreachableError("the registry redirects to a place without TLS", path=self.place)
        return parts.scheme, parts.netloc, f"{parts.path}?{parts.query}" if parts.query else parts.path

    def manifest(self, tag: str, pace: Pace) -> dict[str, Any]:
        """The manifest of a tag.

        Raises:
            NotThereError: there is no such tag.
        """
        data = bytearray()
        for piece in self.get(f"manifests/{tag}", pace, {"Accept": _IMAGE}):
            data += piece
            if len(data) > _MAX_MANIFEST:
                raise UnreachableError("the registry sends a manifest without end", path=self.place)
        try:
            found = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise UnreachableError(f"the registry's manifest is broken: {error}", path=self.place) from error
        return found if isinstance(found, dict) else {}

    def put_blob(self, data: bytes, pace: Pace) -> dict[str, Any]:
        """Upload where it is not there yet; the descriptor."""
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        base = f"/v2/{self.repository}/blobs"
        with send(self.scheme, self.netloc, "HEAD", f"{base}/{digest}", pace, self.headers) as response:
            there = response.status == 200
        if not there:
            zero = {**self.headers, "Content-Length": "0"}
            with send(self.scheme, self.netloc, "POST", f"{base}/uploads/", pace, zero) as response:
                _expect(response, (202,), self.place)
                place = urlsplit(response.headers.get("Location", ""))
            query = f"{place.query}&digest={digest}" if place.query else f"digest={digest}"
            kind = {**self.headers, "Content-Type": "application/octet-stream"}
            with send(self.scheme, self.netloc, "PUT", f"{place.path}?{query}", pace, kind, data) as response:
                _expect(response, (201,), self.place)
        return {"mediaType": _FILE, "digest": digest, "size": len(data)}

    def put_manifest(self, tag: str, config: dict[str, Any], layers: list[dict[str, Any]]) -> None:
        """Let a tag name an image."""
        data = json.dumps(
            {"schemaVersion": 2, "mediaType": _IMAGE, "config": config, "layers": layers},
            sort_keys=True,
        ).encode()
        if len(data) > _MAX_MANIFEST:
            hint = "use fewer bins, or a static folder"
            raise RegistryError("there are too many signed files for an OCI manifest", hint=hint)
        target = f"/v2/{self.repository}/manifests/{tag}"
        headers = {**self.headers, "Content-Type": _IMAGE}
        with send(self.scheme, self.netloc, "PUT", target, Pace(Limits()), headers, data) as response:
            _expect(response, (201,), self.place)


class OciTransport:
    """Satisfies :class:`kadr_registry.transport.Transport`.

    Args:
        token: ``user:password`` for Basic, else sent as Bearer.
    """

    def __init__(self, place: str, token: str = "") -> None:
        self._client = _Client(place, token)
        self._lock = threading.Lock()
        self._metadata: dict[str, str] = {}

    @property
    def place(self) -> str:
        """The address."""
        return self._client.place

    def read(self, path: str, pace: Pace) -> Iterator[bytes]:
        """The file in pieces."""
        if path.startswith("metadata/"):
            digest = self._digest(path, pace)
        else:
            match = _DIGEST.fullmatch(path)
            digest = f"sha256:{match[1]}" if match else ""
        if not digest:
            raise NotThereError(path)
        yield from self._client.get(f"blobs/{digest}", pace)

    def _digest(self, path: str, pace: Pace) -> str:
        """Of a file of metadata; the tag is read anew whenever a refresh begins with the next root."""
        with self._lock:
            if path.endswith(".root.json") or path not in self._metadata:
                layers = self._client.manifest(_TAG, pace).get("layers", [])
                self._metadata = dict(filter(None, map(_titled, layers if isinstance(layers, list) else [])))
            return self._metadata.get(path, "")

    def close(self) -> None:
        """Nothing is held."""


class OciSink:
    """Satisfies :class:`kadr_registry.transport.Sink`: the tag of the metadata moves at the end."""

    def __init__(self, place: str, token: str = "") -> None:
        self._client = _Client(place, token)
        self._metadata: dict[str, dict[str, Any]] = {}
        self._release: list[dict[str, Any]] = []

    @property
    def place(self) -> str:
        """The address."""
        return self._client.place

    def put(self, path: str, data: bytes | Path) -> None:
        """Upload one file; the record of a release comes after its blobs."""
        content = data if isinstance(data, bytes) else data.read_bytes()
        limits = Limits()
        found = self._client.put_blob(content, Pace(limits, limits.for_size(len(content))))
        titled = {**found, "annotations": {_TITLE: path}}
        digest = found["digest"].removeprefix("sha256:")
        if path.startswith("metadata/"):
            self._metadata[path] = titled
        elif path.startswith("blobs/") and isinstance(data, Path):
            self._release.append(titled)
        elif path.startswith("blobs/"):
            self._client.put_manifest(f"r-{digest}", {**found, "mediaType": _RECORD}, self._layers())
        else:
            self._client.put_manifest(f"t-{digest}", self._empty(), [titled])

    def _layers(self) -> list[dict[str, Any]]:
        layers, self._release = self._release, []
        return layers

    def _empty(self) -> dict[str, Any]:
        found = self._client.put_blob(_EMPTY, Pace(Limits()))
        return {**found, "mediaType": "application/vnd.oci.empty.v1+json"}

    def close(self) -> None:
        """Move the tag: from now on the new state is seen."""
        self._client.put_manifest(_TAG, self._empty(), [self._metadata[p] for p in sorted(self._metadata)])

    def abandon(self) -> None:
        """The tag still names the old state."""


def _titled(layer: object) -> tuple[str, str] | None:
    try:
        return str(layer["annotations"][_TITLE]), str(layer["digest"])  # type: ignore[index]  # tried
    except (KeyError, TypeError):
        return None


def _authorization(token: str) -> str:
    if ":" in token:
        return f"Basic {base64.b64encode(token.encode()).decode()}"
    return f"Bearer {token}"


def _expect(response: HTTPResponse, wanted: tuple[int, ...], place: str) -> None:
    if response.status not in wanted:
        hint = "set KADR_REGISTRY_TOKEN" if response.status in (401, 403) else "try again later"
        text = f"the registry answered {response.status}"
        raise UnreachableError(text, path=place, hint=hint)
