from __future__ import annotations

import json
import pickle
import re

import pytest
from kadr_sdk import errors
from kadr_sdk.errors import (
    KadrError,
    ManifestError,
    MediaFileError,
    NotFoundError,
    Problem,
    StorageError,
    ValidationError,
    did_you_mean,
    error_codes,
)

CLASSES = [
    kind
    for name in errors.__all__
    if isinstance(kind := getattr(errors, name), type) and issubclass(kind, KadrError)
]
GROUPS = [kind for kind in CLASSES if any(k.__base__ is kind for k in CLASSES)]
PROBLEMS = (Problem("clips[0].in", "is negative", "write 0 or more"), Problem("", "is empty"))


def _sample(kind: type[KadrError]) -> KadrError:
    if issubclass(kind, ValidationError | ManifestError):
        return kind("the document breaks rules", PROBLEMS, path="a.kadr")
    if issubclass(kind, NotFoundError):
        return kind("effect", "blurr", ["blur", "glow"], path="clips[1]")
    return kind("it went wrong", path="a.mp4", hint="try again", frame=3, rows=[1, (2, None)], kinds={"x"})


def _tree() -> dict[str, str]:
    """Class -> parent, as drawn in the module's docstring."""
    assert errors.__doc__
    parents: dict[str, str] = {}
    above: dict[int, str] = {}
    for row in errors.__doc__.splitlines():
        if match := re.match(r"^(    [│ ├└─]*)(\w+Error|\w+)\b", row):
            depth = len(match[1]) // 4
            above[depth] = match[2]
            parents[match[2]] = above.get(depth - 1, "")
    return parents


def test_all_is_sorted_and_whole() -> None:
    assert errors.__all__ == sorted(errors.__all__, key=lambda n: (n[0].islower(), n))
    defined = {n for n, v in vars(errors).items() if isinstance(v, type) and v.__module__ == errors.__name__}
    assert defined <= set(errors.__all__)


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    drawn = _tree()
    real = {kind.__name__: "" if kind is KadrError else kind.__bases__[-1].__name__ for kind in CLASSES}
    assert drawn == real


def test_the_docstring_counts_its_leaves() -> None:
    assert errors.__doc__
    match = re.search(r"(\d+) leaves", errors.__doc__)
    assert match
    assert int(match[1]) == len(CLASSES) - len(GROUPS)


def test_codes_are_unique_and_stable_words() -> None:
    codes = [kind.code for kind in CLASSES]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", code) for code in codes)
    assert all("code" in vars(kind) for kind in CLASSES), "none is inherited"
    known = error_codes()
    assert {kind.code: kind for kind in CLASSES}.items() <= known.items()


def test_the_codes_of_the_first_release_do_not_change() -> None:
    assert sorted(kind.code for kind in CLASSES) == [
        "backend", "cache", "cancelled", "config", "dependency_missing", "error", "gpu", "input", "internal",
        "invalid_parameter", "invalid_path", "manifest", "media_file", "model", "not_found", "not_supported",
        "overloaded", "permission_denied", "plugin", "plugin_not_active", "plugin_not_found", "preview",
        "render", "resource", "serialization", "service_not_found", "storage", "timeout",
        "unsupported_format", "validation", "verify",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", CLASSES)
class TestEveryError:
    def test_survives_a_process_border_whole(self, kind: type[KadrError]) -> None:
        error = _sample(kind)
        copy = pickle.loads(pickle.dumps(error))
        assert type(copy) is kind
        assert str(copy) == str(error)
        assert (copy.message, copy.path, copy.hint) == (error.message, error.path, error.hint)
        assert copy.data == error.data
        assert copy.problems == error.problems
        assert copy.args == error.args
        assert copy.as_dict() == error.as_dict()

    def test_is_json_ready(self, kind: type[KadrError]) -> None:
        data = _sample(kind).as_dict()
        assert json.loads(json.dumps(data)) == data
        assert set(data) == {"code", "message", "retryable", "problems", "data"}
        assert data["code"] == kind.code
        assert data["retryable"] is kind.retryable
        assert data["problems"]

    def test_ends_a_program_with_a_code_of_its_own(self, kind: type[KadrError]) -> None:
        assert kind.exit_code not in (0, 126, 127)
        assert 0 < kind.exit_code < 256

    def test_says_what_it_means(self, kind: type[KadrError]) -> None:
        assert kind.__doc__


def test_the_text_names_path_and_remedy() -> None:
    assert str(MediaFileError("is empty", path="a.mp4", hint="copy it again")) == (
        "a.mp4: is empty (copy it again)"
    )
    assert str(MediaFileError("is empty", path="a.mp4")) == "a.mp4: is empty"
    assert str(MediaFileError("nothing to read", hint="give a file")) == "nothing to read (give a file)"
    assert str(MediaFileError("nothing to read")) == "nothing to read"


@pytest.mark.parametrize("kind", [ValidationError, ManifestError])
def test_all_problems_at_once(kind: type[KadrError]) -> None:
    error = _sample(kind)
    assert error.problems == PROBLEMS
    assert str(error) == (
        "a.kadr: the document breaks rules\n  - clips[0].in: is negative (write 0 or more)\n  - is empty"
    )
    assert error.as_dict()["problems"] == [
        {"path": "clips[0].in", "message": "is negative", "hint": "write 0 or more"},
        {"path": "", "message": "is empty", "hint": ""},
    ]
    assert error.as_dict()["data"] == {}


def test_other_errors_are_one_problem() -> None:
    error = StorageError("the disk is full", path="/out", hint="free 3 GB")
    assert error.problems == (Problem("/out", "the disk is full", "free 3 GB"),)


def test_data_becomes_plain() -> None:
    error = StorageError("x", a={1: (2, {3})}, b=object, c=None)
    assert error.as_dict()["data"] == {"a": {"1": [2, [3]]}, "b": "<class 'object'>", "c": None}


def test_not_found_helps_with_the_name() -> None:
    error = NotFoundError("effect", "blurr", ["glow", "blur"])
    assert str(error) == "unknown effect 'blurr' (did you mean 'blur'?)"
    assert error.data == {"kind": "effect", "name": "blurr"}
    assert str(NotFoundError("effect", "x", ["blur"], hint="see: kadr effects")) == (
        "unknown effect 'x' (see: kadr effects)"
    )


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        ("blurr", ["blur", "glow"], "did you mean 'blur'?"),
        ("fade_inn", ["fade_in", "fade_out"], "did you mean 'fade_in'?"),
        ("satuartion", ["org.saturation", "saturation"], "did you mean 'saturation'?"),
        ("satuartion", ["org.saturation"], "did you mean 'org.saturation'?"),
        ("pixelat", ["pixelate", "pixel_sort"], "did you mean 'pixelate'?"),
        ("zzz", ["b", "a", "a"], "known: a, b"),
        ("zzz", [], ""),
        ("", ["a"], "known: a"),
        ("q", [f"x{n:02}" for n in range(20)], "known: " + ", ".join(f"x{n:02}" for n in range(12)) + ", …"),
    ],
)
def test_did_you_mean(name: str, known: list[str], hint: str) -> None:
    assert did_you_mean(name, known) == hint


def test_retry_helps_where_something_ran_out_only() -> None:
    assert {kind.code for kind in CLASSES if kind.retryable} == {
        "resource", "storage", "cache", "overloaded", "timeout", "gpu",
    }  # fmt: skip
