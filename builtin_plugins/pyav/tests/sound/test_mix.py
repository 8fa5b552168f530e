from __future__ import annotations

import threading
import tracemalloc
import wave
from fractions import Fraction

import numpy as np
import pytest
from kadr_pyav.mix import mix
from kadr_sdk.errors import CancelledError, MediaFileError
from kadr_sdk.plan import AudioClip, Ramp


def test_three_clips_are_their_sum_exactly(studio, context):
    sounds = [studio.noise(2, seed) for seed in range(3)]
    paths = [studio.save(f"{n}.wav", s) for n, s in enumerate(sounds)]
    clips = [
        studio.clip(paths[0], 96000),
        studio.clip(paths[1], 50001, start=12345),
        studio.clip(paths[2], 30000, start=70000, source=Fraction(1, 2)),
    ]
    total = np.zeros((2, 110000))
    total[:, :96000] += sounds[0]
    total[:, 12345:62346] += sounds[1][:, :50001]
    total[:, 70000:100000] += sounds[2][:, 24000:54000]
    mixed = studio.joined(mix(studio.plan(clips, 110000), context))
    assert np.array_equal(mixed, total.astype(np.float32))
    assert context.advanced == 110000


@pytest.mark.parametrize("count", [0, 1, 23999, 24000, 24001])
def test_the_mix_has_exactly_the_planned_length(studio, context, count):
    blocks = list(mix(studio.plan([], count), context))
    assert sum(b.samples.shape[1] for b in blocks) == count
    assert not any(b.samples.any() for b in blocks)


def test_volume_fades_and_pan_are_exact(studio, context):
    sound = studio.noise(1)
    gains = (
        (Ramp(0, 40000, 0.5, 0.5),),
        (Ramp(0, 30000, 0.0, 1.0),),
        (Ramp(35000, 40000, 1.0, 0.0, "sine"),),
    )
    clip = studio.clip(
        studio.save("a.wav", sound), 40000, start=1000, gains=gains, pan=(Ramp(0, 40000, 0.25, 0.25),)
    )
    mixed = studio.joined(mix(studio.plan([clip], 48000), context))
    k = np.arange(40000)
    gain = 0.5 * np.minimum(k / 30000, 1.0) * np.where(k < 35000, 1, np.cos(np.pi / 2 * (k - 35000) / 5000))
    expected = sound[:, :40000].astype(np.float64) * gain * np.array([[0.75], [1.0]])
    assert np.abs(mixed[:, 1000:41000] - expected).max() < 1e-7
    assert not mixed[:, :1000].any()
    assert not mixed[:, 41000:].any()


def test_a_crossfade_keeps_the_power(studio, context):
    """Two unrelated noises: power over the fade equals power before and after."""
    paths = [studio.save(f"{n}.wav", studio.noise(4, n)) for n in range(2)]
    fade = (48000, 144000)
    clips = [
        studio.clip(paths[0], 144000, gains=((Ramp(*fade, 1.0, 0.0, "sine"),),)),
        studio.clip(paths[1], 144000, start=48000, gains=((Ramp(0, 96000, 0.0, 1.0, "sine"),),)),
    ]
    mixed = studio.joined(mix(studio.plan(clips, 192000), context))
    power = (mixed.astype(np.float64) ** 2).mean(axis=0).reshape(-1, 9600).mean(axis=1)
    assert np.abs(power / power.mean() - 1).max() < 0.05


def test_two_clips_of_one_file_join_without_a_seam(studio, context):
    path = studio.save("tone.wav", studio.noise(3, rate=44100), rate=44100)
    whole = studio.joined(mix(studio.plan([studio.clip(path, 144000)], 144000), context))
    cut = 60000
    clips = [studio.clip(path, cut), studio.clip(path, 84000, start=cut, source=Fraction(cut, 48000))]
    assert np.array_equal(studio.joined(mix(studio.plan(clips, 144000), context)), whole)


def test_reversed_sound_is_the_mirror(studio, context):
    sound = studio.noise(2)
    clip = studio.clip(studio.save("r.wav", sound), 60000, start=100, source=Fraction(3, 2), reversed=True)
    mixed = studio.joined(mix(studio.plan([clip], 60100), context))
    assert np.array_equal(mixed[:, 100:], sound[:, 12000:72000][:, ::-1])


def test_after_the_media_there_is_silence(studio, context):
    sound = studio.noise(0.25)
    mixed = studio.joined(mix(studio.plan([studio.clip(studio.save("s.wav", sound), 48000)], 48000), context))
    assert np.array_equal(mixed[:, :12000], sound)
    assert not mixed[:, 12000:].any()


