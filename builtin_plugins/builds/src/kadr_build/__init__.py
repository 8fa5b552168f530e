"""Builds of kadr that hold only the plugins that are needed."""
