"""Guests in WebAssembly: read as data, compiled apart, run within limits.

The only room that imports wasmtime. A guest gets no imports; every number that comes from it
is masked to unsigned and checked here; no view of its memory outlives a call; after a trap its
store is thrown away.
"""
