"""``prepare``: an output with encoders chosen, every option written out, all of it tried.

The encoders are opened and the container's header is written into memory, so that whatever
they refuse is known before frame 0. What was tried once is not tried again.
"""

from __future__ import annotations

from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, Any

from kadr_sdk.errors import BackendError, InvalidParameterError, UnsupportedFormatError

from kadr_pyav.audio_options import prepare_audio
from kadr_pyav.encoder_choice import ROOT
from kadr_pyav.hardware import HardwareTrials, prepare_hardware
from kadr_pyav.hardware_table import HARDWARE
from kadr_pyav.masters import master_of
from kadr_pyav.muxers import check_muxer
from kadr_pyav.sessions import open_audio, open_video
from kadr_pyav.tags import check_tags
from kadr_pyav.video_options import prepare_video

if TYPE_CHECKING:
    from kadr_sdk.output import AudioEncoding, Output, VideoEncoding

__all__ = ["Trials", "prepare"]

_PARAMS = ("x264-params", "x265-params", "svtav1-params")
_COMPLAINTS = ("error parsing option", "unknown option", "invalid value", "bad option")


class Trials:
    """What was opened successfully before; safe to use from several threads."""

    def __init__(self) -> None:
        self._known: set[object] = set()
        self._notes: dict[Output, tuple[str, ...]] = {}
        self._lock = Lock()

    def video(self, encoding: VideoEncoding, listen: bool = False) -> None:
        """Open the encoder once.

        Args:
            listen: its warnings count as refusals (the user wrote parameters inside a
                parameter, and an unknown one is only a warning).

        Raises:
            UnsupportedFormatError: the encoder refuses; its words are in the message.
            InvalidParameterError: a parameter inside ``x264-params`` and the like.
        """
        if self._first(encoding):
            _try_video(encoding, listen)
            self._remember(encoding)

    def audio(self, encoding: AudioEncoding) -> None:
        """Open the encoder of the sound once.

        Raises:
            UnsupportedFormatError: the encoder refuses; its words are in the message.
        """
        if self._first(encoding):
            _refusal(lambda: open_audio(encoding), "export.audio")
            self._remember(encoding)

    def muxer(self, output: Output) -> tuple[str, ...]:
        """Write the container's header into memory once.

        Returns:
            What the user may want to know.

        Raises:
            UnsupportedFormatError: the container cannot hold one of the streams.
        """
        if self._first(output):
            check_muxer(output)
            self._notes[output] = check_tags(output)
            self._remember(output)
        return self._notes.get(output, ())

    def _first(self, key: object) -> bool:
        with self._lock:
            return key not in self._known

    def _remember(self, key: object) -> None:
        with self._lock:
            self._known.add(key)


def prepare(output: Output, trials: Trials, hardware: HardwareTrials | None = None) -> Output:
    """The output with encoders chosen and every option that the result depends on.

    Args:
        hardware: knows which encoders in hardware work; None: found out anew.

    Raises:
        UnsupportedFormatError: a codec, pixel format or container it cannot write, or a
            combination that the container cannot hold.
        InvalidParameterError: a setting that the encoder does not have.
    """
    output, video = _video_of(output, hardware or HardwareTrials(), trials)
    audio = prepare_audio(output.audio) if output.audio else None
    if video:
        written = {name for name, _ in output.video.options} if output.video else set()
        trials.video(video, listen=video is not output.video and not written.isdisjoint(_PARAMS))
    if audio:
        trials.audio(audio)
    master = master_of(video) if video else None
    prepared = replace(output, video=video, audio=audio, master=master)
    if output.muxer:
        notes = trials.muxer(prepared)
        prepared = replace(prepared, notes=tuple(dict.fromkeys(prepared.notes + notes)))
    return prepared


def _video_of(
    output: Output, hardware: HardwareTrials, trials: Trials
) -> tuple[Output, VideoEncoding | None]:
    """The output with notes, and its encoding of pictures prepared."""
    video = output.video
    if video is None:
        return output, None
    asked = video.encoder in ("auto", "hardware") or any(row.name == video.encoder for row in HARDWARE)
    if not asked or "+global_header" in dict(video.options).get("flags", ""):
        return output, prepare_video(video, output.muxer)
    found, notes = prepare_hardware(video, output.muxer, hardware, trials.video)
    return replace(output, notes=output.notes + notes), found


def _try_video(encoding: VideoEncoding, listen: bool) -> None:
    name = next((n for n, _ in encoding.options if n in _PARAMS), "")
    logs: list[Any] = []
    _refusal(lambda: logs.extend(_open_listening(encoding, listen)), ROOT)
    for _, _, text in logs:
        if any(complaint in text.lower() for complaint in _COMPLAINTS):
            raise InvalidParameterError(
                f"{encoding.encoder} says: {text.strip().rstrip('.')}",
                path=f"{ROOT}.options.{name}",
                hint="see the encoder's own list of parameters",
            )


def _open_listening(encoding: VideoEncoding, listen: bool) -> list[Any]:
    """Open and close the encoder; its warnings, since a bad parameter is only a warning."""
    if not listen:
        open_video(encoding)
        return []
    import av.logging

    from kadr_pyav.words import heard

    with heard(av.logging.WARNING) as lines:
        open_video(encoding)
    return lines


def _refusal(attempt: Any, path: str) -> None:
    try:
        attempt()
    except BackendError as error:
        raise UnsupportedFormatError(error.message, path=path, hint="change size, rate or profile") from error
