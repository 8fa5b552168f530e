from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kadr_sdk.text import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, кадр, 映画", "plain, кадр, 映画"),
        ("\x1b[2J", r"\x1b[2J"),
        ("a\r\nb\tc", r"a\r\nb\tc"),
        ("pay\u202elap", r"pay\u202elap"),
        ("zero\u200bwidth", r"zero\u200bwidth"),
        ("\x9b31m", r"\x9b31m"),
        ("\ud800", r"\ud800"),
        ("", ""),
        (17, "17"),
    ],
)
def test_escapes_what_could_steer_a_terminal(text: object, shown: str) -> None:
    assert printable(text) == shown


def test_counts_what_it_cuts_off() -> None:
    assert printable("x" * 10, 10) == "x" * 10
    assert printable("x" * 13, 10) == "x" * 10 + "… (+3 characters)"


def test_survives_an_object_without_a_text() -> None:
    class Silent:
        def __str__(self) -> str:
            raise RuntimeError("no")

    assert printable(Silent()) == "<Silent without a text>"


@given(st.text(st.characters()), st.integers(0, 50))
def test_the_result_is_always_printable_and_valid_utf8(text: str, limit: int) -> None:
    shown = printable(text, limit)
    assert shown.isprintable()
    assert shown.encode().decode() == shown
    if text.isprintable() and len(text) <= limit:
        assert shown == text
