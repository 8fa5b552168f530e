"""Write into these documents what the code itself knows: ``uv run python docs/tables.py``.

A table stands between ``<!-- table: NAME -->`` and ``<!-- end -->``; the block after
``<!-- file: PATH -->`` is that file. A test says when one is stale.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from kadr_sdk import events
from kadr_sdk.errors import KadrError

FOLDER = Path(__file__).resolve().parent
_TABLE = re.compile(r"(<!-- table: (\w+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
_FILE = re.compile(r"(<!-- file: (\S+) -->\n```\w*\n)(.*?)(```\n)", re.DOTALL)


def errors() -> Iterator[str]:
    """Every error by its place in the tree."""
    yield "| code | class | exit code | retry | meaning |"
    yield "|---|---|---|---|---|"
    for kind in error_types():
        above = [base for base in kind.__mro__[1:] if issubclass(base, KadrError)]
        indent = "&nbsp;" * 2 * len(above)
        retry = "may help" if kind.retryable else ""
        yield f"| `{kind.code}` | {indent}`{kind.__name__}` | {kind.exit_code} | {retry} | {_summary(kind)} |"


def error_types(root: type[KadrError] = KadrError) -> Iterator[type[KadrError]]:
    """Depth first; only the SDK's own, not those that a plugin derives."""
    yield root
    for child in root.__subclasses__():
        if child.__module__ == KadrError.__module__:
            yield from error_types(child)


def every_event() -> Iterator[str]:
    """Every event with its fields."""
    yield "| event | fields | meaning |"
    yield "|---|---|---|"
    for kind in event_types():
        shown = ", ".join(_field(f) for f in fields(kind))
        yield f"| `{kind.__name__}` | {shown} | {_summary(kind)} |"


def event_types() -> list[type[events.Event]]:
    """In the order of the module."""
    kinds = [k for k in vars(events).values() if isinstance(k, type) and issubclass(k, events.Event)]
    return [k for k in kinds if k is not events.Event]


def _field(field: object) -> str:
    default = getattr(field, "default", MISSING)
    text = f"{getattr(field, 'name', '')}: {getattr(field, 'type', '')}"
    return f"`{text}`" if default is MISSING else f"`{text} = {default!r}`"


def _summary(kind: type) -> str:
    """The first paragraph of a docstring as Markdown."""
    text = " ".join((kind.__doc__ or "").strip().split("\n\n")[0].split())
    return re.sub(r":\w+:`~?(?:[\w.]*\.)?(\w+)`", r"`\1`", text).replace("``", "`").replace("|", "\\|")


def media() -> Iterator[str]:
    """Every clip and picture that the tests take through a render."""
    yield "| file | what came in | colour tags | done on the way | frames of 0.4 s | beside ffmpeg |"
    yield "|---|---|---|---|---|---|"
    for row in _corpus()["clip"]:
        beside = f"{row['program']} dB" if row["program"] else "same scene"
        facts = (row["picture"], row["color"], row["done"], str(row["frames"]), beside)
        yield f"| {row['name']} | {' | '.join(facts)} |"
    for row in _corpus()["refused"]:
        yield f"| {row['name']} | refused: {row['says']} | | | | |"


def sound() -> Iterator[str]:
    """Every file of sound that the tests compare sample by sample."""
    yield "| file | what came in | samples, equal to what an ffmpeg program decodes |"
    yield "|---|---|---|"
    for row in _corpus()["sound"]:
        yield f"| {row['name']} | {row['sound']} | {row['samples']:,} |"


def broken() -> Iterator[str]:
    """Every broken file of the tests and its outcome."""
    yield "| file | outcome | what is said | frames delivered | `kadr verify --full` |"
    yield "|---|---|---|---|---|"
    for row in _corpus()["broken"]:
        frames = {"refused": "", "stopped": f"{row['frames']} with `hold` or `black`"}
        shown = frames.get(row["outcome"], str(row["frames"] or "sound alone"))
        checked = f"not good: `{row['verify']}`" if row["verify"] else "good"
        cells = (row["name"], _OUTCOMES[row["outcome"]], row["says"] or "nothing", shown, checked)
        yield f"| {' | '.join(cells)} |"


