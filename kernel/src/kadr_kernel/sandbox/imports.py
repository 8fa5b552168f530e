"""Whether a guest may have the host functions that it imports: said before anything is compiled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kadr_kernel.sandbox.faults import ModuleError
from kadr_kernel.sandbox.host_table import HOST_FUNCTIONS, MODULE
from kadr_kernel.sandbox.house import Keys

if TYPE_CHECKING:
    from kadr_sdk.effects import EffectDeclaration

__all__ = ["check_imports"]


def check_imports(imports: Sequence[str], declaration: EffectDeclaration, plugin: str, keys: Keys) -> None:
    """Refuse a guest that imports what its plugin may not have.

    Raises:
        ModuleError: names function, permission, the key that is missing and the remedy.
    """
    for name in imports:
        function = HOST_FUNCTIONS[name]
        if (refusal := keys.refusal(plugin, function.permission)) is not None:
            text = f"it imports {MODULE}.{name}, which needs the permission {function.permission}"
            raise ModuleError(f"{text}: {refusal.message}", refusal.hint)
        if function.lasting and declaration.deterministic != "none":
            text = f"it imports {MODULE}.{name}, so its pictures may differ from render to render"
            raise ModuleError(text, 'its declaration must say deterministic = "none"')
