"""What goes over our connections does so in uvloop, whose transports are not asyncio's by inheritance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import test_asgi
import test_asgi_websocket_forward
import test_forward
import test_upgrade

uvloop = pytest.importorskip("uvloop")


@pytest.mark.parametrize(
    "test",
    [
        test_asgi.test_what_is_for_another_service_is_forwarded,
        test_asgi_websocket_forward.test_messages_go_both_ways,
        test_forward.test_connections_are_kept_on_both_sides,
        test_upgrade.test_messages_pass_both_ways_until_the_origin_closes,
    ],
)
def test_it_passes(test: Callable[..., Any]) -> None:
    uvloop.run(test.__wrapped__())
