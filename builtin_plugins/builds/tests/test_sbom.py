"""The bill of materials is valid, whole, and the same for the same wheels."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from kadr_build.sbom import bill_of_materials
from kadr_build.wheel import Wheel

X264 = "libx264-2f3a9c1e.so.165"
WHEELS = (
    Wheel("av", "18.1.0", "BSD-3-Clause", Path("av.whl"), "a" * 64, 10, (X264,), ("numpy",)),
    Wheel("numpy", "2.4.6", "BSD-3-Clause", Path("n.whl"), "b" * 64, 20, ("libodd.so",), ()),
)


def test_it_is_valid() -> None:
    schema = pytest.importorskip("cyclonedx.schema")
    validation = pytest.importorskip("cyclonedx.validation.json")
    document = json.dumps(bill_of_materials("0.1.0", WHEELS))
    assert validation.JsonStrictValidator(schema.SchemaVersion.V1_6).validate_str(document) is None


def test_wheels_their_engines_and_needs() -> None:
    bill = bill_of_materials("0.1.0", WHEELS)
    av, numpy = bill["components"]
    assert (av["purl"], av["hashes"][0]["content"]) == ("pkg:pypi/av@18.1.0", "a" * 64)
    (engine,) = av["components"]
    assert (engine["name"], engine["version"]) == ("x264", "165")
    assert "version" not in numpy["components"][0]
    needs = {row["ref"]: row["dependsOn"] for row in bill["dependencies"]}
    assert needs["pkg:pypi/av@18.1.0"] == ["pkg:pypi/numpy@2.4.6"]


def test_the_same_wheels_give_the_same_document() -> None:
    both = bill_of_materials("0.1.0", WHEELS)
    assert both == bill_of_materials("0.1.0", WHEELS)
    assert bill_of_materials("0.1.0", WHEELS[:1])["serialNumber"] != both["serialNumber"]
