"""Parsing a project: every problem with path, rule and hint; nothing else is ever raised."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kadr_sdk.curves import Curve, Keyframe
from kadr_sdk.errors import KadrError, SerializationError, ValidationError
from kadr_sdk.project import dump_project, parse_project
from kadr_sdk.project import parse as parse_module
from kadr_sdk.project.model import Model

CLIP: dict[str, Any] = {"id": "a", "source_file": "a.mp4", "duration": 5}


def document(**clip: Any) -> dict[str, Any]:
    return {"timeline": {"fps": 25, "tracks": [{"id": "v", "clips": [CLIP | clip]}]}}


def problems(data: Any) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        parse_project(data if isinstance(data, str) else json.dumps(data))
    return [str(p) for p in caught.value.problems]


def one(**clip: Any) -> str:
    """The only problem of a document with this clip, without the clip's path."""
    found = problems(document(**clip))
    assert len(found) == 1, found
    return found[0].removeprefix("timeline.tracks[0].clips[0].")


class TestUnknown:
    @pytest.mark.parametrize(
        ("data", "expected"),
        [
            ({"timelin": {}}, "timelin: unknown field 'timelin' (did you mean 'timeline'?)"),
            ({"metadata": {"nmae": ""}}, "metadata.nmae: unknown field 'nmae' (did you mean 'name'?)"),
            ({"timeline": {"fsp": 1}}, "timeline.fsp: unknown field 'fsp' (did you mean 'fps'?)"),
            (
                {"timeline": {"markers": [{"time": 0, "knd": ""}]}},
                "timeline.markers[0].knd: unknown field 'knd' (did you mean 'kind'?)",
            ),
            (
                {"timeline": {"tracks": [{"id": "v", "clips": [], "volme": 1}]}},
                "timeline.tracks[0].volme: unknown field 'volme' (did you mean 'volume'?)",
            ),
            (
                document(spede=1),
                "timeline.tracks[0].clips[0].spede: unknown field 'spede' (did you mean 'speed'?)",
            ),
            (
                document(transform={"scale": 1}),
                "timeline.tracks[0].clips[0].transform.scale: unknown field 'scale' "
                "(did you mean 'scale_y' or 'scale_x'?)",
            ),
            (
                document(crop={"lfet": 0}),
                "timeline.tracks[0].clips[0].crop.lfet: unknown field 'lfet' (did you mean 'left'?)",
            ),
            (
                document(stream={"adio": 0}),
                "timeline.tracks[0].clips[0].stream.adio: unknown field 'adio' (did you mean 'audio'?)",
            ),
            (
                document(effects=[{"effect_type": "x", "enabeld": True}]),
                "timeline.tracks[0].clips[0].effects[0].enabeld: unknown field 'enabeld' "
                "(did you mean 'enabled'?)",
            ),
            (
                {"effects": [{"effect_type": "x", "paramters": {}}]},
                "effects[0].paramters: unknown field 'paramters' (did you mean 'parameters'?)",
            ),
            ({"export": {"vdeo": {}}}, "export.vdeo: unknown field 'vdeo' (did you mean 'video'?)"),
            (
                {"export": {"video": {"crt": 1}}},
                "export.video.crt: unknown field 'crt' (did you mean 'crf'?)",
            ),
            (
                {"export": {"audio": {"loudness": {"true_paek": 0}}}},
                "export.audio.loudness.true_paek: unknown field 'true_paek' (did you mean 'true_peak'?)",
            ),
            (
                {"sequences": {"s": {"fsp": 1}}},
                "sequences.s.fsp: unknown field 'fsp' (did you mean 'fps'?)",
            ),
        ],
    )
    def test_on_every_level(self, data: Any, expected: str) -> None:
        assert problems(data) == [expected]

    def test_extensions_may_stand_on_any_object(self) -> None:
        data = document(extensions={"x": [1, {"y": None}]}, transform={"extensions": {"z": 1}})
        data["extensions"] = {"a": 0.1}
        data["timeline"]["extensions"] = {"b": "ц"}
        assert json.loads(dump_project(parse_project(data)))["timeline"] == data["timeline"]
        assert json.loads(dump_project(parse_project(data)))["extensions"] == {"a": 0.1}


