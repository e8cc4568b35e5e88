"""Records as plain values, and their differences."""

from __future__ import annotations

from meshcore.config.istio.schema.common import Destination, PortNumber
from meshcore.config.istio.schema.virtual_service import HTTPRoute, RouteDestination
from meshcore.replay.records import differences, plain_record


def test_what_says_nothing_is_left_out() -> None:
    rule = HTTPRoute(name="a", route=[RouteDestination(destination=Destination(port=PortNumber(number=80)))])
    assert plain_record(rule) == {"name": "a", "route": [{"destination": {"port": {"number": 80}}}]}
    assert plain_record(RouteDestination(destination=Destination())) == {"destination": {}}


def test_differences_name_the_field() -> None:
    one = {"a": [1, {"b": 2}], "c": 3}
    assert list(differences(one, {"a": [1, {"b": 4}, 5], "d": 6})) == [
        "a[1].b: expected 2, got 4",
        "a[2]: expected None, got 5",
        "c: expected 3, got None",
        "d: expected None, got 6",
    ]
    assert list(differences(one, one)) == []
