"""H.264 and HEVC packets taken apart into NAL units (ITU-T H.264 and H.265, annex B; ISO/IEC 14496-15).

Containers keep units with their length in front and parameter sets apart (``avcC``, ``hvcC``);
encoders and transport streams put start codes between them. A length size of 0 stands for
start codes here.
"""

from __future__ import annotations

from collections.abc import Iterator

from kadr_pyav.access import Access

__all__ = [
    "access_of",
    "as_bla",
    "length_size",
    "parameter_sets",
    "shape_of",
    "with_parameter_sets",
    "with_start_codes",
]

_START = b"\0\0\0\1"
_IDR, _SLICES, _SEI, _RECOVERY = 5, range(1, 6), 6, 6
_CRA, _BLA_N_LP = 21, 18
_IRAP, _VCL = range(16, 22), range(32)
_SETS = {"h264": range(7, 9), "hevc": range(32, 35)}
_SEQUENCE = {"h264": 7, "hevc": 33}
_DELIMITER = {"h264": 9, "hevc": 35}


def length_size(extradata: bytes, codec: str) -> int:
    """Bytes of the lengths in front of the units; 0 where start codes stand between them."""
    if not extradata or extradata[0] != 1:
        return 0
    return (extradata[4 if codec == "h264" else 21] & 3) + 1


def parameter_sets(extradata: bytes, codec: str) -> bytes:
    """The parameter sets of a stream with start codes, and nothing else (encoders add their name).

    Raises:
        ValueError: extradata that breaks off.
    """
    try:
        if not length_size(extradata, codec):
            found = units(extradata, 0)
        else:
            found = _avcc(extradata) if codec == "h264" else _hvcc(extradata)
        return b"".join(_START + unit for unit in found if unit and _kind(unit, codec) in _SETS[codec])
    except IndexError:
        raise ValueError("the parameter sets break off") from None


def _avcc(data: bytes) -> Iterator[bytes]:
    position = 5
    for mask in (0x1F, 0xFF):
        count, position = data[position] & mask, position + 1
        for _ in range(count):
            size = data[position] << 8 | data[position + 1]
            yield data[position + 2 : position + 2 + size]
            position += 2 + size


def _hvcc(data: bytes) -> Iterator[bytes]:
    arrays, position = data[22], 23
    for _ in range(arrays):
        count = data[position + 1] << 8 | data[position + 2]
        position += 3
        for _ in range(count):
            size = data[position] << 8 | data[position + 1]
            yield data[position + 2 : position + 2 + size]
            position += 2 + size


def units(data: bytes, length: int) -> Iterator[bytes]:
    """The units of a packet without lengths or start codes."""
    if length:
        position = 0
        while position + length < len(data):
            size = int.from_bytes(data[position : position + length], "big")
            position += length
            yield data[position : position + size]
            position += size
        return
    begin = data.find(b"\0\0\1")
    while begin >= 0:
        end = data.find(b"\0\0\1", begin + 3)
        # Zeros before the next start code belong to it; a unit never ends in one.
        yield (data[begin + 3 :] if end < 0 else data[begin + 3 : end]).rstrip(b"\0")
        begin = end


def with_start_codes(data: bytes, length: int) -> bytes:
    """The packet with start codes in place of lengths."""
    return data if not length else b"".join(_START + unit for unit in units(data, length))


def _kind(unit: bytes, codec: str) -> int:
    return unit[0] & 31 if codec == "h264" else unit[0] >> 1 & 63


def access_of(data: bytes, length: int, codec: str) -> Access:
    """Whether decoding can begin with this packet, by its units.

    An IDR picture of H.264 is a start; a recovery point is none, since pictures after it may
    refer to those before. In HEVC the pictures that need what is before an IRAP picture (IDR,
    BLA or CRA) are shown before it, so each is a start once those are left out.
    """
    recovery = False
    for unit in units(data, length):
        if not unit:
            continue
        kind = _kind(unit, codec)
        if codec == "hevc":
            if kind in _VCL:
                return Access.START if kind in _IRAP else Access.NONE
        elif kind in _SLICES:
            return Access.START if kind == _IDR else Access.POINT if recovery else Access.NONE
        elif kind == _SEI:
            recovery = recovery or _has_recovery(unit)
    return Access.NONE


def shape_of(data: bytes, length: int, codec: str) -> bytes:
    """The sequence parameter sets in front of a picture; they say size, depth and order of frames."""
    found = []
    for unit in units(data, length):
        kind = _kind(unit, codec) if unit else -1
        if kind in (_VCL if codec == "hevc" else _SLICES):
            break
        if kind == _SEQUENCE[codec]:
            found.append(unit)
    return b"".join(found)


def _has_recovery(sei: bytes) -> bool:
    """A recovery point where pictures are right from its own on.

    H.264 7.3.2.3: messages of a type and a size, each in bytes of 255 and a last one; D.1.8.
    """
    position = 1
    while position + 2 < len(sei):
        values = []
        for _ in range(2):
            value = 0
            while position < len(sei) and sei[position] == 0xFF:
                value, position = value + 255, position + 1
            values.append(value + (sei[position] if position < len(sei) else 0))
            position += 1
        if values[0] == _RECOVERY:
            return bool(sei[position] & 0x80)  # recovery_frame_cnt is 0: at once, not by and by
        position += values[1]
    return False


def as_bla(data: bytes) -> bytes:
    """An HEVC packet with start codes whose CRA picture says that nothing before it is needed.

    A CRA picture in mid-stream continues the counting of the pictures before it. The same
    picture as BLA without leading pictures (H.265 8.1.3 and 7.4.2.2) begins anew; its slice
    headers are alike, so only the type of the units changes.
    """
    found = []
    for unit in units(data, 0):
        if unit and unit[0] >> 1 & 63 == _CRA:
            unit = bytes([unit[0] & 0x81 | _BLA_N_LP << 1]) + unit[1:]
        found.append(_START + unit)
    return b"".join(found)


def with_parameter_sets(data: bytes, sets: bytes, codec: str) -> bytes:
    """A packet with start codes that carries its parameter sets, behind its delimiter.

    Where it has but a picture parameter set of its own, that stays the last word.
    """
    first: bytes | None = None
    for unit in units(data, 0):
        kind = _kind(unit, codec) if unit else -1
        if kind == _SEQUENCE[codec]:
            return data
        if first is None:
            first = unit
        if kind in (_VCL if codec == "hevc" else _SLICES):
            break
    if first is None or _kind(first, codec) != _DELIMITER[codec]:
        return sets + data
    end = data.find(first) + len(first)
    return data[:end] + sets + data[end:]