class TestTimes:
    @pytest.mark.parametrize(
        ("clip", "message"),
        [
            ({"start_time": -1}, "start_time: a time is not negative, -1 is"),
            ({"source_start": "-0.5"}, "source_start: a time is not negative, '-0.5' is"),
            ({"duration": 0}, "duration: a duration is longer than nothing, 0 is not"),
            ({"duration": -5}, "duration: a duration is longer than nothing, -5 is not"),
            ({"duration": 1e9}, "duration: 1000000000.0 is longer than a week"),
            ({"duration": "nan"}, "duration: 'nan' is not a number"),
            ({"duration": "00:00:05:25"}, "duration: frame 25 of a timecode at 25 frames per second"),
            ({"duration": [5]}, "duration: [5] is not a number"),
            ({"duration": True}, "duration: a number is expected, not true or false"),
            ({"start_time": None}, "start_time: None is not a number"),
            ({"freeze": {}}, "freeze: {} is not a number"),
        ],
    )
    def test_refused(self, clip: dict[str, Any], message: str) -> None:
        assert one(**clip) == message

    @pytest.mark.parametrize(
        ("text", "seconds"), [("0.1", Fraction(1, 10)), ('"1001/30000"', Fraction(1001, 30000)),
                              ('"00:00:05:12"', Fraction(137, 25)), ('"5.4s"', Fraction(27, 5))]
    )  # fmt: skip
    def test_exact_as_written(self, text: str, seconds: Fraction) -> None:
        data = json.dumps(document()).replace('"duration": 5', f'"duration": {text}')
        assert parse_project(data).timeline.tracks[0].clips[0].duration == seconds

    @pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999"])
    def test_json_without_a_number(self, text: str) -> None:
        for place in ('{"extensions": {"x": %s}}', '{"timeline": {"fps": %s}}'):
            with pytest.raises(
                SerializationError, match=r"not a JSON document: .*(is not JSON|beyond the largest)"
            ):
                parse_project(place % text)

    @pytest.mark.parametrize("fps", [0, -1, "1/0", "x", None, [], 1001])
    def test_a_rate_that_is_none_is_one_problem(self, fps: Any) -> None:
        data = document()
        data["timeline"]["fps"] = fps
        (found,) = problems(data)
        assert found.startswith("timeline.fps: ")


