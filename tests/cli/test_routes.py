"""``meshcore routes`` on documents of its own, and on the bookshop's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from mesh_support import service

from meshcore.cli.main import main
from meshcore.cli.routes import select_virtual_host
from meshcore.model import RouteConfiguration, VirtualHost

ROOT = Path(__file__).parents[2]
BOOKINFO = ROOT / "examples" / "bookinfo"
DOCUMENTS = ["-c", str(BOOKINFO / "bookinfo.yaml"), str(BOOKINFO / "reviews-90-10.yaml")]
ENVOY = """\
name: table
validate_clusters: false
virtual_hosts:
- name: shop
  domains: [shop.example]
  routes:
  - name: old
    match: {path: /old}
    redirect: {path_redirect: /new}
  - match:
      prefix: /api/
      headers: [{name: x-version, string_match: {exact: "2"}}]
      query_parameters: [{name: q, present_match: true}]
    route:
      prefix_rewrite: /
      weighted_clusters:
        clusters: [{name: v1, weight: 3}, {name: v2, weight: 1}]
  - match: {prefix: /}
    direct_response: {status: 404, body: {inline_string: nope}}
- name: empty
  domains: ["*.empty.example"]
"""


@pytest.fixture
def envoy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "table.yaml").write_text(ENVOY)
    return "table.yaml"


def shown(capsys: pytest.CaptureFixture[str], *args: str) -> str:
    assert main(["routes", *args]) == 0
    return capsys.readouterr().out


def test_the_table_in_words(envoy: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, "-c", envoy)
    assert text.splitlines() == [
        "listener table  any port",
        "",
        "  virtual host shop",
        "    domains shop.example",
        "",
        "    1  old, table.yaml:7",
        "       path /old               -> redirect 301, path to /new",
        "",
        "    2  table.yaml:10",
        "       prefix /api/            -> 75%  v1",
        '       header x-version is "2"    25%  v2',
        "       query q is present         rewrite prefix to /",
        "                                  timeout 15s, since none is set",
        "",
        "    3  table.yaml:18",
        "       prefix /                -> respond 404 'nope'",
        "",
        "  virtual host empty",
        "    domains *.empty.example",
        "    no routes",
    ]


def test_faults_of_outer_levels(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    fault = """{"@type": x/envoy.extensions.filters.http.fault.v3.HTTPFault,
  abort: {http_status: 503, percentage: {numerator: 7}}}"""
    document = tmp_path / "faulty.yaml"
    document.write_text(
        f"""\
name: table
typed_per_filter_config:
  envoy.filters.http.fault: {fault}
virtual_hosts:
- name: all
  domains: ["*"]
  typed_per_filter_config:
    envoy.filters.http.fault: {fault.replace("503", "500")}
