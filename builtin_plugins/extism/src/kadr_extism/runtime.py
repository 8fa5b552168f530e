"""The runtime ``extism``: each guest in a process of its own, with nothing of the world."""

from __future__ import annotations

import importlib.util

from kadr_sdk.data_guests import DataGuest, DataTerms
from kadr_sdk.errors import DependencyMissingError, PluginError
from kadr_sdk.guest_process import GuestProcess

from kadr_extism.imports import UnfitError, check_module

__all__ = ["ExtismRuntime"]

_ENVIRON = {"EXTISM_CACHE_CONFIG": ""}
"""The engine's own cache of compiled code, which it believes blindly, is off."""


class ExtismRuntime:
    """Satisfies :class:`kadr_sdk.data_guests.DataRuntime`."""

    def open(self, code: bytes, terms: DataTerms) -> DataGuest:
        """A guest in a process of its own, constructed there by the first call.

        Raises:
            DependencyMissingError: the library extism is not installed.
            PluginError: it is no module, or asks for what no guest gets.
        """
        if importlib.util.find_spec("extism") is None:
            text = f"plugin {terms.plugin!r} runs by extism, and the library is not installed"
            hint = 'pip install "kadr[extism]"'
            raise DependencyMissingError(text, hint=hint, plugin=terms.plugin)
        try:
            wasi = check_module(code)
        except UnfitError as error:
            text = f"the guest of {terms.name} in plugin {terms.plugin} is not taken: {error}"
            raise PluginError(text, hint=error.hint, plugin=terms.plugin) from None
        return GuestProcess("kadr_extism.child", lambda: code, terms, {"wasi": wasi}, _ENVIRON)
