"""What is done to the pictures of a source, in words: why they cannot be copied."""

from __future__ import annotations

from kadr_sdk.plan import Call, Conform, Decode, Native, Solid, Span, walk

__all__ = ["conversion", "work"]

_COLOR = {
    "matrix": "the colour matrix is",
    "primaries": "the colour primaries are",
    "transfer": "the curve is",
    "range": "the range is",
    "chroma": "the place of chroma is",
}


def conversion(node: Conform, decode: Decode) -> str:
    """What a conversion changes; nothing where it changes nothing."""
    if node.rotation or node.mirrored:
        return "the picture is turned"
    if any(node.crop):
        return "the picture is cropped"
    if (node.width, node.height) != (decode.width, decode.height):
        return f"it is scaled from {decode.width}x{decode.height} to {node.width}x{node.height}"
    if node.format != decode.format:
        return f"it is converted from {decode.format} to {node.format}"
    a, b = node.color_from, node.color
    if a != b:
        name = next(n for n in _COLOR if getattr(a, n) != getattr(b, n))
        return f"{_COLOR[name]} converted from {getattr(a, name)} to {getattr(b, name)}"
    return ""


def work(span: Span) -> str:
    """What is done to the pictures of a span."""
    nodes = list(walk(span.root))
    effects = dict.fromkeys(n.effect for n in nodes if isinstance(n, Native | Call) and n.effect)
    if effects:
        return f"{', '.join(effects)} {'is' if len(effects) == 1 else 'are'} at work"
    if isinstance(span.root, Solid):
        return "only the background is seen"
    if isinstance(span.root, Conform) and isinstance(span.root.input, Conform):
        return "it is converted twice, to the timeline and to the output"
    return "it is placed over something else"
