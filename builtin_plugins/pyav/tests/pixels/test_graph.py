from __future__ import annotations

import threading

import numpy as np
import pytest
from kadr_pyav.planes import views
from kadr_sdk.color import BT709, Color
from kadr_sdk.effects import FilterSpec
from kadr_sdk.errors import BackendError
from kadr_sdk.plan import Native, Solid

GREY = Solid((0.5, 0.5, 0.5, 1.0), 64, 48, "yuv420p", BT709, 20)


def native(inputs, *filters, **changed):
    inputs = inputs if isinstance(inputs, tuple) else (inputs,)
    size = {"width": 64, "height": 48, "format": "yuv420p"} | changed
    return Native(inputs, filters, **size, effect="test.look", version=3)


def broken(studio, node, frames=2):
    def run():
        stage = studio.stage(node)
        return [stage.frame(number) for number in range(frames)]

    with pytest.raises(BackendError) as caught:
        run()
    return caught.value


def test_commands_are_obeyed_on_their_very_frame(studio, flat):
    values = tuple(f"val+{k}" for k in range(10))
    spec = FilterSpec("lutyuv", (("y", "val"),), (("y", values),))
    stage = studio.stage(native(studio.clip(lambda k: flat(100, 128, 128)), spec))
    for number in (0, 1, 2, 3, 7, 4, 4, 9, 0):
        assert views(stage.frame(number), BT709).planes[0][5, 5] == 100 + number


def test_two_inputs_meet_in_one_filter(studio, flat):
    first, second = (studio.clip(lambda k, c=c: flat(c + k, 128, 128)) for c in (40, 180))
    weights = tuple(f"{1 - k / 10} {k / 10}" for k in range(10))
    mix = FilterSpec("mix", (("inputs", "2"), ("weights", "1 0"), ("scale", "1")), (("weights", weights),))
    stage = studio.stage(native((first, second), mix))
    found = [int(views(stage.frame(k), BT709).planes[0][0, 0]) for k in range(10)]
    assert all(abs(f - (40 + k + 140 * k / 10)) <= 1 for k, f in enumerate(found))
    assert found[0] == 40


def test_a_format_node_is_an_exact_conversion(studio, flat):
    there_and_back = native(
        studio.clip(lambda k: flat(100, 110, 150)),
        FilterSpec.of("format", pix_fmts="gbrp"),
        FilterSpec("null"),
    )
    planes = studio.planes(there_and_back)
    assert [abs(int(p[10, 10]) - code) for p, code in zip(planes, (100, 110, 150), strict=True)] <= [1, 1, 1]
    assert int(studio.stage(there_and_back).frame(0).colorspace) == 1


def test_vflip_can_be_read(studio, noise):
    picture = noise(1)
    planes = studio.planes(native(studio.clip(lambda k: picture), FilterSpec("vflip")))
    assert all(np.array_equal(p, q[::-1]) for p, q in zip(planes, picture.planes, strict=True))


def test_an_unknown_filter_is_named(studio):
    error = broken(studio, native(GREY, FilterSpec("nosuch")))
    assert "libav refused the filter nosuch of test.look@3: no filter nosuch" in str(error)
    assert error.data["filter"] == "nosuch"


def test_an_unknown_option_is_named(studio):
    error = broken(studio, native(GREY, FilterSpec.of("lutyuv", nonsense=1)))
    assert (
        str(error) == "libav refused the filter lutyuv (nonsense=1) of test.look@3: unused config: nonsense"
    )


def test_libavs_own_words_are_in_the_log(studio):
    error = broken(studio, native(GREY, FilterSpec("null"), FilterSpec.of("lutyuv", y="foo(")))
    assert "lutyuv (y=foo() of test.look@3" in str(error)
    assert "Error when parsing the expression 'foo('" in str(error.data["log"])


def test_values_are_never_parsed_as_graph_syntax(studio):
    error = broken(studio, native(GREY, FilterSpec.of("lutyuv", y="val,null[x];'a:b")))
    assert "val,null[x];'a:b" in str(error.data["log"])


