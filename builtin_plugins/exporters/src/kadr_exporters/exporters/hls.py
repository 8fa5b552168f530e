"""The multivariant playlist of an HLS ladder (RFC 8216): what was made, with the rates it has."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from kadr_sdk.errors import RenderError, StorageError
from kadr_sdk.output import Output

__all__ = ["MASTER", "HlsExporter"]

MASTER = "master.m3u8"
"""Name of the playlist that a player opens."""

_AAC_LC = "mp4a.40.2"
_RANGES = {"smpte2084": "PQ", "arib-std-b67": "HLG"}


class HlsExporter:
    """Ties renditions together; each is a playlist and one file of fragments, made by the muxer."""

    def tie(self, folder: Path, renditions: Sequence[tuple[str, Output]]) -> None:
        """Write ``master.m3u8``.

        Raises:
            RenderError: renditions whose pieces do not begin at the same times.
            StorageError: the folder cannot be written.
        """
        lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
        first: list[float] | None = None
        try:
            for name, output in renditions:
                pieces = _pieces(folder / name / "index.m3u8")
                lengths = [length for length, _ in pieces]
                if first is not None and lengths != first:
                    raise RenderError(f"the pieces of {name} are not as long as those of {renditions[0][0]}")
                first = lengths
                lines += [_stream(folder / name, output, pieces), f"{name}/index.m3u8"]
            with (folder / MASTER).open("w", encoding="utf-8", newline="\n") as file:
                file.write("\n".join(lines) + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            message = f"cannot write the playlist: {error.strerror or error}"
            raise StorageError(message, path=folder, hint="free some space") from error


def _pieces(playlist: Path) -> list[tuple[float, int]]:
    """Seconds and bytes of every piece."""
    text = playlist.read_text("utf-8")
    rows = re.findall(r"#EXTINF:([\d.]+),\n#EXT-X-BYTERANGE:(\d+)@", text)
    return [(float(length), int(size)) for length, size in rows]


def _stream(folder: Path, output: Output, pieces: list[tuple[float, int]]) -> str:
    peak = max((round(size * 8 / length) for length, size in pieces if length), default=0)
    seconds = sum(length for length, _ in pieces)
    mean = round(sum(size for _, size in pieces) * 8 / seconds) if seconds else 0
    values = [f"BANDWIDTH={peak}", f"AVERAGE-BANDWIDTH={mean}", f'CODECS="{_codecs(folder, output)}"']
    if output.video is not None:
        values.append(f"RESOLUTION={output.video.width}x{output.video.height}")
        values.append(f"FRAME-RATE={float(output.video.rate):.3f}")
        values += (
            [f"VIDEO-RANGE={_RANGES[output.video.color.transfer]}"] if output.video.color.high_range else []
        )
    return f"#EXT-X-STREAM-INF:{','.join(values)}"


def _codecs(folder: Path, output: Output) -> str:
    """As RFC 6381 writes them; profile and level stand in the configuration record of the codec."""
    found = []
    if output.video is not None:
        with (folder / "index.m4s").open("rb") as file:
            head = file.read(16384)
        hevc = head.partition(b"hvcC")[2]
        found.append(_hevc(hevc) if hevc else f"avc1.{head.partition(b'avcC')[2][1:4].hex()}")
    if output.audio is not None:
        found.append(_AAC_LC)
    return ",".join(found)


def _hevc(record: bytes) -> str:
    """Of HEVC as ISO/IEC 14496-15, E.3 has it: profile, compatibility, tier and level, constraints."""
    space, tier, profile = record[1] >> 6, record[1] >> 5 & 1, record[1] & 31
    flags = int(f"{int.from_bytes(record[2:6], 'big'):032b}"[::-1], 2)  # the first flag is the lowest bit
    constraints = [f"{byte:x}" for byte in record[6:12].rstrip(b"\0")]
    return ".".join(
        ["hvc1", f"{' ABC'[space].strip()}{profile}", f"{flags:x}", f"{'LH'[tier]}{record[12]}", *constraints]
    )
