"""Scans of 2,000 files against one ffprobe process per file, and the search of 100,000.

The files are copies of a folder of media, each a file of its own, a folder for each set. The passes
of the scan are timed apart, by their own depths; then the unchanged tree is scanned again. After the
metadata pass of every fourth set ffprobe is asked for format and streams as JSON, each file once, one
process at a time and as many at a time as there are processors: a ratio is of two moments that lie
side by side, and that of the CPU says the same on a machine that others use. Half of the made-up
rows have findings of five classes. Needs ffprobe on the path, and a folder of media:

    KADR_TEST_MEDIA=../shared/media uv run python tests/benchmarks/bench_scan.py
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from _bench import Row, table
from kadr_kernel.boot import boot
from kadr_scanner.index import Index
from kadr_scanner.library import Library
from kadr_scanner.query import parse_query
from kadr_scanner.rows import FileRow, Version
from kadr_scanner.searching import search
from kadr_scanner.walk import EXTENSIONS

FILES, ROWS, PEERS = 2_000, 100_000, 4
PROBE = ["ffprobe", "-v", "error", "-show_format", "-show_streams", "-of", "json"]
QUERIES = ("beach", "sunset 0042", "kind:video duration>100", "codec:h264 has:hdr beach", "no such thing")
QUERIES += (
    "dog > 0.6",
    "dog > 0.6 person > 0.9 beach",
    "seen:cat duration>100",
    "bird > 0.999",
    "dog > 0.5 seen:unicorn",
    "dog > 0.5 cat < 0.02",
)
CLASSES = ("person", "dog", "cat", "car", "bird")


def copies(source: Path, target: Path, count: int) -> list[Path]:
    """Copies of all media of a folder, over and over; the distinct originals are returned."""
    found = sorted(p for p in source.rglob("*") if p.suffix.lower() in EXTENSIONS and p.is_file())
    for number in range(count):
        path = found[number % len(found)]
        folder = target / f"{number // len(found):03d}" / path.parent.name
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / path.name)
    return found


def seconds_of(library: Library, folder: Path, depth: str) -> float:
    began = time.perf_counter()
    library.scan(folder, depth)
    return time.perf_counter() - began


def ffprobe(path: Path) -> None:
    subprocess.run([*PROBE, str(path)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def probes(paths: list[Path], workers: int) -> float:
    """Files a second."""
    began = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(ffprobe, paths))
    return len(paths) / (time.perf_counter() - began)


def cpu(who: int) -> float:
    """Seconds of processor that this process or its ended children took."""
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


@dataclass
class Sides:
    """Rates of both sides, of moments that lie side by side, in files a second and in CPU a file."""

    ours: list[float] = field(default_factory=list)
    one: list[float] = field(default_factory=list)
    many: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)
    ours_cpu: float = 0.0
    seconds: float = 0.0

    def compare(self, library: Library, folder: Path, originals: list[Path], *, peers: bool) -> None:
        count = sum(1 for p in folder.rglob("*") if p.is_file())
        used = cpu(resource.RUSAGE_SELF)
        took = seconds_of(library, folder, "metadata")
        used = cpu(resource.RUSAGE_SELF) - used
        self.seconds, self.ours_cpu = self.seconds + took, self.ours_cpu + used
        if not peers:
            return
        self.ours.append(count / took)
        before = cpu(resource.RUSAGE_CHILDREN)
        self.one.append(probes(originals, 1))
        theirs = (cpu(resource.RUSAGE_CHILDREN) - before) / len(originals)
        self.many.append(probes(originals, os.cpu_count() or 1))
        self.busy.append(theirs / (used / count))

    def rows(self) -> list[Row]:
        sides = {"one at a time": self.one, "parallel": self.many}
        rows = [spread("metadata pass", self.ours, "files/s")]
        rows += [spread(f"ffprobe, {name}", rates, "files/s") for name, rates in sides.items()]
        for name, rates in sides.items():
            ratios = [a / b for a, b in zip(self.ours, rates, strict=True)]
            rows.append(spread(f"metadata pass / ffprobe {name}", ratios, "x"))
        return [*rows, spread("CPU of ffprobe / of the metadata pass, a file", self.busy, "x")]


def scans(media: Path, folder: Path, count: int) -> list[Row]:
    tree = folder / "tree"
    originals = copies(media, tree, count)
    ffprobe(originals[0])
    sides = Sides()
    with boot(environ={"KADR_HOME": str(folder / "home")}) as kernel:
        library = Library(folder / "library", kernel.container, lambda _: None)
        for number, part in enumerate(sorted(tree.iterdir())[: count // len(originals) or 1]):
            sides.compare(library, part, originals, peers=number % PEERS == 0)
        rest = [seconds_of(library, tree, depth) for depth in ("metadata", "digests", "packets")]
        again = [seconds_of(library, tree, "packets") for _ in range(5)]
        found = library.index.rows("SELECT count(*), sum(reason != '') FROM file")[0]
        library.close()
    sys.stdout.write(f"{found[0]} files, {found[1]} of them unreadable, {os.cpu_count()} processors\n")
    whole = sides.seconds + sum(rest)
    rows = sides.rows()
    rows += [single("digest pass", count / rest[1], "files/s")]
    rows += [single("packet pass", count / rest[2], "files/s")]
    rows += [single("first scan", whole, "s"), spread("second scan", again, "s")]
    rows += [single("first / second", whole / statistics.median(again), "x")]
    return rows


def spread(name: str, values: list[float], unit: str) -> Row:
    return Row(name, statistics.median(values), min(values), max(values), unit)


def single(name: str, value: float, unit: str) -> Row:
    return Row(name, value, value, value, unit)


def index_of(path: Path, count: int) -> Index:
    """An index of made-up files, written as a scan does."""
    index = Index(path)
    words = ("beach", "sunset", "interview", "street", "mountain", "concert", "drone", "family")
    for first in range(0, count, 1000):
        with index.write() as writer:
            for n in range(first, min(first + 1000, count)):
                name = f"{words[n % 8]}_{words[n // 8 % 8]}_{n:06d}.mp4"
                version, digest = Version(n * 1000, n, str(n)), f"{n:064x}"
                row = FileRow(f"/media/{n // 500:04d}", name, version, kind="video", digest=digest)
                for at, name_of in enumerate(CLASSES if n % 2 else ()):
                    writer.seen(digest, "yolox-nano", name_of, (n * (at + 3) % 997) / 1000)
                flags = "hdr sound" if n % 50 == 0 else "sound"
                words_of = f"{name} {name.replace('_', ' ')} video h264 aac {flags} Camera Model {n % 40}"
                shown = {"duration": n % 300 / 2, "width": 1920, "height": 1080, "fps": 25.0}
                facts = {"video": [{"codec": "h264", "width": 1920, "as long as of real files": "." * 1500}]}
                writer.put(
                    replace(row, codec="h264", flags=flags, words=words_of, facts=facts, **shown)  # type: ignore[arg-type]  # numbers of FileRow
                )
    return index


def searches(folder: Path, count: int) -> list[Row]:
    index = index_of(folder / "large.sqlite3", count)
    rows = []
    before = memory()
    for query in QUERIES:
        found = parse_query(query)
        times = []
        for _ in range(15):
            began = time.perf_counter()
            search(index, found, 100)
            times.append((time.perf_counter() - began) * 1000)
        rows.append(Row(f"search {query}", statistics.median(times), min(times), max(times), "ms"))
    rows.append(single(f"memory grown by {15 * len(QUERIES)} searches", memory() - before, "MB"))
    before = memory()
    total = sum(1 for _ in index.each())
    rows.append(single(f"memory grown by reading {total} rows", memory() - before, "MB"))
    index.close()
    return rows


def memory() -> float:
    """The most that this process ever had, in MB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=FILES)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    media = Path(os.environ.get("KADR_TEST_MEDIA", "../shared/media"))
    with tempfile.TemporaryDirectory(prefix="kadr-bench-") as name:
        folder = Path(name)
        rows = searches(folder, options.rows)
        if media.is_dir() and shutil.which("ffprobe"):
            rows += scans(media, folder, options.files)
        else:
            sys.stdout.write("no folder of media or no ffprobe: scans are left out\n")
        table("the media library", rows, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
