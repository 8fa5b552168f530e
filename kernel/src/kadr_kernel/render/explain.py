"""What the hashes of a plan depend on, in words and digests: for people, and to compare plans."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from kadr_sdk.plan import (
    AudioPlan,
    AudioStage,
    Call,
    Node,
    RenderPlan,
    Segment,
    SoundCall,
    canonical,
    segment_paths,
    sound_paths,
    walk,
)

from kadr_kernel.render.machine import processor_class

__all__ = ["explain"]


def explain(plan: RenderPlan, digest: Callable[[str], str], semantics: int) -> dict[str, Any]:
    """JSON-ready: what all parts share, and what each depends on beside it.

    Args:
        digest: sha256 of a file by path.
    """
    return {
        "common": {
            "semantics": semantics,
            "toolchain": dict(plan.toolchain),
            "pictures": canonical(plan.output.master or plan.output.video),
        },
        "segments": [_segment(segment, digest) for segment in plan.segments],
        "audio": None if plan.audio is None else _audio(plan, plan.audio, digest),
    }


def _segment(segment: Segment, digest: Callable[[str], str]) -> dict[str, Any]:
    nodes = [node for span in segment.spans for node in walk(span.root)]
    paths = segment_paths(segment) | ({segment.copy.path} if segment.copy else set())
    return {
        "hash": segment.hash,
        "start": segment.start,
        "frames": segment.count,
        "media": {path: digest(path) for path in sorted(paths)},
        "code": _code(nodes),
        "processor": "" if segment.portable else processor_class(),
        "spans": canonical(segment.spans),
        "copy": canonical(segment.copy),
    }


def _audio(plan: RenderPlan, audio: AudioPlan, digest: Callable[[str], str]) -> dict[str, Any]:
    return {
        "hash": audio.hash,
        "media": {path: digest(path) for path in sorted(sound_paths(audio))},
        "code": _code(audio.parts),
        "processor": "" if audio.portable else processor_class(),
        "encoder": canonical(plan.output.audio),
        "mix": {k: v for k, v in canonical(audio).items() if k != "hash"},
    }


def _code(nodes: Iterable[Node | AudioStage]) -> dict[str, str]:
    """Digests of code by effect; of a native one the version of its recipe is in the graph."""
    found = {}
    for node in nodes:
        if isinstance(node, Call | SoundCall):
            found[f"{node.effect} version {node.version}"] = node.digest
    return dict(sorted(found.items()))
