"""``kadr models``: which models there are, and getting them here."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from kadr_sdk.clicks import click_entry
from kadr_sdk.errors import InvalidParameterError, ModelError
from kadr_sdk.models import ModelCard, ModelStore, Preparation
from kadr_sdk.plugin import Kernel
from kadr_sdk.text import printable

from kadr_models.card import FITS, TASKS, card_data, read_card
from kadr_models.licences import refusal
from kadr_models.store import FileStore

__all__ = ["run"]

_PATH = click.Path(path_type=Path)
_json = click.option("--json", "as_json", is_flag=True, help="One JSON document, for programs.")


@click.group()
def models() -> None:
    """Machine-learning models: which there are, where they come from, getting them here."""


@models.command("list")
@_json
@click.pass_obj
def list_(kernel: Kernel, as_json: bool) -> None:
    """Every model with its state and licence."""
    store = _store(kernel)
    rows = [_row(store, card) for card in store.cards()]
    broken = [error.as_dict() for error in store.broken()]
    if as_json:
        _print({"folder": str(store.settings.folder), "models": rows, "broken": broken})
        return
    columns = ["id", "state", "task", "licence", "size", "title"]
    _table([columns, *([_cell(row, c) for c in columns] for row in rows)])
    for error in store.broken():
        click.echo(f"not usable: {printable(error, 500)}")


@models.command()
@click.argument("model")
@_json
@click.pass_obj
def info(kernel: Kernel, model: str, as_json: bool) -> None:
    """What the card of MODEL says: licence, origin, files, inputs, outputs, classes."""
    store = _store(kernel)
    card = store.card(model)
    row = _row(store, card)
    if as_json:
        _print(card_data(card) | {"state": row["state"], "refused": row["refused"], "trusted": card.trusted})
        return
    click.secho(f"{card.id}  {printable(card.title)}", bold=True)
    facts = {
        "what": card.summary,
        "task": f"{card.task}, outputs as {card.family or 'told from their shapes'}",
        "licence": card.license + (f" (refused: {row['refused']})" if row["refused"] else ""),
        "origin": card.origin,
        "state": row["state"],
        "runs": "in kadr's process" if card.trusted and not store.settings.isolate else "in a worker process",
    }
    facts |= {f"file {f.name}": f"{_size(f.size)}, sha256 {f.sha256}, {f.source}" for f in card.files}
    facts |= {f"input {t.name}": f"{t.dtype} {list(t.shape)}" for t in card.inputs}
    facts |= {f"output {t.name}": f"{t.dtype} {list(t.shape)}" for t in card.outputs}
    facts["classes"] = f"{len(card.classes)}: {', '.join(card.classes)}" if card.classes else ""
    for name, value in facts.items():
        if value:
            click.echo(f"  {printable(name)}: {printable(value, 4000)}")


@models.command()
@click.argument("file", type=_PATH)
@click.option("--card", "card_file", type=_PATH, help="A card in TOML; instead of the options below.")
@click.option("--id", "model_id", help="Name of the model; otherwise the file's.")
@click.option("--task", type=click.Choice(TASKS), default="detection", show_default=True)
@click.option(
    "--licence", "--license", default="unknown", help="SPDX identifier of the weights: MIT, AGPL-3.0-only …"
)
@click.option("--origin", default="", help="Where it comes from and who made it.")
@click.option("--family", default="", help="Layout of the outputs; otherwise told from their shapes.")
@click.option("--classes", type=_PATH, help="Text file with the names of the classes, one a line.")
@click.option("--fit", type=click.Choice(FITS), default="center", show_default=True)
@click.option("--order", type=click.Choice(["rgb", "bgr"]), default="rgb", show_default=True)
@click.option("--scale", type=float, default=1 / 255, help="Factor of the values 0..255; default 1/255.")
@_json
@click.pass_obj
def add(kernel: Kernel, /, file: Path, card_file: Path | None, as_json: bool, **options: Any) -> None:
    """Take the ONNX model FILE in. It is checked first, and runs in a worker process."""
    store = _store(kernel)
    card = read_card(card_file) if card_file else _described(file, options)
    taken = store.add(file, card)
    if as_json:
        _print(card_data(taken))
    else:
        click.echo(f"{taken.id}: added, {taken.license}, {_size(sum(f.size for f in taken.files))}")


@models.command()
@click.argument("model", nargs=-1, required=True)
@click.option("--from", "folder", type=_PATH, help="Folder with the files, instead of the net.")
@_json
@click.pass_obj
def fetch(kernel: Kernel, model: tuple[str, ...], folder: Path | None, as_json: bool) -> None:
    """Bring the files of MODEL here, once, and check them."""
    store = _store(kernel)
    rows = []
    for card in [store.card(name) for name in model]:
        with _bar(card, quiet=as_json) as progress:
            brought = store.fetch(card, folder, progress)
        rows.append({"id": card.id, "license": card.license, "brought": [str(p) for p in brought]})
        if not as_json:
            what = "fetched and checked" if brought else "is here already, and whole"
            click.echo(f"{card.id}: {what}; licence {printable(card.license)}")
    if as_json:
        _print({"models": rows})


@models.command()
@click.argument("model", nargs=-1)
@_json
@click.pass_obj
def verify(kernel: Kernel, model: tuple[str, ...], as_json: bool) -> int:
    """Read the files of all models, or of MODEL, and compare digests. Exit code 5 where one is damaged."""
    store = _store(kernel)
    cards = [store.card(name) for name in model] or [c for c in store.cards() if not store.missing(c)]
    rows = [{"id": c.id, "problems": store.verify(c) + _absent(store, c)} for c in cards]
    if as_json:
        _print({"models": rows})
    else:
        for row in rows:
            click.echo(f"{row['id']}: {'; '.join(row['problems']) or 'whole'}")
        if not rows:
            click.echo("no model is here yet; see: kadr models list")
    return 5 if any(row["problems"] for row in rows) else 0


def _absent(store: FileStore, card: ModelCard) -> list[str]:
    return [f"{f.name}: not here; kadr models fetch {card.id}" for f in store.missing(card)]


def _described(file: Path, options: dict[str, Any]) -> ModelCard:
    name = options["model_id"] or re.sub(r"[^a-z0-9.]+", "-", file.stem.lower()).strip("-.")
    classes = _classes(options["classes"]) if options["classes"] else ()
    return ModelCard(
        name,
        file.stem,
        options["task"],
        options["licence"],
        (),
        origin=options["origin"],
        family=options["family"],
        preparation=Preparation(fit=options["fit"], order=options["order"], scale=options["scale"]),
        classes=classes,
    )


def _classes(path: Path) -> tuple[str, ...]:
    try:
        text = path.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise InvalidParameterError(f"cannot be read: {error}", path=path) from error
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _store(kernel: Kernel) -> FileStore:
    found = kernel.container.get(ModelStore)
    if not isinstance(found, FileStore):
        raise ModelError("another plugin provides the models", hint="use the commands of that plugin")
    return found


def _row(store: FileStore, card: ModelCard) -> dict[str, Any]:
    refused = refusal(card.license, store.settings.allow_licenses)
    state = "refused" if refused else "not here" if store.missing(card) else "ready"
    return {
        "id": card.id,
        "state": state,
        "task": card.task,
        "license": card.license,
        "refused": refused,
        "size": sum(f.size for f in card.files),
        "title": card.title,
    }


def _cell(row: dict[str, Any], column: str) -> str:
    if column == "size":
        return _size(row["size"])
    return printable(row["license" if column == "licence" else column], 60)


def _size(count: int) -> str:
    return f"{count / 1e6:.2f} MB"


def _table(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _print(data: Any) -> None:
    click.echo(json.dumps(data, ensure_ascii=False))


@contextmanager
def _bar(card: ModelCard, *, quiet: bool) -> Iterator[Callable[[int, int], object] | None]:
    """A bar on a terminal, nothing elsewhere."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    total = sum(f.size for f in card.files)
    with click.progressbar(length=total, label=card.id, file=sys.stderr) as bar:
        at = 0

        def progress(done: int, _total: int) -> None:
            nonlocal at
            bar.update(max(done - at, 0))
            at = done

        yield progress


run = click_entry(models, "kadr models")
