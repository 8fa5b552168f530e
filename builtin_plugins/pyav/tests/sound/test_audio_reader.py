from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest
from kadr_sdk.errors import MediaFileError

PLACES = [24000, 96123, 100777, 140005]
LOSSLESS = [
    ("a.wav", "pcm_s16le"),
    ("a.flac", "flac"),
    ("a.mkv", "flac"),
    ("a.mp4", "flac"),
    ("a.m4a", "alac"),
]
LOSSY = [
    ("b.m4a", "aac"),
    ("b.mkv", "aac"),
    ("b.mp3", "libmp3lame"),
    ("b.mp4", "libmp3lame"),
    ("b.ogg", "libopus"),
    ("b.webm", "libopus"),
]


@pytest.mark.parametrize(("name", "codec"), LOSSLESS)
def test_lossless_files_come_out_bit_for_bit(studio, name, codec):
    samples = studio.noise(1.3)
    path = studio.save(name, samples, codec)
    read = np.concatenate(list(studio.file(path).forwards(0)), axis=1)
    assert np.array_equal(read, samples)


@pytest.mark.parametrize(("name", "codec"), LOSSY)
def test_clicks_of_lossy_files_lie_where_they_were(studio, place, name, codec):
    path = studio.save(name, studio.clicks(3.5, PLACES), codec)
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        first = round((stream.start_time or 0) * stream.time_base * studio.rate)
    read = studio.file(path).read(first, 3 * studio.rate + 10000)
    assert [place(read[0], at) for at in PLACES] == [0] * len(PLACES)


@pytest.mark.parametrize(
    ("name", "codec"), [*LOSSLESS, *LOSSY, ("c.ts", "aac"), ("c.aac", "aac"), ("c.flv", "aac")]
)
@pytest.mark.parametrize("rate", [48000, 44100])
def test_a_random_start_equals_a_straight_run(studio, name, codec, rate):
    tone = 0.3 * np.sin(np.arange(48000 * 6) * 0.05) * np.linspace(0.1, 1, 48000 * 6)
    path = studio.save(name, np.stack([tone, -tone]).astype(np.float32), codec)
    file = studio.file(path, rate)
    straight = file.read(0, rate * 6)
    assert np.abs(straight).max() > 0.2
    for start in (1, 70001, 131072, 200000, 260011):
        assert np.allclose(file.read(start, 4000), straight[:, start : start + 4000], rtol=0, atol=1e-4)


def test_neighbouring_reads_join_without_a_seam_when_resampled(studio):
    path = studio.save("tone.wav", studio.noise(2, rate=44100), rate=44100)
    file = studio.file(path)
    whole = file.read(0, 96000)
    assert np.array_equal(np.concatenate([file.read(0, 40007), file.read(40007, 55993)], axis=1), whole)


