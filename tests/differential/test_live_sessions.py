"""Envoy keeps the sessions that the engine keeps, at the same endpoints, by the same lines of the answer."""

from __future__ import annotations

import base64
import random
import re
import time
from collections import Counter
from dataclasses import dataclass

import pytest
from live_envoy import Envoy, exchange, free_ports
from live_sessions import (
    COOKIE,
    HEADER,
    HOSTS,
    OVERRIDE,
    ROUTES,
    addresses,
    asking,
    bootstrap,
    encoded,
    telling,
)
from live_upstream import EchoServers

from meshcore.config import load
from meshcore.engine import Engine

pytestmark = pytest.mark.envoy

REQUESTS = 1500
END = re.compile(rb"\A(\x0a.*?)\x10((?:[\x80-\xff])*[\x00-\x7f])\Z", re.DOTALL)


@dataclass
class Seen:
    status: int
    upstream: str
    details: str
    header: str  #: what the answer says of the session
    cookie: str  #: likewise, its end cut off
    end: int  #: of the cookie
    others: int  #: cookies, of the hash policy


def _seen(status: int, upstream: str, details: str, lines: list[tuple[str, str]]) -> Seen:
    header = ",".join(value for name, value in lines if name == HEADER)
    cookies = [value for name, value in lines if name == "set-cookie"]
    sessions = [value for value in cookies if value.startswith(COOKIE)]
    hashed = sum(not value.startswith(COOKIE) for value in cookies)
    assert len(sessions) < 2
    if not sessions:
        return Seen(status, upstream, details, header, "", 0, hashed)
    name, value, rest = re.fullmatch(r'(.*?)="(.*?)"(.*)', sessions[0]).groups()  # type: ignore[union-attr]
    message = base64.b64decode(value)
    ends = END.match(message)
    end = sum((byte & 127) << 7 * place for place, byte in enumerate(ends[2])) if ends else 0
    kept = ends[1] if ends else message
    return Seen(status, upstream, details, header, f"{name}={kept!r}{rest}", end, hashed)


def by_envoy(port: int, host: str, path: str, lines: list[tuple[str, str]]) -> Seen:
    head = "".join(f"{name}: {value}\r\n" for name, value in lines)
    answer = exchange(port, f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{head}\r\n".encode())
    upstream, details = (",".join(answer.values(name)) for name in ("x-upstream", "x-details"))
    return _seen(answer.status, upstream if answer.status == 200 else "", details, answer.headers)


def by_engine(engine: Engine, port: int, host: str, path: str, lines: list[tuple[str, str]]) -> Seen:
    with engine.decide("GET", host, path, lines, port=port) as d:
        answer = d.response_headers([("x-up", "1")], status=200)
        return _seen(d.status or 200, d.endpoint or "", d.details, answer)


@pytest.mark.parametrize("seed", range(3))
def test_the_same_sessions(binary: str, seed: int) -> None:
    draw = random.Random(seed)
    ports = free_ports(2)
    kinds: Counter[tuple[int, bool]] = Counter()
    with EchoServers(HOSTS) as upstreams:
        engine = Engine(load(bootstrap(ports, upstreams.ports, seed)))
        with Envoy(binary, telling(bootstrap(ports, upstreams.ports, seed))):
            for _ in range(REQUESTS):
                host, number = f"v{draw.randrange(4)}", draw.randrange(ROUTES // 4)
                path = f"/r/{number}{draw.choice(['', '/', '/x', '?q', 'x'])}"
                value = encoded(asking(draw, upstreams.ports, int(time.time())), draw)
                quoted = f'"{value}"' if draw.random() < 0.5 else value
                key = ("x-key", str(draw.randrange(50)))
                lines = [key] if draw.random() < 0.8 else []
                if draw.random() < 0.8:
                    lines.append(("cookie", f"a=b; {COOKIE}={quoted}"))
                if draw.random() < 0.8:
                    lines += [(HEADER, value), (HEADER, "again")][: draw.choice([1, 1, 2])]
                if draw.random() < 0.5:
                    lines.append((draw.choice([OVERRIDE, "x-other"]), addresses(draw, upstreams.ports)))
                port = draw.choice(ports)
                begun = time.time()
                theirs, ours = (
                    by_envoy(port, host, path, lines),
                    by_engine(engine, port, host, path, lines),
                )
                apart = time.time() - begun + 1  # of their looks at the clock, in whole seconds
                if lines[:1] != [key] and (ours.others or ours.status != 200):
                    continue  # no session, and no key: chance
                assert abs(theirs.end - ours.end) <= apart, f"{theirs}, {ours} of {path} at {host}: {lines}"
                theirs.end = ours.end
                assert theirs == ours, f"Envoy's, ours of {path} at {host}: {lines}"
                kinds[ours.status, bool(ours.header or ours.end)] += 1
    assert kinds[503, False] > REQUESTS / 40, kinds
    assert min(kinds[200, False], kinds[200, True]) > REQUESTS / 40, kinds
