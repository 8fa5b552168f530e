"""Random access points and headers, read from the bitstream."""

from __future__ import annotations

import pytest
from kadr_pyav import nal
from kadr_pyav.access import Access
from kadr_pyav.syntax import SYNTAX

START = b"\0\0\0\1"
AUD, SPS, PPS, IDR, SLICE = (
    b"\x09\xf0",
    b"\x67\x64\x00\x1f\xac",
    b"\x68\xee\x3c",
    b"\x65\x88\x84",
    b"\x41\x9a\x24",
)
RECOVERY = b"\x06\x06\x01\xc4\x80"  # payload type 6, one byte: recovery_frame_cnt 0
GRADUAL = b"\x06\x06\x02\x08\x24\x80"  # recovery_frame_cnt 7: intra refresh
NAMED = b"\x06\x05\x03abc" + RECOVERY[1:]  # a message of another type in front


def stream(*units: bytes) -> bytes:
    return b"".join(START + unit for unit in units)


def lengths(*units: bytes, size: int = 4) -> bytes:
    return b"".join(len(unit).to_bytes(size, "big") + unit for unit in units)


def hevc(kind: int, body: bytes = b"\xaf\x10") -> bytes:
    return bytes([kind << 1, 1]) + body


@pytest.mark.parametrize(
    ("units", "access"),
    [
        ((SPS, PPS, IDR), Access.START),
        ((AUD, IDR), Access.START),
        ((RECOVERY, SLICE), Access.POINT),
        ((NAMED, SLICE), Access.POINT),
        ((GRADUAL, SLICE), Access.NONE),
        ((SLICE,), Access.NONE),
        ((SPS, PPS), Access.NONE),
        ((SLICE, IDR), Access.NONE),  # what comes first decides
    ],
)
def test_h264(units: tuple[bytes, ...], access: Access) -> None:
    assert nal.access_of(stream(*units), 0, "h264") == access
    for size in (1, 2, 4):
        assert nal.access_of(lengths(*units, size=size), size, "h264") == access


@pytest.mark.parametrize("kind", range(32))
def test_hevc_begins_at_idr_bla_and_cra(kind: int) -> None:
    packet = stream(hevc(39), hevc(kind))
    expected = Access.START if 16 <= kind <= 21 else Access.NONE
    assert nal.access_of(packet, 0, "hevc") == expected


def test_a_cra_picture_becomes_a_bla_picture_and_nothing_else_changes() -> None:
    packet = stream(hevc(39), hevc(21), hevc(21, b"\x2f\x20"))
    assert nal.as_bla(packet) == stream(hevc(39), hevc(18), hevc(18, b"\x2f\x20"))
    assert nal.as_bla(stream(hevc(19))) == stream(hevc(19))


def test_lengths_become_start_codes() -> None:
    assert nal.with_start_codes(lengths(SPS, IDR, size=2), 2) == stream(SPS, IDR)
    assert nal.with_start_codes(stream(SPS, IDR), 0) == stream(SPS, IDR)


def test_parameter_sets_of_avcc_and_of_a_stream() -> None:
    avcc = b"\x01\x64\x00\x1f\xff\xe1" + lengths(SPS, size=2) + b"\x01" + lengths(PPS, size=2)
    assert nal.length_size(avcc, "h264") == 4
    assert nal.parameter_sets(avcc, "h264") == stream(SPS, PPS)
    assert nal.parameter_sets(stream(SPS, PPS, b"\x06\x05\x01x"), "h264") == stream(SPS, PPS)
    with pytest.raises(ValueError, match="break off"):
        nal.parameter_sets(avcc[:6], "h264")


def test_parameter_sets_of_hvcc() -> None:
    sets = [hevc(32), hevc(33), hevc(34)]
    arrays = b"".join(bytes([0x80 | unit[0] >> 1, 0, 1]) + lengths(unit, size=2) for unit in sets)
    hvcc = b"\x01" + bytes(20) + b"\xf3\x03" + arrays
    assert nal.length_size(hvcc, "hevc") == 4
    assert nal.parameter_sets(hvcc, "hevc") == stream(*sets)


