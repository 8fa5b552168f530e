"""What a check found, as one page of HTML that needs no other file."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kadr_sdk.errors import KadrError, Problem
from kadr_sdk.project import parse_project
from kadr_sdk.reports import CheckReport, Defect

from kadr_cli.output import clean

if TYPE_CHECKING:
    from kadr_sdk.compliance import Rule
    from kadr_sdk.rendering import Renderer

__all__ = ["page_of"]

_PICTURES = 12  # defects shown with pictures; the rest is told in words
_WIDTH = 320
_STYLE = """
:root{color-scheme:light dark;--good:light-dark(#176b2c,#6c8);--bad:light-dark(#a11,#f88);
--soft:light-dark(#555,#aaa);--back:light-dark(#fafafa,#242424)}
body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;
overflow-wrap:anywhere}h1{font-size:1.5rem}h2{font-size:1.1rem;margin:.5rem 0}p{margin:.5rem 0}
.good{color:var(--good)}.bad{color:var(--bad)}section{border-left:4px solid var(--bad);
padding:.1rem 1rem;margin:1rem 0;background:var(--back)}section.note{border-color:#c80}
figure{display:inline-block;margin:.5rem .5rem .5rem 0}figcaption{font-size:.85rem;color:var(--soft)}
img{display:block;max-width:100%;border:1px solid #8886}td{padding:.1rem 1rem .1rem 0;
vertical-align:top;min-width:6rem}.hint{color:var(--soft)}
"""


def page_of(path: Path, report: CheckReport, rules: Sequence[Rule], renderer: Renderer) -> str:
    """The page: verdict, each defect with the pictures around it, notes, rules and facts."""
    good = report.good and all(rule.good for rule in rules)
    verdict = "good" if good else "not good"
    name = _text(path.name)
    parts = [
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{name}: {verdict}</title>',
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        f"<style>{_STYLE}</style><h1>{name}</h1>",
        f'<p class="{"good" if good else "bad"}"><b>{verdict}</b>, checked at level {report.level}: ',
        f"{_counted(len(report.problems), 'defect')}, ",
        f"{_counted(sum(not r.good for r in rules), 'rule')} not kept.</p>",
    ]
    film = _Film(path, report, renderer)
    for number, problem in enumerate(report.problems):
        parts.append(_section(problem, film if number < _PICTURES else None))
    parts += _notes(report)
    parts += _table("Rules", [(r.name, f"{r.found}; asked: {r.wanted}", r.good) for r in rules])
    parts += _table("Facts", [(key, value, True) for key, value in _flat(report.facts)])
    return "\n".join(parts) + "\n"


def _section(problem: Problem, film: _Film | None) -> str:
    found = [f"<section><h2>{_text(problem.message)}</h2><p>{_text(problem.path)}</p>"]
    if problem.hint:
        found.append(f'<p class="hint">{_text(problem.hint)}</p>')
    heard = problem.path.endswith(": audio")  # no picture shows it
    if film is not None and isinstance(problem, Defect) and problem.at is not None and not heard:
        found += film.figures(problem.at, problem.until)
    return "".join([*found, "</section>"])


def _counted(count: int, name: str) -> str:
    return f"{count} {name}" + "s" * (count != 1)


def _notes(report: CheckReport) -> Iterator[str]:
    for remark in report.remarks:
        hint = f'<p class="hint">{_text(remark.hint)}</p>'
        yield f'<section class="note"><p>{_text(remark.message)}</p>{hint}</section>'
    for stretch in report.stretches:
        words = f"frames {stretch.first} to {stretch.end - 1} are {stretch.kind}"
        yield f'<section class="note"><p>{words}; where that is meant, it is no defect.</p></section>'


def _table(title: str, rows: Sequence[tuple[str, object, bool]]) -> Iterator[str]:
    if rows:
        yield f"<h2>{title}</h2><table>"
        for name, value, good in rows:
            kind = "" if good else ' class="bad"'
            yield f"<tr{kind}><td>{_text(name)}</td><td>{_text(value)}</td></tr>"
        yield "</table>"


def _flat(facts: Any, path: str = "") -> Iterator[tuple[str, object]]:
    for key, value in facts.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{path}{key} ")
        elif value is not None:
            words = ", ".join(map(str, value)) if isinstance(value, list) else value
            yield f"{path}{key}".replace("_", " "), round(words, 3) if isinstance(words, float) else words


def _text(value: object) -> str:
    return html.escape(clean(value))


class _Film:
    """Pictures of the file, as a project of one clip shows them."""

    def __init__(self, path: Path, report: CheckReport, renderer: Renderer) -> None:
        video = report.facts.get("video", {})
        self._path, self._renderer = path.absolute(), renderer
        self._rate = Fraction(video.get("rate") or 25)
        self._size = (video.get("width", 0), video.get("height", 0))
        self._pictures: dict[Fraction, str] = {}

    def figures(self, at: float, until: float | None) -> Iterator[str]:
        """The frame before, those at both ends, and the one behind."""
        first = round(Fraction(at) * self._rate)
        last = first if until is None else max(first, round(Fraction(until) * self._rate) - 1)
        for number in sorted({first - 1, first, (first + last) // 2, last, last + 1}):
            if number >= 0 and (picture := self._picture(number / self._rate)):
                caption = f"frame {number}, {float(number / self._rate):.3f} s"
                yield f'<figure><img src="{picture}"><figcaption>{caption}</figcaption></figure>'

    def _picture(self, at: Fraction) -> str:
        """A data URL; nothing where there is no picture, as in what is broken there may not be."""
        if at not in self._pictures and self._size[0]:
            try:
                self._pictures[at] = self._made(at)
            except KadrError:
                self._pictures[at] = ""
        return self._pictures.get(at, "")

    def _made(self, at: Fraction) -> str:
        clip = {"id": "film", "source_file": str(self._path)}
        timeline = {"fps": str(self._rate), "resolution": list(self._size)}
        project = parse_project({"timeline": timeline | {"tracks": [{"id": "v", "clips": [clip]}]}})
        scale = min(1.0, _WIDTH / self._size[0])
        frame = self._renderer.frame(project, self._path.parent, at, scale)
        data = base64.b64encode(self._renderer.backend().image(frame, "png")).decode()
        return f"data:image/png;base64,{data}"
