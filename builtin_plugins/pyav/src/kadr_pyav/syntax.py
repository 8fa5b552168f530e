"""What copying packets needs to know of a codec's bitstream, one row a codec.

The container's key flags are not believed: a container may call an open group a random access
point, or a key frame none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from kadr_pyav import nal
from kadr_pyav.access import Access
from kadr_pyav.packets import vp9_hidden, vp9_key

__all__ = ["SYNTAX", "Syntax"]


@dataclass(frozen=True, slots=True)
class Syntax:
    """A codec.

    Attributes:
        access: of a packet and the length size of its units.
        headers: what a decoder needs first, as it stands in the stream, from the extradata.
        with_headers: a packet that carries these; as it is where it has its own.
        shape: what a packet or header says of size and format, empty where it says nothing; where
            it changes, so does the picture.
        apart: its headers stand nowhere but in the extradata, so all parts must share them.
    """

    access: Callable[[bytes, int], Access]
    headers: Callable[[bytes], bytes] = lambda _extradata: b""
    with_headers: Callable[[bytes, bytes], bytes] = lambda data, _headers: data
    shape: Callable[[bytes, int], bytes] = lambda _data, _length: b""
    apart: bool = False


def _intra(_data: bytes, _length: int) -> Access:
    return Access.START


def _vp9(data: bytes, _length: int) -> Access:
    view = memoryview(data)
    return Access.START if vp9_key(view) and not vp9_hidden(view) else Access.NONE


def _vp9_shape(data: bytes, _length: int) -> bytes:
    """Of a key frame the bytes from its sync code to its size (6.2, profile 0: 68 bits)."""
    return data[1:8] if data and vp9_key(memoryview(data)) else b""


# -- MPEG-2 (ITU-T H.262, 6.2) ---------------------------------------------------------------

_PICTURE, _SEQUENCE = b"\0\0\1\0", b"\0\0\1\xb3"


def _mpeg2(data: bytes, _length: int) -> Access:
    """An I picture: what refers to pictures before it is shown before it."""
    at = data.find(_PICTURE)
    return Access.START if 0 <= at < len(data) - 5 and data[at + 5] >> 3 & 7 == 1 else Access.NONE


def _with_sequence(data: bytes, headers: bytes) -> bytes:
    picture = data.find(_PICTURE)
    return data if 0 <= data.find(_SEQUENCE) < picture else headers + data


def _mpeg2_shape(data: bytes, _length: int) -> bytes:
    """Size, pixel aspect and rate of a sequence header (6.2.2.1)."""
    at = data.find(_SEQUENCE)
    return data[at + 4 : at + 8] if at >= 0 else b""


# -- AV1 (bitstream specification 5.3 to 5.9) --------------------------------------------------

_SEQUENCE_OBU, _DELIMITER_OBU, _FRAMES = 1, 2, (3, 6)


def _obus(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Type, begin of the payload and end of every OBU."""
    position = 0
    while position < len(data):
        head = data[position]
        position += 2 if head & 4 else 1
        size = len(data) - position
        if head & 2:
            size, position = _leb128(data, position)
        yield head >> 3 & 15, position, position + size
        position += size


def _leb128(data: bytes, position: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 56, 7):
        byte = data[position] if position < len(data) else 0
        value |= (byte & 127) << shift
        position += 1
        if not byte & 128:
            break
    return value, position


def _av1(data: bytes, _length: int) -> Access:
    """A key frame that is shown: ``show_existing_frame`` 0, ``frame_type`` 0, ``show_frame`` 1."""
    for kind, begin, end in _obus(data):
        if kind in _FRAMES:
            return Access.START if begin < end and data[begin] >> 4 == 1 else Access.NONE
    return Access.NONE


def _av1_headers(extradata: bytes) -> bytes:
    return extradata[4:] if extradata[:1] == b"\x81" else extradata


def _with_obu(data: bytes, headers: bytes) -> bytes:
    at = 0
    for kind, _begin, end in _obus(data):
        if kind == _SEQUENCE_OBU:
            return data
        if kind != _DELIMITER_OBU:
            break
        at = end
    return data[:at] + headers + data[at:]


def _av1_shape(data: bytes, _length: int) -> bytes:
    return b"".join(data[begin:end] for kind, begin, end in _obus(data) if kind == _SEQUENCE_OBU)


def _nal(codec: str) -> Syntax:
    return Syntax(
        partial(nal.access_of, codec=codec),
        partial(nal.parameter_sets, codec=codec),
        partial(nal.with_parameter_sets, codec=codec),
        partial(nal.shape_of, codec=codec),
    )


SYNTAX: dict[str, Syntax] = {
    "h264": _nal("h264"),
    "hevc": _nal("hevc"),
    "av1": Syntax(_av1, _av1_headers, _with_obu, _av1_shape),
    "vp9": Syntax(_vp9, shape=_vp9_shape),
    "mpeg2video": Syntax(_mpeg2, lambda extradata: extradata, _with_sequence, _mpeg2_shape),
    "prores": Syntax(_intra),
    "ffv1": Syntax(_intra, apart=True),
}
"""The codecs whose packets can be copied."""
