"""Requests near the edges of the live configuration, for hypothesis to combine."""

from __future__ import annotations

from hypothesis import strategies as st
from live_compare import Request

__all__ = ["edits", "paths", "redirects", "rewrites", "splits"]

HOSTS = ("example", "example:80", "example:8080", "example:443", "EXAMPLE", "example.")
#: Pieces of targets: names of the routes, and what normalisation is about.
PIECES = (
    *("/exact", "/exact/", "/NOCASE", "/nocase", "/sep", "/lowest", "/LOW", "/r/abc", "/v12", "/u/x.png"),
    *("/t/en/x", "/a", "/b", "/c", "/..", "/.", "/...", "/", "//", "x", "%2F", "%2f", "%5C", "\\", "%2e"),
    *("%2E%2e", "%41", "%61", "%7e", "%zz", "%", "%00", "..;", ";p=1", "~", "+", "%20", "%C3%A9", ":", "@"),
    *("?", "?k=v", "?p", "?p=1&k=v", "&k=v", "?r=aab", "?r=aabb", "?K=v", "=", "?q=/../x", "#f"),
)
TARGETS = st.one_of(
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=5).map(lambda parts: "/" + "".join(parts)[1:]),
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).map("".join),
)
QUERIES = st.sampled_from(("", "", "?", "?q=1", "?a=/b/../c", "?x?y", "?%41"))


def _host(topic: str) -> st.SearchStrategy[str]:
    return st.sampled_from(HOSTS).map(lambda ending: f"{topic}.{ending}")


def _under(prefixes: tuple[str, ...], tails: tuple[str, ...]) -> st.SearchStrategy[str]:
    return st.builds("".join, st.tuples(st.sampled_from(prefixes), st.sampled_from(tails), QUERIES))


METHODS = st.sampled_from(("GET", "GET", "POST", "HEAD", "DELETE"))
PROTOCOLS = st.sampled_from(((), (), (("x-forwarded-proto", "https"),), (("X-Forwarded-Proto", "ftp"),)))

paths = st.builds(
    Request,
    authority=st.one_of(
        _host("paths"),
        st.sampled_from(("x.paths.example", ".paths.example", "paths.", "paths.a", "other.example", "")),
    ),
    target=st.one_of(TARGETS, TARGETS.map(lambda target: f"http://paths.example{target}")),
    method=METHODS,
)
redirects = st.builds(
    Request,
    authority=_host("redirects"),
    target=_under(
        (
            *("/host", "/path", "/pq", "/tls", "/sp", "/port", "/strip", "/old", "/sl", "/rx", "/direct"),
            *("/moved", "/empty", "/no", "//host"),
        ),
        ("", "/", "/x", "/abc/", "//x", "/ABC", "/abc/def", "/%41%2Fb", "x"),
    ),
    method=METHODS,
    headers=PROTOCOLS,
)
rewrites = st.builds(
    Request,
    authority=_host("rewrites"),
    target=_under(
        ("/p1", "/p2", "/P3", "/p3", "/p4", "/p5", "/g", "/e", "/h1", "/h2", "/h3", "/w"),
        ("", "/", "/x", "//x", "/abc/12", "/xx/yx", "/a.b/c", "/a/b", "/a/b/", "/a/b/c/d", "z", "/%41"),
    ),
    method=METHODS,
    headers=st.sampled_from(
        (
            (),
            (("x-host", "named.example"),),
            (("x-host", ""),),
            (("x-host", "a"), ("x-host", "b")),
            (("x-envoy-original-path", "/forged"),),
            (("x-forwarded-host", "first.example"),),
        )
    ),
)
NAMES = ("x-a", "X-B", "x-c", "x-d", "x-e", "x-drop", "x-n", "x-z")
VALUES = ("", "v", "v1", "abc", "aBCd", "0", "99", "100", "+7", "-5", "-6", "015", "1.5")
LINES = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES)), max_size=5).map(tuple)
HEADERS = st.one_of(
    LINES,
    st.sampled_from(("alpha", "beta", "nope", "Alpha", "")).map(lambda value: (("x-cluster", value),)),
    st.sampled_from(("alpha", "nope")).map(lambda value: (("x-none", value),)),
)

edits = st.builds(
    Request,
    authority=st.sampled_from(
        (
            "edits.example",
            "edits.example",
            "x-edits.example",
            "a.edits.example",
            "-edits.example",
            "tls.example",
        )
    ),
    target=_under(("/order", "/format", "/remove", "/cluster", "/nowhere", "/match", "/wild"), ("", "/x")),
    method=METHODS,
    headers=HEADERS,
)
#: One valid number: anything else leaves the choice to chance.
splits = st.builds(
    Request,
    authority=st.just("edits.example"),
    target=st.just("/split"),
    headers=st.builds(
        lambda number, lines: (("X-Random", number), *lines),
        st.sampled_from(("0", "29", "30", "79", "80", "99", "100", "+29", "0079", "18446744073709551615")),
        LINES,
    ),
)
