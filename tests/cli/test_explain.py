"""``meshcore explain`` on the bookshop's documents."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from meshcore.cli.main import main

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    "-c",
    "examples/bookinfo/bookinfo.yaml",
    "examples/bookinfo/reviews-90-10.yaml",
    "--endpoints",
    "examples/bookinfo/endpoints.yaml",
]
GATEWAY = [*DOCUMENTS, "--gateway", "bookinfo-gateway"]


@pytest.fixture(autouse=True)
def root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def shown(capsys: pytest.CaptureFixture[str], *args: str, code: int = 0) -> str:
    assert main(["explain", *args]) == code
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["-c", "mesh.yaml", "GET", "http://x/"], "which request? give METHOD URL, before -c"),
        (["GET", "-c", "mesh.yaml"], "which request? give METHOD URL, before -c"),
    ],
)
def test_where_the_request_went(args: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", *args]) == 2
    assert told in capsys.readouterr().err


def test_a_method_in_small_letters_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["explain", "get", "http://x/", *DOCUMENTS])
    assert "'get': case counts in methods; did you mean 'GET'?" in capsys.readouterr().err


def test_json_of_one_line_is_shown_where_the_rule_stands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    routes = [{"match": {"path": f"/{n}"}, "direct_response": {"status": 200 + n}} for n in range(9)]
    hosts = [{"name": "a", "domains": ["*"], "routes": routes}]
    file = tmp_path / "one.json"
    file.write_text(json.dumps({"virtual_hosts": hosts}))
    column = file.read_text().index('{"match": {"path": "/7"}') + 1
    text = shown(capsys, "GET", "http://x/7", "-q", "-c", str(file))
    assert f"decided by {file}:1:{column}\n" in text
    assert '> 1 | ... {"match": {"path": "/7"}' in text


def test_why_the_canary_decides(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, "GET", "reviews:9080/reviews/7", "-H", "end-user: eve", "--seed", "37", *DOCUMENTS)
    assert "decided by examples/bookinfo/reviews-90-10.yaml:15\n" in text
    assert "  VirtualService default/reviews, http[1]: route 2 (canary)\n" in text
    assert "  > 15 |     - name: canary\n    16 |       route:\n" in text
    assert 'header end-user: wanted exact "jason", got "eve"' in text
    assert 'by its domain "reviews" (exact) for "reviews"' in text
    assert "place 37 of 100" in text
    assert "endpoint      127.0.0.1:9083" in text


def test_a_match_is_shown_within_its_rule(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, "GET", "http://any/catalog/7?x=1#part", *GATEWAY)
    assert "    90 |     - name: catalog\n" in text
    assert "  > 92 |         - uri: {prefix: /catalog/}\n" in text
    assert "path          /catalog/7?x=1 -> /details/7?x=1" in text


def test_a_route_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, "GET", "any/Productpag", *GATEWAY, code=1)
    assert "-> reject 404, route_not_found (NR)" in text
    assert 'path is "/Productpag", wanted exact "/productpage"' in text


def test_json_is_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(shown(capsys, "GET", "reviews:9080/", "--seed", "95", "--json", *DOCUMENTS))
    assert found["route"]["origin"]["line"] == 15
    assert found["split"]["place"] == 95
    assert found["cluster"].startswith("outbound|9080|v2|")


def test_port_source_and_the_authority_of_a_header(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["-H", "Host: reviews", "--port", "9080", "--source", "10.1.2.3"]
    text = shown(capsys, "GET", "/reviews/7", *options, *DOCUMENTS)
    assert text.startswith("GET reviews/reviews/7\n")
    assert "listener      0.0.0.0_9080, port 9080" in text


def test_all_lists_what_lies_behind(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["GET", "reviews:9080/", "-H", "end-user: jason"]
    assert "1 behind it would match as well" in shown(capsys, *options, *DOCUMENTS)
    assert "+ 2  canary" in shown(capsys, *options, "--all", *DOCUMENTS)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["GET", "ftp://reviews/"], "'ftp://reviews/' is not a URL of http or https"),
        (["GET", "reviews/", "-H", "end-user"], "'end-user' is not a header; write 'NAME: VALUE'"),
        (["GET", "reviews/", "--source", "here"], "'here' is not an IP address"),
        (["GET", "reviews/", "--port", "0"], "'0' is not a port, which is a number from 1 to 65535"),
    ],
)
def test_what_the_command_line_cannot_mean(
    args: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["explain", *args, *DOCUMENTS])
    assert stopped.value.code == 2
    assert said in capsys.readouterr().err


def test_a_path_alone_says_of_no_host(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "GET", "/a", *DOCUMENTS]) == 2
    assert (
        capsys.readouterr().err == "meshcore: error: '/a' has no host: write HOST/PATH, or -H 'host: HOST'\n"
    )
