"""Format strings: what is served, and which of them Envoy 1.40 refuses to load."""

from __future__ import annotations

import pytest

from meshcore.model.format import FormatError, Segment, known_text, parse_format


@pytest.mark.parametrize(
    "text",
    [
        "%REQ(x-a):99999999999%",
        "%REQ(x-a?)%",
        "%REQ(x-a)%%%",
        "%%%REQ(x-a)%",
        "%PATH%",
        "%PATH():2%",
        "%PATH(:ORIG)%",
        "%PATH(WQ:)%",
        "%QUERY_PARAM(a b):2%",
        "%ENVIRONMENT(HOME):3%",
        "%RESPONSE_CODE_DETAILS(ALLOW_WHITESPACES)%",
        '%DYNAMIC_METADATA(["a","b"]):3%',
        "%FILTER_STATE(a:PLAIN):3%",
        "%ROUTE_NAME%%ROUTE_NAME%",
    ],
)
def test_served(text: str) -> None:
    assert parse_format(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("%PROTOCOL:2%", "neither an argument nor a length"),
        ("%ROUTE_NAME():3%", "neither an argument nor a length"),
        ("%RESPONSE_CODE_DETAILS():3%", "neither an argument nor a length"),
        ("%REQ(x-a?x-b?x-c)%", "one alternative"),
        ("%REQ( x-a )%", "does not name a header"),
        ("%REQ(:path?x:y):2%", "does not name a header"),
        ("%REQ()%", "needs the name"),
        ("%RESP%", "needs the name"),
        ("%QUERY_PARAM()%", "needs a name"),
        ("%DYNAMIC_METADATA%", "needs a name"),
        ("%PATH(X)%", "WQ"),
        ("%PATH(WQ:X)%", "ORIG_OR_PATH"),
        ("%REQ(x-a):-1%", "position 0"),
        ("a%", "position 1"),
        ("%req(x-a)%", "position 0"),
        ("%REQ_WITHOUT_QUERY(:path)%", "unknown command"),
        ("%RESPONSE_CODES%", "unknown command %RESPONSE_CODES%, .*; did you mean %RESPONSE_CODE%"),
        ("%START_TIME(%Q)%", "%Q is not a part of a time that is served"),
        ("%START_TIME(%Y%)%", "% is not a part of a time"),
        ("%START_TIME:3%", "takes no length"),
        ("%EMIT_TIME%", "unknown command %EMIT_TIME%, or one of Envoy's that is not served"),
        ("%METADATA(ROUTE:a:b):3%", "one of Envoy's that is not served$"),
    ],
)
def test_refused(text: str, says: str) -> None:
    with pytest.raises(FormatError, match=says):
        parse_format(text)


def test_the_other_names_of_commands() -> None:
    assert parse_format("%REQUEST_HEADER(X-A?b):3%") == parse_format("%REQ(x-a?b):3%")
    assert parse_format("%RESPONSE_HEADER(a)%") == parse_format("%RESP(a)%")


def test_times_come_in_parts() -> None:
    parts = parse_format("t=%START_TIME(%s.%3f)%!")
    assert [(part.text, part.command) for part in parts] == [
        ("t=", ""),
        ("s", "START_TIME"),
        (".", ""),
        ("3", "START_TIME"),
        ("!", ""),
    ]
    assert parse_format("%START_TIME%") == parse_format("%START_TIME(%FT%T.%3fZ)%")
    assert parse_format("%START_TIME()%") == parse_format("%START_TIME(%Y-%m-%dT%H:%M:%E3SZ)%")
    assert parse_format("%START_TIME(%%%z)%") == (Segment("%"), Segment("+0000"))


def test_the_id_is_a_header() -> None:
    assert parse_format("%STREAM_ID%") == (Segment("x-request-id", "REQ"),)


def test_paths_are_headers() -> None:
    assert parse_format("%PATH%") == (Segment("x-envoy-original-path", "REQ", ":path"),)
    assert parse_format("%PATH(NQ:PATH):3%") == (Segment(":path", "REQ_WITHOUT_QUERY", "", 3),)


def test_what_the_system_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESHCORE_TEST", "blue")
    monkeypatch.delenv("MESHCORE_NONE", raising=False)
    monkeypatch.setattr("socket.gethostname", lambda: "box")
    texts = "%ENVIRONMENT(MESHCORE_TEST)%", "%ENVIRONMENT(MESHCORE_NONE)%", "%HOSTNAME%"
    assert [known_text(segment) for text in texts for segment in parse_format(text)] == ["blue", "-", "box"]