class TestValues:
    @pytest.mark.parametrize(
        ("clip", "message"),
        [
            ({"speed": 0}, "speed: 0 is outside 0.01..100"),
            ({"speed": "fast"}, "speed: a finite number is expected, not 'fast'"),
            ({"opacity": 1.5}, "opacity: 1.5 is outside 0..1"),
            ({"volume": -1}, "volume: -1 is outside 0..4"),
            ({"pan": 2}, "pan: 2 is outside -1..1"),
            ({"opacity": True}, "opacity: a finite number is expected, not True"),
            (
                {"opacity": 10**400},
                "opacity: a finite number is expected, not 1" + "0" * 59 + "… (+341 characters)",
            ),
            ({"transform": {"scale_x": -1}}, "transform.scale_x: -1 is outside 0..100"),
            ({"transform": {"rotation": 1e6}}, "transform.rotation: 1e+06 is outside -36000..36000"),
            ({"crop": {"left": 2}}, "crop.left: input should be less than or equal to 1"),
            ({"fit": "fill"}, "fit: input should be 'contain', 'cover', 'stretch' or 'none'"),
            (
                {"stream": {"video": "all"}},
                "stream.video: the index of a stream or \"none\" is expected, not 'all'",
            ),
            ({"stream": {"audio": -1}}, 'stream.audio: the index of a stream or "none" is expected, not -1'),
            (
                {"stream": {"audio": True}},
                'stream.audio: the index of a stream or "none" is expected, not True',
            ),
            ({"effects": [5]}, "effects[0]: input should be a valid string"),
            ({"effects": [{}]}, "effects[0].effect_type: field required"),
            ({"effects": [{"effect_type": 5}]}, "effects[0].effect_type: input should be a valid string"),
            ({"effects": ["warm"]}, "effects[0]: no effect 'warm' in the project"),
            ({"effects": [""]}, "effects[0]: no effect '' in the project"),
            ({"sequence": "s", "source_file": None}, "sequence: no sequence 's'"),
        ],
    )
    def test_one_wrong_value_is_one_problem(self, clip: dict[str, Any], message: str) -> None:
        assert one(**clip) == message

    @pytest.mark.parametrize(
        ("track", "message"),
        [
            ({"volume": 5}, "volume: 5 is outside 0..4"),
            ({"pan": -1.5}, "pan: -1.5 is outside -1..1"),
            ({"opacity": 2}, "opacity: 2 is outside 0..1"),
            ({"type": "text"}, "type: input should be 'video', 'audio' or 'subtitle'"),
            ({"effects": ["wrm"]}, "effects[0]: no effect 'wrm' in the project (did you mean 'warm'?)"),
        ],
    )
    def test_tracks(self, track: dict[str, Any], message: str) -> None:
        data = {
            "timeline": {"tracks": [{"id": "v"} | track]},
            "effects": [{"id": "warm", "effect_type": "x"}],
        }
        assert problems(data) == [f"timeline.tracks[0].{message}"]

    @pytest.mark.parametrize("color", ["red", 5, None, [0, 0, 0, 1], "#12"])
    def test_colours(self, color: Any) -> None:
        (found,) = problems({"timeline": {"background": color}})
        assert found.startswith("timeline.background: a colour is written #rrggbb or #rrggbbaa, not ")

    def test_a_picture_of_which_nothing_is_left(self) -> None:
        hint = "nothing is left of the picture (opposite sides add up to less than 1)"
        assert one(crop={"left": 0.5, "right": 0.5}) == f"crop: {hint}"

    @pytest.mark.parametrize(
        "sources", [{"source_file": None}, {"generator": {"type": "color"}}, {"sequence": "s"}]
    )
    def test_exactly_one_source(self, sources: dict[str, Any]) -> None:
        data = document(**sources)
        data["sequences"] = {"s": {}}
        (found,) = problems(data)
        assert found.endswith("clips[0]: exactly one of source_file, generator and sequence is needed")