def test_parameter_sets_go_behind_the_delimiter_and_are_not_doubled() -> None:
    sets = stream(SPS, PPS)
    assert nal.with_parameter_sets(stream(AUD, IDR), sets, "h264") == stream(AUD, SPS, PPS, IDR)
    assert nal.with_parameter_sets(stream(IDR), sets, "h264") == stream(SPS, PPS, IDR)
    assert nal.with_parameter_sets(stream(SPS, PPS, IDR), sets, "h264") == stream(SPS, PPS, IDR)
    own = PPS + b"\x01"
    assert nal.with_parameter_sets(stream(own, IDR), sets, "h264") == stream(SPS, PPS, own, IDR)


def test_a_shape_is_what_stands_in_front_of_a_picture() -> None:
    other = b"\x67\x4d\x40\x1f"
    assert nal.shape_of(stream(AUD, SPS, PPS, IDR), 0, "h264") == SPS
    assert nal.shape_of(lengths(other, IDR, SPS), 4, "h264") == other
    assert nal.shape_of(stream(IDR), 0, "h264") == b""
    assert nal.shape_of(stream(hevc(33), hevc(19)), 0, "hevc") == hevc(33)
    assert SYNTAX["av1"].shape(obu(2) + obu(1, 7, 8) + obu(6, 0x10), 0) == b"\x07\x08"
    assert SYNTAX["mpeg2video"].shape(picture(1, sequence=True), 0) == b"\x14\0\xb4\0"
    assert SYNTAX["vp9"].shape(b"\x82\x49\x83\x42\x01\x02\x03\x04\x05", 0) == b"\x49\x83\x42\x01\x02\x03\x04"
    assert SYNTAX["vp9"].shape(b"\x86\x00", 0) == b""


def picture(kind: int, *, sequence: bool = False) -> bytes:
    head = b"\0\0\1\xb3\x14\0\xb4" if sequence else b""
    return head + b"\0\0\1\0" + bytes([0, kind << 3, 0xFF, 0xF8]) + b"\0\0\1\1rest"


def test_mpeg2_begins_at_intra_pictures() -> None:
    syntax = SYNTAX["mpeg2video"]
    assert [syntax.access(picture(kind), 0) for kind in (1, 2, 3)] == [Access.START, Access.NONE, Access.NONE]
    header = b"\0\0\1\xb3head"
    assert syntax.with_headers(picture(1), header) == header + picture(1)
    assert syntax.with_headers(picture(1, sequence=True), header) == picture(1, sequence=True)


def obu(kind: int, *payload: int) -> bytes:
    return bytes([kind << 3 | 2, len(payload), *payload])


@pytest.mark.parametrize(
    ("first", "access"),
    [
        (0x10, Access.START),
        (0x00, Access.NONE),
        (0x30, Access.NONE),
        (0x50, Access.NONE),
        (0x80, Access.NONE),
    ],
)
def test_av1_begins_at_key_frames_that_are_shown(first: int, access: Access) -> None:
    """Shown key; hidden key (forward); shown inter; shown intra-only; an existing frame again."""
    for kind in (3, 6):
        assert SYNTAX["av1"].access(obu(2) + obu(1, 0, 0) + obu(kind, first, 0), 0) == access


def test_av1_headers_stand_behind_the_delimiter() -> None:
    syntax, sequence, frame = SYNTAX["av1"], obu(1, 7, 7), obu(6, 0x10)
    assert syntax.headers(b"\x81\x04\x0c\x00" + sequence) == syntax.headers(sequence) == sequence
    assert syntax.with_headers(obu(2) + frame, sequence) == obu(2) + sequence + frame
    assert syntax.with_headers(sequence + frame, obu(1, 9)) == sequence + frame


def test_vp9_begins_at_key_frames() -> None:
    key, inter, hidden = b"\x82\x49\x83\x42", b"\x86\x00", b"\x80\x49\x83\x42"
    assert [SYNTAX["vp9"].access(data, 0) for data in (key, inter, hidden)] == [
        Access.START,
        Access.NONE,
        Access.NONE,
    ]


@pytest.mark.parametrize("codec", ["h264", "hevc", "av1", "mpeg2video"])
@pytest.mark.parametrize("data", [b"\0", b"\0\0\1", b"\0\0\0\1\x06", b"\xff" * 40, b"\x06\xff\xff", bytes(9)])
def test_nonsense_is_no_random_access_point(codec: str, data: bytes) -> None:
    for length in (0, 1, 4):
        assert SYNTAX[codec].access(data, length) == Access.NONE
