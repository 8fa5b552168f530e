from __future__ import annotations

import av
import numpy as np
import pytest
from kadr_pyav.envelope import balance, envelope, product
from kadr_sdk.plan import Ramp


def test_a_linear_ramp_is_exact_at_every_sample():
    values = envelope([Ramp(10, 20, 0.0, 1.0)], 0, 30)
    assert np.array_equal(values, np.concatenate([np.zeros(10), np.arange(10) / 10, np.ones(10)]))


@pytest.mark.parametrize("cut", [1, 7, 13, 29])
def test_blocks_join_to_the_whole(cut):
    ramps = [Ramp(3, 9, 0.2, 0.9), Ramp(12, 12, 0.9, 0.1), Ramp(15, 27, 0.1, 1.5, "sine")]
    parts = [envelope(ramps, 0, cut), envelope(ramps, cut, 40 - cut)]
    assert np.array_equal(np.concatenate(parts), envelope(ramps, 0, 40))


def test_edge_values_hold_before_between_and_after():
    values = envelope([Ramp(2, 4, 0.5, 1.0), Ramp(6, 8, 0.25, 0.75)], 0, 10)
    assert values.tolist() == [0.5, 0.5, 0.5, 0.75, 1.0, 1.0, 0.25, 0.5, 0.75, 0.75]


def test_a_ramp_without_length_is_a_step():
    assert envelope([Ramp(2, 2, 1.0, 0.0)], 0, 4).tolist() == [1.0, 1.0, 0.0, 0.0]


def test_a_block_far_behind_the_ramps_keeps_the_last_value():
    assert envelope([Ramp(0, 10, 1.0, 0.3)], 10**9, 3).tolist() == [0.3] * 3


def test_opposite_sines_keep_the_power():
    rise = envelope([Ramp(0, 1000, 0.0, 1.0, "sine")], 0, 1000)
    fall = envelope([Ramp(0, 1000, 1.0, 0.0, "sine")], 0, 1000)
    assert np.allclose(rise**2 + fall**2, 1.0, rtol=0, atol=1e-12)
    assert rise[500] == pytest.approx(np.sqrt(0.5))


def test_sine_goes_between_any_two_values():
    fall = envelope([Ramp(0, 90, 0.8, 0.2, "sine")], 0, 91)
    assert fall[30] == pytest.approx(0.2 + 0.6 * np.cos(np.pi / 6))
    assert (fall[0], fall[90]) == (0.8, 0.2)


def test_an_unknown_shape_is_refused():
    with pytest.raises(ValueError, match="'cubic' is not the shape of a ramp"):
        envelope([Ramp(0, 4, 0.0, 1.0, "cubic")], 0, 4)


def test_envelopes_multiply_and_ones_cost_nothing():
    assert product(((Ramp(0, 4, 1.0, 1.0),), ()), 0, 4) is None
    values = product(((Ramp(0, 4, 0.5, 0.5),), (Ramp(0, 4, 0.0, 1.0),)), 0, 4)
    assert values is not None
    assert values.tolist() == [0.0, 0.125, 0.25, 0.375]


def test_balance_fades_the_far_side_only():
    gains = balance((Ramp(0, 4, -1.0, 1.0),), "stereo", 0, 5)
    assert gains is not None
    assert gains.tolist() == [[1, 1, 1, 0.5, 0], [0, 0.5, 1, 1, 1]]


def test_balance_leaves_the_centre_and_the_low_channel_alone():
    gains = balance((Ramp(0, 0, 0.0, 1.0),), "5.1", 0, 1)
    assert gains is not None
    assert gains[:, 0].tolist() == [0, 1, 1, 1, 0, 1]


def test_balance_of_mono_changes_nothing():
    for law in (0, -3, -4.5, -6):
        assert balance((Ramp(0, 0, 0.0, 1.0),), "mono", 0, 2, law) is None


def test_no_balance_costs_nothing():
    assert balance((), "stereo", 0, 5) is None
    assert balance((Ramp(0, 5, 0.0, 0.0),), "stereo", 0, 5) is None


@pytest.mark.parametrize(("law", "middle"), [(-3, 0.5**0.5), (-4.5, 0.5**0.75), (-6, 0.5)])
def test_pan_laws(law, middle):
    pan = (Ramp(0, 200, -1.0, 1.0),)
    left, right = balance(pan, "stereo", 0, 201, law)
    assert left[100] == right[100] == pytest.approx(middle, abs=1e-12)
    assert (left[0], right[200]) == (1, 1)
    assert abs(left[200]) < 1e-12 > abs(right[0])
    np.testing.assert_allclose(left, right[::-1], atol=1e-12)
    straight = np.arange(201) / 200
    wanted = {-3: np.sin(np.pi / 2 * straight), -6: straight}
    wanted[-4.5] = np.sqrt(wanted[-3] * wanted[-6])
    np.testing.assert_allclose(right, wanted[law], atol=1e-12)


def test_constant_power_is_constant():
    left, right = balance((Ramp(0, 100, -1.0, 1.0),), "stereo", 0, 101, -3)
    np.testing.assert_allclose(left**2 + right**2, 1, atol=1e-12)


def test_a_pan_law_acts_in_the_middle_too_and_leaves_the_centre():
    gains = balance((), "5.1", 0, 3, -6)
    names = [c.name for c in av.AudioLayout("5.1").channels]
    assert [gains[n, 0] for n in range(6)] == [1 if n in ("FC", "LFE") else 0.5 for n in names]
