"""docs/rate-limit-service.md: its Python and YAML do what it says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from exchange_support import limited_engine
from rls_servers import PATIENCE, serving
from rls_support import asked, descriptor

from meshcore.global_limit.rls import Code, RateLimitService, RateLimitServiceClient, load_limits
from meshcore.upstream.rate_limits import RateLimitServices

DOCUMENT = (Path(__file__).parents[2] / "docs" / "rate-limit-service.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", DOCUMENT, re.DOTALL | re.MULTILINE)


def test_the_limits(tmp_path: Path) -> None:
    path = tmp_path / "limits.yaml"
    path.write_text(blocks("yaml")[0])
    service = RateLimitService(load_limits(path))
    asking = asked(descriptor(remote_address="192.0.2.66"), descriptor(path="/api/x", user="eve"))
    assert [status.code for status in service.answer(asking).statuses] == [Code.OVER_LIMIT, Code.OK]


def test_the_service() -> None:
    names: dict[str, Any] = {}
    serve, ask, _, client = blocks("python")
    exec(serve, names)
    exec(ask, names)
    for expression, said in re.findall(r"^(answer\.\S+)  # (.*)$", ask, re.MULTILINE):
        assert repr(eval(expression, names)) == said
    with serving(names["service"]) as server:
        exec(
            client.replace('"ratelimit:8081", timeout=0.02', f'"127.0.0.1:{server.port}", timeout=30'), names
        )
        assert names["answer"].response is not None
        names["client"].close()


def test_the_default_timeout_is_the_one_that_it_tells() -> None:
    with RateLimitServiceClient("127.0.0.1:1") as client:
        assert client.guard.timeout == 0.02 < PATIENCE


def test_the_services_of_documents() -> None:
    names: dict[str, Any] = {}
    exec(blocks("python")[2], names)
    engine = limited_engine({"failure_mode_deny": True, "timeout": "5s"})
    services = RateLimitServices(engine)
    assert names["serve"](engine, services, "GET", "a.example", "/", {}) == 500
    services.close()
