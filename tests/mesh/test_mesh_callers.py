"""meshcore.mesh.callers: whom a service believes that they are in the mesh."""

from __future__ import annotations

import logging

import pytest
from mesh_support import mesh_of, service

from meshcore.mesh.callers import Callers


@pytest.mark.parametrize(
    ("address", "believed"),
    [
        ("10.1.2.3", True),
        ("172.31.0.1", True),
        ("172.32.0.1", False),
        ("100.64.3.4", True),
        ("127.0.0.1", True),
        ("::1", True),
        ("fd00::7", True),
        ("fe80::1%eth0", True),
        ("::ffff:10.1.2.3", True),
        ("::ffff:8.8.8.8", False),  # of a socket for both versions
        ("8.8.8.8", False),
        ("2001:4860:4860::8888", False),
        ("192.0.2.1", False),
        ("testclient", False),
        ("", True),  # unix sockets
        (None, True),
    ],
)
def test_addresses_that_no_request_from_the_internet_has_are_believed(
    address: str | None, believed: bool
) -> None:
    callers = Callers()
    assert (address in callers) is believed
    assert (address in callers) is believed  # remembered


def test_a_mesh_says_whom_it_believes() -> None:
    mesh = mesh_of(service("reviews", 1), callers=["203.0.113.0/24", "2001:db8::/32"])
    assert [address in mesh.callers for address in ("203.0.113.9", "2001:db8::1", "10.0.0.1")] == [
        True,
        True,
        False,
    ]
    assert "10.0.0.1" not in mesh_of(service("reviews", 1), callers=()).callers


@pytest.mark.parametrize(
    ("networks", "error", "told"),
    [
        (["10.0.0.0/33"], ValueError, r"callers: '10\.0\.0\.0/33' does not .* such as '10\.0\.0\.0/8'"),
        (["10.0.0.1/8"], ValueError, r"callers: 10\.0\.0\.1/8 has host bits set"),
        ("10.0.0.0/8", TypeError, r"callers is '10.0.0.0/8'; expected networks"),
    ],
)
def test_what_is_no_network_is_refused(networks: list[str], error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        mesh_of(service("reviews", 1), callers=networks)


def test_a_flood_of_addresses_is_not_remembered() -> None:
    callers = Callers()
    for number in range(5_000):
        assert f"8.8.{number >> 8}.{number & 255}" not in callers
    assert len(callers._known) <= 4096


def test_who_is_not_believed_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "meshcore.mesh"):
        assert "8.8.8.8" not in mesh_of(service("reviews", 1), callers=()).callers  # nobody is
        callers = mesh_of(service("reviews", 1)).callers
        assert "10.0.0.1" in callers
        assert not caplog.records
        for address in ("203.0.113.7\r\n", "8.8.8.8", "8.8.8.8"):
            assert address not in callers
    (record,) = caplog.records
    assert "from '203.0.113.7\\r\\n' says" in record.getMessage()
    assert "--no-proxy-headers" in record.getMessage()