def test_a_refused_command_is_named(studio):
    spec = FilterSpec("unsharp", (), (("luma_amount", ("1.0", "2.0")),))
    error = broken(studio, native(GREY, spec))
    assert "unsharp (command luma_amount=1.0) of test.look@3" in str(error)


def test_a_conversion_that_nobody_planned_is_refused(studio):
    error = broken(studio, native(GREY, FilterSpec.of("lutrgb", r="val")))
    assert "lutrgb of test.look@3 would need a conversion (scale) that the plan does not name" in str(error)
    assert "format" in error.hint


@pytest.mark.parametrize(
    ("spec", "what"),
    [
        (FilterSpec.of("select", expr="not(mod(n,2))"), "gave no frame for frame 1"),
        (FilterSpec.of("fps", fps=50), "gave no frame for frame 0"),
        (FilterSpec.of("tmedian", radius=1), "gave no frame for frame 0"),
        (FilterSpec.of("field"), "gave 64x24 yuv420p where 64x48 yuv420p was planned"),
    ],
)
def test_a_filter_that_miscounts_or_reshapes_is_named(studio, flat, spec, what):
    clip = studio.clip(lambda k: flat(k, 128, 128))
    error = broken(studio, native(clip, FilterSpec.of("lutyuv", y="val"), spec), 4)
    assert what in str(error)
    assert spec.name in str(error)
    if "no frame" in what:
        assert str(error).startswith(f"the filter {spec.name} of test.look@3 ")


def test_a_filter_that_doubles_frames_is_named(studio, flat):
    spec = FilterSpec.of("separatefields")
    clip = studio.clip(lambda k: flat(k, 128, 128))
    error = broken(studio, native(clip, spec, height=24), 4)
    assert "separatefields of test.look@3" in str(error)
    assert error.data["filter"] == "separatefields"


def test_wrong_tags_behind_an_effect_are_refused(studio):
    error = broken(studio, native(GREY, FilterSpec.of("setparams", range="pc")))
    assert "gave color_range 2 where 1 was planned" in str(error)


def test_an_effect_with_too_many_inputs_is_refused(studio):
    error = broken(studio, native((GREY, GREY), FilterSpec("null")))
    assert "null of test.look@3" in str(error)


def test_an_input_used_twice_is_split(studio, flat):
    from kadr_pyav.graph import LiveGraph
    from kadr_pyav.planes import from_planes
    from kadr_pyav.recipe import Recipe, Shape

    shape = Shape(64, 48, "yuv420p", BT709)
    recipe = Recipe()
    source = recipe.source(shape)
    dark = recipe.chain(source, (FilterSpec.of("lutyuv", y="val/2", u="val", v="val"),))
    mixed = recipe.filter((source, dark), FilterSpec.of("mix", inputs=2, weights="0.5 0.5", scale=1))
    frame = LiveGraph(recipe, mixed, shape).frame(0, [from_planes(flat(100, 128, 128))])
    assert views(frame, BT709).planes[0][0, 0] == 75


def test_errors_in_two_threads_do_not_mix_their_words(studio):
    found: dict[str, str] = {}

    def run(word: str) -> None:
        for _ in range(5):
            found[word] = str(broken(studio, native(GREY, FilterSpec.of("lutyuv", y=word))).data["log"])

    threads = [threading.Thread(target=run, args=(w,)) for w in ("apple(", "pear(")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "apple" in found["apple("]
    assert "pear" not in found["apple("]
    assert "apple" not in found["pear("]


def test_unknown_colour_passes_as_unknown(studio, flat):
    clip = studio.clip(lambda k: flat(100, 128, 128, color=Color()))
    frame = studio.stage(native(clip, FilterSpec.of("lutyuv", y="val"))).frame(0)
    assert (int(frame.colorspace), int(frame.color_range)) == (2, 0)
