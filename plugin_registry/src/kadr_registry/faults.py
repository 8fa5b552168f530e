"""What goes wrong with registries, in the SDK's tree of errors."""

from __future__ import annotations

from kadr_sdk.errors import ManyProblems, PluginError

__all__ = ["RefusedError", "RegistryError", "RevokedError", "TrustError", "UnreachableError"]


class RegistryError(PluginError):
    """A package, a record or a repository breaks a rule."""

    code = "registry"
    exit_code = 2


class TrustError(RegistryError):
    """What a registry or mirror sent is not what was signed, or the signatures do not suffice."""

    code = "registry_trust"
    exit_code = 5


class RevokedError(RegistryError):
    """The release was revoked: it must not be installed or run."""

    code = "revoked"
    exit_code = 6


class UnreachableError(RegistryError):
    """The registry does not answer, or refuses."""

    code = "registry_unreachable"
    retryable = True
    exit_code = 7


class RefusedError(ManyProblems, RegistryError):
    """A release breaks rules; all of them are in :attr:`problems`."""

    code = "registry_refused"
