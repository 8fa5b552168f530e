"""Tokens of private registries: from the environment, or from the system's keyring where that is there."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

__all__ = ["SERVICE", "token_of", "variable"]

SERVICE = "kadr-registry"
"""Name in the keyring: ``keyring set kadr-registry NAME``."""


def variable(name: str) -> str:
    """The environment variable for one registry: ``KADR_REGISTRY_TOKEN_MY_PLUGINS``."""
    return f"KADR_REGISTRY_TOKEN_{name.upper().replace('-', '_')}"


def token_of(name: str, environ: Mapping[str, str], *, alone: bool) -> str:
    """The token for a registry, empty where there is none.

    Args:
        alone: it is the only one, so ``KADR_REGISTRY_TOKEN`` is meant for it; a token without a
            name is never sent to several registries.
    """
    if token := environ.get(variable(name), ""):
        return token
    if alone and (token := environ.get("KADR_REGISTRY_TOKEN", "")):
        return token
    if environ.get("KADR_KEYRING", "1") in ("0", "false", "off"):
        return ""
    try:
        import keyring
    except ImportError:  # an extra: kadr[keyring]
        return ""
    # A locked or missing keyring means no token; the registry says whether it needs one.
    with suppress(Exception):
        return keyring.get_password(SERVICE, name) or ""
    return ""