def deliveries() -> Iterator[str]:
    """What goes out, codec by codec, as the tests decode it."""
    yield "| container | pictures | as | sound | decoded as | luma against the source |"
    yield "|---|---|---|---|---|---|"
    text = (FOLDER.parent / "tests" / "e2e" / "deliveries.toml").read_text("utf-8")
    for row in tomllib.loads(text)["delivery"]:
        good = "equal" if row["psnr"] == 99 else f"at least {row['psnr']} dB" if row["video"] else ""
        cells = (row["container"], row["video"], row["format"], row["audio"], row["decoded"], good)
        yield f"| {' | '.join(cells)} |"


def export_fields() -> Iterator[str]:
    """Which field of the export table which codec keeps, as the tests find them."""
    rows = tomllib.loads((FOLDER.parent / "tests" / "e2e" / "fields.toml").read_text("utf-8"))["codec"]
    names = sorted({*rows[0]["works"], *rows[0].get("refused", {})}, key=rows[0]["works"].index)
    yield "| codec | " + " | ".join(f"`{name}`" for name in names) + " |"
    yield "|---|" + "---|" * len(names)
    for row in rows:
        cells = " | ".join("kept" if name in row["works"] else "refused" for name in names)
        yield f"| {row['name']} | {cells} |"


_OUTCOMES = {
    "refused": "refused before the start",
    "accepted": "accepted, with what is said as a warning",
    "stopped": "stopped where the damage shows",
}


def _corpus() -> dict[str, list[dict[str, Any]]]:
    return tomllib.loads((FOLDER.parent / "tests" / "e2e" / "media.toml").read_text("utf-8"))


def levels() -> Iterator[str]:
    """What guests of each level may use; what a manifest may ask for is in the first column."""
    from kadr_kernel.sandbox.limits import ASKED, LEVEL_LIMITS
    from kadr_sdk.manifest import LIMITS

    yield "| `[limits]` | | " + " | ".join(LEVEL_LIMITS) + " |"
    yield "|---|---|" + "---|" * len(LEVEL_LIMITS)
    for key, (name, unit) in ASKED.items():
        cells = " | ".join(f"{row[name] / unit:g}" for row in LEVEL_LIMITS.values())
        yield f"| `{key}` | {LIMITS[key]} | {cells} |"


def quality() -> Iterator[str]:
    """The steps of the quality scale, by their checks."""
    from kadr_author.checks import CHECKS

    yield "| step | check | what passes |"
    yield "|---|---|---|"
    yield "| bronze | `validate` | no rule of files, declarations, licence, README and sandbox is broken |"
    for check in CHECKS:
        yield f"| {check.level} | `{check.name}` | {check.summary} |"


TABLES = {
    "errors": errors,
    "events": every_event,
    "media": media,
    "sound": sound,
    "broken": broken,
    "levels": levels,
    "deliveries": deliveries,
    "export_fields": export_fields,
    "quality": quality,
}


def renewed(text: str) -> str:
    """A document with its tables and files as they are now."""

    def table(match: re.Match[str]) -> str:
        rows: Iterable[str] = TABLES[match[2]]()
        return match[1] + "".join(f"{row}\n" for row in rows) + match[4]

    def file(match: re.Match[str]) -> str:
        return match[1] + (FOLDER / match[2]).read_text("utf-8") + match[4]

    return _FILE.sub(file, _TABLE.sub(table, text))


def main() -> int:
    """Renew every document; 0."""
    for path in sorted(FOLDER.glob("*.md")):
        old = path.read_text("utf-8")
        if (new := renewed(old)) != old:
            path.write_text(new, "utf-8")
            sys.stdout.write(f"{path.name} renewed\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
