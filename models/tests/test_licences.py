"""Which licences wait for a yes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from kadr_models.licences import refusal, require_licence
from kadr_sdk.errors import ModelError
from kadr_sdk.models import ModelCard


@pytest.mark.parametrize("licence", ["Apache-2.0", "MIT", "BSD-3-Clause", "CC-BY-4.0", "LicenseRef-own"])
def test_used_without_a_question(licence: str) -> None:
    assert refusal(licence) == ""


@pytest.mark.parametrize(
    "licence",
    [
        "AGPL-3.0",
        "agpl-3.0-only",
        "GPL-3.0-or-later",
        "CC-BY-NC-4.0",
        "CC-BY-NC-SA-4.0",
        "SSPL-1.0",
        "LicenseRef-research-only",
        "unknown",
        "",
        "MIT AND AGPL-3.0-only",
    ],
)
def test_refused(licence: str) -> None:
    assert refusal(licence)


def test_the_user_says_yes() -> None:
    assert refusal("AGPL-3.0-only", "MIT, agpl-3.0-only") == ""
    assert refusal("AGPL-3.0-only", "AGPL-*") == ""
    assert refusal("AGPL-3.0-only", "AGPL-3.0-or-later")
    assert refusal("AGPL-3.0-only AND CC-BY-NC-4.0", "AGPL-*")


def test_of_a_choice_one_is_enough() -> None:
    assert refusal("AGPL-3.0-only OR MIT") == ""
    assert refusal("(AGPL-3.0-only OR GPL-3.0-only)")


def test_the_refusal_says_what_to_do(card: Callable[..., ModelCard]) -> None:
    with pytest.raises(ModelError, match=r"AGPL-3\.0.*service") as caught:
        require_licence(card(licence="AGPL-3.0"), "")
    assert 'allow_licenses = "AGPL-3.0"' in caught.value.hint
    with pytest.raises(ModelError, match="nobody has said") as caught:
        require_licence(card(licence="unknown"), "")
    assert "--licence" in caught.value.hint
