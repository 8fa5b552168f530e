"""Help for tests of kernel and plugins: an in-memory backend, a clock, synthetic sources.

Nothing here is imported by the kernel or a plugin at run time.
"""
