"""Every clip of a folder through kadr in one film, beside the ffmpeg program's own picture of it.

    uv run python tests/benchmarks/contact_sheet.py ../shared/media/video -o sheet.png

kadr puts 0.4 s of each file on one timeline and renders it without loss; the ffmpeg program decodes
that film, and each file by itself: turned by its flags, deinterlaced, tone-mapped, on the same
background. Prints, a file a line, how far the two pictures are apart, and draws them side by side.
Of the two, only the container libraries of the film and the numbers compared are shared.
"""

from __future__ import annotations

import argparse
import importlib
import math
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from kadr_kernel.boot import boot
from kadr_sdk.errors import KadrError
from kadr_sdk.media import MediaInfo, VideoStream
from kadr_sdk.project import parse_project
from kadr_sdk.rendering import Renderer, RenderRequest
from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Pair", "compared", "main", "program"]

SIZE, BACKGROUND = (320, 180), "0x204060"
RATE, LENGTH, SHOWN = 25, 10, 5  # frames a second; of a clip; the one that is compared
BLOCK = 10
_ALPHA = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
_HDR = ("smpte2084", "arib-std-b67")
_GAMUTS = {
    "smpte170m": "pin=smpte170m:tin=601:min=170m",
    "bt470bg": "pin=bt470bg:tin=601:min=470bg",
}
_BT2020 = "pin=2020:tin=2020_10:min=2020_ncl"
_TONE = (
    "zscale=t=linear:npl=203,format=gbrpf32le,zscale=p=bt709,tonemap=mobius:desat=0,"
    "zscale=t=bt709:m=bt709:r=tv,format=yuv420p10le"
)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two pictures of one moment of a file, RGB of 8 bit: kadr's and the program's.

    Attributes:
        loose: why they may differ in tone: an operator of another make; empty: they may not.
    """

    path: Path
    ours: NDArray[np.uint8]
    theirs: NDArray[np.uint8]
    loose: str

    @property
    def psnr(self) -> float:
        """dB over all samples; 99 where they are equal."""
        error = float(np.mean((self.ours.astype(float) - self.theirs) ** 2))
        return 99.0 if error == 0 else 10 * math.log10(255**2 / error)

    @property
    def tone(self) -> float:
        """The largest difference between means of squares, in codes: what is left without edges."""
        return float(np.abs(_blocks(self.ours) - _blocks(self.theirs)).max())

    @property
    def alike(self) -> float:
        """Correlation of the luma of the squares: the same scene, whatever its tone."""
        weights = np.array([0.2126, 0.7152, 0.0722])
        ours, theirs = ((_blocks(p) @ weights).ravel() for p in (self.ours, self.theirs))
        if min(float(np.std(ours)), float(np.std(theirs))) < 0.5:
            return 1.0 if abs(float(np.mean(ours - theirs))) < 2 else 0.0
        return float(np.corrcoef(ours, theirs)[0, 1])


def _blocks(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    height, width = picture.shape[:2]
    rows = picture.reshape(height // BLOCK, BLOCK, width // BLOCK, BLOCK, 3).astype(np.float64)
    return np.asarray(rows.mean(axis=(1, 3)))


def program() -> str | None:
    """The ffmpeg program of ``imageio-ffmpeg`` where it is installed, else the one on the path."""
    try:
        module = importlib.import_module("imageio_ffmpeg")
    except ImportError:
        return shutil.which("ffmpeg")
    return str(module.get_ffmpeg_exe())


def compared(renderer: Renderer, ffmpeg: str, paths: Sequence[Path], folder: Path) -> Iterator[Pair]:
    """A pair for each file, in their order.

    Raises:
        KadrError: a file cannot be used.
        ValueError: the program cannot decode one, or not as many frames of the film as were rendered.
    """
    film = folder / "film.mkv"
    report = renderer.render(_timeline(paths), folder, _lossless(film))
    ours = decoded(ffmpeg, ["-i", str(film)])
    if not len(ours) == report.frames == LENGTH * len(paths):
        raise ValueError(f"{len(ours)} frames were decoded, {report.frames} rendered")
    for number, path in enumerate(paths):
        info = renderer.probe(path)
        video = info.main_video
        assert video is not None
        theirs = decoded(ffmpeg, _command(path, info, video))[SHOWN]
        yield Pair(path, ours[number * LENGTH + SHOWN], theirs, _loose(video))


def _timeline(paths: Sequence[Path]) -> Any:
    clips = [
        {
            "id": f"c{number}",
            "source_file": str(path.resolve()),
            "start_time": number * LENGTH / RATE,
            "duration": LENGTH / RATE,
            "past_end": "hold",
        }
        for number, path in enumerate(paths)
    ]
    tracks = [{"id": "v", "clips": clips}]
    size = {"fps": RATE, "resolution": list(SIZE), "background": BACKGROUND.replace("0x", "#")}
    return parse_project({"timeline": size | {"tracks": tracks}})


def _lossless(path: Path) -> RenderRequest:
    video = {"codec": "ffv1", "pixel_format": "yuv444p"}
    return RenderRequest(path, video=video, cache=False, overwrite=True)


def decoded(ffmpeg: str, arguments: Sequence[str]) -> NDArray[np.uint8]:
    """Frames as the program shows them, shape (frames, height, width, 3).

    Raises:
        ValueError: the program gives none, in its words.
    """
    command = [ffmpeg, "-v", "error", "-nostdin", *arguments]
    command += ["-an", "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    done = subprocess.run(command, check=False, capture_output=True, timeout=120)
    if done.returncode or not done.stdout:
        raise ValueError(f"{ffmpeg}: {done.stderr.decode('utf-8', 'replace').strip()}")
    return np.frombuffer(done.stdout, np.uint8).reshape(-1, SIZE[1], SIZE[0], 3)


def _command(path: Path, info: MediaInfo, video: VideoStream) -> list[str]:
    """Frames up to the one that is compared: the background's times say which of the file is on screen."""
    width, height = SIZE
    playing = [s.start for s in info.video if not s.attached] + [s.start for s in info.audio]
    begin = max(0.0, float(min(playing)))
    chain = [f"setpts=PTS-{begin}/TB"]
    if video.interlaced:
        chain.append("bwdif=send_frame")
    if video.color.transfer in _HDR:
        chain.append(_TONE)
    elif (gamut := _GAMUTS.get(video.color.primaries)) or video.color.matrix == "bt2020nc":
        chain.append(f"zscale={gamut or _BT2020}:p=709:t=709:m=gbr:r=full,format=gbrp10le")
    fitted = _fitted(video)
    chain.append(f"scale={fitted[0]}:{fitted[1]}:flags=bicubic+accurate_rnd+full_chroma_int{_said(video)}")
    if video.start - begin > SHOWN / RATE:  # what begins later is shown from the start
        chain.append(f"fps={RATE}:start_time=0")
    ground = f"color={BACKGROUND}:s={width}x{height}:r={RATE}:d={(SHOWN + 1) / RATE},format=rgb24[b]"
    place = "overlay='ceil((W-w)/2)':'ceil((H-h)/2)':format=rgb"
    graph = f"[0:v:0]{','.join(chain)},format=rgba[f];{ground};[b][f]{place}"
    decoder = ["-c:v", _ALPHA[video.codec]] if video.alpha and video.codec in _ALPHA else []
    return [*decoder, "-copyts", "-t", "1", "-i", str(path), "-filter_complex", graph]


