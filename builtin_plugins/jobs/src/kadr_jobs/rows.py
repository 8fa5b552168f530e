"""Jobs as rows of a table, and requests as JSON."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from kadr_sdk.jobs import Job
from kadr_sdk.rendering import RenderRequest

__all__ = ["job_of", "outputs", "request_data", "request_of", "requests_text"]


def job_of(row: sqlite3.Row) -> Job:
    """The job of a row."""
    return Job(
        state=row["state"],
        wish=row["wish"],
        project=Path(row["project"]),
        digest=row["digest"],
        requests=tuple(request_of(r) for r in json.loads(row["requests"])),
        error=json.loads(row["error"]),
        results=tuple(json.loads(row["results"])),
        id=row["id"],
        priority=row["priority"],
        submitted=row["submitted"],
        started=row["started"],
        ended=row["ended"],
        crashes=row["crashes"],
        done=row["done"],
        total=row["total"],
    )


def outputs(job: Job) -> tuple[Path, ...]:
    """The files that a job writes."""
    return tuple(request.output for request in job.requests if request.output is not None)


def requests_text(requests: Sequence[RenderRequest]) -> str:
    """Requests as JSON."""
    return json.dumps([request_data(request) for request in requests])


def request_data(request: RenderRequest) -> dict[str, Any]:
    """A request as JSON-ready data; what is as usual is left out. Fractions are ``a/b``."""
    usual = RenderRequest()
    data = {f.name: getattr(request, f.name) for f in fields(request)}
    data = {name: value for name, value in data.items() if value != getattr(usual, name)}
    for name, value in data.items():
        if isinstance(value, Fraction | Path):
            data[name] = str(value)
        elif name == "range":
            data[name] = [str(time) for time in value]
        elif isinstance(value, Mapping):
            data[name] = dict(value)
    return data


def request_of(data: Mapping[str, Any]) -> RenderRequest:
    """The request of such data."""
    request = RenderRequest(**data)
    return replace(
        request,
        output=Path(request.output) if request.output else None,
        range=(Fraction(request.range[0]), Fraction(request.range[1])) if request.range else None,
        resolution=(request.resolution[0], request.resolution[1]) if request.resolution else None,
        fps=Fraction(request.fps) if request.fps else None,
    )
