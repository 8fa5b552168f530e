"""The project file, version 1: models, exact values, parsing with every problem at once."""

from kadr_sdk.project.model import (
    AudioExport,
    Clip,
    Crop,
    EffectUse,
    Export,
    Generator,
    Loudness,
    Marker,
    Metadata,
    Project,
    Stream,
    Timeline,
    Track,
    Transform,
    TransitionUse,
    VideoExport,
)
from kadr_sdk.project.parse import dump_project, parse_project, project_schema

__all__ = [
    "AudioExport",
    "Clip",
    "Crop",
    "EffectUse",
    "Export",
    "Generator",
    "Loudness",
    "Marker",
    "Metadata",
    "Project",
    "Stream",
    "Timeline",
    "Track",
    "Transform",
    "TransitionUse",
    "VideoExport",
    "dump_project",
    "parse_project",
    "project_schema",
]
