from dispatch.model.park import DockKind
from dispatch.planning.fitting import Unfit, fitting
from dispatch.planning.permitted import OpenLoad
from dispatch.planning.together import Requests
from tests.dispatch.tiny import a_load, a_park, a_truck, a_visit


def test_requests_that_fit_the_park_are_kept_in_their_order() -> None:
    asked = Requests([a_visit("V2"), a_visit("V1")], [OpenLoad(a_load())], [a_truck()])

    assert fitting(a_park(), asked) == (asked, ())


def test_what_another_park_file_has_left_behind_is_named_with_its_reason() -> None:
    asked = Requests(
        [a_visit("V1", warehouse="GONE"), a_visit("V2"), a_visit("V3", dock_kind=DockKind.REEFER)],
        [OpenLoad(a_load("L1", origin="GONE")), OpenLoad(a_load("L2"))],
        [a_truck("浙B00001", kind="boat"), a_truck("浙B00002")],
    )

    fit, unfit = fitting(a_park(), asked)

    assert fit == Requests([a_visit("V2")], [OpenLoad(a_load("L2"))], [a_truck("浙B00002")])
    assert unfit == (
        Unfit("visit", "V1", "warehouse: 'GONE' is not a warehouse of this park"),
        Unfit("visit", "V3", "dock_kind: W1 has no reefer docks; it has: box"),
        Unfit("load", "L1", "origin: 'GONE' is not known in this park"),
        Unfit("truck", "浙B00001", "kind: 'boat' is not known in this park"),
    )
