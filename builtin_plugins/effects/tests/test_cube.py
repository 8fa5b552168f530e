"""Reading .cube files: what is accepted, and what is said where one is broken."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from kadr_effects import cube as module
from kadr_effects.cube import read_cube
from kadr_sdk.errors import SerializationError

CORNERS = "\n".join(f"{r} {g} {b}" for b in (0, 1) for g in (0, 1) for r in (0, 1))


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "t.cube"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_line(tmp_path: Path) -> None:
    text = '# c\nTITLE "A film"\n\nLUT_1D_SIZE 2\nDOMAIN_MIN -1 0 0\nDOMAIN_MAX 2 3 4\n0 0 0\n .5 1e0 -2.\n'
    found = read_cube(written(tmp_path, text))
    assert (found.title, found.cube) == ("A film", None)
    assert found.line is not None
    assert (found.line.low, found.line.high, found.line.size) == ((-1, 0, 0), (2, 3, 4), 2)
    np.testing.assert_array_equal(found.line.rows, [[0, 0, 0], [0.5, 1, -2]])


def test_a_cube_with_windows_line_ends_and_a_byte_order_mark(tmp_path: Path) -> None:
    text = b"\xef\xbb\xbf" + f"TITLE\nLUT_3D_SIZE 2\n# x\n{CORNERS}\n#end".replace("\n", "\r\n").encode()
    found = read_cube(written(tmp_path, text))
    assert found.line is None
    assert found.cube is not None
    assert (found.cube.low, found.cube.high) == ((0, 0, 0), (1, 1, 1))
    np.testing.assert_array_equal(found.cube.rows[[0, 1, 2, 4]], [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])


def test_a_shaper_and_its_cube(tmp_path: Path) -> None:
    text = f"LUT_1D_SIZE 3\nLUT_1D_INPUT_RANGE 0 4\nLUT_3D_SIZE 2\n0 0 0\n1 1 1\n2 2 2\n{CORNERS}"
    found = read_cube(written(tmp_path, text))
    assert found.line is not None
    assert found.cube is not None
    assert (found.line.size, found.line.high[0]) == (3, 4)
    assert (found.cube.low, found.cube.high) == ((0, 0, 0), (1, 1, 1))
    assert found.cube.rows.shape == (8, 3)
    domain = text.replace("LUT_1D_INPUT_RANGE 0 4", "DOMAIN_MAX 5 5 5\nLUT_3D_INPUT_RANGE 0 2")
    found = read_cube(written(tmp_path, domain))
    assert found.line is not None
    assert found.cube is not None
    assert (found.line.high[0], found.cube.high[0]) == (5, 2)


BROKEN = [
    ("", "the file holds no colours", "export the table again as a .cube file"),
    ("LUT_3D_SIZE 2\n", "the file holds no colours", "export"),
    ("0 0 0", "line 1: a colour before LUT_1D_SIZE or LUT_3D_SIZE", "is it a .cube file?"),
    ("<xml/>", "line 1: a colour before LUT_1D_SIZE or LUT_3D_SIZE", "is it a .cube file?"),
    ("LUT_3D_SIZ 2", "line 1: unknown keyword 'LUT_3D_SIZ'", "did you mean 'LUT_3D_SIZE'"),
    ("\nLUT_3D_SIZE 2\nLUT_3D_SIZE 2", "line 3: LUT_3D_SIZE stands there twice", "keep one"),
    ("LUT_3D_SIZE 1", "line 1: LUT_3D_SIZE is 1", "from 2 to 129 is read"),
    ("LUT_3D_SIZE 130", "line 1: LUT_3D_SIZE is 130", "from 2 to 129 is read"),
    ("LUT_1D_SIZE 65537", "line 1: LUT_1D_SIZE is 65537", "from 2 to 65536"),
    ("LUT_1D_SIZE " + "9" * 5000, "line 1: LUT_1D_SIZE is 999999999", "from 2"),
    ("LUT_1D_SIZE -2", "line 1: LUT_1D_SIZE is one whole number", "from 2 to 65536"),
    ("LUT_1D_SIZE", "line 1: LUT_1D_SIZE is one whole number", "from 2"),
    ("LUT_1D_SIZE ²", "line 1: LUT_1D_SIZE is one whole number", "from 2"),
    ("LUT_1D_SIZE 2\nDOMAIN_MIN 0 0", "line 2: DOMAIN_MIN has 2 numbers instead of 3", "export"),
    ("LUT_1D_SIZE 2\n0 0", "line 2: a colour has 2 numbers instead of 3", "export"),
    ("LUT_1D_SIZE 2\n0 0 x", "line 2: 'x' is not a number", "export"),
    ("LUT_1D_SIZE 2\n0 0 1_0", "line 2: '1_0' is not a number", "export"),
    ("LUT_1D_SIZE 2\n0 0 nan", "line 2: 'nan' is not a number", "export"),
    ("LUT_1D_SIZE 2\n0 0 1e400", "line 2: a colour holds a number beyond 1e+06", "export"),
    ("LUT_1D_SIZE 2\n0 0 0\nTITLE x", "line 3: TITLE stands behind the first colour", "come before"),
    ("LUT_1D_SIZE 2\n0 0 0", "the file ends after 1 of 2 colours", "it is cut off: export it again"),
    (
        "LUT_1D_SIZE 2\n0 0 0\n1 1 1\n2 2 2",
        "line 4: more than the 2 colours that the size asks for",
        "export",
    ),
    ("LUT_1D_SIZE 2\nDOMAIN_MAX 1 0 1\n0 0 0\n1 1 1", "the input range of the 1D table is empty", "smaller"),
    ("LUT_1D_SIZE 2\n\0", "not a text file", "is it a .cube file?"),
]


@pytest.mark.parametrize(("text", "message", "hint"), BROKEN, ids=[repr(t[:24]) for t, *_ in BROKEN])
def test_what_is_said_of_a_broken_file(text: str, message: str, hint: str, tmp_path: Path) -> None:
    path = written(tmp_path, text)
    with pytest.raises(SerializationError, match=re.escape(message)) as caught:
        read_cube(path)
    assert caught.value.path == str(path)
    assert hint in caught.value.hint


def test_sizes_and_missing_files_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SerializationError, match="cannot be read: No such file"):
        read_cube(tmp_path / "none.cube")
    monkeypatch.setattr(module, "MAX_BYTES", 1 << 20)
    with pytest.raises(SerializationError, match="the file is larger than 1 MiB"):
        read_cube(written(tmp_path, "#" * ((1 << 20) + 1)))
