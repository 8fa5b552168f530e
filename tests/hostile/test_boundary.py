"""B. Numbers, blocks and words of a guest: nothing of them is believed."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from kadr_kernel.sandbox.declared import check_declared
from kadr_kernel.sandbox.faults import ModuleError
from kadr_kernel.sandbox.host_table import INVALID
from kadr_kernel.sandbox.limits import Limits
from kadr_kernel.sandbox.module import read_module
from kadr_sdk.abi import custom_section, with_sections
from kadr_sdk.effects import EffectDeclaration
from kadr_sdk.errors import KadrError, PluginError, RenderError

pytestmark = pytest.mark.usefixtures("well")

PLAIN = b"\0asm\1\0\0\0"
ALLOC = """
  (memory (export "memory") 4)
  (global $calls (mut i32) (i32.const 0))
  (func (export "kadr_abi") (result i32) (i32.const 1))
  (func (export "kadr_alloc") (param $size i32) (result i32) {body})
  (func (export "kadr_process") (param i32) (result i32) (i32.const 0))
"""


def fails(effect: Any, kit: Any, says: str, frame: int = 0) -> None:
    with pytest.raises(RenderError, match=rf"plugin org\.evil failed at frame {frame} of its clip: .*{says}"):
        effect.frame(kit.call(frame))


@pytest.mark.case("B21")
@pytest.mark.parametrize("at", [(-1, 1), (0x80000000, 4), (-64, 64), (0x7FFFFFFF, 1)])
@pytest.mark.parametrize("side", ["in", "out"])
def test_a_pointer_with_the_highest_bit(asked: Any, at: tuple[int, int], side: str) -> None:
    """To Python it is a negative number, which would count from the end."""
    pair = [*at, 1024, 4] if side == "in" else [1024, 4, *at]
    status, _ = asked.run("config_get", asked.numbers(*pair), "size")
    assert (status, asked.counters["violations"]) == (INVALID, 1)


@pytest.mark.case("B22")
def test_a_block_that_ends_beyond_the_memory(asked: Any) -> None:
    """A read that is cut short would give the host fewer bytes than it counts with."""
    for pair in ((131072, 1), (131071, 2), (0, 131073)):
        status, _ = asked.run("log", asked.numbers(1, *pair))
        assert (status, asked.counters["violations"]) == (INVALID, 1)
    status, _ = asked.run("log", asked.numbers(1, 131072 * 8, 0))
    assert status == INVALID


ALLOCATORS = {
    "highest bit": ("(i32.const 0x80000000)", "at 0x80000000, outside its memory"),
    "negative": ("(i32.const -64)", "at 0xffffffc0, outside its memory"),
    "end of memory": ("(i32.const 262080)", "at 0x3ffc0, outside its memory"),
}


@pytest.mark.case("B23")
@pytest.mark.parametrize("name", ALLOCATORS)
@pytest.mark.parametrize("place", ["lab", "apart"])
def test_an_allocator_that_points_outside(
    request: pytest.FixtureRequest, kit: Any, name: str, place: str
) -> None:
    """The host would write there: its own memory, in the worst case."""
    body, says = ALLOCATORS[name]
    fails(request.getfixturevalue(place).use(ALLOC.format(body=body)), kit, says)


@pytest.mark.case("B24")
def test_memory_that_grows_under_the_hands_of_the_host(lab: Any, kit: Any) -> None:
    """Grows by 6 MiB in every call and fills the picture; pictures of before stay what they were."""
    grows = (
        "(drop (memory.grow (i32.const 100)))"
        "(memory.fill (i32.load offset=64 (i32.load offset=88 (local.get $job)))"
        " (i32.wrap_i64 (i64.load offset=8 (local.get $job))) (i32.const 2000)) (i32.const 0)"
    )
    bound = lab.load(kit.process(grows)).bind("fail")
    effect = bound.effect(lab.warned)
    made = [effect.frame(kit.call(n)) for n in (7, 9)]
    bound.close()
    assert [int(picture.planes[0][0, 1]) for picture in made] == [7, 9], "it outlives the instance"


@pytest.mark.case("B25")
def test_rewriting_the_job_moves_nothing(lab: Any, kit: Any) -> None:
    """Pointers, strides, sizes and counts overwritten: the host reads from its own."""
    fields = " ".join(
        f"(i32.store offset={offset} (local.get $job) (i32.const {value}))"
        for offset in (0, 64, 72, 76, 80, 84, 88, 116, 120)
        for value in (-16, 0x7FFFFFFF)
    )
    image = "(i32.load offset=88 (local.get $job))"
    plane = " ".join(
        f"(i32.store offset={o} {image} (i32.const -64))" for o in (0, 8, 12, 60, 64, 68, 72, 76)
    )
    made = lab.use(kit.process(f"{plane} {fields} (i32.const 0)")).frame(kit.call())
    assert not made.planes[0].any()
    assert [p.shape for p in made.planes] == [p.shape for p in kit.picture().planes]


@pytest.mark.case("B25")
@pytest.mark.parametrize("pair", [(-1, -1), (16, -16), (4, -4), (0xFFFFFFFF, 1), (1, 0xFFFFFFFF)])
def test_a_pointer_and_a_length_that_wrap_around(asked: Any, pair: tuple[int, int]) -> None:
    status, _ = asked.run("log", asked.numbers(1, *pair))
    assert (status, asked.counters["violations"]) == (INVALID, 1)


@pytest.mark.case("B26")
@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("(i32.const 0)", r"it has no \d+ bytes to give"),
        ("(i32.const 65)", "0x41, which is not 64-byte aligned"),
        ("(i32.const 4096)", "memory at 0x1000 that was given before"),
        (
            "(global.set $calls (i32.add (global.get $calls) (i32.const 64))) (global.get $calls)",
            "that was given before",
        ),
        ("(unreachable)", "it trapped: unreachable"),
        ("(loop $l (br $l)) (i32.const 0)", "it ran longer than it may"),
    ],
)
def test_an_allocator_that_lies(lab: Any, kit: Any, body: str, says: str) -> None:
    fails(lab.use(ALLOC.format(body=body)), kit, says)


MANY = json.dumps([{"name": f"p{n}", "type": "float", "default": 0} for n in range(20_000)]).encode()
PARAM = b'{"id":"a.b","version":1,"title":"","params":[%s]}'


@pytest.mark.case("B27")
@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"[" * 200_000, "."),
        (b'{"a":' * 50_000, "."),
        (b'{"id": 1, "id": 2}', "a key is given twice"),
        (b'{"id": "a.b", "version": NaN, "title": ""}', "NaN is not a number"),
        (b'{"id": "a.b", "version": Infinity, "title": ""}', "Infinity is not a number"),
        (b'{"id": "a.b", "version": ' + b"9" * 10_000 + b', "title": ""}', "."),
        (b'{"id": "\\ud800", "version": 1, "title": ""}', "."),
        (b'{"id": "a.b", "version": 1, "title": ["x"]}', "title: text is expected"),
        (b'{"id": "a.b", "version": 1, "title": "", "tags": [{}]}', "tags: text is expected"),
        (b'{"id": "a.b", "version": 1, "title": "", "formats": [{"a": 1}]}', "formats|unhashable"),
        (b'{"id": "a.b", "version": 1, "title": "", "window": [1000000000, 0]}', "window"),
        (PARAM % MANY[1:-1], "params"),
        (PARAM % b'{"name":"x","type":"float","default":2,"max":1}', "outside"),
        (PARAM % b'{"name":"x","type":"float","default":2,"min":3,"max":1}', "."),
        (PARAM % b'{"name":"x","type":"float"},{"name":"x","type":"float"}', "."),
        (b"\xff\xfe", "utf-8"),
        (b"[1]", "a table is expected"),
    ],
)  # fmt: skip
def test_declarations_that_are_none(kit: Any, text: bytes, why: str) -> None:
    with pytest.raises(ModuleError, match=f"its declaration is broken: .*{why}") as caught:
        check_declared(text, kit.declared())
    assert len(str(caught.value)) < 2_000
    assert str(caught.value).isprintable()


@pytest.mark.case("B27")
def test_a_declaration_of_a_gigabyte(kit: Any) -> None:
    limits = replace(Limits(), module_bytes=1 << 20, declaration_bytes=1 << 10)
    with pytest.raises(ModuleError, match="the declaration has 2048 bytes; at most 1024"):
        read_module(kit.binary(kit.COPY, b" " * 2048), limits)
    with pytest.raises(ModuleError, match="the module has"):
        read_module(kit.binary(kit.COPY, b" " * (1 << 20)), limits)


def says(text: bytes) -> tuple[str, str]:
    """The body of an analyzer that says this, and the data that it says it from."""
    at = "(i32.load offset=104 (local.get $job))"
    stores = f"(memory.copy {at} (i32.const 512) (i32.const {len(text)}))"
    data = "".join(f"\\{byte:02x}" for byte in text)
    return f"{stores} (i32.store offset=112 (local.get $job) (i32.const {len(text)})) (i32.const 0)", data


@pytest.mark.case("B27")
@pytest.mark.parametrize(
    "text",
    [b"[1]", b"{", b'{"a":1,"a":2}', b'{"a":NaN}', b'{"a":' + b"[" * 3000, b'{"a":"\\ud800"}', b"\xff",
     b'{"a":' + b"9" * 3300 + b"e9999}", b'{"a":1e999}'],
)  # fmt: skip
def test_data_that_is_none(lab: Any, kit: Any, text: bytes) -> None:
    body, data = says(text)
    effect = lab.use(kit.process(body) + f'(data (i32.const 512) "{data}")', kind="analyzer")
    with pytest.raises(RenderError, match=r"plugin org\.evil failed at frame 0.*what it says is not a JSON"):
        effect.measure(kit.call())


@pytest.mark.case("B28")
@pytest.mark.parametrize("status", [-1, 1, 77, 0x7FFFFFFF, -0x80000000])
def test_a_status_that_there_is_not(lab: Any, kit: Any, status: int) -> None:
    fails(lab.use(kit.process(f"(i32.const {status})")), kit, f"kadr_process returned {status}")


@pytest.mark.case("B28")
def test_what_is_not_written_is_black_and_never_an_older_picture(lab: Any, kit: Any) -> None:
    """Writes the first picture, and nothing after."""
    body = kit.COPY.replace(
        "(local.set $n (i32.load", "(if (i64.ne (i64.load offset=8 (local.get $job)) (i64.const 0))"
        " (then (return (i32.const 0)))) (local.set $n (i32.load",
    )  # fmt: skip
    effect = lab.use(body)
    assert effect.frame(kit.call(0)).planes[0].all()
    assert not any(plane.any() for plane in effect.frame(kit.call(1)).planes)


@pytest.mark.case("B28")
@pytest.mark.parametrize(
    ("fill", "length", "shown"),
    [
        (b"no \x1b[31mred\n", 12, r"it says: no \x1b[31mred\n"),
        (b"\xff\xfe\x80", 3, "it says: \N{REPLACEMENT CHARACTER}"),
        (b"", 0, "kadr_process returned 1"),
        (b"", 1025, "it says: (a message of 1025 bytes where 1024 are)"),
        (b"", -1, "it says: (a message of 4294967295 bytes where 1024 are)"),
        ("a\u202eb".encode(), 5, r"it says: a\u202eb"),
    ],
)
def test_messages(lab: Any, kit: Any, fill: bytes, length: int, shown: str) -> None:
    writes = " ".join(
        f"(i32.store8 offset={i} (i32.load offset=116 (local.get $job)) (i32.const {b}))"
        for i, b in enumerate(fill)
    )
    said = f"{writes} (i32.store offset=124 (local.get $job) (i32.const {length})) (i32.const 1)"
    with pytest.raises(RenderError) as caught:
        lab.use(kit.process(said)).frame(kit.call())
    assert shown in caught.value.message
    assert len(caught.value.message) < 700


COUNTS = """
  (global $n (mut i32) (i32.const 0))
  (func (export "kadr_process") (param $job i32) (result i32)
    (global.set $n (i32.add (global.get $n) (i32.const 1)))
    (memory.fill (i32.load offset=64 (i32.load offset=88 (local.get $job))) (global.get $n) (i32.const 2000))
    (i32.const 0))
