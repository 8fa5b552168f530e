"""The commands: one a module, each with a class `Entry` that the manifest names."""
