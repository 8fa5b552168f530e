"""Does a version lie in a range (PEP 440)? Plain numbers are decided here, the rest by packaging.

``packaging.specifiers`` costs tens of milliseconds to import, and nearly every manifest says
no more than ``>=1,<2``; so listing plugins does not wait for it.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable

__all__ = ["in_range", "split"]

_Release = tuple[int, ...]
_VERSION = re.compile(r"\d{1,9}(?:\.\d{1,9})*", re.ASCII)
_CLAUSE = re.compile(r"\s*(>=|<=|==|!=|>|<)\s*(\d{1,9}(?:\.\d{1,9})*)\s*", re.ASCII)
_REQUIREMENT = re.compile(r"\s*([a-z0-9_.]*)\s*(.*)")
_COMPARE: dict[str, Callable[[_Release, _Release], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}


def in_range(version: str, wanted: str) -> bool:
    """True where ``version`` satisfies every clause of ``wanted``; pre-releases count.

    Raises:
        ValueError: not a version or not a range.
    """
    clauses = [_CLAUSE.fullmatch(clause) for clause in wanted.split(",")] if wanted.strip() else []
    if _VERSION.fullmatch(version) and all(clauses):
        return all(_COMPARE[c[1]](*_padded(version, c[2])) for c in clauses if c)
    from packaging.specifiers import SpecifierSet

    return bool(SpecifierSet(wanted).contains(version, prereleases=True))


def split(requirement: str) -> tuple[str, str]:
    """Plugin id and version range of ``kadr.pyav>=0.1`` out of a manifest, which was checked when read."""
    match = _REQUIREMENT.match(requirement)
    return (match[1], match[2]) if match else (requirement, "")


def _padded(left: str, right: str) -> tuple[_Release, _Release]:
    # 1.0 and 1 are one version: the shorter is filled with zeros.
    a, b = (tuple(int(part) for part in text.split(".")) for text in (left, right))
    size = max(len(a), len(b))
    return a + (0,) * (size - len(a)), b + (0,) * (size - len(b))
