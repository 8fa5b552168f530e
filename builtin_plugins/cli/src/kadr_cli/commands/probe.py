"""``kadr probe``: what media files hold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from kadr_sdk.errors import KadrError
from kadr_sdk.plugin import Kernel

from kadr_cli.invoke import as_command
from kadr_cli.options import PATH, json_option
from kadr_cli.output import clean, print_error, print_json
from kadr_cli.services import renderer_of

if TYPE_CHECKING:
    from kadr_sdk.media import AudioStream, MediaInfo, VideoStream

__all__ = ["run"]


@click.command()
@click.argument("files", nargs=-1, required=True, type=PATH)
@json_option
@click.pass_obj
def probe(kernel: Kernel, files: tuple[Path, ...], as_json: bool) -> int:
    """Say what FILES hold: streams, sizes, rates, colour, rotation, length."""
    renderer = renderer_of(kernel)
    code = 0
    for path in files:
        try:
            info = renderer.probe(path)
        except KadrError as error:
            print_error(error, as_json=as_json)
            code = error.exit_code
            continue
        if as_json:
            print_json(_data(info))
        else:
            _show(info)
    return code


def _data(info: MediaInfo) -> dict[str, Any]:
    from kadr_sdk.plan import canonical

    data: dict[str, Any] = canonical(info)
    return data | {"path": info.path}


def _show(info: MediaInfo) -> None:
    length = f"{float(info.duration):.3f} s" if info.duration is not None else "length unknown"
    click.secho(clean(info.path), bold=True)
    container = "/".join(info.container.split(",")[:2])
    click.echo(f"  {container}, {length}, {info.size / 1e6:.2f} MB")
    for video in info.video:
        click.echo("  " + _video(video))
    for audio in info.audio:
        click.echo("  " + _audio(audio))
    for other in info.other:
        click.echo(f"  #{other.index} {other.kind} {other.codec} {_language(other.language)}".rstrip())
    for warning in info.warnings:
        click.echo(f"  warning: {clean(warning)}")


def _video(v: VideoStream) -> str:
    shown = "x".join(map(str, v.display_size))
    facts = [f"#{v.index} {'cover' if v.attached else 'still' if v.still else 'video'} {v.codec}"]
    facts.append(
        f"{v.width}x{v.height}" + (f" (shown {shown})" if v.display_size != (v.width, v.height) else "")
    )
    facts.append(v.pixel_format)
    if v.numbered:
        facts.append(f"{round((v.duration or 0) * (v.rate or 0))} numbered pictures")
    elif v.rate is not None and not v.still:
        facts.append(f"{float(v.rate):.5g} fps" + (" variable" if v.variable else ""))
    tags = [t for t in (v.color.matrix, v.color.transfer, v.color.range) if t != "unknown"]
    guess = v.color.filled(v.width, v.height)
    facts.append("/".join(tags) if tags else f"untagged (read as {guess.matrix} {guess.range})")
    if v.rotation or v.mirrored:
        facts.append(f"turn {v.rotation}°" + (" mirrored" if v.mirrored else ""))
    if v.interlaced:
        facts.append(f"interlaced {v.interlaced}")
    if v.alpha:
        facts.append("alpha")
    facts += _light(v)
    return ", ".join(facts)


def _light(v: VideoStream) -> list[str]:
    facts = [f"{v.high_range}"] if v.high_range else []
    if v.light is not None and v.light.luminance[1]:
        facts.append(f"mastered to {v.light.luminance[1]:g} cd/m2")
    if v.light is not None and v.light.content:
        facts.append("MaxCLL {} MaxFALL {}".format(*v.light.content))
    if v.dolby_vision is not None:
        known = v.dolby_vision.profile
        facts.append(f"Dolby Vision profile {known}" if known else "Dolby Vision")
    return facts


def _audio(a: AudioStream) -> str:
    language = _language(a.language)
    return f"#{a.index} audio {a.codec}, {a.rate} Hz, {a.layout}" + (f", {language}" if language else "")


def _language(code: str) -> str:
    """Nothing where the file says that it does not know."""
    return "" if code == "und" else clean(code)


run = as_command(probe)
