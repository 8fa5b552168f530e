"""Publisher and operator in one: submit to a registry in a folder of one's own, and accept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from kadr_registry.faults import RegistryError
from kadr_registry.names import namespace_of, publisher_role
from kadr_registry.opened import opened
from kadr_registry.pack import pack, plugin_id
from kadr_registry.repository.acceptance import Accepted, Terms, accept
from kadr_registry.repository.folder import Repository
from kadr_registry.repository.setup import publishers
from kadr_registry.repository.submission import Publisher
from kadr_registry.transport import Sink
from kadr_registry.transport.bundle import BundleSink

__all__ = ["publish", "yank"]

_EVER = 36500
"""Days: an operator's own folder is read although it has expired; that is what publishing mends."""


def publish(
    repository: Repository, folder: Path, terms: Terms, wheels: Sequence[Path] = (), bins: int = 1
) -> Accepted:
    """Pack a plugin's folder and take it into the registry.

    Raises:
        RegistryError: what :func:`~kadr_registry.pack.pack` or
            :func:`~kadr_registry.repository.acceptance.accept` refuses; nothing was changed.
    """
    namespace = _namespace(repository, plugin_id(folder))
    package = pack(folder, namespace, wheels)
    return _submitted(repository, namespace, terms, lambda p, sink: p.release(package, sink), bins)


def yank(repository: Repository, plugin: str, version: str, reason: str) -> Accepted:
    """Yank a release for a reason, or offer it again where the reason is empty.

    Raises:
        RegistryError: there is no such release, or the publisher's keys are not here.
    """
    namespace = _namespace(repository, plugin)
    return _submitted(repository, namespace, Terms(), lambda p, sink: p.yank(plugin, version, reason, sink))


def _namespace(repository: Repository, plugin: str) -> str:
    with repository.reading() as edit:
        known = publishers(edit)
    if namespace := namespace_of(plugin, known):
        return namespace
    hint = f"kadr registry add-publisher {repository.folder} {plugin.rpartition('.')[0]}"
    raise RegistryError(f"nobody was given a namespace for {plugin}", hint=hint)


def _submitted(
    repository: Repository,
    namespace: str,
    terms: Terms,
    work: Callable[[Publisher, Sink], object],
    bins: int = 1,
) -> Accepted:
    with ExitStack() as stack:
        with repository.reading() as edit:
            role = publishers(edit)[namespace]
        signers = repository.ring.of(role.keyids, role.threshold, publisher_role(namespace))
        found = stack.enter_context(
            opened(str(repository.folder), None, now=repository.now, stale_days=_EVER)
        )
        file = Path(stack.enter_context(TemporaryDirectory(prefix="kadr-submission-"))) / "submission"
        publisher = Publisher(namespace, found.trust, found.folder, signers, repository.now, bins)
        sink = BundleSink(file)
        work(publisher, sink)
        sink.close()
        return accept(repository, file, terms)
