"""The other side: a registry in a folder, its keys, and what may be published in it."""
