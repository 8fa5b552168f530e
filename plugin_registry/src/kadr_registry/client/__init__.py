"""The client: resolve, lock, install, update and put back plugins of several registries."""