"""


@pytest.mark.case("B29")
def test_an_effect_that_says_it_repeats_itself_and_does_not(lab: Any, kit: Any) -> None:
    """The check that every effect's own tests call makes each frame twice."""
    from kadr_sdk.testing.conformance import check_effect

    declaration = kit.declared(deterministic="bit", formats=["yuv420p"])
    effect = lab.use(kit.COMMON + COUNTS, formats=["yuv420p"])
    with pytest.raises(AssertionError, match=r"twice|again|differ|determin|same"):
        check_effect(declaration, effect)


@pytest.mark.case("B30")
@pytest.mark.parametrize(
    ("name", "instead", "text"),
    [
        ("kadr_process", "", r"exports no function kadr_process"),
        ("kadr_process", '(func (export "kadr_process"))', r"kadr_process is \(\) -> \(\)"),
        (
            "kadr_process",
            '(func (export "kadr_process") (param i64) (result i32) (i32.const 0))',
            r"kadr_process is \(i64\) -> \(i32\)",
        ),
        ("kadr_process", '(global (export "kadr_process") i32 (i32.const 0))', "kadr_process is no function"),
        ("kadr_alloc", '(func (export "kadr_alloc") (result v128) (unreachable))', r"\(\) -> \(v128\)"),
        ("memory", '(func (export "memory"))', "it exports no memory"),
        ("nothing", '(func (export "kadr_reset") (param i32))', r"kadr_reset is \(i32\) -> \(\)"),
        ("nothing", '(import "kadr2" "log" (func))', "it imports kadr2.log"),
        ("nothing", '(import "kadr" "exec" (func))', "there is no host function exec"),
    ],
)
def test_exports_and_imports_of_wrong_types(lab: Any, kit: Any, name: str, instead: str, text: str) -> None:
    """The fast way to call compares no types: that would be undefined behaviour of the host."""
    before, after = (instead, "") if "import" in instead else ("", instead)
    with pytest.raises(PluginError, match=rf"org\.evil is not taken: .*{text}"):
        lab.load(before + kit.COPY.replace(f'"{name}"', f'"x_{name}"') + after)


