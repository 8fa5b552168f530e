"""Edits that follow what was seen: effects over the document of detections."""
