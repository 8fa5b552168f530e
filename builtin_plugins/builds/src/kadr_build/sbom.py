"""The bill of materials: CycloneDX 1.6 as JSON, with the native engines inside wheels.

Made by hand and not by the library for it: it is a table of a dozen fields, and the library
would be in every build that can build. Tests check it against the library's schema.
Source of the format: CycloneDX 1.6, https://cyclonedx.org/docs/1.6/json/
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kadr_build.distributions import is_native
from kadr_build.wheel import Wheel

__all__ = ["bill_of_materials", "unlisted"]

_LIBRARY = re.compile(
    r"_?(?:lib)?(?P<name>[A-Za-z][\w+.-]*?)(?:-[0-9a-f]{8})*\.(?:so|dylib|dll)(?:\.(?P<version>[\d.]+))?$"
)


def bill_of_materials(version: str, wheels: Sequence[Wheel]) -> dict[str, Any]:
    """The document; the same for the same wheels.

    Args:
        version: of kadr.
    """
    content = hashlib.sha256("".join(wheel.digest for wheel in wheels).encode()).hexdigest()
    root = f"pkg:generic/kadr-build@{version}"
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, content)}",
        "version": 1,
        "metadata": {
            "component": {"type": "application", "bom-ref": root, "name": "kadr-build", "version": version}
        },
        "components": [_component(wheel) for wheel in wheels],
        "dependencies": [
            {"ref": root, "dependsOn": [_purl(wheel) for wheel in wheels]},
            *({"ref": _purl(w), "dependsOn": _needs(w, wheels)} for w in wheels),
        ],
    }


def unlisted(bill: Mapping[str, Any], library: Path) -> list[str]:
    """Native libraries below a folder that the document does not have."""
    rows = [row for component in bill["components"] for row in component.get("components", ())]
    named = {row["bom-ref"].rpartition("#")[2] for row in rows}
    files = {path.name for path in library.rglob("*") if path.is_file() and is_native(path.name)}
    return sorted(files - named)


def _component(wheel: Wheel) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": "library",
        "bom-ref": _purl(wheel),
        "name": wheel.name,
        "version": wheel.version,
        "purl": _purl(wheel),
        "hashes": [{"alg": "SHA-256", "content": wheel.digest}],
        "licenses": [{"license": {"name": wheel.license}}],
    }
    if wheel.plugin:
        found["properties"] = [{"name": "kadr:plugin", "value": wheel.plugin}]
        found["properties"] += [{"name": "kadr:permission", "value": text} for text in wheel.permissions]
        if wheel.record:
            found["properties"].append({"name": "kadr:release-record", "value": f"sha256:{wheel.record}"})
    if wheel.engines:
        found["components"] = [_engine(wheel, name) for name in wheel.engines]
    return found


def _engine(wheel: Wheel, file: str) -> dict[str, Any]:
    """A library inside a wheel; its name and version as far as its file name says them."""
    match = _LIBRARY.match(file)
    name, version = (match["name"], match["version"] or "") if match else (file, "")
    found = {"type": "library", "bom-ref": f"{_purl(wheel)}#{file}", "name": name}
    return found | ({"version": version} if version else {})


def _purl(wheel: Wheel) -> str:
    if wheel.plugin:
        return f"pkg:generic/{wheel.plugin}@{wheel.version}"
    return f"pkg:pypi/{wheel.name}@{wheel.version}"


def _needs(wheel: Wheel, wheels: Sequence[Wheel]) -> list[str]:
    return [_purl(other) for other in wheels if other.name in wheel.requires]