@pytest.mark.parametrize(
    ("source", "target"), [(44100, 48000), (16000, 48000), (48000, 44100), (96000, 48000)]
)
def test_resampling_moves_nothing(studio, place, source, target):
    path = studio.save("r.flac", studio.clicks(3, [source // 2, source * 2], source), "flac", source)
    read = studio.file(path, target).read(0, 3 * target)
    envelope = np.convolve(np.abs(read[0]), np.ones(9), "same")
    for second in (0.5, 2.0):
        at = round(second * target)
        assert abs(int(np.argmax(envelope[at - 500 : at + 500])) - 500) <= 1


def test_before_the_start_and_after_the_end_is_silence(studio):
    samples = studio.noise(0.5)
    file = studio.file(studio.save("s.wav", samples))
    read = file.read(-1000, 27000)
    assert not read[:, :1000].any()
    assert np.array_equal(read[:, 1000:25000], samples)
    assert not read[:, 25000:].any()


def test_a_stream_that_starts_late_is_late(studio):
    samples = studio.noise(0.5)
    file = studio.file(studio.save("late.mkv", samples, "flac", start=12000))
    read = file.read(0, 36000)
    assert not read[:, :12000].any()
    assert np.array_equal(read[:, 12000:], samples)


def _shifted(studio, samples, jump_at, jump):
    """PCM packets of 480 samples in Matroska; from one on all timestamps jump."""
    path = studio.folder / "gap.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=studio.rate, layout="stereo")
        raw = (samples.T * 32768).astype("<i2")
        for k in range(0, samples.shape[1], 480):
            packet = av.Packet(raw[k : k + 480].tobytes())
            packet.stream, packet.time_base = stream, Fraction(1, studio.rate)
            packet.pts = packet.dts = k + (jump if k >= jump_at else 0)
            packet.duration = 480
            container.mux(packet)
    return path


def test_a_gap_in_the_timestamps_is_silence(studio):
    samples = studio.noise(1)
    path = _shifted(studio, samples, 9600, 4800)
    read = studio.file(path).read(0, 52800)
    assert np.array_equal(read[:, :9600], samples[:, :9600])
    assert not read[:, 9600:14400].any()
    assert np.array_equal(read[:, 14400:], samples[:, 9600:])


def test_an_overlap_in_the_timestamps_is_cut(studio):
    samples = studio.noise(1)
    path = _shifted(studio, samples, 9600, -384)  # 8 ms
    read = studio.file(path).read(0, 47616)
    assert np.array_equal(read[:, :9600], samples[:, :9600])
    assert np.array_equal(read[:, 9600:], samples[:, 9984:])


def test_millisecond_timestamps_make_no_clicks(studio):
    samples = studio.noise(2, rate=44100)
    path = studio.save("ms.mkv", samples, "flac", 44100)  # 4608 / 44100 s is no whole millisecond
    assert np.array_equal(studio.file(path, 44100).read(0, 88200), samples)


def test_mono_goes_to_both_sides_at_its_own_level(studio):
    samples = studio.noise(0.2, channels=1)
    read = studio.file(studio.save("mono.wav", samples)).read(0, 9600)
    assert np.array_equal(read, np.repeat(samples, 2, axis=0))


def test_equal_sides_keep_their_level_in_mono(studio):
    samples = np.repeat(studio.noise(0.2, channels=1), 2, axis=0)
    read = studio.file(studio.save("both.wav", samples), layout="mono").read(0, 9600)
    assert np.allclose(read, samples[:1], rtol=0, atol=1e-7)


@pytest.mark.parametrize("channels", [6, 8])
def test_surround_folds_down_as_libav_does(studio, channels):
    samples = studio.noise(0.2, channels=channels) / 4
    read = studio.file(studio.save("s.wav", samples, "pcm_f32le")).read(0, 9600)
    half = np.float32(np.sqrt(0.5))
    left = samples[0] + half * samples[2] + half * samples[4]
    if channels == 8:
        left = left + half * samples[6]
    assert np.allclose(read[0], left, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("codec", "step"), [("pcm_s24le", 2.0**-23), ("pcm_f32le", 0.0), ("pcm_u8", 2.0**-7)]
)
def test_every_depth_is_full_scale_one(studio, codec, step):
    samples = studio.noise(0.1)
    read = studio.file(studio.save("d.wav", samples, codec)).read(0, 4800)
    assert np.abs(read - samples).max() <= step


def test_backwards_is_the_mirror_exactly(studio):
    samples = studio.noise(3)
    file = studio.file(studio.save("m.flac", samples, "flac"))
    read = np.concatenate(list(file.backwards(100000, 90000)), axis=1)
    assert np.array_equal(read, samples[:, 10000:100000][:, ::-1])


def test_backwards_in_chunks_has_no_seams(studio, monkeypatch):
    monkeypatch.setattr("kadr_pyav.audio_reader._BACKWARD_SECONDS", 1)
    samples = studio.noise(3.3)
    file = studio.file(studio.save("m.mkv", samples, "flac"))
    pieces = list(file.backwards(150000, 150000))
    assert max(p.shape[1] for p in pieces) <= studio.rate
    assert np.array_equal(np.concatenate(pieces, axis=1), samples[:, :150000][:, ::-1])


def test_a_stream_that_is_not_there_is_named(studio):
    path = studio.save("one.wav", studio.noise(0.1))
    file = type(studio.file(path))(str(path), 3, 48000, "stereo", studio.file(path).damage)
    with pytest.raises(MediaFileError, match="there is no sound stream 3") as caught:
        file.read(0, 10)
    assert "sound streams: 0" in caught.value.hint
    assert caught.value.path == str(path)


def test_a_missing_file_is_named(studio):
    with pytest.raises(MediaFileError, match="no such file"):
        studio.file(studio.folder / "none.wav").read(0, 10)


def _spoiled(studio, first, last):
    """An AAC file whose packets ``first`` to ``last`` are noise."""
    good, bad = studio.save("good.m4a", studio.noise(3), "aac"), studio.folder / "bad.m4a"
    rng = np.random.default_rng(5)
    with av.open(str(good)) as source, av.open(str(bad), "w") as target:
        stream = target.add_stream_from_template(source.streams.audio[0])
        for number, packet in enumerate(source.demux(source.streams.audio[0])):
            if packet.size == 0:
                continue
            if first <= number < last:
                spoiled = av.Packet(b"\xff" + rng.bytes(packet.size - 1))
                spoiled.pts, spoiled.dts, spoiled.duration = packet.pts, packet.dts, packet.duration
                spoiled.time_base, packet = packet.time_base, spoiled
            packet.stream = stream
            target.mux(packet)
    return bad


def test_damage_stops_with_place_and_remedy(studio):
    with pytest.raises(MediaFileError, match=r"the sound is damaged at 1\.0\d\d s") as caught:
        studio.file(_spoiled(studio, 50, 55)).read(0, 96000)
    assert "policy 'hold'" in caught.value.hint
    assert caught.value.path.endswith("bad.m4a")


def test_damage_is_silence_and_a_warning_where_asked_for(studio, context):
    bad = _spoiled(studio, 50, 55)
    read = studio.file(bad, policy="hold", context=context).read(0, 120000)
    good = studio.file(studio.folder / "good.m4a").read(0, 120000)
    assert context.warnings
    assert "silence stands in" in context.warnings[0][0]
    assert np.allclose(read[:, :40000], good[:, :40000], atol=1e-5)
    assert not read[:, 51000:53000].any()
    assert place_of_noise(read[:, 60000:70000], good[:, 60000:70000]) == 0


def place_of_noise(a, b):
    """Shift of one array against the other, by correlation."""
    size = 1 << 15
    cross = np.fft.irfft(np.fft.rfft(a[0], size) * np.conj(np.fft.rfft(b[0], size)), size)
    at = int(np.argmax(cross))
    return at - size if at > size // 2 else at


def test_damage_before_the_part_that_is_used_does_not_matter(studio):
    read = studio.file(_spoiled(studio, 10, 14)).read(96000, 20000)
    assert np.abs(read).max() > 0.05


def test_sound_that_is_all_damage_is_an_error_under_any_policy(studio):
    bad = _spoiled(studio, 0, 10_000)
    with pytest.raises(MediaFileError, match="nothing of sound stream 0 can be decoded"):
        studio.file(bad, policy="hold").read(0, 48000)


def test_rubbish_at_the_very_end_is_only_mentioned(studio, context):
    count = -(-3 * 48000 // 1024) + 1
    read = studio.file(_spoiled(studio, count - 1, 10_000), context=context).read(0, 144000)
    assert np.abs(read[:, 130000:140000]).max() > 0.05
    assert [w[0].split(" at ")[0] for w in context.warnings] == ["the sound ends damaged"]


LENGTHS = {
    "ae_aac.m4a": 106000,
    "ae_alac.m4a": 106000,
    "ae_commentary_speech.mp3": 106000,
    "ax_adpcm.wav": 44902,
    "ax_bear.flac": 131568,
    "ax_bear.opus": 131568 - 48,
    "ax_bear_cover.flac": 131568,
    "ax_bear_vbr.mp3": 133632,
    "ax_bear_vorbis.ogg": 131568,
    "ax_float32.wav": 45056,
    "ax_sine_24bit.wav": 44100,
    "jfk_speech.mp3": 176000,
    "jfk_speech_16k.wav": 176000,
    "moviepy_crunching.mp3": 398592,
    "music_slow_motion_dream.mp3": 479832,
    "si_hello.wav": 32709,
}


@pytest.mark.parametrize("name", sorted(LENGTHS))
def test_real_files_decode_to_their_length(studio, media, name):
    path = media(f"audio/{name}")
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        rate = stream.rate
        first = round((stream.start_time or 0) * stream.time_base * rate)
    pieces = list(studio.file(path, rate).forwards(first))
    assert sum(p.shape[1] for p in pieces) == LENGTHS[name]
    assert max(float(np.abs(p).max(initial=0)) for p in pieces) > 0.001


@pytest.mark.parametrize("start", [0, 20_000, 29_300, 67_100])
def test_vorbis_has_no_holes_behind_short_blocks(studio, media, start):
    path = media("audio/ax_bear_vorbis.ogg")
    with av.open(str(path)) as container:
        plain = np.concatenate([f.to_ndarray() for f in container.decode(audio=0)], axis=1)
    found = np.concatenate(list(studio.file(path, 48000).forwards(start)), axis=1)
    assert np.array_equal(found, plain[:, start : start + found.shape[1]])