@pytest.mark.parametrize(("reverse", "speed"), [(False, "1"), (True, "1"), (False, "1.5")])
def test_more_clips_than_may_be_open_sound_the_same(studio, context, monkeypatch, reverse, speed):
    path = studio.save("n.wav", studio.noise(3))
    shape = {"reversed": reverse, "speed": Fraction(speed)}
    clips = [studio.clip(path, 60000, start=50 * k, source=2 if reverse else 0, **shape) for k in range(6)]
    plan = studio.plan(clips, 61000)
    straight = studio.joined(mix(plan, context))
    monkeypatch.setattr("kadr_pyav.mix._MAX_OPEN", 2)
    assert np.array_equal(studio.joined(mix(plan, context)), straight)


def test_only_what_sounds_is_open(studio, context, monkeypatch):
    """A thousand clips in a row: never more than two files are open at once."""
    from kadr_pyav import audio_decode

    path = studio.save("short.wav", studio.noise(0.5, rate=8000), rate=8000)
    opened, most = [], [0]
    real_open, real_close = audio_decode.open_media, audio_decode.close_quietly

    def opening(path):
        container = real_open(path)
        opened.append(container)
        most[0] = max(most[0], len(opened))
        return container

    def closing(container):
        if container in opened:
            opened.remove(container)
        real_close(container)

    monkeypatch.setattr(audio_decode, "open_media", opening)
    monkeypatch.setattr(audio_decode, "close_quietly", closing)
    clips = [studio.clip(path, 3000, start=3000 * k) for k in range(300)]
    for _ in mix(studio.plan(clips, 900000, 8000), context):
        pass
    assert most[0] <= 3
    assert opened == []


def test_abandoning_a_mix_closes_its_files(studio, context, monkeypatch):
    from kadr_pyav import audio_decode

    closed = []
    real = audio_decode.close_quietly
    monkeypatch.setattr(audio_decode, "close_quietly", lambda c: (closed.append(c), real(c)))
    blocks = mix(studio.plan([studio.clip(studio.save("n.wav", studio.noise(3)), 144000)], 144000), context)
    next(blocks)
    assert closed == []
    blocks.close()
    assert len(closed) == 1


def test_cancelling_stops_the_mix(studio):
    class Cancelled:
        def check(self):
            raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        next(mix(studio.plan([], 48000), Cancelled()))


def test_a_missing_file_stops_the_mix_with_its_path(studio, context):
    clip = studio.clip(studio.folder / "gone.wav", 100)
    with pytest.raises(MediaFileError, match="no such file") as caught:
        list(mix(studio.plan([clip], 100), context))
    assert caught.value.path.endswith("gone.wav")


def test_ten_minutes_do_not_drift(studio, context):
    """Clicks of a 10 minute file at 11025 Hz, mixed at 48000 Hz, 500 ms blocks."""
    rate, path = 11025, studio.folder / "long.wav"
    at = [5, 137, 300, 451, 599]
    samples = np.zeros(600 * rate, np.int16)
    for second in at:
        samples[second * rate] = 20000
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    plan = studio.plan([studio.clip(path, 600 * 48000)], 600 * 48000, layout="mono")
    found = []
    for block in mix(plan, context):
        k = int(np.argmax(np.abs(block.samples[0])))
        if abs(block.samples[0, k]) > 0.05:
            found.append(block.first + k)
    wanted = {second * 48000 for second in at}
    assert wanted <= {min(wanted, key=lambda w: abs(w - f)) for f in found}
    assert max(min(abs(f - w) for w in wanted) for f in found) <= 12  # the filter rings; half a frame is 800


def test_two_hours_of_silence_take_no_memory(studio, context):
    plan = studio.plan([], 2 * 3600 * 8000, 8000)
    tracemalloc.start()
    try:
        total = sum(block.samples.shape[1] for block in mix(plan, context))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert total == plan.count
    assert peak < 2_000_000


def test_mixes_run_side_by_side(studio, context):
    plan = studio.plan([studio.clip(studio.save("n.flac", studio.noise(2), "flac"), 96000)], 96000)
    results = [None] * 4

    def work(k):
        results[k] = studio.joined(mix(plan, context.__class__()))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(r, results[0]) for r in results)
    assert results[0].any()


def test_the_sound_of_a_video_is_found_by_its_stream(studio, context, media):
    path = media("video/ae_example_timecode.mp4")
    clip = AudioClip(str(path), 1, 0, 48000, Fraction(1))
    assert studio.joined(mix(studio.plan([clip], 48000), context)).any()
