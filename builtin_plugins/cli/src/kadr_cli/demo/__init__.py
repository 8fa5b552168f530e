"""The demo film: sources made of numbers, a project, a contact sheet."""
