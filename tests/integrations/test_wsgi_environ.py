"""meshcore.integrations._wsgi_came, _wsgi_environ: what of an environ is decided on, what the app gets."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_to_bytes
from wsgiref.util import setup_testing_defaults

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from mesh_support import active, config_of, mesh_of, rules, service

from meshcore.engine import Decision, Engine, Outcome
from meshcore.integrations._wsgi_came import header_lines, target_of
from meshcore.integrations._wsgi_environ import edited_environ
from meshcore.integrations.wsgi import MeshMiddleware

#: One leaves all as it is, one edits lines, one the target, one the host.
ENGINE = Engine(
    config_of(
        service("reviews", 1),
        rules(
            "reviews",
            "match: [{uri: {prefix: /lines}}], headers: {request: {remove: [x-c, x-d], set: {x-b: b}, "
            "add: {x-a: added, content-type: text/b, x-new: 'v\u00e4'}}}, HERE",
            "match: [{uri: {prefix: /typeless}}], "
            "headers: {request: {remove: [content-type, content-length]}}, HERE",
            "match: [{uri: {prefix: /target/}}], rewrite: {uri: /}, HERE",
            "match: [{uri: {prefix: /host}}], rewrite: {authority: other.example}, timeout: 3s, HERE",
        ),
    )
)
PREFIXES = ["", "/lines", "/typeless", "/target", "/host"]
KEYS = [
    "X_A",
    "X_B",
    "X_C",
    "X_D",
    "X_ENVOY_INTERNAL",
    "X_FORWARDED_PROTO",
    "X_REQUEST_ID",
    "CONNECTION",
    "TE",
]


def environ_of(path: str = "/", **more: Any) -> dict[str, Any]:
    environ: dict[str, Any] = {"PATH_INFO": path, "HTTP_HOST": "reviews:9080", **more}
    setup_testing_defaults(environ)
    return environ


def decided(environ: dict[str, Any]) -> Decision:
    return ENGINE.decide(
        environ["REQUEST_METHOD"], None, target_of(environ), header_lines(environ), source="10.0.0.9"
    )


def plainly_edited(environ: dict[str, Any], decision: Decision) -> dict[str, Any]:
    """The same by what everybody may ask a decision for."""
    edited = {key: value for key, value in environ.items() if not key.startswith("HTTP_")}
    edited["HTTP_HOST"] = decision.authority
    lines: Any = decision.request_headers()
    if environ.get("CONTENT_TYPE") and all(name != b"content-type" for name, _ in lines):
        del edited["CONTENT_TYPE"]
    for name, value in lines:
        key, text = name.decode("latin-1").upper().replace("-", "_"), value.decode("latin-1")
        if key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            edited[key] = text
        elif key != "HOST":
            edited[f"HTTP_{key}"] = f"{edited[f'HTTP_{key}']},{text}" if f"HTTP_{key}" in edited else text
    path, _, query = decision.path.partition("?")
    script = environ.get("SCRIPT_NAME", "")
    edited["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1").removeprefix(script)
    edited["QUERY_STRING"] = query
    if "RAW_URI" in environ:
        edited["RAW_URI"] = decision.path
    return edited


values = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=8).map(str.strip)


@given(
    prefix=st.sampled_from(PREFIXES),
    lines=st.dictionaries(st.sampled_from(KEYS), values),
    own=st.dictionaries(st.sampled_from(["CONTENT_TYPE", "CONTENT_LENGTH"]), st.sampled_from(["", "7"])),
    spelt=st.booleans(),
    raw=st.booleans(),
    query=st.sampled_from(["", "a=b"]),
    script=st.sampled_from(["", "/lines"]),
)
def test_the_app_gets_what_the_decision_says(
    prefix: str,
    lines: dict[str, str],
    own: dict[str, str],
    spelt: bool,
    raw: bool,
    query: str,
    script: str,
) -> None:
    path = f"{prefix}/\xc3\xa4 x"
    environ = environ_of(path, QUERY_STRING=query, SCRIPT_NAME=script, **own)
    environ |= {f"HTTP_{key}": value for key, value in lines.items()}
    if spelt:
        environ |= {"HTTP_CONTENT_LENGTH": "30", "HTTP_CONTENT_TYPE": "a/b"}
    if raw:
        environ["RAW_URI"] = f"{script}{prefix}/%C3%A4%20x" + (f"?{query}" if query else "")
    before = dict(environ)
    with decided(environ) as decision:
        assume(decision.outcome is Outcome.FORWARD)
        assert edited_environ(decision, environ) == plainly_edited(environ, decision)
    assert environ == before


def test_what_goes_nowhere_has_no_environ() -> None:
    environ = environ_of(HTTP_HOST="other.example")
    decision = Engine(config_of(rules("reviews"))).decide("GET", None, "/", header_lines(environ))
    with pytest.raises(ValueError, match="no app gets it: the outcome is REJECT"):
        edited_environ(decision, environ)


def test_a_length_stays_where_a_body_ends() -> None:
    environ = environ_of("/typeless", CONTENT_TYPE="a/b", CONTENT_LENGTH="3")
    with decided(environ) as decision:
        edited = edited_environ(decision, environ)
    assert "CONTENT_TYPE" not in edited
    assert edited["CONTENT_LENGTH"] == "3"


def test_lines_are_the_bytes_that_came() -> None:
    environ = {
        "wsgi.version": (1, 0),
        "HTTP_X_NAME": "\xe4\xff",
        "HTTP_": "none",
        "HTTP_x_Odd.$": "1",
        "HTTPS": "on",
        "HTTP": "no",
        "HTTP_CONTENT_TYPE": "spelt with an underscore",
        "HTTP_CONTENT_LENGTH": "99",
        "HTTP_\xc4": "not in ASCII",
        7: "not even a text",
        "CONTENT_LENGTH": "5",
        "CONTENT_TYPE": "a/b",
    }
    assert header_lines(environ) == [  # type: ignore[arg-type]
        (b"x-name", b"\xe4\xff"),
        (b"", b"none"),
        (b"x-odd.$", b"1"),
        (b"\xe4", b"not in ASCII"),
        (b"content-type", b"a/b"),
        (b"content-length", b"5"),
    ]
    assert header_lines({"CONTENT_TYPE": "", "CONTENT_LENGTH": ""}) == []


def test_any_number_of_names_may_be_made_up() -> None:
    for number in range(5000):
        found = header_lines({f"HTTP_X_{number}": "v", "HTTP_ACCEPT": "*/*"})
        assert found == [(f"x-{number}".encode(), b"v"), (b"accept", b"*/*")]


@given(st.lists(st.sampled_from(["", "a", "b", "ab", "\xe4", "\xc3\xa4", "c" * 128, "c" * 129]), min_size=2))
def test_a_line_is_never_the_one_before(values: list[str]) -> None:
    for value in values:
        assert header_lines({"HTTP_X_A": value}) == [(b"x-a", value.encode("latin-1"))]


@pytest.mark.parametrize(
    ("key", "value", "kept"),
    [
        ("HTTP_ACCEPT", "*/*", True),
        ("HTTP_ACCEPT", "a" * 129, False),
        ("HTTP_COOKIE", "session=1", False),
        ("HTTP_AUTHORIZATION", "Bearer 1", False),
    ],
)
def test_lines_that_most_clients_send_alike_are_made_once(key: str, value: str, kept: bool) -> None:
    first, second = (header_lines({key: "".join(list(value))})[0] for _ in range(2))
    assert first == second
    assert (first is second) == kept


@pytest.mark.parametrize(
    ("value", "error"), [("\u20ac", UnicodeEncodeError), (b"bytes", TypeError), (7, TypeError)]
)
def test_what_stands_for_no_bytes_is_an_error(value: Any, error: type[Exception]) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        raise AssertionError("it is not for the app")

    with mesh_of(service("reviews", 1), rules("reviews")) as mesh:
        for key in ("HTTP_X_A", "CONTENT_TYPE"):
            with pytest.raises(error):
                MeshMiddleware(app, mesh=mesh)(environ_of(**{key: value}), lambda *_: print)
        assert active(mesh) == 0


@pytest.mark.parametrize(
    ("environ", "target"),
    [
        ({"RAW_URI": "/a%20b?c"}, "/a%20b?c"),
        ({"RAW_URI": "/\xc3\xa4"}, b"/\xc3\xa4"),
        ({"REQUEST_URI": "/r", "PATH_INFO": "/p"}, "/r"),
        ({"RAW_URI": "", "REQUEST_URI": "/r"}, "/r"),
        ({"SCRIPT_NAME": "/s", "PATH_INFO": "/p q", "QUERY_STRING": "a=b"}, b"/s/p%20q?a=b"),
        ({"PATH_INFO": "/\xc3\xa4"}, "/%C3%A4"),
        ({}, ""),
    ],
)
def test_the_target_is_the_one_that_came(environ: dict[str, Any], target: Any) -> None:
    assert target_of(environ) == target


def test_a_server_may_leave_out_what_is_not_needed() -> None:
    seen: list[dict[str, Any]] = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.append(environ)
        start_response("200 OK", [])
        return []

    least = {
        "REQUEST_METHOD": "GET",
        "HTTP_HOST": "reviews:9080",
        "PATH_INFO": "/",
        "wsgi.url_scheme": "http",
    }
    with mesh_of(service("reviews", 1), rules("reviews")) as mesh:
        middleware = MeshMiddleware(app, mesh=mesh)
        assert middleware(dict(least), lambda *_: print) == []
        assert least.items() <= seen[0].items()
        for key in ("REQUEST_METHOD", "wsgi.url_scheme"):
            with pytest.raises(KeyError, match=key):
                middleware({name: value for name, value in least.items() if name != key}, lambda *_: print)
        assert active(mesh) == 0
