import numpy as np
from hypothesis import HealthCheck, given, settings

from simulations.benchmarks.simpy_park import simulate
from simulations.kernel.check import violations
from simulations.kernel.run import run
from tests.simulations.kernel.days import days


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(days())
def test_every_truck_has_the_times_of_the_simpy_model_on_the_same_draws(day):
    layout, legs, drawn = day

    times = run(layout, legs, drawn)

    np.testing.assert_allclose(times.at, simulate(layout, legs, drawn), rtol=0, atol=1e-9)
    assert violations(layout, legs, drawn, times) == []