def _said(video: VideoStream) -> str:
    """What the program does not take from the file, or takes otherwise where nothing is said."""
    said = ""
    if video.color.matrix == "unknown":
        large = video.height >= 720 or video.width >= 1280
        said = f":in_color_matrix={'bt709' if large else 'smpte170m'}"
    if video.color.chroma == "left":  # of H.264 and MPEG-2 where untold; the program takes the centre
        said += ":in_h_chr_pos=0:in_v_chr_pos=128"
    return f"{said},setsar=1"


def _fitted(video: VideoStream) -> tuple[int, int]:
    """Size on the canvas: whole, in square pixels, upright."""
    wide, high = round(video.width * video.sample_aspect), video.height
    if video.rotation in (90, 270):
        wide, high = high, wide
    scale = min(SIZE[0] / wide, SIZE[1] / high)
    return max(1, int(wide * scale + 0.5)), max(1, int(high * scale + 0.5))


def _loose(video: VideoStream) -> str:
    return "tone-mapped" if video.color.transfer in _HDR else ""


def sheet(pairs: Sequence[Pair], columns: int = 4) -> Image.Image:
    """All pairs with their names: kadr on the left, the program on the right."""
    width, height = SIZE
    cell = (width * 2 + 8, height + 18)
    picture = Image.new("RGB", (cell[0] * columns, cell[1] * -(-len(pairs) // columns)), "#181818")
    draw = ImageDraw.Draw(picture)
    for number, pair in enumerate(pairs):
        x, y = number % columns * cell[0], number // columns * cell[1]
        picture.paste(Image.fromarray(pair.ours), (x, y + 16))
        picture.paste(Image.fromarray(pair.theirs), (x + width + 2, y + 16))
        text = f"{pair.path.name}  {pair.psnr:.1f} dB  tone {pair.tone:.1f} {pair.loose}"
        draw.text((x + 2, y + 2), text, fill="#f0f0f0")
    return picture


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a line a file, and draw the sheet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path, help="folders of clips, or files")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the sheet, a PNG")
    options = parser.parse_args(arguments)
    ffmpeg = program()
    if ffmpeg is None:
        sys.stderr.write("there is no ffmpeg program: install it, or uv run --with imageio-ffmpeg\n")
        return 1
    files = [p for f in options.folders for p in (sorted(f.iterdir()) if f.is_dir() else [f])]
    with tempfile.TemporaryDirectory() as name, boot(environ={**os.environ, "KADR_HOME": name}) as kernel:
        renderer = kernel.container.get(Renderer)
        try:
            usable = list(_usable(renderer, files))
            pairs = list(compared(renderer, ffmpeg, usable, Path(name))) if usable else []
        except (KadrError, ValueError) as error:
            sys.stderr.write(f"{error}\n")
            return 1
    if not pairs:
        sys.stderr.write("there is nothing to show\n")
        return 1
    for pair in pairs:
        sys.stdout.write(
            f"{pair.path.name:45} {pair.psnr:6.1f} dB  tone {pair.tone:6.1f}  {pair.alike:.3f} {pair.loose}\n"
        )
    sheet(pairs).save(options.output)
    return 0


def _usable(renderer: Renderer, files: Sequence[Path]) -> Iterator[Path]:
    for path in files:
        try:
            if renderer.probe(path).main_video is not None:
                yield path
                continue
            sys.stderr.write(f"{path}: no picture\n")
        except KadrError as error:
            sys.stderr.write(f"{error}\n")


if __name__ == "__main__":
    sys.exit(main())
