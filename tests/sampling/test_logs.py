"""Access logs of several kinds, and lines that hold nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from meshcore.check import Request
from meshcore.sampling import Log, read_log
from meshcore.telemetry.access import AccessRecord

AGENT = (("user-agent", "curl/8"),)
ENVOY = (
    '[2026-11-01T00:00:00.000Z] "GET /a?b=1 HTTP/1.1" 200 - 0 5 3 2 '
    '"10.0.0.9" "curl/8" "4a1" "shop.example" "10.0.0.1:80"'
)
ISTIO = (
    '[2026-11-01T00:00:00.000Z] "POST /b HTTP/2" 503 UF upstream_reset - "connect error: \\"x\\"" 0 91 0 - '
    '"-" "curl/8" "4a1" "reviews:9080" "10.0.0.1:80" outbound|9080||reviews - 10.0.0.1:80 - default'
)
COMBINED = '10.0.0.9 - - [01/Nov/2026:00:00:00 +0000] "GET /c HTTP/1.1" 200 5 "-" "curl/8"'


def read(folder: Path, *lines: str, authority: str | None = None) -> Log:
    (folder / "log").write_text("\n".join(lines) + "\n")
    return read_log(folder / "log", authority=authority)


@pytest.mark.parametrize(
    ("line", "request_"),
    [
        (ENVOY, Request("/a?b=1", "shop.example", "GET", AGENT)),
        (ISTIO, Request("/b", "reviews:9080", "POST", AGENT)),
        (COMBINED, Request("/c", "given.example", "GET", AGENT)),
        (
            '{"method": "PUT", "path": "/d", "host": "x", "user_agent": "curl/8", "source": "10.0.0.9:5"}',
            Request("/d", "x", "PUT", AGENT, source="10.0.0.9"),
        ),
        (
            '{"url": "https://x/e?f=1", "headers": {"X-A": ["1", "2"], "Host": "y"}, "port": 8443}',
            Request("/e?f=1", "x", "GET", (("x-a", "1"), ("x-a", "2")), "https", port=8443),
        ),
        ('{":path": "/f", "headers": [["Host", "y"]]}', Request("/f", "y")),
    ],
)
def test_a_line(tmp_path: Path, line: str, request_: Request) -> None:
    assert read(tmp_path, line, authority="given.example").requests == {request_: 1}


def test_our_own_log(tmp_path: Path) -> None:
    record = AccessRecord(0.0, "GET", "/a", authority="x", source="10.0.0.9", user_agent="curl/8", status=200)
    log = read(tmp_path, record.text(), record.json())
    assert log.requests == {
        Request("/a", "x", "GET", AGENT): 1,
        Request("/a", "x", "GET", AGENT, source="10.0.0.9"): 1,
    }


def test_the_scheme_of_lines_that_name_none(tmp_path: Path) -> None:
    (tmp_path / "log").write_text(f'{ENVOY}\n{{"url": "http://x/a"}}\n{{"path": "/b", "host": "x"}}\n')
    log = read_log(tmp_path / "log", scheme="https")
    assert [request.scheme for request in log.requests] == ["https", "http", "https"]


def test_equal_requests_are_counted(tmp_path: Path) -> None:
    log = read(tmp_path, ENVOY, "", "# a remark", ENVOY)
    assert (log.total, len(log.requests), log.unread_count) == (2, 1, 0)


def test_lines_that_hold_no_request(tmp_path: Path) -> None:
    log = read(tmp_path, "hello", COMBINED, "{", '{"method": "GET"}', '{"path": "/"}', ENVOY)
    assert (log.total, log.unread_count) == (1, 5)
    assert [number for number, _ in log.unread] == [1, 2, 3]
    assert "no request line" in log.unread[0][1]
    assert "names no authority" in log.unread[1][1]
    assert "not a JSON object" in log.unread[2][1]


def test_a_url_that_is_none(tmp_path: Path) -> None:
    log = read(tmp_path, '{"url": "http://[::1/x"}', ENVOY)
    assert log.total == 1
    assert log.unread == [(1, "'http://[::1/x' is no URL: Invalid IPv6 URL")]


def test_quotes_that_never_close(tmp_path: Path) -> None:
    """Each is looked at once: with the square of their number this would take minutes."""
    log = read(tmp_path, '"GET /x HTTP/1.1" ' + '"\\' * 200_000, authority="a")
    assert log.requests == {Request("/x", "a"): 1}
