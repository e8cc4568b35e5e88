"""The endpoints that a program gives for a cluster."""

from __future__ import annotations

import pytest

from meshcore.membership import GivenEndpoint, endpoint_of, with_endpoints
from meshcore.model import Cluster, Endpoint, HealthStatus, Locality, LocalityEndpoints

EAST, WEST = Locality("r", "east"), Locality("r", "west")
LABELLED = Endpoint("10.0.0.1", 80, weight=3, metadata=(("version", "v1"),), health=HealthStatus.DEGRADED)
OTHER = Endpoint("10.0.0.2", 80)
ONE_PLACE = Cluster("c", localities=(LocalityEndpoints((LABELLED, OTHER), EAST, 0, 5),))
TWO_PLACES = Cluster(
    "c", localities=(LocalityEndpoints((LABELLED,), EAST, 0, 5), LocalityEndpoints((OTHER,), WEST, 1, 7))
)


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("10.0.0.7:9080", Endpoint("10.0.0.7", 9080)),
        ("reviews.local:1", Endpoint("reviews.local", 1)),
        ("[2001:db8::1]:65535", Endpoint("2001:db8::1", 65535)),
        ("/run/reviews.sock", Endpoint("/run/reviews.sock", 0)),
    ],
)
def test_texts(text: str, endpoint: Endpoint) -> None:
    assert endpoint_of(text) == endpoint
    assert endpoint_of(text).authority == text


@pytest.mark.parametrize(
    "text", ["", "10.0.0.7", "10.0.0.7:", ":80", "a:0", "a:65536", "a:-1", "::1:80", "[a]:1", "a b:1", "a:²"]
)
def test_texts_that_are_no_endpoint(text: str) -> None:
    with pytest.raises(ValueError, match="address:port"):
        endpoint_of(text)


def test_what_is_known_is_kept() -> None:
    changed = with_endpoints(ONE_PLACE, ["10.0.0.3:80", "10.0.0.1:80"])
    assert changed.localities == (LocalityEndpoints((Endpoint("10.0.0.3", 80), LABELLED), EAST, 0, 5),)


def test_a_weight_that_is_given_counts() -> None:
    changed = with_endpoints(ONE_PLACE, [("10.0.0.1:80", 9), ("10.0.0.3:80", 2)])
    assert [(it.address, it.weight) for it in changed.endpoints] == [("10.0.0.1", 9), ("10.0.0.3", 2)]
    assert changed.endpoints[0].metadata == LABELLED.metadata


def test_an_endpoint_is_taken_as_it_is() -> None:
    plain = Endpoint("10.0.0.2", 80, hostname="h")
    changed = with_endpoints(TWO_PLACES, [plain])
    assert changed.localities == (
        LocalityEndpoints((), EAST, 0, 5),
        LocalityEndpoints((plain,), WEST, 1, 7),
    )


def test_several_localities_keep_their_endpoints_and_new_ones_have_none() -> None:
    changed = with_endpoints(TWO_PLACES, ["10.0.0.2:80", "10.0.0.3:80"])
    assert changed.localities == (
        LocalityEndpoints((), EAST, 0, 5),
        LocalityEndpoints((OTHER,), WEST, 1, 7),
        LocalityEndpoints((Endpoint("10.0.0.3", 80),)),
    )


def test_a_locality_comes_back_as_it_was() -> None:
    emptied = with_endpoints(TWO_PLACES, ["10.0.0.2:80"])
    assert emptied.localities[0] == LocalityEndpoints((), EAST, 0, 5)
    again = with_endpoints(emptied, [LocalityEndpoints((LABELLED,), EAST, 0, 6), "10.0.0.2:80"])
    assert again.localities == (LocalityEndpoints((LABELLED,), EAST, 0, 6), TWO_PLACES.localities[1])


def test_nothing_else_of_a_cluster_changes() -> None:
    changed = with_endpoints(ONE_PLACE, [])
    assert changed.endpoints == ()
    assert with_endpoints(changed, ONE_PLACE.endpoints) == ONE_PLACE


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["10.0.0.3:80", "10.0.0.3:80"], "10.0.0.3:80 is given twice"),
        ([LABELLED, LocalityEndpoints((LABELLED,), WEST)], "10.0.0.1:80 is given twice"),
        ([("10.0.0.3:80", 0)], "weight 0: from 1 to 4294967295"),
        ([("10.0.0.3:80", 2**32)], "weight 4294967296"),
        ([("10.0.0.3:80", 2**31), ("10.0.0.4:80", 2**31)], "add up to 4294967296"),
        (["10.0.0.3"], "address:port"),
    ],
)
def test_values_that_are_refused(given: list[GivenEndpoint], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        with_endpoints(ONE_PLACE, given)


@pytest.mark.parametrize("given", [None, 80, ("10.0.0.1", "80"), b"10.0.0.1:80", ("10.0.0.1:80", 1, 2)])
def test_types_that_are_refused(given: object) -> None:
    with pytest.raises(TypeError, match="an endpoint is"):
        with_endpoints(ONE_PLACE, [given])  # type: ignore[list-item]
