"""How long the program takes to start, as whole processes.

Prints the median and the fastest of several runs of ``kadr --version`` and of ``kadr plugin
list`` with 100 plugins installed beside the built-in ones: without an index of manifests
(the first run after an installation) and with it. Aim: the last at most 0.3 s.

    python tests/benchmarks/bench_start.py [--json PATH]
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from _bench import Row, report

PLUGINS = 100
RUNS = 9
KADR = [sys.executable, "-c", "import sys; from kadr_kernel.boot import main; sys.exit(main())"]


def write_plugins(folder: Path, count: int) -> None:
    """Distributions with one package, manifest and entry point each; importing one would fail."""
    for number in range(count):
        name, package = f"many.p{number}", f"many_p{number}"
        (folder / package).mkdir(parents=True)
        (folder / package / "__init__.py").write_text("raise RuntimeError('imported')\n", "utf-8")
        toml = f'manifest = 1\n[plugin]\nid = "{name}"\nversion = "1.0"\ntitle = "Plugin {number}"\n'
        toml += 'summary = "One of many"\nlicense = "MIT"\nrequires = ["kadr.effects>=0.1"]\n'
        toml += '[permissions]\nread = ["*"]\n'
        for effect in range(5):
            toml += (
                f'[[contributes.effect]]\nid = "{name}.e{effect}"\nentry = "{package}.effects:E{effect}"\n'
            )
        (folder / package / "plugin.toml").write_text(toml, "utf-8")
        info = folder / f"{package}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n", "utf-8")
        (info / "entry_points.txt").write_text(f"[kadr.plugins]\n{name} = {package}\n", "utf-8")


def measure(
    command: list[str], environ: dict[str, str], runs: int, before: Callable[[], None]
) -> list[float]:
    """Seconds of each run, after one that warms the disk and the compiled files up."""
    seconds = []
    for _ in range(runs + 1):
        before()
        start = time.perf_counter()
        done = subprocess.run(command, env=environ, capture_output=True, text=True)
        seconds.append(time.perf_counter() - start)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command[-2:])} failed:\n{done.stderr}")
    return seconds[1:]


def run_all(folder: Path, runs: int) -> dict[str, list[float]]:
    """Every measurement by its name."""
    write_plugins(folder / "site", PLUGINS)
    home = folder / "home"
    # Compiled files as an installation has them, even where this shell asks for none.
    environ = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environ |= {"PYTHONPYCACHEPREFIX": str(folder / "compiled"), "KADR_HOME": str(home)}
    many = environ | {"PYTHONPATH": str(folder / "site")}

    def nothing() -> None: ...
    def forget() -> None:
        shutil.rmtree(home / "cache", ignore_errors=True)

    return {
        "python -c pass": measure([sys.executable, "-c", "pass"], environ, runs, nothing),
        "kadr --version": measure([*KADR, "--version"], environ, runs, nothing),
        "kadr plugin list": measure([*KADR, "plugin", "list"], environ, runs, nothing),
        f"kadr plugin list, {PLUGINS} more, no index": measure([*KADR, "plugin", "list"], many, runs, forget),
        f"kadr plugin list, {PLUGINS} more": measure([*KADR, "plugin", "list"], many, runs, nothing),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print a table, and write the figures where asked to."""
    with tempfile.TemporaryDirectory() as folder:
        found = run_all(Path(folder), RUNS)
    rows = [
        Row(name, *(1000 * f(times) for f in (statistics.median, min, max)), "ms")
        for name, times in found.items()
    ]
    return report(f"start-up, whole processes, {RUNS} runs each", rows, argv)


if __name__ == "__main__":
    sys.exit(main())
