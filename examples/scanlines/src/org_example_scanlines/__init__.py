"""An example plugin: every other line darker, as on an old television."""
