"""Timelines of other programs: OpenTimelineIO and CMX3600 EDL."""