@pytest.mark.case("B31")
@pytest.mark.parametrize(
    ("data", "text"),
    [
        (with_sections(PLAIN, version=2), "it speaks frame ABI 2, and this kadr speaks 1"),
        (with_sections(PLAIN, version=0xFFFFFFFF), "it speaks frame ABI 4294967295"),
        (with_sections(with_sections(PLAIN)), "2 sections kadr.abi"),
        (PLAIN, "no sections kadr.abi; there must be one"),
        (PLAIN + custom_section("kadr.abi", b"\1"), "has 1 bytes; there must be four"),
    ],
)
def test_versions_that_are_claimed(data: bytes, text: str) -> None:
    with pytest.raises(ModuleError, match=text):
        read_module(data, Limits())


@pytest.mark.case("B31")
def test_a_version_that_its_own_function_denies(lab: Any, kit: Any) -> None:
    text = kit.COPY.replace(
        '"kadr_abi") (result i32) (i32.const 1)', '"kadr_abi") (result i32) (i32.const 3)'
    )
    fails(lab.use(text), kit, "kadr_abi says 3; its section says 1")


@pytest.mark.case("B32")
@pytest.mark.parametrize("data", [b"(module)", b"\xef\xbb\xbf(module)", b"  (module)", b"", b"\0", b"\0asm"])
def test_text_is_not_taken_for_a_module(data: bytes, lab: Any, kit: Any) -> None:
    """The engine would parse it."""
    with pytest.raises(PluginError, match=r"not a WebAssembly binary|not a core module"):
        lab.runtime.load(data, kit.declared(), "org.evil")


