"""meshcore.upstream.rate_limits for threads; the proxy's tests have that for asyncio."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path

from exchange_support import limited_engine
from rls_servers import PATIENCE, serving_config
from rls_support import limits

from meshcore import Outcome
from meshcore.upstream.rate_limits import RateLimitServices

DOCUMENT = """\
domain: shop
descriptors:
  - key: generic_key
    rate_limit: {unit: day, requests_per_unit: 3}
"""


def test_many_threads_share_a_limit(tmp_path: Path) -> None:
    counts: Counter[str] = Counter()
    seen: list[int | None] = []
    with serving_config(limits(tmp_path, DOCUMENT)) as server:
        options = {"timeout": f"{PATIENCE:g}s", "failure_mode_deny": True}
        engine = limited_engine(options, target=f"127.0.0.1:{server.port}")
        services = RateLimitServices(engine, count=lambda name: counts.update([name]))

        def run() -> None:
            for _ in range(4):
                with engine.decide("GET", "a.example", "/") as decision:
                    services.ask(decision)
                    assert decision.rate_limits == ()
                    seen.append(decision.status)
                    assert (decision.outcome is Outcome.FORWARD) == (decision.status is None)

        threads = [threading.Thread(target=run) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        services.close()
    assert Counter(seen) == {None: 3, 429: 9}
    assert counts == {"cluster.app.ratelimit.ok": 3, "cluster.app.ratelimit.over_limit": 9}


def test_nobody_there() -> None:
    counts: Counter[str] = Counter()
    engine = limited_engine({"timeout": "5s", "failure_mode_deny": True})
    services = RateLimitServices(engine, count=lambda name: counts.update([name]))
    with engine.decide("GET", "a.example", "/") as decision:
        services.ask(decision)
        assert (decision.status, decision.flags) == (500, "RLSE")
    services.close()
    assert counts == {"cluster.app.ratelimit.error": 1, "rate_limit_service.remote": 1}
