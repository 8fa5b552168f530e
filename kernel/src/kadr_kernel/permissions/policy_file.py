"""A policy file: TOML written by whoever answers for the machine.

Example::

    policy = 1
    default = "deny"

    [[rules]]
    effect = "allow"
    publisher = "dist:acme-*"

    [[rules]]
    effect = "deny"
    permission = "net:*"
    reason = "rendering machines are offline"

    [[sandbox]]
    publisher = "folder:*"
    ceiling = "minimal"
    isolation = "process"
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from kadr_sdk.errors import ConfigError, did_you_mean

from kadr_kernel.permissions.confinement import SandboxRule
from kadr_kernel.permissions.policy import Policy, Rule

__all__ = ["read_policy"]

_KEYS = ("policy", "default", "rules", "sandbox")
_RULE_KEYS = ("effect", "publisher", "plugin", "permission", "reason")
_SANDBOX_KEYS = tuple(f.name for f in fields(SandboxRule))
R = TypeVar("R", Rule, SandboxRule)


def read_policy(path: Path) -> Policy:
    """The policy of a file; a file that is absent or wrong is never taken for an open door.

    Raises:
        ConfigError: unreadable, or with broken rules (all of them, in the hint).
    """
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError("the permission policy cannot be read", path=path, hint=str(error)) from error
    problems = list(_unknown(data, _KEYS, ""))
    if data.get("policy") != 1:
        problems.append(f"policy: version {data.get('policy')!r} is unknown, write 1")
    rules = _table(data, "rules", Rule, _RULE_KEYS, problems)
    sandbox = _table(data, "sandbox", SandboxRule, _SANDBOX_KEYS, problems)
    if data.get("default", "allow") not in ("allow", "deny"):
        problems.append(f"default: unknown default {data['default']!r}, write allow or deny")
    if problems:
        raise ConfigError("the permission policy breaks rules", path=path, hint="; ".join(problems))
    return Policy(rules, data.get("default", "allow"), str(path), (sandbox,) if sandbox else ())


def _table(
    data: Mapping[str, Any], name: str, kind: type[R], keys: tuple[str, ...], problems: list[str]
) -> tuple[R, ...]:
    rows = data.get(name, [])
    if not isinstance(rows, list):
        problems.append(f"{name}: write [[{name}]]")
        rows = []
    found = [_rule(row, f"{name}[{number}]", kind, keys, problems) for number, row in enumerate(rows)]
    return tuple(rule for rule in found if rule is not None)


def _rule(row: Any, place: str, kind: type[R], keys: tuple[str, ...], problems: list[str]) -> R | None:
    if not isinstance(row, dict):
        problems.append(f"{place}: a table is expected")
        return None
    wrong = [*_unknown(row, keys, f"{place}.")]
    wrong += [f"{place}.{k}: a text is expected" for k, v in row.items() if not isinstance(v, str)]
    if "effect" in keys and "effect" not in row:
        wrong.append(f"{place}.effect: is missing")
    if not wrong:
        try:
            return kind(**row)
        except ValueError as error:
            wrong.append(f"{place}: {error}")
    problems.extend(wrong)
    return None


def _unknown(table: Mapping[str, Any], known: tuple[str, ...], place: str) -> list[str]:
    return [f"{place}{key}: unknown key, {did_you_mean(key, known)}" for key in table if key not in known]
