"""The contracts of kadr: everything that a plugin, a host or the kernel agree on.

Import what you need from the submodules; this package itself imports nothing, so that
listing plugins stays fast.
"""

__version__ = "0.1.0"
