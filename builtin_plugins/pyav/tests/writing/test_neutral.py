"""What a decoded frame says of itself does not reach the file."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
from kadr_pyav.encode import encode_frames
from kadr_pyav.encoders import Trials, prepare
from kadr_sdk.output import Output, VideoEncoding
from kadr_sdk.parts import PartReader, PartWriter


def fielded() -> list[Any]:
    """Decoded frames that say that they are interlaced, of pixels in the shape of 4:3."""
    encoder: Any = av.Codec("libx264", "w").create("video")
    encoder.width, encoder.height, encoder.pix_fmt = 64, 64, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, 25), Fraction(25)
    encoder.sample_aspect_ratio = Fraction(4, 3)
    encoder.options = {"flags": "+ildct+ilme", "preset": "ultrafast", "bf": "0"}
    packets = []
    for number in range(3):
        frame = av.VideoFrame.from_ndarray(np.full((96, 64), 40 * number + 60, np.uint8), "yuv420p")
        frame.pts = number
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    decoder: Any = av.Codec("h264", "r").create("video")
    frames = [f for packet in packets for f in decoder.decode(av.Packet(bytes(packet)))] + decoder.decode(
        None
    )
    assert decoder.sample_aspect_ratio == Fraction(4, 3)
    return frames


@pytest.mark.parametrize(
    ("codec", "muxer"), [("ffv1", "matroska"), ("h264", "matroska"), ("mpeg2video", "mpegts")]
)
def test_delivered_frames_are_progressive_in_square_pixels(codec: str, muxer: str, tmp_path: Any) -> None:
    video = VideoEncoding(codec, "yuv420p", 64, 64, Fraction(25))
    prepared = prepare(Output("t", muxer, video), Trials()).video
    assert prepared is not None
    frames = fielded()
    assert all(frame.interlaced_frame for frame in frames)
    before = [frame.to_ndarray() for frame in frames]
    encode_frames(frames, 3, prepared, PartWriter(tmp_path / "part"), "frames")
    decoder: Any = av.Codec(codec, "r").create("video")
    with PartReader(tmp_path / "part") as part:
        decoder.extradata = bytes.fromhex(part.header["extradata"]) or None
        decoder.width, decoder.height = 64, 64
        found = [f for packet in part for f in decoder.decode(av.Packet(packet.data))] + decoder.decode(None)
    assert [frame.interlaced_frame for frame in found] == [False] * 3
    assert decoder.sample_aspect_ratio in (None, Fraction(1))
    if codec == "ffv1":
        assert all((frame.to_ndarray() == b).all() for frame, b in zip(found, before, strict=True))
