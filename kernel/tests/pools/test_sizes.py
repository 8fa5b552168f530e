"""Sizes come from the control group and the machine; read from made-up trees."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from kadr_kernel.pools.cgroup import cpu_quota, memory_limit
from kadr_kernel.pools.sizes import default_budget, physical_memory, usable_cpus, usable_memory

GIB = 1 << 30


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", encoding="ascii")
    return root


def test_version_2_takes_the_tightest_group_on_the_way_up(tmp_path: Path) -> None:
    root = tree(
        tmp_path,
        {
            "proc/self/cgroup": "0::/user.slice/kadr.service",
            "sys/fs/cgroup/user.slice/kadr.service/cpu.max": "max 100000",
            "sys/fs/cgroup/user.slice/kadr.service/memory.max": str(4 * GIB),
            "sys/fs/cgroup/user.slice/cpu.max": "150000 100000",
            "sys/fs/cgroup/user.slice/memory.max": str(2 * GIB),
        },
    )
    assert cpu_quota(root) == 1.5
    assert memory_limit(root) == 2 * GIB


def test_version_1_reads_its_controllers(tmp_path: Path) -> None:
    root = tree(
        tmp_path,
        {
            "proc/self/cgroup": "5:cpuset:/\n4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n0::/",
            # As seen inside a container: the listed group does not exist below the mount.
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "50000",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000",
            "sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes": str(GIB),
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
        },
    )
    assert cpu_quota(root) == 0.5
    assert memory_limit(root) == GIB


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"proc/self/cgroup": "0::/"},
        {"proc/self/cgroup": "0::/", "sys/fs/cgroup/cpu.max": "max 100000"},
        {"sys/fs/cgroup/cpu.max": "1 1"},
        {"proc/self/cgroup": "3:cpu:/", "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1"},
        {"proc/self/cgroup": "0::/", "sys/fs/cgroup/cpu.max": "x y", "sys/fs/cgroup/memory.max": ""},
        {"proc/self/cgroup": "0::/", "sys/fs/cgroup/cpu.max": "100 0", "sys/fs/cgroup/memory.max": "max"},
    ],
)
def test_without_a_limit_the_machine_counts(tmp_path: Path, files: dict[str, str]) -> None:
    root = tree(tmp_path, files)
    assert cpu_quota(root) is None
    assert memory_limit(root) is None
    assert usable_memory(root) == physical_memory()


def test_a_group_outside_the_tree_is_not_followed(tmp_path: Path) -> None:
    root = tree(tmp_path, {"proc/self/cgroup": "0::/../../..", "cpu.max": "1000 100000"})
    assert cpu_quota(root) is None


def test_processors_are_rounded_up_and_at_least_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kadr_kernel.pools.sizes._affinity", lambda: 8)
    root = tree(tmp_path, {"proc/self/cgroup": "0::/", "sys/fs/cgroup/cpu.max": "250000 100000"})
    assert usable_cpus(root) == 3
    tree(tmp_path, {"sys/fs/cgroup/cpu.max": "1000 100000"})
    assert usable_cpus(root) == 1
    tree(tmp_path, {"sys/fs/cgroup/cpu.max": "9900000 100000"})
    assert usable_cpus(root) == 8


def test_the_budget_is_half_of_the_limit(tmp_path: Path) -> None:
    root = tree(tmp_path, {"proc/self/cgroup": "0::/", "sys/fs/cgroup/memory.max": str(64 << 20)})
    assert default_budget(root) == 32 << 20


def test_this_machine_has_processors_and_memory() -> None:
    assert 1 <= usable_cpus() <= (os.cpu_count() or 1)
    assert 16 << 20 < usable_memory() <= physical_memory()