"""
    )
    lines = shown(capsys, "-c", str(document)).splitlines()
    assert lines[:2] == ["listener table  any port", "  fault for routes without one: abort with 503 for 7%"]
    assert "    fault for routes without one: abort with 500 for 7%" in lines


def test_a_narrow_terminal_gets_effects_below_conditions(
    envoy: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    lines = shown(capsys, "-c", envoy).splitlines()
    at = lines.index("       query q is present")
    assert lines[at : at + 4] == [
        "       query q is present",
        "       -> 75%  v1",
        "          25%  v2",
        "          rewrite prefix to /",
    ]


def test_json_is_for_programs(envoy: str, capsys: pytest.CaptureFixture[str]) -> None:
    [listener] = json.loads(shown(capsys, "-c", envoy, "--json"))["listeners"]
    shop, empty = listener["virtual_hosts"]
    assert (shop["name"], shop["domains"], empty["routes"]) == ("shop", ["shop.example"], [])
    assert [route["action"] for route in shop["routes"]] == ["redirect", "forward", "respond"]
    assert shop["routes"][1]["clusters"] == [
        {"cluster": "v1", "weight": 3},
        {"cluster": "v2", "weight": 1},
    ]
    assert shop["routes"][0]["origin"]["line"] == 7
    assert (shop["routes"][1]["timeout"], shop["routes"][1]["retries"]) == (15.0, None)


def test_what_istio_does_by_default_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mesh.yaml"
    path.write_text(service("reviews", 1))
    text = shown(capsys, "-c", str(path), "--host", "reviews")
    assert "retries 2, by default" in text
    assert "timeout" not in text
    told = json.loads(shown(capsys, "-c", str(path), "--host", "reviews", "--json"))
    [route] = told["listeners"][0]["virtual_hosts"][0]["routes"]
    assert (route["timeout"], route["retries"]["number"]) == (None, 2)


def test_one_host(envoy: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, "-c", envoy, "--host", "a.EMPTY.example")
    assert "virtual host empty" in text
    assert "no routes" in text
    assert "shop" not in text


def test_a_host_that_nobody_serves(envoy: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["routes", "-c", envoy, "--host", "other.example"]) == 1
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "meshcore: no virtual host serves 'other.example'\n")


def test_errors_come_one_a_line(envoy: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path(envoy).write_text(
        ENVOY.replace("status: 404", "status: four").replace("prefix_rewrite", "prefix_rewrit")
    )
    assert main(["routes", "-c", envoy]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert all(line.startswith("table.yaml:") and ": error: " in line for line in lines)


def test_a_file_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["routes", "-c", "no-such.yaml"]) == 1
    assert "no-such.yaml" in capsys.readouterr().err


def test_the_gateway_of_the_bookshop(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, *DOCUMENTS, "--gateway", "bookinfo-gateway")
    assert text.count("virtual host") == 1, "listeners with the same routes are shown together"
    assert "port 80\n" in text
    assert "respond 200 'User-agent: *\\nDisallow: /catalog/\\n'" in text
    assert "redirect 301, path to /productpage" in text
    assert "rewrite prefix to /details/" in text


def test_the_mesh_of_the_bookshop(capsys: pytest.CaptureFixture[str]) -> None:
    endpoints = str(BOOKINFO / "endpoints.yaml")
    text = shown(capsys, *DOCUMENTS, "--endpoints", endpoints, "--node", "default,app=x", "--host", "reviews")
    assert text.index('header end-user is "jason"') < text.index("90%  outbound|9080|v1|")
    assert "10%  outbound|9080|v2|reviews.default.svc.cluster.local" in text


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("a.example", "exact"),
        ("A.Example", "exact"),
        ("b.a.example", "suffix"),
        ("x-a.example", "shorter"),
        ("a.example.org", "prefix"),
        (".a.example", "shorter"),
        ("other", "any"),
    ],
)
def test_the_virtual_host_of_a_host(host: str, name: str) -> None:
    domains = {
        "any": "*",
        "prefix": "a.example*",
        "shorter": "*a.example",
        "suffix": "*.a.example",
        "exact": "a.example",
    }
    table = RouteConfiguration(
        virtual_hosts=tuple(VirtualHost(each, (domain,)) for each, domain in domains.items())
    )
    chosen = select_virtual_host(table, host)
    assert chosen is not None
    assert chosen.name == name


def test_of_a_host_with_a_port_only_its_listener_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mesh.yaml"
    ports = {"reviews": 9080, "ratings": 80, "details": 8000}
    service = (
        "apiVersion: v1\nkind: Service\nmetadata: {{name: {}}}\nspec: {{ports: [{{name: http, port: {}}}]}}\n"
    )
    path.write_text("---\n".join(service.format(*it) for it in ports.items()))

    def listeners(host: str) -> list[list[str]]:
        listings = shown(capsys, "-q", "-c", str(path), "--host", host).split("\n\nlistener ")
        tops = (listing.removeprefix("listener ").partition("\n\n")[0].splitlines() for listing in listings)
        return [[line.split("  ")[1] for line in top] for top in tops]

    assert listeners("reviews:80") == [["port 80"]]  # nobody knows it there
    assert listeners("reviews:9080") == [["port 9080"]]
    assert listeners("reviews:1234") == [["any other port"]]
    assert listeners("reviews") == [["port 80", "port 8000"], ["port 9080", "any other port"]]