class TestKeyframes:
    @pytest.mark.parametrize(
        ("keyframes", "message"),
        [
            ([], 'an animated value is {"keyframes": [{"time": …, "value": …}, …]}'),
            ({}, 'an animated value is {"keyframes": [{"time": …, "value": …}, …]}'),
            (None, 'an animated value is {"keyframes": [{"time": …, "value": …}, …]}'),
            ([5], "keyframe 0 is {time, value, easing}"),
            ([{"time": 0}], "keyframe 0 is {time, value, easing}"),
            ([{"time": 0, "value": 0, "eas": 1}], "keyframe 0 is {time, value, easing}"),
            ([{"time": "x", "value": 0}], "'x' is not a number"),
            ([{"time": 0, "value": None}], "a finite number is expected, not None"),
            ([{"time": 0, "value": [0, 0]}], "a keyframe's value is one number here"),
            ([{"time": 0, "value": "#ffffff"}], "a keyframe's value is one number here"),
            ([{"time": 0, "value": 10**400}], "a finite number is expected, not 1"),
            (
                [{"time": 1, "value": 0}, {"time": 1, "value": 1}],
                "keyframes stand in ascending order of time",
            ),
            (
                [{"time": 1, "value": 0}, {"time": 0, "value": 1}],
                "keyframes stand in ascending order of time",
            ),
            (
                [{"time": 0, "value": 0}, {"time": 1, "value": [1, 2]}],
                "keyframes of one curve have the same number of components",
            ),
            ([{"time": 0, "value": 0, "easing": "slow"}], "unknown easing 'slow'; known: ease, ease-in, "),
            ([{"time": 0, "value": 0, "easing": 5}], "a cubic Bezier easing is four numbers: x1, y1, x2, y2"),
            ([{"time": 0, "value": 0, "easing": None}], "a cubic Bezier easing is four numbers"),
            ([{"time": 0, "value": 0, "easing": ["a"] * 4}], "a cubic Bezier easing is four numbers"),
            (
                [{"time": 0, "value": 0, "easing": [2, 0, 0, 0]}],
                "the x of a Bezier handle lies within 0 and 1",
            ),
        ],
    )
    def test_refused(self, keyframes: Any, message: str) -> None:
        assert one(opacity={"keyframes": keyframes}).startswith(f"opacity: {message}")

    def test_other_keys_beside_them(self) -> None:
        assert one(opacity={"keyframes": [{"time": 0, "value": 0}], "loop": True}).startswith(
            "opacity: an animated value is"
        )

    def test_a_range_holds_for_each(self) -> None:
        keyframes = [{"time": 0, "value": 0}, {"time": 1, "value": 1.5}]
        assert one(opacity={"keyframes": keyframes}) == "opacity: 1.5 is outside 0..1"

    def test_parameters_take_colours_and_points(self) -> None:
        keys = [{"time": 0, "value": "#ff0000"}, {"time": 1, "value": [0, 0, 1, 1], "easing": [0, 0, 1, 1]}]
        project = parse_project(
            {"effects": [{"effect_type": "x", "parameters": {"color": {"keyframes": keys}}}]}
        )
        assert project.effects[0].parameters["color"] == Curve(
            (
                Keyframe(Fraction(0), (1.0, 0.0, 0.0, 1.0)),
                Keyframe(Fraction(1), (0.0, 0.0, 1.0, 1.0), (0, 0, 1, 1)),
            )
        )
        assert parse_project(dump_project(project)) == project

    def test_too_many(self) -> None:
        rows = [{"time": k / 1000, "value": 0} for k in range(100_001)]
        assert one(opacity={"keyframes": rows}) == "opacity: more than 100000 keyframes"


class TestIdentity:
    def test_ids_are_unique_where_they_are_looked_up(self) -> None:
        tracks = [{"id": "v", "clips": [CLIP, CLIP]}, {"id": "v", "clips": [CLIP]}]
        data = {"timeline": {"tracks": tracks}, "effects": [{"id": "e", "effect_type": "x"}] * 2}
        assert problems(data) == [
            "effects[1].id: the id 'e' is used twice (give it another id)",
            "timeline.tracks[1].id: the id 'v' is used twice (give it another id)",
            "timeline.tracks[0].clips[1].id: the id 'a' is used twice (give it another id)",
        ]

    @pytest.mark.parametrize("name", ["", "a\nb", "a\0", "x" * 201, 5, None])
    def test_what_is_no_id(self, name: Any) -> None:
        assert one(id=name).startswith("id: ")

    def test_transitions_name_clips_of_their_track(self) -> None:
        data = document()
        data["timeline"]["tracks"][0]["transitions"] = [{"transition_type": "x", "between": ["a", "aa"]}]
        assert problems(data) == [
            "timeline.tracks[0].transitions[0].between: no clip 'aa' on this track (did you mean 'a'?)"
        ]

    @pytest.mark.parametrize(
        ("easing", "message"),
        [("slow", "unknown easing 'slow'; "), (5, "a cubic Bezier"), ([0, 0, 0], "a cubic Bezier")],
    )
    def test_a_transitions_easing(self, easing: Any, message: str) -> None:
        data = document()
        transition = {"transition_type": "x", "between": ["a", "a"], "easing": easing}
        data["timeline"]["tracks"][0]["transitions"] = [transition]
        (found,) = problems(data)
        assert found.startswith(f"timeline.tracks[0].transitions[0].easing: {message}")