@pytest.mark.case("B33")
@pytest.mark.parametrize("word", [b"\x0d\0\1\0", b"\2\0\0\0", b"\1\0\1\0"])
def test_a_component_is_no_module(lab: Any, kit: Any, word: bytes) -> None:
    with pytest.raises(PluginError, match=r"not a core module of version 1.*component cannot take"):
        lab.runtime.load(b"\0asm" + word, kit.declared(), "org.evil")


# -- frames of others ----------------------------------------------------------------------------

READS = """
  (func (export "kadr_process") (param $job i32) (result i32)
    (local $at i32) (local $end i32) (local $out i32)
    (local.set $out (i32.load offset=64 (i32.load offset=88 (local.get $job))))
    (local.set $end (i32.shl (memory.size) (i32.const 16)))
    (loop $l
      (if (i32.eq (i32.load8_u (local.get $at)) (i32.const 0xA7))
        (then (i32.store8 (local.get $out) (i32.const 1)) (return (i32.const 0))))
      (br_if $l (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1))) (local.get $end))))
    (i32.store8 (local.get $out) (i32.const 2))
    (i32.const 0))
"""
"""All of its memory looked through for the byte A7: 1 where it is there, 2 where it is not."""


def secret(kit: Any) -> Any:
    """A picture full of A7."""
    picture = kit.picture(0, 640, 360)
    for plane in picture.planes:
        plane[...] = 0xA7
    return picture


