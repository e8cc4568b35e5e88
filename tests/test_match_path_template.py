"""Path templates by example. Envoy's own decisions are replayed from tests/conformance/envoy."""

from __future__ import annotations

import pickle

import pytest

from meshcore.match import PathTemplate, PathTemplateError


@pytest.mark.parametrize(
    ("template", "path", "values"),
    [
        ("/", "/", {}),
        ("/bar/{country}", "/bar/us", {"country": "us"}),
        ("/bar/{country}", "/bar/u%20s", {"country": "u%20s"}),
        ("/bar/{country}", "/bar/", None),
        ("/bar/{country}", "/bar/us/", None),
        ("/bar/{country}", "/BAR/us", None),
        ("/bar/{country}", "/bar/a=b*", {"country": "a=b*"}),
        ("/bar/{country}", "/bar/a[b", None),  # '[' is not among a template's characters
        ("/a=b/*", "/a=b/c", {}),
        ("/api/*/{rest=**}", "/api/a/b/c", {"rest": "b/c"}),
        ("/api/*/{rest=**}", "/api/a/", {"rest": ""}),
        ("/api/*/{rest=**}", "/api/a", None),
        ("/media/{dir=videos/*}/{n}.ts", "/media/videos/a/9.ts", {"dir": "videos/a", "n": "9"}),
        ("/media/{dir=videos/*}/{n}.ts", "/media/photos/a/9.ts", None),
        ("/v/*.m3u8", "/v/x.m3u8", {}),
        ("/v/*.m3u8", "/v/.m3u8", None),
        ("/w/**.mpd", "/w/.mpd", {}),
        ("/{a=x/**/y}/z", "/x/1/2/y/z", {"a": "x/1/2/y"}),
        ("/{a=x/**/y}/z", "/x/y/z", None),
    ],
)
def test_match(template: str, path: str, values: dict[str, str] | None) -> None:
    compiled = PathTemplate(template)
    assert compiled.match(path) == values
    if values is not None:
        assert compiled.match(path.encode()) == {name: value.encode() for name, value in values.items()}
        assert path.startswith(compiled.literal_prefix)


def test_what_is_known_of_a_template() -> None:
    compiled = PathTemplate("/a/{x=b/*}/{y}")
    assert compiled.variables == ("x", "y")
    assert compiled.literal_prefix == "/a/b/"
    assert not compiled.is_literal
    assert PathTemplate("/a/b").is_literal
    assert repr(pickle.loads(pickle.dumps(compiled))) == "PathTemplate('/a/{x=b/*}/{y}')"


@pytest.mark.parametrize(
    ("template", "position", "message"),
    [
        ("", 0, "a template begins with /"),
        ("a", 0, "a template begins with /"),
        ("/a//b", 3, "empty segment"),
        ("/a*", 2, "unexpected character"),
        ("/é", 1, "unexpected character"),
        ("/*a/b", 3, "text behind * or } ends the template"),
        ("/{a}{b}", 4, "unexpected character"),
        ("/{a", 1, "missing }"),
        ("/{1a}", 2, "a variable's name is a letter and"),
        ("/{a}/{a}", 6, "this name is taken already"),
        ("/{a}/{b}/{c}/{d}/{e}/{f}", 22, "more than 5 variables"),
        ("/{a=*b}", 5, "* and ** are a segment of their own"),
        ("/**/{a}", 4, "may follow **"),
        ("/" + "a" * 256, 256, "longer than 256 bytes"),
    ],
)
def test_refusals(template: str, position: int, message: str) -> None:
    with pytest.raises(PathTemplateError) as caught:
        PathTemplate(template)
    assert message in caught.value.message
    assert caught.value.position == position
    assert caught.value.template == template


def test_rewrite() -> None:
    compiled = PathTemplate("/bar/{country}/{lang=**}")
    assert compiled.rewrite("/{lang}/x/{country}", "/bar/fr/en/uk") == "/en/uk/x/fr"
    assert compiled.rewrite("/{lang}{lang}", b"/bar/fr/en") == b"/enen"
    assert compiled.rewrite("/same", "/bar/fr/") == "/same"
    assert compiled.rewrite("/same", "/bar") is None


@pytest.mark.parametrize(
    ("rewrite", "position", "message"),
    [
        ("", 0, "a rewrite begins with /"),
        ("{country}", 0, "a rewrite begins with /"),
        ("/a//b", 3, "// is not allowed"),
        ("/{other}", 1, "no variable of this name"),
        ("/{country", 1, "invalid variable"),
        ("/a*", 2, "unexpected character"),
    ],
)
def test_refused_rewrites(rewrite: str, position: int, message: str) -> None:
    compiled = PathTemplate("/bar/{country}")
    compiled.check_rewrite("/{country}")
    with pytest.raises(PathTemplateError) as caught:
        compiled.check_rewrite(rewrite)
    assert message in caught.value.message
    assert caught.value.position == position