def test_half_a_surrogate_pair_survives_in_text_that_can_be_saved() -> None:
    project = parse_project('{"extensions": {"name": "\\ud800é"}}')
    text = dump_project(project)
    assert text.encode().decode() == text
    assert parse_project(text) == project


def test_all_problems_at_once() -> None:
    data = document(speed="x", start_time=-1, colour="red")
    data["export"] = {"video": {"crf": 99}}
    data["version"] = "2.0.0"
    assert len(problems(data)) == 5


class TestDocuments:
    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("", "not a JSON document: Expecting value"),
            ("[]", "a project is a JSON object"),
            ("null", "a project is a JSON object"),
            ('{"a": 1', "not a JSON document: Expecting ',' delimiter"),
            (b"\xff\xfe{", "not a JSON document"),
            ("[" * 200_000, "not a JSON document"),
            ('{"extensions": ' + "9" * 5000 + "}", "not a JSON document: Exceeds the limit"),
        ],
    )
    def test_what_is_no_document(self, text: str | bytes, message: str) -> None:
        with pytest.raises(SerializationError, match=message) as caught:
            parse_project(text, name="film.tlp")
        assert str(caught.value).startswith("film.tlp: ")

    def test_too_large(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(parse_module, "MAX_BYTES", 10)
        with pytest.raises(SerializationError, match="the project is larger than 256 MB"):
            parse_project('{"version": "1.0.0"}')

    def test_a_flood_of_problems_stays_readable(self) -> None:
        data = document()
        data["timeline"]["tracks"][0]["clips"] *= 5000
        many = problems(data)
        assert len(many) == 200
        data["timeline"]["tracks"][0]["clips"] = [CLIP | {"spede": 1, "speed": "x"}] * 5000
        many = problems(data)
        assert len(many) == 201
        assert many[-1] == "and 9800 more problems"

    def test_a_long_name_stays_short_in_its_message(self) -> None:
        (found,) = problems({"x" * 1_000_000: 1})
        assert len(found) < 600


KEYS = sorted(
    {key for fields in Model.__subclasses__() for key in fields.model_fields} | {"keyframes", "value", "x"}
)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**400), 10**400)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["v", "a", "#fff", "linear", "00:00:01:00", "1/3", "none", "\ud800", "\0", ""])
    | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)
places = st.sampled_from(
    ["timeline", "timeline.tracks.0", "timeline.tracks.0.clips.0", "export", "effects.0", "metadata",
     "timeline.tracks.0.clips.0.transform", "timeline.tracks.0.clips.0.opacity", "sequences"]
)  # fmt: skip


@given(json_values)
def test_any_json_is_a_project_or_an_error_of_ours(value: Any) -> None:
    for data in ({"timeline": value}, value if isinstance(value, dict) else {"effects": value}):
        try:
            parse_project(data)
        except KadrError as error:
            assert str(error)  # noqa: PT017 - either outcome is right


@given(places, json_values)
def test_any_value_anywhere_is_parsed_or_an_error_of_ours(place: str, value: Any) -> None:
    data: Any = document()
    data["effects"] = [{"effect_type": "x"}]
    here = data
    *parents, last = place.split(".")
    for part in parents:
        here = here[int(part)] if part.isdigit() else here[part]
    if isinstance(here, list):
        here[int(last)] = value
    else:
        here[last] = value
    try:
        project = parse_project(data)
    except KadrError as error:
        assert str(error)  # noqa: PT017 - either outcome is right
    else:
        assert parse_project(dump_project(project)) == project
