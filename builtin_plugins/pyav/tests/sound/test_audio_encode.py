from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
import pytest
from kadr_pyav.audio_encode import Levels, render_audio
from kadr_pyav.audio_options import prepare_audio
from kadr_pyav.sound import to_planar
from kadr_sdk.errors import InternalError
from kadr_sdk.frames import AudioBlock
from kadr_sdk.output import AudioEncoding, Output
from kadr_sdk.parts import PartReader, PartWriter

CODECS = ["aac", "flac", "alac", "opus", "mp3", "pcm_s16le", "pcm_s24le", "pcm_f32le", "ac3"]
EXACT = ["flac", "alac", "pcm_s16le", "pcm_s24le", "pcm_f32le"]


def _render(studio, context, plan, codec, name="part", **more):
    encoding = prepare_audio(AudioEncoding(codec, plan.rate, plan.layout, **more))
    path = studio.folder / name
    digest = render_audio(plan, Output("test", "mov", audio=encoding), PartWriter(path), context)
    reader = studio.stack.enter_context(PartReader(path))
    assert reader.digest == digest
    return reader


def _decoded(reader):
    """All samples after the priming, decoded without a container."""
    decoder = av.CodecContext.create(reader.header["codec"], "r")
    decoder.sample_rate, decoder.layout = reader.header["rate"], reader.header["layout"]
    if reader.header["extradata"]:
        decoder.extradata = bytes.fromhex(reader.header["extradata"])
    frames = []
    for packet in reader:
        frames += decoder.decode(av.Packet(packet.data))
    frames += decoder.decode(None)
    whole = np.concatenate([to_planar(f) for f in frames], axis=1)
    # libav's Opus decoder reads the priming from the extradata and drops it by itself.
    skip = 0 if reader.header["codec"] == "opus" else reader.header["delay"]
    return whole[:, skip:][:, : reader.header["samples"]]


@pytest.mark.parametrize("codec", CODECS)
def test_the_part_says_what_it_holds(studio, context, codec):
    count = 100_003  # no multiple of any frame
    sound = studio.noise(count / 48000)
    plan = studio.plan([studio.clip(studio.save("n.wav", sound), count)], count)
    reader = _render(studio, context, plan, codec)
    header, packets = reader.header, list(reader)
    assert (header["codec"], header["rate"], header["layout"], header["samples"]) == (
        codec,
        48000,
        "stereo",
        count,
    )
    assert packets[0].pts == -header["delay"]
    assert all(b.pts == a.pts + a.duration for a, b in pairwise(packets))
    end = packets[-1].pts + packets[-1].duration
    assert end == count if codec != "ac3" else count <= end < count + 1536
    assert reader.facts["peak"] == float(np.abs(sound).max())
    assert reader.facts["rms"] == pytest.approx(float(np.sqrt(np.mean(sound.astype(float) ** 2))))
    assert header["packets"] == len(packets)
    assert bool(header["extradata"]) == (codec in ("aac", "flac", "alac", "opus"))
    assert _decoded(reader).shape == (2, count)


@pytest.mark.parametrize("codec", EXACT)
def test_lossless_codecs_give_back_every_bit(studio, context, codec):
    sound = studio.noise(1.1)
    plan = studio.plan([studio.clip(studio.save("n.wav", sound), 52800)], 52800)
    assert np.array_equal(_decoded(_render(studio, context, plan, codec)), sound)


@pytest.mark.parametrize("codec", ["aac", "opus", "mp3", "ac3"])
def test_a_click_comes_out_where_it_went_in(studio, context, place, codec):
    places = [9000, 48000, 80011]
    path = studio.save("c.wav", studio.clicks(2, places))
    reader = _render(studio, context, studio.plan([studio.clip(path, 96000)], 96000), codec, bitrate=256000)
    assert reader.header["delay"] > 0
    sound = _decoded(reader)
    assert [place(sound[0], at) for at in places] == [0, 0, 0]


@pytest.mark.parametrize("codec", CODECS)
def test_the_same_plan_twice_gives_the_same_bytes(studio, context, codec):
    paths = [
        studio.save("a.m4a", studio.noise(2, 1), "aac"),
        studio.save("b.flac", studio.noise(2, 2), "flac"),
    ]
    clips = [studio.clip(p, 90000, start=3000 * k, source=Fraction(k, 7)) for k, p in enumerate(paths)]
    plan = studio.plan(clips, 96000)
    first = _render(studio, context, plan, codec, "one")
    assert _render(studio, context, plan, codec, "two").digest == first.digest


