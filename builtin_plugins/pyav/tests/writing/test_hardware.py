"""Encoders in hardware: tried in a child, chosen where they work, replaced where they do not."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from kadr_pyav import trial
from kadr_pyav.encoder_choice import encoder_exists, option_names
from kadr_pyav.encoders import Trials, prepare
from kadr_pyav.hardware import HardwareTrials, prepare_hardware
from kadr_pyav.hardware_table import HARDWARE
from kadr_pyav.sessions import fed_format
from kadr_sdk.errors import InvalidParameterError, UnsupportedFormatError
from kadr_sdk.output import Output, VideoEncoding


def video(encoder: str, codec: str = "h264", **settings: Any) -> VideoEncoding:
    values = {"pixel_format": "yuv420p"} | settings
    return VideoEncoding(codec, width=320, height=240, rate=Fraction(25), encoder=encoder, **values)


def here(*working: str) -> HardwareTrials:
    """A machine where these encoders work."""
    return HardwareTrials(lambda name, _: "" if name in working else "no such device")


def chosen(encoding: VideoEncoding, trials: HardwareTrials) -> tuple[VideoEncoding, tuple[str, ...]]:
    return prepare_hardware(encoding, "mp4", trials, lambda _: None)


class TestTrial:
    def test_an_encoder_that_works(self) -> None:
        assert trial.run_trial("libx264", "yuv420p") == ""

    def test_what_does_not_work_says_why(self) -> None:
        assert trial.run_trial("h264_nothing", "yuv420p") == "this build of FFmpeg does not have it"
        said = trial.attempt("h264_nvenc", "yuv420p")
        if not said:
            pytest.skip("this machine has an encoder of NVIDIA")
        assert "Operation not permitted" not in said, "the driver's own words"

    def test_one_that_hangs_is_killed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(trial, "_CHILD", ("-c", "import time; time.sleep(600)"))
        assert trial.run_trial("h264_nvenc", "yuv420p", 0.2) == "the trial did not end within 0.2 s"

    @pytest.mark.parametrize("code", ["import os; os._exit(139)", "print('no json')"])
    def test_one_that_crashes_costs_a_child(self, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(trial, "_CHILD", ("-c", code))
        assert trial.run_trial("h264_nvenc", "yuv420p").startswith("the trial crashed (exit code ")

    def test_each_is_tried_once(self) -> None:
        asked: list[str] = []
        trials = HardwareTrials(lambda name, form: asked.append(f"{name} {form}") or "no")  # type: ignore[func-returns-value]  # append gives None
        first, again = trials.all(), trials.all()
        assert first == again
        assert len(asked) == len(set(asked)) == len(HARDWARE)
        assert "h264_qsv nv12" in asked


class TestChoice:
    def test_left_open_it_is_the_processor(self) -> None:
        output = prepare(Output("t", "mp4", video("")), Trials(), here("h264_nvenc"))
        assert output.video is not None
        assert output.video.encoder == "libx264"

    def test_the_first_that_works(self) -> None:
        found, notes = chosen(video("auto", crf=22), here("h264_nvenc", "h264_qsv"))
        assert found.encoder == "h264_nvenc"
        assert dict(found.options).items() >= {"cq": "22", "b": "0", "rc": "vbr", "preset": "p5"}.items()
        assert "bytes may differ" in notes[0]
        found, _ = chosen(video("hardware", preset="slow", bitrate=10**6), here("h264_qsv"))
        assert found.encoder == "h264_qsv"
        assert dict(found.options).items() >= {"preset": "slow", "b": "1000000"}.items()
        assert fed_format(found) == "nv12"
        found, _ = chosen(video("auto", quality=50), here("h264_amf"))
        assert dict(found.options).items() >= {"rc": "qvbr", "qvbr_quality_level": "30"}.items()

    def test_auto_falls_back_and_says_so(self) -> None:
        found, notes = chosen(video("auto"), here())
        assert found.encoder == "libx264"
        assert notes[0].startswith("no encoder in hardware could be used (h264_nvenc: no such device; ")
        assert notes[0].endswith("libx264 does it")

    def test_a_setting_that_it_does_not_have_leads_to_the_next(self) -> None:
        asked = video("auto", bitrate=10**6, two_pass=True)
        found, notes = chosen(asked, here("h264_nvenc"))
        assert found.encoder == "libx264"
        assert "h264_nvenc: h264_nvenc has no two_pass" in notes[0]

    def test_one_that_refuses_to_open_leads_to_the_next(self) -> None:
        def opened(encoding: VideoEncoding) -> None:
            if encoding.encoder == "h264_nvenc":
                raise UnsupportedFormatError("too small")

        found, _ = prepare_hardware(video("auto"), "mp4", here("h264_nvenc", "h264_amf"), opened)
        assert found.encoder == "h264_amf"

    def test_hardware_or_none(self) -> None:
        with pytest.raises(UnsupportedFormatError) as caught:
            chosen(video("hardware"), here())
        said = str(caught.value)
        assert said.startswith(
            "export.video.encoder: no encoder in hardware makes h264 here: h264_nvenc: no such"
        )
        assert 'write "auto" to fall back' in said
        with pytest.raises(UnsupportedFormatError, match="makes vp8 here: none is known"):
            chosen(video("hardware", "vp8"), here("h264_nvenc"))

    def test_by_name(self) -> None:
        found, _ = chosen(video("hevc_amf", "hevc", pixel_format="yuv420p10le"), here("hevc_amf"))
        assert (found.encoder, fed_format(found)) == ("hevc_amf", "p010le")
        with pytest.raises(UnsupportedFormatError, match="makes hevc here: hevc_nvenc: no such device"):
            chosen(video("hevc_nvenc", "hevc"), here("hevc_amf"))
        assert prepare(Output("t", "mp4", video("libx264")), Trials()).video is not None
        with pytest.raises(UnsupportedFormatError, match=r"no encoder 'libx26' makes h264.*libx264"):
            prepare(Output("t", "mp4", video("libx26")), Trials())

    def test_senseless_settings_of_hardware(self) -> None:
        with pytest.raises(UnsupportedFormatError, match="h264_nvenc has no preset 'quick'"):
            chosen(video("h264_nvenc", preset="quick"), here("h264_nvenc"))
        assert InvalidParameterError.code


@pytest.mark.parametrize("row", HARDWARE, ids=lambda row: row.name)
def test_every_option_of_the_table_is_the_encoders(row: Any) -> None:
    if not encoder_exists(row.name):
        pytest.skip(f"{row.name} is not in this build")
    used = {name for name, _ in row.defaults} | {row.preset, row.level}
    used |= {row.quality.option} if row.quality else set()
    assert used - {""} <= option_names(row.name)