@pytest.mark.case("B28")
@pytest.mark.parametrize("place", ["lab", "apart"])
@pytest.mark.parametrize("again", ["another job", "after a trap", "another plugin"])
def test_no_frame_of_another_job_is_seen(
    request: pytest.FixtureRequest, kit: Any, place: str, again: str
) -> None:
    """Jobs one after the other; a guest that grows its memory by all it may and looks for their frames."""
    house = request.getfixturevalue(place)
    grow = "(drop (memory.grow (i32.const 200)))"
    spy = kit.COMMON + READS.replace("(local.set $end", f"{grow} (local.set $end", 1)
    for number in range(3):
        text = kit.COPY if again == "another plugin" else spy
        if again == "after a trap":
            text = kit.process("(unreachable)")
        first = house.load(text, f"org.first{number}").bind("skip")
        first.effect(house.warned).frame(kit.call(0, [secret(kit)]))
        first.close()
        second = house.load(spy, f"org.spy{number}", formats=["yuv420p"]).bind("fail")
        made = second.effect(house.warned).frame(kit.call(0, [kit.picture(0, 64, 36)]))
        second.close()
        assert made.planes[0][0, 0] == 2


@pytest.mark.case("B28")
def test_frames_of_jobs_at_once_do_not_mix(lab: Any, kit: Any) -> None:
    """Threads with jobs of their own, all of one guest: each sees the frames that it gave."""
    wrong: list[str] = []

    def work(number: int) -> None:
        bound = lab.load(kit.COPY).bind("fail")
        effect: Callable[..., Any] = bound.effect(lab.warned).frame
        for frame in range(30):
            source = kit.picture(number * 40 + frame)
            made = effect(kit.call(frame, [source], time=Fraction(frame, 25)))
            if any((a != b).any() for a, b in zip(made.planes, source.planes, strict=True)):
                wrong.append(f"{number}/{frame}")
        bound.close()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_descriptor_that_is_none_is_an_error_of_the_plugin() -> None:
    """Whatever kind its values are of: never another exception than the one that is told."""
    plain: dict[str, Any] = {"id": "a.b", "version": 1, "title": "T"}
    for key in ("id", "names", "inputs", "params", "window", "aliases", "formats", "halo", "kind", "wasm"):
        for value in ({"a": [{}]}, [{"x": {}}], [[1]], 10**400, "\ud800", [None], {"": ""}):
            try:
                EffectDeclaration.from_dict({**plain, key: value})
            except (ValueError, KadrError):
                continue
