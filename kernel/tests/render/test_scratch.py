"""Job folders: gone after the job, and cleaned up after jobs that were killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from kadr_kernel.disk import temporary_beside
from kadr_kernel.render.scratch import job_folder
from kadr_sdk.errors import StorageError

KILLED = """
import os, sys
from pathlib import Path
from kadr_kernel.render.scratch import job_folder
with job_folder(Path(sys.argv[1]), "job-dead", Path(sys.argv[2])) as folder:
    (folder / "segment-000000.part").write_bytes(b"x")
    Path(sys.argv[2]).write_bytes(b"half")
    print(folder, flush=True)
    os._exit(9)
"""


def die(scratch: Path, target: Path) -> Path:
    """The folder of a job whose process ended without any cleaning up."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(scratch), str(target)], capture_output=True, text=True
    )
    assert done.returncode == 9, done.stderr
    return Path(done.stdout.strip())


def test_is_gone_afterwards_even_after_a_failure(tmp_path: Path) -> None:
    def job() -> None:
        with job_folder(tmp_path / "jobs", "job-1", tmp_path / "x") as folder:
            (folder / "part").write_bytes(b"x")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        job()
    assert list((tmp_path / "jobs").iterdir()) == []


def test_what_a_killed_job_left_is_removed_by_the_next(tmp_path: Path) -> None:
    half = temporary_beside(tmp_path / "film.mp4")
    left = die(tmp_path / "jobs", half)
    assert left.is_dir()
    assert half.exists()
    with job_folder(tmp_path / "jobs", "job-2", tmp_path / "y") as folder:
        assert list((tmp_path / "jobs").iterdir()) == [folder]
    assert not half.exists()


def test_a_running_job_is_left_alone(tmp_path: Path) -> None:
    with job_folder(tmp_path / "jobs", "job-1", tmp_path / "x") as first:
        (first / "part").write_bytes(b"x")
        with job_folder(tmp_path / "jobs", "job-2", tmp_path / "y"):
            assert (first / "part").read_bytes() == b"x"
        assert (first / "part").exists()


def test_nothing_but_a_temporary_name_is_ever_removed(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    die(tmp_path / "jobs", film)
    with job_folder(tmp_path / "jobs", "job-2", tmp_path / "y"):
        assert film.read_bytes() == b"half"


def test_a_scratch_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(StorageError, match="cannot"),
        job_folder(tmp_path / "file" / "jobs", "job-1", tmp_path / "x"),
    ):
        pytest.fail("made a folder below a file")
