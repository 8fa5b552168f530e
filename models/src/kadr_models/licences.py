"""Which licences of weights may be used: a policy of the user, strict where others have to follow.

Strong network copyleft reaches the service that a model runs in, and non-commercial terms
forbid most uses of a film; both wait for a yes. So does a model of unknown licence.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

from kadr_sdk.errors import ModelError
from kadr_sdk.models import ModelCard
from kadr_sdk.text import printable

__all__ = ["REFUSED", "refusal", "require_licence"]

REFUSED = {
    "agpl-*": "it asks everyone who offers a service with it to publish the service's source",
    "sspl-*": "it asks everyone who offers a service with it to publish the service's source",
    "gpl-*": "it passes to what is distributed together with it",
    "*-nc-*": "it forbids commercial use",
    "*-nc": "it forbids commercial use",
    "*noncommercial*": "it forbids commercial use",
    "*research*": "it allows research only",
    "unknown": "nobody has said what may be done with the weights",
    "": "nobody has said what may be done with the weights",
}
"""Patterns over SPDX identifiers in lower case, and why each waits for a yes."""


def refusal(licence: str, allowed: str = "") -> str:
    """Why the licence is refused, "" where it is not.

    Args:
        licence: an SPDX identifier or expression; of ``A OR B`` one that is allowed is enough,
            of ``A AND B`` all must be.
        allowed: identifiers or patterns that the user has said yes to, separated by commas.
    """
    yes = [part.strip().lower() for part in allowed.split(",") if part.strip()]
    reasons = []
    for choice in licence.lower().replace("(", " ").replace(")", " ").split(" or "):
        found = [_one(part.strip(), yes) for part in choice.split(" and ")]
        if not any(found):
            return ""
        reasons += [reason for reason in found if reason]
    return reasons[0]


def _one(licence: str, yes: list[str]) -> str:
    if licence and any(fnmatchcase(licence, pattern) for pattern in yes):
        return ""
    return next((why for pattern, why in REFUSED.items() if fnmatchcase(licence, pattern)), "")


def require_licence(card: ModelCard, allowed: str) -> None:
    """Return where the weights may be used.

    Raises:
        ModelError: names the licence, the reason and the setting that allows it.
    """
    if why := refusal(card.license, allowed):
        unknown = card.license in ("", "unknown")
        name = printable(card.license, 60)
        raise ModelError(
            f"the model {card.id!r} is refused: {why}"
            if unknown
            else f"the licence {name} of the model {card.id!r} is refused: {why}",
            hint="say which licence it has, as an SPDX identifier (--licence MIT)"
            if unknown
            else f'if you may use it, allow it: allow_licenses = "{name}" in [plugin."kadr.models"]',
        )
