"""The models of an installation: kadr's own cards, those that were added, and their files.

``FOLDER/ID/`` holds the files of a model, and ``card.toml`` where it was added.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

import tomli_w
from kadr_sdk.errors import KadrError, ModelError, NotFoundError, StorageError
from kadr_sdk.models import ModelCard, ModelFile, ModelSession

from kadr_models.card import card_data, parse_card, read_card
from kadr_models.fetch import copy_verified, digest_of, download
from kadr_models.licences import require_licence
from kadr_models.onnxfile import read_onnx
from kadr_models.runtime import Wish
from kadr_models.sessions import InnerSession, WorkerSession
from kadr_models.settings import Settings

__all__ = ["FileStore", "shipped_cards"]

_CARD = "card.toml"


def shipped_cards() -> tuple[ModelCard, ...]:
    """kadr's own cards, by id."""
    folder = resources.files("kadr_models") / "cards"
    with resources.as_file(folder) as found:
        paths = sorted(Path(found).glob("*.toml"))
        return tuple(read_card(path, trusted=True) for path in paths)


@dataclass(frozen=True, slots=True)
class Means:
    """What the store borrows from the kernel.

    Attributes:
        cpus: processors that the kernel may use.
        gpu: whether graphics processors may be used.
        connect: raises where the plugin may not connect to an address.
    """

    cpus: int
    gpu: bool = True
    connect: Callable[[str], object] = lambda _address: None


