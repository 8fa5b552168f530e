"""The index: every word, the best first, quickly."""

from __future__ import annotations

import pytest
from kadr_registry.search import Entry, read_index, search, write_index


def entry(
    id: str, title: str = "", summary: str = "", version: str = "1.0", names: tuple[str, ...] = ()
) -> Entry:
    return Entry(id, version, title, summary, id.rpartition(".")[0], "sandboxed", "MIT", names)


INDEX = write_index(
    [
        entry("org.example.glow", "Glow", "A soft glow around bright places", names=("effect:glow",)),
        entry("org.example.fog", "Fog", "Glow in the distance"),
        entry("com.other.glow_pro", "Größer leuchten", 'Says "glow" [twice]'),
        entry("com.other.gone", "Glow of old", version=""),
        entry("com.other.blur", "Blur", "Out of focus", names=("effect:soft", "preset:dreamy")),
    ]
)


def ids(text: str, limit: int = 50) -> list[str]:
    return [e.id for e in search(INDEX, text, limit)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("glow", ["org.example.glow", "com.other.glow_pro", "org.example.fog"]),
        ("GLOW soft", ["org.example.glow"]),
        ("dreamy", ["com.other.blur"]),
        ("größer", ["com.other.glow_pro"]),
        ("GRÖSSER", ["com.other.glow_pro"]),
        ("com.other", ["com.other.blur", "com.other.glow_pro"]),
        ("nothing like it", []),
        ('"glow"', ["com.other.glow_pro"]),
        ("summary", []),
    ],
)
def test_search(text: str, found: list[str]) -> None:
    assert ids(text) == found


def test_without_words_everything() -> None:
    assert ids("", 2) == ["com.other.blur", "com.other.glow_pro"]
    assert "com.other.gone" not in ids("")
    assert "com.other.gone" in [e.id for e in read_index(INDEX)]


def test_the_index_is_the_same_whatever_the_order() -> None:
    assert write_index(reversed(read_index(INDEX))) == INDEX


def test_texts_cannot_break_a_line() -> None:
    nasty = entry("org.example.glow", "two\nlines\tand a tab", " x ")
    (found,) = read_index(write_index([nasty]))
    assert (found.title, found.summary, found.id) == ("two lines and a tab", "x", "org.example.glow")


def test_lines_that_are_none_are_left_out() -> None:
    broken = b"nonsense\ntoo\tshort\n\n\xff\n" + INDEX
    assert read_index(broken) == read_index(INDEX)
    assert [e.id for e in search(broken, "fog")] == ["org.example.fog"]
