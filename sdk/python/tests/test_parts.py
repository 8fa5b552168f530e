"""Parts: what was written is read, every truncation and every flipped byte is noticed, a full disk."""

from __future__ import annotations

import errno
import io
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kadr_sdk.errors import StorageError
from kadr_sdk.parts import Packet, PartReader, PartWriter

PACKETS = [Packet(b"first", 0, 1, True), Packet(b"", 2, 1, False), Packet(bytes(range(256)), -1, 3, False)]


def write(path: Path, packets: list[Packet] = PACKETS, **header: Any) -> str:
    sink = PartWriter(path)
    for packet in packets:
        sink.write(packet)
    assert sink.count == len(packets)
    assert sink.size == sum(len(p.data) for p in packets)
    return sink.finish({"codec": "h264"} | header)


def test_round_trip(tmp_path: Path) -> None:
    digest = write(tmp_path / "x.part", facts={"черный": [1, 2]})
    with PartReader(tmp_path / "x.part") as part:
        assert list(part) == PACKETS
        assert list(part) == PACKETS  # a second time too
        assert part.header == {"codec": "h264", "packets": 3}
        assert part.facts == {"черный": [1, 2]}
        assert part.digest == digest
        assert part.verify()


def test_a_part_holds_its_file_only_while_packets_are_read(tmp_path: Path) -> None:
    """A film has more parts than a process may have files open: 256 on macOS."""
    write(tmp_path / "x.part")
    other = tmp_path / "y.part"
    part = PartReader((tmp_path / "x.part").rename(other).replace(tmp_path / "x.part"))
    first, second = iter(part), iter(part)
    assert [next(first), next(second), next(first)] == [PACKETS[0], PACKETS[0], PACKETS[1]]
    first.close()
    second.close()
    (tmp_path / "x.part").unlink()
    with pytest.raises(StorageError, match=r"x\.part: cannot use the file"):
        list(part)


@given(
    st.lists(
        st.builds(
            Packet,
            st.binary(max_size=40),
            st.integers(-(2**63), 2**63 - 1),
            st.integers(0, 2**62),
            st.booleans(),
        )
    )
)
def test_any_packets(tmp_path_factory: pytest.TempPathFactory, packets: list[Packet]) -> None:
    path = tmp_path_factory.mktemp("parts") / "x.part"
    write(path, packets)
    with PartReader(path) as part:
        assert list(part) == packets


def test_two_readings_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    write(tmp_path / "x.part")
    with PartReader(tmp_path / "x.part") as part:
        assert [a for a, _ in zip(part, part, strict=True)] == PACKETS
        first = iter(part)
        next(first)
        assert part.verify()
        assert list(first) == PACKETS[1:]


def test_every_truncation_is_noticed_on_opening(tmp_path: Path) -> None:
    write(tmp_path / "whole.part")
    whole = (tmp_path / "whole.part").read_bytes()
    for length in range(len(whole)):
        path = tmp_path / "cut.part"
        path.write_bytes(whole[:length])
        with pytest.raises(StorageError, match=r"not a complete part"):
            PartReader(path)


def test_what_is_appended_is_noticed_on_opening(tmp_path: Path) -> None:
    write(tmp_path / "x.part")
    with (tmp_path / "x.part").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(StorageError, match="the end is missing"):
        PartReader(tmp_path / "x.part")


@pytest.mark.parametrize("flip", [0x01, 0x80, 0xFF])
def test_every_changed_byte_is_noticed(tmp_path: Path, flip: int) -> None:
    """On opening or by verify; reading it raises nothing but our own error, and ends."""
    write(tmp_path / "whole.part")
    whole = (tmp_path / "whole.part").read_bytes()
    path = tmp_path / "bad.part"
    for position in range(len(whole)):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ flip]) + whole[position + 1 :])
        try:
            with PartReader(path) as part:
                assert not part.verify(), position
                assert sum(len(p.data) for p in part) < len(whole)
        except StorageError as error:
            assert "part" in error.message  # noqa: PT017 - either way it was noticed


def test_a_packet_that_reaches_beyond_the_end(tmp_path: Path) -> None:
    write(tmp_path / "x.part")
    data = bytearray((tmp_path / "x.part").read_bytes())
    data[12:16] = struct.pack("<I", 2**32 - 1)  # the size of the first packet
    (tmp_path / "x.part").write_bytes(data)
    with (
        PartReader(tmp_path / "x.part") as part,
        pytest.raises(StorageError, match="a packet reaches beyond"),
    ):
        list(part)


def test_an_unfinished_part_is_none(tmp_path: Path) -> None:
    sink = PartWriter(tmp_path / "x.part")
    sink.write(PACKETS[0])
    sink._file.flush()
    with pytest.raises(StorageError, match="not a complete part"):
        PartReader(tmp_path / "x.part")
    sink.abandon()
    sink.abandon()
    assert not (tmp_path / "x.part").exists()


def test_missing_folder_and_missing_part(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot use the file"):
        PartWriter(tmp_path / "no" / "x.part")
    with pytest.raises(StorageError, match="cannot use the file"):
        PartReader(tmp_path / "x.part")


class _FullDisk(io.RawIOBase):
    """Takes some bytes, then none."""

    def __init__(self, room: int) -> None:
        self.room = room

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        if len(data) > self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.room -= len(data)
        return len(data)

    def tell(self) -> int:
        return 0


class _FullPath:
    """Where a file can be opened and not be filled."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.deleted = 0

    def open(self, mode: str) -> io.BufferedWriter:
        return io.BufferedWriter(_FullDisk(self.room), 64)

    def unlink(self, missing_ok: bool) -> None:
        self.deleted += 1

    def __str__(self) -> str:
        return "full.part"


@pytest.mark.parametrize("room", [0, 100, 2000, 9000])
def test_a_full_disk_is_said_and_leaves_nothing(room: int) -> None:
    path = _FullPath(room)
    sink = PartWriter(path)  # type: ignore[arg-type] # all that a writer uses of a path
    with pytest.raises(StorageError) as caught:  # noqa: PT012 - it may come at any packet or at the end
        for number in range(20):
            sink.write(Packet(b"x" * 400, number, 1, True))
        sink.finish({"facts": "x" * 2000})
    assert str(caught.value) == "full.part: cannot use the file: No space left on device (free some space)"
    sink.abandon()
    assert path.deleted == 1