class FileStore:
    """Satisfies :class:`kadr_sdk.models.ModelStore`; thread-safe."""

    def __init__(self, settings: Settings, means: Means) -> None:
        self.settings = settings
        self._means = means
        self._lock = threading.Lock()
        self._verified: dict[tuple[str, int, int, int], str] = {}

    # -- cards -----------------------------------------------------------------------------------

    def cards(self) -> Sequence[ModelCard]:
        """Every card that can be read, by id."""
        found = {card.id: card for card in (*self._added(), *shipped_cards())}
        return [found[key] for key in sorted(found)]

    def broken(self) -> Sequence[KadrError]:
        """Why the cards that cannot be read cannot."""
        problems: list[KadrError] = []
        self._added(problems)
        return problems

    def card(self, name: str) -> ModelCard:
        """The card of that id."""
        for card in self.cards():
            if card.id == name:
                return card
        if name.endswith(".onnx"):
            hint = "a model needs a card first: kadr models add FILE"
            raise NotFoundError("model", name, hint=hint)
        raise NotFoundError("model", name, (c.id for c in self.cards()))

    def _added(self, problems: list[KadrError] | None = None) -> list[ModelCard]:
        found = []
        for path in sorted(self.settings.folder.glob(f"*/{_CARD}")):
            try:
                card = read_card(path)
                if card.id != path.parent.name:
                    raise ModelError(f"the card of {card.id!r} lies in another folder", path=path)
                found.append(card)
            except KadrError as error:
                if problems is not None:
                    problems.append(error)
        return found

    # -- files -----------------------------------------------------------------------------------

    def path(self, card: ModelCard, file: ModelFile | None = None) -> Path:
        """Where a file of a model lies, or would lie."""
        return self.settings.folder / card.id / (file or card.files[0]).name

    def missing(self, card: ModelCard) -> list[ModelFile]:
        """The files that are not here."""
        return [f for f in card.files if not self.path(card, f).is_file()]

    def verify(self, card: ModelCard) -> list[str]:
        """What is wrong with the files that are here, read anew."""
        wrong = []
        for file in card.files:
            path = self.path(card, file)
            if path.is_file() and digest_of(path) != file.sha256:
                wrong.append(f"{file.name}: the sha256 is not that of the card")
        return wrong

    def fetch(
        self,
        card: ModelCard,
        folder: Path | None = None,
        progress: Callable[[int, int], object] | None = None,
    ) -> list[Path]:
        """Bring the files that are missing or damaged, from a folder or from their addresses.

        Returns:
            What was brought.

        Raises:
            ModelError: the licence is refused, or no file of that digest came.
            StorageError, PermissionDeniedError: it may or can not be done.
        """
        require_licence(card, self.settings.allow_licenses)
        folder = folder or self.settings.mirror
        brought = []
        for file in card.files:
            target = self.path(card, file)
            if target.is_file() and digest_of(target) == file.sha256:
                continue
            if folder is not None:
                copy_verified(_found(folder, card, file), target, file)
            else:
                self._means.connect(file.source)
                download(file, target, progress)
            brought.append(target)
        return brought

    def add(self, path: Path, card: ModelCard) -> ModelCard:
        """Take a model in: the file, the data that it refers to, and its card.

        Args:
            card: its ``files`` may be empty; they are filled in here.

        Raises:
            ModelError: not a model, hostile, its licence is refused, or the id is taken.
        """
        if any(card.id == known.id for known in self.cards()):
            raise ModelError(f"there is a model {card.id!r} already", hint="choose another --id")
        require_licence(card, self.settings.allow_licenses)
        facts = read_onnx(path)
        sources = [path, *(path.parent / name for name in facts.external)]
        # Others refer to their weights by name; the model itself may be called as suits a card.
        names = [re.sub(r"[^A-Za-z0-9._-]+", "-", path.name).lstrip(".-") or "model.onnx", *facts.external]
        files = tuple(
            ModelFile(name, digest_of(p), p.stat().st_size) for name, p in zip(names, sources, strict=True)
        )
        if card.files and tuple(f.sha256 for f in card.files) != tuple(f.sha256 for f in files):
            raise ModelError("is not the file of this card: another sha256", path=path)
        whole = replace(
            card, files=card.files or files, inputs=facts.inputs, outputs=facts.outputs, trusted=False
        )
        document = tomli_w.dumps(card_data(whole))
        parse_card(card_data(whole), path)  # a card that could not be read again is refused now
        for source, file in zip(sources, whole.files, strict=True):
            copy_verified(source, self.path(whole, file), file)
        _write(self.settings.folder / whole.id / _CARD, document)
        return whole

    # -- running ---------------------------------------------------------------------------------

    def open(self, name: str, *, provider: str = "", threads: int = 0) -> ModelSession:
        """A session of a model whose files are there, verified and allowed."""
        card = self.card(name)
        require_licence(card, self.settings.allow_licenses)
        path = self._place(card)
        provider = provider or self.settings.provider
        threads = min(threads or self._means.cpus, self._means.cpus)
        if card.trusted and not self.settings.isolate:
            return InnerSession(str(path), provider, threads, gpu=self._means.gpu)
        on_cpu = provider == "cpu" or not self._means.gpu
        return WorkerSession(
            Wish(str(path), provider, threads, self._means.gpu),
            seconds=self.settings.seconds,
            memory=self.settings.memory if on_cpu else 0,
        )

    def _place(self, card: ModelCard) -> Path:
        if missing := self.missing(card):
            raise ModelError(
                f"the model {card.id!r} is not here: {', '.join(f.name for f in missing)}",
                hint=f"kadr models fetch {card.id}",
            )
        for file in card.files:
            self._require_digest(self.path(card, file), file, card)
        path = self.path(card)
        if not card.trusted:
            read_onnx(path)
        return path

    def _require_digest(self, path: Path, file: ModelFile, card: ModelCard) -> None:
        stat = path.stat()
        key = (str(path), stat.st_size, stat.st_mtime_ns, stat.st_ino)
        with self._lock:
            known = self._verified.get(key)
        if known is None:
            known = digest_of(path)
            with self._lock:
                self._verified[key] = known
        if known != file.sha256:
            hint = f"kadr models fetch {card.id}" if file.source else "remove its folder and add it again"
            raise ModelError("damaged: the sha256 is not that of the card", path=path, hint=hint)


def _found(folder: Path, card: ModelCard, file: ModelFile) -> Path:
    """The file in a folder of models, flat or by id."""
    places = [folder / file.name, folder / card.id / file.name]
    return next((p for p in places if p.is_file()), places[0])


def _write(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}-{os.urandom(4).hex()}.part")
    try:
        part.write_text(text, "utf-8")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise StorageError(f"cannot write: {error.strerror or error}", path=path) from error
