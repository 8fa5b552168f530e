"""Parameters: every type with its good and wrong values, declarations that contradict themselves."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kadr_sdk.curves import Curve, Keyframe
from kadr_sdk.params import PARAM_TYPES, Param, check_params, parse_color

DEFAULTS: dict[str, Any] = {
    "float": 0.5,
    "int": 2,
    "bool": True,
    "choice": "a",
    "color": "#ff8000",
    "point": [1, 2],
    "rect": [0, 0, 10, 20],
    "angle": 90,
    "text": "x",
    "file": None,
    "curve": [[0, 0], [1, 1]],
}


def param(type: str, **more: Any) -> Param:
    data = {"name": "p", "type": type, "default": DEFAULTS[type]}
    if type == "choice":
        data["choices"] = ["a", "b"]
    return Param.from_dict(data | more)


def ramp(*values: Any) -> Curve:
    return Curve(tuple(Keyframe(Fraction(k), v) for k, v in enumerate(values)))


def test_every_type_is_tried_here() -> None:
    assert sorted(DEFAULTS) == sorted(PARAM_TYPES)


@pytest.mark.parametrize(
    ("type", "value", "parsed"),
    [
        ("float", 1, 1.0),
        ("float", -0.5, -0.5),
        ("int", 3.0, 3),
        ("bool", False, False),
        ("choice", "b", "b"),
        ("color", "#FFF", (1.0, 1.0, 1.0, 1.0)),
        ("color", "#ff000080", (1.0, 0.0, 0.0, 0.501960784)),
        ("color", [0, 0.5, 1, 1], (0.0, 0.5, 1.0, 1.0)),
        ("point", (3, 4), (3.0, 4.0)),
        ("rect", [0, 0, 5, 5], (0.0, 0.0, 5.0, 5.0)),
        ("angle", -720, -720.0),
        ("text", "", ""),
        ("file", "a/b.cube", "a/b.cube"),
        ("curve", [[0, 1], [1, 0]], ((0.0, 1.0), (1.0, 0.0))),
        ("curve", [], ()),
    ],
)
def test_good_values(type: str, value: Any, parsed: Any) -> None:
    found = param(type).parse(value)
    assert found == parsed
    assert str(found) == str(parsed)  # 3 and 3.0 are equal, not the same


@pytest.mark.parametrize(
    ("type", "value", "message"),
    [
        ("float", "1", "a number is expected, not '1'"),
        ("float", True, "a number is expected, not True"),
        ("float", None, "a number is expected, not None"),
        ("float", float("nan"), "nan is not a finite number"),
        ("float", float("-inf"), "-inf is not a finite number"),
        ("float", 10**400, "1" + "0" * 59 + "… (+341 characters) is not a finite number"),
        ("int", 2.5, "a whole number is expected, not 2.5"),
        ("int", 10**400, "1" + "0" * 59 + "… (+341 characters) is not a finite number"),
        ("bool", 1, "true or false is expected, not 1"),
        ("bool", "true", "true or false is expected, not 'true'"),
        ("choice", "A", "'A' is not a choice; known: a, b"),
        ("choice", ["a"], "['a'] is not a choice; known: a, b"),
        ("color", "red", "a colour is written #rrggbb or #rrggbbaa, not 'red'"),
        ("color", "#12345", "a colour is written #rrggbb or #rrggbbaa, not '#12345'"),
        ("color", "#ffffff\n", "a colour is written #rrggbb or #rrggbbaa, not '#ffffff\\n'"),
        ("color", [0, 0, 0, 2], "a colour is written #rrggbb or #rrggbbaa, not [0, 0, 0, 2]"),
        ("color", [0, 0, 0, None], "a colour is written #rrggbb or #rrggbbaa, not [0, 0, 0, None]"),
        ("color", [0, 0, 0], "a colour is written #rrggbb or #rrggbbaa, not [0, 0, 0]"),
        ("point", [1], "2 numbers are expected, not [1]"),
        ("point", "12", "2 numbers are expected, not '12'"),
        ("point", 5, "2 numbers are expected, not 5"),
        ("point", [1, None], "a number is expected, not None"),
        ("rect", [1, 2, 3], "4 numbers are expected, not [1, 2, 3]"),
        ("text", 5, "a text is expected, not 5"),
        ("text", "x" * 65537, "a text is expected, not '" + "x" * 59 + "… (+65479 characters)"),
        ("file", None, "a text is expected, not None"),
        ("curve", None, "a list of points is expected, not None"),
        ("curve", {"x": 1}, "a list of points is expected, not {'x': 1}"),
        ("curve", [[0, 2]], "a curve point is [x, y] within 0 and 1, not [0, 2]"),
        ("curve", [5], "a curve point is [x, y] within 0 and 1, not 5"),
        ("curve", [[0, None]], "a curve point is [x, y] within 0 and 1, not [0, None]"),
        ("curve", ["01"], "a curve point is [x, y] within 0 and 1, not '01'"),
        ("float", {"keyframes": []}, "keyframes are parsed by the project, not here"),
    ],
)
def test_wrong_values(type: str, value: Any, message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole text is compared
        param(type).parse(value)
    assert str(caught.value) == message


@given(
    st.sampled_from(PARAM_TYPES),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=2),
        max_leaves=8,
    ),
)
def test_any_json_value_is_parsed_or_refused(type: str, value: Any) -> None:
    one = param(type)
    values, problems = check_params([one], {"p": value}, "x")
    assert bool(problems) != ("p" in values)
    if not problems and type not in ("file", "text", "choice"):
        assert one.parse(values["p"]) == values["p"]  # what was parsed is a value too


class TestRange:
    @pytest.mark.parametrize(
        ("low", "high", "text"), [(-1, 1, "-1..1"), (0, None, "0.."), (None, 2.5, "..2.5"), (None, None, "")]
    )
    def test_in_words(self, low: Any, high: Any, text: str) -> None:
        assert Param("p", "float", 0.0, low, high).range_text == text

    def test_edges_belong_to_it(self) -> None:
        one = param("float", min=-1, max=1)
        assert [one.parse(v) for v in (-1, 1)] == [-1.0, 1.0]
        with pytest.raises(ValueError, match=r"^1\.001 is outside -1\.\.1$"):
            one.parse(1.001)

    def test_of_every_component(self) -> None:
        one = param("point", min=0)
        with pytest.raises(ValueError, match=r"-1 is outside 0\.\."):
            one.parse([5, -1])

    def test_of_every_keyframe(self) -> None:
        one = param("float", max=1)
        assert one.parse(ramp(0, 1)) == ramp(0.0, 1.0)
        with pytest.raises(ValueError, match=r"2 is outside \.\.1"):
            one.parse(ramp(0.0, 2.0))


class TestKeyframes:
    @pytest.mark.parametrize("type", ["bool", "choice", "text", "file", "curve"])
    def test_what_cannot_move(self, type: str) -> None:
        with pytest.raises(ValueError, match="p takes no keyframes"):
            param(type).parse(ramp(0.0))

    def test_what_may_not_move(self) -> None:
        with pytest.raises(ValueError, match="p takes no keyframes"):
            param("float", animatable=False).parse(ramp(0.0))

    @pytest.mark.parametrize(
        ("type", "values"),
        [("color", ((1.0, 0.0, 0.0, 1.0), (0.0, 0.0, 0.0, 1.0))), ("point", ((0.0, 0.0), (1.0, 1.0)))],
    )
    def test_components_move(self, type: str, values: Any) -> None:
        assert param(type).parse(ramp(*values)) == ramp(*values)
        with pytest.raises(ValueError, match=r"expected|a colour"):
            param(type).parse(ramp(1.0))


class TestNeutral:
    def test_one_value_is(self) -> None:
        one = param("float", neutral=1)
        assert one.is_neutral(1.0)
        assert not one.is_neutral(0.999)
        assert not one.is_neutral(ramp(1.0, 1.0))

    def test_without_one_nothing_is(self) -> None:
        assert not param("float").is_neutral(0.5)

    def test_a_colour_in_another_spelling_is(self) -> None:
        assert param("color", neutral="#fff").is_neutral(param("color").parse("#ffffffff"))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"type": "float"}, "a parameter needs name"),
        ({}, "a parameter needs name and type"),
        ("x", "a parameter is a table, not 'x'"),
        ({"name": 5, "type": "float"}, "a parameter's name is a text, not 5"),
        ({"name": "P", "type": "float", "default": 0}, "'P' is not a parameter name; write lower_case words"),
        ({"name": "p\n", "type": "float", "default": 0}, "'p\\n' is not a parameter name"),
        (
            {"name": "p", "type": "flaot", "default": 0},
            "unknown parameter type 'flaot'; did you mean 'float'",
        ),
        ({"name": "p", "type": 5, "default": 0}, "unknown parameter type 5; known: angle, "),
        ({"name": "p", "type": "float", "defualt": 0}, "unknown key 'defualt' of a parameter; did you mean"),
        ({"name": "p", "type": "float"}, "p: default: a number is expected, not None"),
        ({"name": "p", "type": "float", "default": 2, "max": 1}, "p: default: 2 is outside ..1"),
        ({"name": "p", "type": "float", "default": 0, "neutral": 9, "max": 1}, "p: neutral: 9 is outside"),
        ({"name": "p", "type": "float", "default": 0, "min": 1, "max": 0}, "p: min is above max"),
        ({"name": "p", "type": "float", "default": 0, "min": "0"}, "p: min and max are numbers"),
        ({"name": "p", "type": "choice", "default": "a"}, "p: a choice lists its choices"),
        ({"name": "p", "type": "choice", "default": "c", "choices": ["a"]}, "p: default: 'c' is not a"),
        ({"name": "p", "type": "choice", "default": "a", "choices": "ab"}, "p: choices are a list"),
        ({"name": "p", "type": "file", "default": 5}, "p: default: a text is expected, not 5"),
    ],
)
def test_a_wrong_declaration_says_what_is_wrong(data: Any, message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is compared
        Param.from_dict(data)
    assert str(caught.value).startswith(message)


def test_check_params_finds_everything_at_once() -> None:
    declared = [
        param("float", name="value", min=0, max=1),
        Param.from_dict({"name": "path", "type": "file", "required": True, "hint": "name a LUT"}),
        param("bool", name="on", hint="yes or no"),
        param("int", name="count"),
        param("file", name="extra"),
    ]
    values, problems = check_params(declared, {"value": 3, "on": 1, "vlaue": 0}, "effects[0].parameters")
    assert [str(p) for p in problems] == [
        "effects[0].parameters.vlaue: unknown parameter 'vlaue' (did you mean 'value'?)",
        "effects[0].parameters.value: 3 is outside 0..1 (allowed: 0..1)",
        "effects[0].parameters.path: this parameter is needed (name a LUT)",
        "effects[0].parameters.on: true or false is expected, not 1 (yes or no)",
    ]
    assert values == {"count": 2, "extra": None}


@given(st.integers(0, 0xFFFFFFFF))
def test_a_colour_keeps_all_its_bits(number: int) -> None:
    text = f"#{number:08x}"
    assert "#" + "".join(f"{round(c * 255):02x}" for c in parse_color(text)) == text
    assert parse_color(text[:7])[:3] == parse_color(text)[:3]
    assert parse_color(list(parse_color(text))) == parse_color(text)
