"""Names of classes as people type them."""

from __future__ import annotations

from kadr_sdk.errors import InvalidParameterError, did_you_mean
from kadr_sdk.models import ModelCard
from kadr_sdk.text import shown

__all__ = ["require_classes"]


def require_classes(text: str, card: ModelCard) -> tuple[str, ...]:
    """The classes of a list such as ``person, dog``; none where it is empty.

    Raises:
        InvalidParameterError: the model knows no such class.
    """
    wanted = [part.strip() for part in text.split(",") if part.strip()]
    known = {name.lower(): name for name in card.classes}
    for name in wanted:
        if known and name.lower() not in known:
            hint = did_you_mean(name.lower(), card.classes)
            raise InvalidParameterError(
                f"the model {card.id!r} knows no class {shown(name)}", path="classes", hint=hint
            )
    return tuple(dict.fromkeys(known.get(name.lower(), name) for name in wanted))
