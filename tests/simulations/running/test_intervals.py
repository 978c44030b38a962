import numpy as np
import pytest

from simulations.running.intervals import difference, interval


def test_the_interval_is_students() -> None:
    found = interval(np.array([[1.0], [2.0], [3.0], [4.0]]))

    assert found.mean[0] == 2.5
    assert found.half_width[0] == pytest.approx(3.182446 * np.std([1, 2, 3, 4], ddof=1) / 2, rel=1e-6)


def test_what_was_not_seen_is_left_out_and_said() -> None:
    found = interval(np.array([[1.0, np.nan, np.nan], [3.0, 5.0, np.nan]]))

    assert found.mean.tolist()[:2] == [2.0, 5.0]
    assert np.isnan(found.mean[2])
    assert np.isnan(found.half_width[1:]).all()


def test_it_covers_the_truth_as_often_as_it_says() -> None:
    values = np.random.default_rng(1).exponential(2.0, (40, 4_000))

    found = interval(values)

    covered = (np.abs(found.mean - 2.0) <= found.half_width).mean()
    assert 0.92 < covered < 0.96  # of 95 %; a skewed distribution costs a little


def test_a_difference_on_common_numbers_is_narrower() -> None:
    rng = np.random.default_rng(1)
    common = rng.normal(0, 5, 20)
    base, changed = common + rng.normal(0, 0.1, 20), common + 1 + rng.normal(0, 0.1, 20)

    apart = difference(changed, base)

    assert apart.excludes_zero()
    assert apart.half_width < 0.1 * interval(base).half_width
    assert not difference(base, base).excludes_zero()
