from __future__ import annotations

import pytest
from kadr_sdk.ids import check_contribution_id, check_plugin_id


@pytest.mark.parametrize("text", ["kadr.effects", "org.example.glow_2", "a.b"])
def test_plugin_ids(text: str) -> None:
    assert check_plugin_id(text) == text


@pytest.mark.parametrize(
    "text",
    ["", "kadr", "Kadr.x", "kadr..x", ".x", "kadr.", "kadr.2x", "kadr.x\n", "k\u0430dr.x", "a." + "b" * 99],
)
def test_not_a_plugin_id(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a plugin id; write owner\.name in lower case"):
        check_plugin_id(text)


@pytest.mark.parametrize("text", ["mp4", "kadr.blur", "youtube-1080p", "x.2d", "a_b"])
def test_contribution_ids(text: str) -> None:
    assert check_contribution_id(text) == text


@pytest.mark.parametrize("text", ["", "4k", "MP4", "a b", "a/b", "../a", "a.", "mp4\n", "-a", "x" * 101])
def test_not_a_contribution_id(text: str) -> None:
    with pytest.raises(ValueError, match="is not an id; write lower-case words joined by dots"):
        check_contribution_id(text)


def test_a_long_id_is_cut_in_its_message() -> None:
    with pytest.raises(ValueError, match="is not an id") as caught:
        check_contribution_id("x" * 10_000)
    assert len(str(caught.value)) < 200
