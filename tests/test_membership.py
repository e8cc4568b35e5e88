"""The endpoints that a program gives for a cluster."""

from __future__ import annotations

from dataclasses import replace

import pytest

from meshcore.membership import GivenEndpoint, endpoint_of, with_endpoints
from meshcore.model import Cluster, CommonLbConfig, Endpoint, HealthStatus, Locality, LocalityEndpoints

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


def test_a_locality_keeps_its_weight_where_none_is_given() -> None:
    changed = with_endpoints(TWO_PLACES, [LocalityEndpoints((LABELLED,), EAST)])
    assert changed.localities[0] == LocalityEndpoints((LABELLED,), EAST, 0, 5)
    assert with_endpoints(changed, [LocalityEndpoints((OTHER,), EAST, 0, 0)]).localities[0].weight == 0


def test_localities_of_istio_weigh_as_much_as_their_endpoints() -> None:
    istio = replace(
        TWO_PLACES, common_lb=CommonLbConfig(locality_weighted=True, locality_weights_follow=True)
    )
    changed = with_endpoints(istio, [LABELLED, ("10.0.0.3:80", 4), "10.0.0.4:80"])
    assert [(it.locality, it.weight) for it in changed.localities] == [(EAST, 3), (WEST, 0), (Locality(), 5)]
    again = with_endpoints(changed, ["10.0.0.3:80", LocalityEndpoints((OTHER,), WEST, 1, 9)])
    assert [it.weight for it in again.localities] == [0, 9, 4]
    empty = with_endpoints(replace(istio, localities=()), ["10.0.0.3:80"])
    assert [it.weight for it in empty.localities] == [1]


def test_a_new_locality_needs_a_weight_where_others_are_weighed() -> None:
    weighed = replace(TWO_PLACES, common_lb=CommonLbConfig(locality_weighted=True))
    with pytest.raises(ValueError, match=r"'c' weighs its localities, and 10\.0\.0\.3:80 is in a new one"):
        with_endpoints(weighed, ["10.0.0.2:80", "10.0.0.3:80"])
    changed = with_endpoints(weighed, [LocalityEndpoints((Endpoint("10.0.0.3", 80),), weight=2)])
    assert [it.weight for it in changed.localities] == [5, 7, 2]
    only = with_endpoints(replace(weighed, localities=()), ["10.0.0.3:80"])
    assert [it.weight for it in only.localities] == [1]


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
        ([Endpoint("", 80)], "has no address"),
        ([Endpoint("10.0.0.3", 65536)], "port 65536: from 1 to 65535"),
        ([Endpoint("10.0.0.3", 0)], "port 0: from 1 to 65535"),
        (
            [LocalityEndpoints((), EAST, 2**31)],
            "locality 'r/east/' has the priority 2147483648: from 0 to 128",
        ),
        ([LocalityEndpoints((), EAST, 0, -1)], "weight -1: from 0 to 4294967295"),
    ],
)
def test_values_that_are_refused(given: list[GivenEndpoint], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        with_endpoints(ONE_PLACE, given)


@pytest.mark.parametrize("given", [None, 80, ("10.0.0.1", "80"), b"10.0.0.1:80", ("10.0.0.1:80", 1, 2)])
def test_types_that_are_refused(given: object) -> None:
    with pytest.raises(TypeError, match="an endpoint is"):
        with_endpoints(ONE_PLACE, [given])  # type: ignore[list-item]


def test_numbers_that_are_refused() -> None:
    with pytest.raises(TypeError, match=r"has the weight 1\.5: an int"):
        with_endpoints(ONE_PLACE, [LocalityEndpoints((), EAST, 0, 1.5)])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"10\.0\.0\.3:80 has the weight None: an int"):
        with_endpoints(ONE_PLACE, [Endpoint("10.0.0.3", 80, weight=None)])  # type: ignore[arg-type]


def test_paths_need_no_port() -> None:
    given = [Endpoint("/run/a.sock", 0), Endpoint("@abstract", 0)]
    assert with_endpoints(ONE_PLACE, given).endpoints == tuple(given)