def test_rounding_to_16_bit_is_to_nearest_without_dither(studio, context):
    levels = np.array([0.4, 0.6, -0.4, -0.6, 1.4, 100.6], np.float32) / 32768
    sound = np.tile(levels, (2, 1000))
    plan = studio.plan([studio.clip(studio.save("f.wav", sound, "pcm_f32le"), 6000)], 6000)
    whole = _decoded(_render(studio, context, plan, "pcm_s16le")) * 32768
    assert whole[0, :6].tolist() == [0, 1, 0, -1, 1, 101]


@pytest.mark.parametrize(("codec", "top"), [("pcm_s16le", 32767 / 32768), ("pcm_s24le", 1 - 2.0**-23)])
def test_what_is_too_loud_is_clipped_and_told_once(studio, context, codec, top):
    sound = np.full((2, 48000), 0.9, np.float32)
    sound[:, ::2] = -0.9
    path = studio.save("loud.wav", sound, "pcm_f32le")
    clips = [studio.clip(path, 48000), studio.clip(path, 48000)]
    whole = _decoded(_render(studio, context, studio.plan(clips, 48000), codec))
    assert (float(whole.min()), float(whole.max())) == (-1.0, top)
    assert len(context.warnings) == 1
    assert context.warnings[0][0] == "the mix peaks at +5.1 dBFS and is clipped at 0"
    assert context.warnings[0][2] == "lower the volume by 5.2 dB"


def test_float_output_is_not_clipped(studio, context):
    sound = np.full((2, 4800), 0.9, np.float32)
    path = studio.save("loud.wav", sound, "pcm_f32le")
    clips = [studio.clip(path, 4800), studio.clip(path, 4800)]
    whole = _decoded(_render(studio, context, studio.plan(clips, 4800), "pcm_f32le"))
    assert float(whole.max()) == np.float32(float(sound[0, 0]) * 2)


@pytest.mark.parametrize("layout", ["mono", "5.1", "7.1"])
@pytest.mark.parametrize("codec", ["aac", "flac", "opus", "pcm_s16le"])
def test_every_layout_keeps_its_channels_apart(studio, context, layout, codec):
    channels = av.AudioLayout(layout).nb_channels
    t = np.arange(24000) / 48000
    sound = np.stack([0.2 * np.sin(2 * np.pi * (200 + 100 * c) * t) for c in range(channels)]).astype(
        np.float32
    )
    path = studio.save("s.wav", sound, layout=layout)
    plan = studio.plan([studio.clip(path, 24000)], 24000, layout=layout)
    whole = _decoded(_render(studio, context, plan, codec))
    for c in range(channels):
        if av.AudioLayout(layout).channels[c].name == "LFE" and codec in ("aac", "opus"):
            continue  # lossy codecs keep only the lowest tones of it
        spectrum = np.abs(np.fft.rfft(whole[c, 4000:20000] * np.hanning(16000)))
        assert int(np.argmax(spectrum)) * 3 == pytest.approx(200 + 100 * c, abs=4)


def test_silence_is_counted(studio, context):
    plan = studio.plan([studio.clip(studio.save("n.wav", studio.noise(0.5)), 24000, start=48000)], 96000)
    facts = _render(studio, context, plan, "flac").facts
    assert (facts["blocks"], facts["silent_blocks"]) == (4, 3)


def test_no_sound_at_all_is_a_part_without_packets(studio, context):
    reader = _render(studio, context, studio.plan([], 0), "aac")
    assert list(reader) == []
    assert reader.header["samples"] == 0


def test_one_sample_is_a_whole_part(studio, context):
    reader = _render(studio, context, studio.plan([], 1), "aac")
    assert reader.header["samples"] == 1
    assert sum(p.duration for p in reader) == 1025


def test_a_mix_that_the_output_does_not_encode_is_a_defect(studio, context):
    encoding = prepare_audio(AudioEncoding("aac", 44100, "stereo"))
    sink = PartWriter(studio.folder / "p")
    with pytest.raises(InternalError, match=r"the mix \(48000 Hz, stereo\) is not what the output encodes"):
        render_audio(studio.plan([], 100), Output("t", "mp4", audio=encoding), sink, context)
    sink.abandon()


def test_levels_pass_the_blocks_on():
    levels = Levels(48000, "stereo")
    blocks = [AudioBlock(np.full((2, 4), v, np.float32), 48000) for v in (0.5, -0.25)]
    assert list(levels.seen(iter(blocks))) == blocks
    loudness = {"integrated": None, "range": None, "true_peak": pytest.approx(-6, abs=1.5)}
    rms = pytest.approx(np.sqrt((0.25 + 0.0625) / 2))
    facts = {"peak": 0.5, "rms": rms, "blocks": 2, "silent_blocks": 0, "loudness": loudness}
    assert levels.facts() == facts | {"levels": "", "channels": ""}  # eight samples are less than one level
