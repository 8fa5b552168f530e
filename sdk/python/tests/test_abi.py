"""The Python mirror of the frame ABI equals the C header."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from kadr_sdk import abi
from kadr_sdk.frames import FORMATS

FOLDER = Path(__file__).resolve().parents[2] / "abi"
HEADER = (FOLDER / "kadr_abi.h").read_text("utf-8")
KINDS = {"uint32_t": "u32", "int32_t": "i32", "uint64_t": "u64", "int64_t": "i64", "double": "f64"} | {
    "kadr_ptr": "u32"
}


def struct_fields(name: str) -> list[tuple[str, str]]:
    found = re.search(rf"typedef struct {name} {{(.*?)}} {name};", HEADER, re.DOTALL)
    assert found
    body = re.sub(r"/\*.*?\*/", "", found[1], flags=re.DOTALL)
    rows = re.findall(r"(\w+) (\w+)(\[\d+\])?;", body)
    return [(field, KINDS[kind]) for kind, field, many in rows if not many]


@pytest.mark.parametrize("block", [abi.JOB, abi.IMAGE, abi.AUDIO, abi.PLANE], ids=lambda b: b.name)
def test_fields_offsets_and_sizes(block: abi.Block) -> None:
    assert list(block.fields) == struct_fields(block.name)
    rows = re.findall(rf"KADR_AT\({block.name}, (\w+), (\d+)\)", HEADER)
    asserted = {name: int(offset) for name, offset in rows if name != "planes"}
    assert dict(block.offsets) == asserted
    size = re.search(rf"KADR_SIZE\({block.name}, (\d+)\)", HEADER)
    assert size is not None
    assert block.size == int(size[1])


def test_the_asserts_of_the_header_hold_for_a_compiler(tmp_path: Path) -> None:
    if find_spec("ziglang") is None:
        pytest.skip("no C compiler here: the package ziglang is not installed")
    environment = os.environ | {"ZIG_GLOBAL_CACHE_DIR": str(tmp_path), "ZIG_LOCAL_CACHE_DIR": str(tmp_path)}

    def compiled(text: str) -> bool:
        source = tmp_path / "check.c"
        source.write_text(text, "utf-8")
        command = [sys.executable, "-m", "ziglang", "cc", "-target", "wasm32-freestanding", "-I", str(FOLDER)]
        made = [*command, "-c", str(source), "-o", str(tmp_path / "check.o")]
        return subprocess.run(made, capture_output=True, check=False, env=environment).returncode == 0

    assert compiled('#include "kadr_abi.h"\n')
    assert not compiled('#include "kadr_abi.h"\nKADR_SIZE(kadr_job, 1);\n')


def constants(prefix: str) -> dict[str, int]:
    return {n.lower(): int(v) for n, v in re.findall(rf"KADR_{prefix}_(\w+) = (\d+)", HEADER)}


def test_numbers() -> None:
    assert constants("FORMAT") == dict(abi.FORMAT_NUMBERS)
    assert constants("ALPHA") == abi.ALPHA
    assert constants("RANGE") == abi.RANGE
    assert constants("CHROMA") == abi.CHROMA
    flags = {"preview": abi.FLAG_PREVIEW, "draft": abi.FLAG_DRAFT, "export": abi.FLAG_EXPORT}
    assert constants("FLAG") == flags
    assert f"KADR_ABI_VERSION {abi.ABI_VERSION}\n" in HEADER
    assert f"KADR_CURVE_SAMPLES {abi.CURVE_SAMPLES}\n" in HEADER
    assert f"KADR_SIZE(kadr_param, {abi.PARAM_BYTES})" in HEADER


def test_every_format_that_may_be_planned_has_its_own_number() -> None:
    assert set(FORMATS) <= set(abi.FORMAT_NUMBERS)
    assert len(set(abi.FORMAT_NUMBERS.values())) == len(abi.FORMAT_NUMBERS)


def test_pack_and_read() -> None:
    block = abi.JOB.pack(frame=-1, seed=2**64 - 1, progress=0.25)
    assert len(block) == 144
    assert [abi.JOB.read(block, n) for n in ("size", "frame", "seed", "progress", "flags")] == [
        144,
        -1,
        2**64 - 1,
        0.25,
        0,
    ]
    assert abi.PLANE.pack(data=64, stride=128) == bytes([64, 0, 0, 0, 128, *[0] * 11])
    with pytest.raises(KeyError, match="colour"):
        abi.IMAGE.pack(colour=1)


def test_sections() -> None:
    assert abi.custom_section("kadr.abi", b"\1\0\0\0") == b"\0\x0d\x08kadr.abi\1\0\0\0"
    long = abi.with_sections(b"\0asm\1\0\0\0", b"x" * 300)
    assert long.endswith(b"\0" + bytes([0xB8, 0x02]) + b"\x0bkadr.effect" + b"x" * 300)
    assert abi.with_sections(b"", version=7) == b"\0\x0d\x08kadr.abi\7\0\0\0"
