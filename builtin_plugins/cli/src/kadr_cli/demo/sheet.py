"""A contact sheet: frames of a finished film in a grid."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from kadr_sdk.frames import VideoFrame
from kadr_sdk.project import parse_project
from kadr_sdk.rendering import Renderer

__all__ = ["CELLS", "contact_sheet"]

COLUMNS, ROWS, GAP = 4, 3, 6
CELLS = COLUMNS * ROWS


def contact_sheet(renderer: Renderer, film: Path, times: Sequence[Fraction]) -> bytes:
    """A PNG of the film's frames at these times (seconds), decoded from the file itself."""
    info = renderer.probe(film)
    video = info.main_video
    assert video is not None
    assert video.rate is not None
    timeline = {
        "fps": str(video.rate),
        "resolution": video.display_size,
        "tracks": [{"id": "film", "clips": [{"id": "film", "source_file": str(film)}]}],
    }
    project = parse_project({"timeline": timeline})
    cells = [renderer.frame(project, film.parent, at, 0.25) for at in times]
    width, height = cells[0].width, cells[0].height
    sheet = VideoFrame.empty("rgb24", COLUMNS * (width + GAP) + GAP, ROWS * (height + GAP) + GAP)
    np.copyto(sheet.planes[0], 16)
    for number, cell in enumerate(cells):
        row, column = divmod(number, COLUMNS)
        top, left = GAP + row * (height + GAP), GAP + column * (width + GAP)
        sheet.planes[0][top : top + height, left : left + width] = cell.planes[0]
    return renderer.backend().image(sheet, "png")
