"""Segments made on many machines, by dask.distributed."""
