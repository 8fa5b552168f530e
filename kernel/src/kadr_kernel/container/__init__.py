"""Dependency injection: recipes by Protocol and name, instances by scope."""

from kadr_kernel.container.container import Container
from kadr_kernel.container.faults import ContainerError
from kadr_kernel.container.health import HealthRow, overall
from kadr_kernel.container.lives import Failure
from kadr_kernel.container.recipe import SCOPES, Key, Named, Recipe, recipe
from kadr_kernel.container.registry import Registry

__all__ = [
    "SCOPES",
    "Container",
    "ContainerError",
    "Failure",
    "HealthRow",
    "Key",
    "Named",
    "Recipe",
    "Registry",
    "overall",
    "recipe",
]
