"""How long a registry takes: searching 20,000 plugins, resolving and asking for 200, installing one of 1 MB.

``uv run python tests/benchmarks/bench_registry.py``. Searching is held against SQLite's full-text
index over the same rows, in memory and already made; installing against copying the same bytes
with ``urllib`` from the same server and hashing them.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from kadr_registry.client.resolve import Rules, Wish, resolve
from kadr_registry.listing import Release
from kadr_registry.names import blob_path
from kadr_registry.registry import Registry
from kadr_registry.repository.acceptance import Terms
from kadr_registry.repository.publish import publish
from kadr_registry.repository.setup import add_publisher, create
from kadr_registry.search import Entry, search, write_index
from kadr_registry.serve import server
from kadr_registry.transport import open_transport
from packaging.specifiers import SpecifierSet

WORDS = (
    "glow soft blur film grain light dream dark noise retro wave lens warm cold edge mask key fade".split()
)
ROUNDS = 15


def milliseconds(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """The median of some rounds."""
    found = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return 1000 * statistics.median(found)


def searching() -> None:
    """20,000 plugins, two words."""
    pick = random.Random(1)
    entries = [
        Entry(
            f"org.publisher{n % 997}.{pick.choice(WORDS)}{n}",
            "1.0.0",
            " ".join(pick.sample(WORDS, 2)),
            " ".join(pick.choices(WORDS, k=12)),
            f"org.publisher{n % 997}",
            "sandboxed",
            "MIT",
            (f"effect:{pick.choice(WORDS)}",),
        )
        for n in range(20_000)
    ]
    data = write_index(entries)
    base = sqlite3.connect(":memory:")
    base.execute("CREATE VIRTUAL TABLE plugins USING fts5(id, title, summary, names)")
    rows = [(e.id, e.title, e.summary, " ".join(e.contributes)) for e in entries]
    base.executemany("INSERT INTO plugins VALUES (?, ?, ?, ?)", rows)
    query = "SELECT id FROM plugins WHERE plugins MATCH ? ORDER BY rank LIMIT 50"
    for text in ("retro lens", "glow19991", "nothing"):
        ours = milliseconds(lambda text=text: search(data, text))  # type: ignore[misc]  # bound at once
        theirs = milliseconds(lambda text=text: base.execute(query, (text,)).fetchall())  # type: ignore[misc]  # the same
        found = len(search(data, text))
        print(
            f"search {text!r}: {ours:6.1f} ms, {found} found; FTS5 {theirs:.1f} ms, ratio {ours / theirs:.1f}"
        )
    print(f"index of 20,000 plugins: {len(data) / 1e6:.1f} MB")


def plugin(folder: Path, name: str, size: int) -> Path:
    """A plugin of data alone."""
    home = folder / name / f"org_example_{name}"
    home.mkdir(parents=True)
    text = f'manifest = 1\n[plugin]\nid = "org.example.{name}"\nversion = "1.0.0"\nlicense = "MIT"\n'
    contribution = f'[[contributes.preset]]\nid = "{name}"\nfile = "preset.toml"\n'
    (home / "plugin.toml").write_text(text + contribution)
    (home / "preset.toml").write_text(f'id = "{name}"\ntitle = "x"\ncontainer = "mp4"\n')
    (home / "data.bin").write_bytes(os.urandom(size))
    return home


def installing(folder: Path) -> None:
    """A registry on loopback with 200 plugins in 16 bins."""
    repository = create(folder / "registry", "bench")
    add_publisher(repository, "org.example")
    names = [f"p{hashlib.sha256(str(n).encode()).hexdigest()[:12]}" for n in range(200)]
    began = time.perf_counter()
    for name in names:
        publish(repository, plugin(folder, name, 1 << 20 if name == names[0] else 100), Terms(), bins=16)
    print(
        f"publish: {1000 * (time.perf_counter() - began) / len(names):.0f} ms a release, with its signatures"
    )
    with server(repository.public) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{running.server_address[1]}"
        _client(folder, address, repository.root_bytes(), names)
        running.shutdown()


def _client(folder: Path, address: str, root: bytes, names: list[str]) -> None:
    homes = iter(range(1000))

    def fresh() -> Registry:
        return Registry("bench", open_transport(address), root, folder / f"home{next(homes)}")

    def install() -> None:
        registry = fresh()
        registry.refresh()
        for blob in registry.record(f"org.example.{names[0]}", "1.0.0").blobs:
            registry.fetch(blob)

    known = fresh()
    known.refresh()
    big = max(known.record(f"org.example.{names[0]}", "1.0.0").blobs, key=lambda b: b.size)

    def copy() -> None:
        data = urllib.request.urlopen(f"{address}/{blob_path(big.sha256)}").read()
        assert hashlib.sha256(data).hexdigest() == big.sha256

    ours, theirs = milliseconds(install), milliseconds(copy)
    print(f"install of 1 MB, nothing known before: {ours:.0f} ms; copying alone {theirs:.1f} ms")

    def ask() -> None:
        for name in names:
            known.releases(f"org.example.{name}")

    first = milliseconds(ask, 1)
    print(f"listings of 200 plugins: {first:.0f} ms the first time, {milliseconds(ask, 3):.0f} ms again")
    print(f"refresh where nothing is new: {milliseconds(known.refresh):.0f} ms")
    processes(folder / "kadr", address, root, names)


def processes(home: Path, address: str, root: bytes, names: list[str]) -> None:
    """Whole runs of ``kadr``, from the start of the process to its end."""
    environ = os.environ | {"KADR_HOME": str(home), "KADR_KEYRING": "0"}
    home.mkdir()
    (home / "root.json").write_bytes(root)

    def kadr(*words: str) -> tuple[float, float]:
        """Milliseconds on the clock and of the processor."""
        before, began = os.times(), time.perf_counter()
        command = [str(Path(sys.executable).with_name("kadr")), *words]
        subprocess.run(command, env=environ, check=True, stdout=subprocess.DEVNULL)
        after = os.times()
        used = after.children_user + after.children_system - before.children_user - before.children_system
        return 1000 * (time.perf_counter() - began), 1000 * used

    kadr("plugin", "registries", "add", "bench", address, "--root", str(home / "root.json"))
    kadr("plugin", "install", f"org.example.{names[1]}")
    runs = []
    for _ in range(5):
        runs.append(kadr("plugin", "install", f"org.example.{names[0]}"))
        kadr("plugin", "remove", f"org.example.{names[0]}")
        shutil.rmtree(home / "data" / "registry" / "blobs")
        shutil.rmtree(home / "data" / "registry" / "generations")
        (home / "data" / "registry" / "current").unlink()
    starts = [kadr("plugin", "list") for _ in range(5)]
    for what, found in (("install of 1 MB, whole process", runs), ("plugin list, whole process", starts)):
        clock, used = (statistics.median(row[i] for row in found) for i in (0, 1))
        print(f"{what}: {clock:.0f} ms, {used:.0f} ms of processor time")


def resolving() -> None:
    """200 plugins with 10 releases each, every one with three requirements; and once without any choice."""

    def shelf(versions: int) -> dict[str, list[Release]]:
        pick = random.Random(2)
        names = [f"org.example.p{n}" for n in range(200)]
        return {
            name: [
                Release(f"{v}.0", "a" * 64, 1, "2026-01-01", ">=1,<2", "sandboxed", tuple(
                    f"{other}>={pick.randrange(1, v + 1)}" for other in names[n + 1 : n + 4]
                ))
                for v in range(versions, 0, -1)
            ]
            for n, name in enumerate(names)
        }  # fmt: skip

    for versions in (1, 10):
        found = shelf(versions)
        wish = [Wish("org.example.p0", SpecifierSet())]
        rules = Rules(found.__getitem__)
        assert len(resolve(wish, rules)) == 200
        began = time.process_time()
        taken = milliseconds(lambda w=wish, r=rules: resolve(w, r), 5)  # type: ignore[misc]  # bound at once
        used = 200 * (time.process_time() - began)
        text = f"resolve 200 plugins of {versions} releases each: {taken:.0f} ms"
        print(f"{text}, {used:.0f} ms of processor time")


def main() -> None:
    """Everything."""
    searching()
    resolving()
    with tempfile.TemporaryDirectory() as name:
        installing(Path(name))


if __name__ == "__main__":
    main()
