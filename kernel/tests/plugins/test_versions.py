from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kadr_kernel.plugins.versions import in_range
from packaging.specifiers import SpecifierSet

_number = st.integers(0, 3).map(str)
_version = st.lists(_number, min_size=1, max_size=4).map(".".join)
_suffix = st.sampled_from(["", "", "", "a1", "rc2", ".post1", ".dev3", "+local"])
_clause = st.tuples(st.sampled_from([">=", "<=", "==", "!=", ">", "<"]), _version).map("".join)


@given(_version, _suffix, st.lists(_clause, max_size=3).map(",".join))
def test_agrees_with_packaging(version: str, suffix: str, wanted: str) -> None:
    text = version + suffix
    assert in_range(text, wanted) == SpecifierSet(wanted).contains(text, prereleases=True)


@pytest.mark.parametrize(
    ("version", "wanted", "expected"),
    [
        ("1.0", ">=1,<2", True),
        ("2.0", ">=1,<2", False),
        ("1", "==1.0.0", True),
        ("1.5", "~=1.4", True),
        ("1.4.9", "==1.4.*", True),
        ("2.0rc1", ">=2", False),
        ("1.0", "", True),
        ("1.0", "  ", True),
        ("1.10", ">1.9", True),
    ],
)
def test_examples(version: str, wanted: str, expected: bool) -> None:
    assert in_range(version, wanted) is expected


@pytest.mark.parametrize("wanted", ["about two", ">=", ">=1,one", "1.0"])
def test_not_a_range(wanted: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        in_range("1.0", wanted)
