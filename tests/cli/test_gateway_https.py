"""A gateway that sends plaintext to https: what the commands make of its two ports."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from meshcore.cli.main import main

DOCUMENTS = """\
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: gw}
spec:
  selector: {istio: ingressgateway}
  servers:
  - port: {number: 80, name: http, protocol: HTTP}
    hosts: [shop.example]
    tls: {httpsRedirect: true}
  - port: {number: 443, name: https, protocol: HTTPS}
    hosts: [shop.example]
    tls: {mode: SIMPLE, credentialName: shop}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop}
spec:
  hosts: [shop.example]
  gateways: [gw]
  http:
  - {name: tls-only, match: [{port: 443}], directResponse: {status: 200}}
  - {name: rest, directResponse: {status: 418}}
"""
TESTS = """\
tests:
- {name: a, request: {url: "https://shop.example/"}, expect: {listener: https.443, route: tls-only}}
"""
ARGS = ["-c", "gw.yaml", "--gateway", "gw"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gw.yaml").write_text(DOCUMENTS)
    return tmp_path


def test_explain_takes_the_port_of_https(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "GET", "https://shop.example/", *ARGS]) == 0
    text = capsys.readouterr().out
    assert "listener      https.443, port 443, TLS" in text
    assert "route 1 (tls-only)" in text


def test_the_command_line_and_the_url_may_name_another_port(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "GET", "https://shop.example/", "--port", "80", *ARGS]) == 0
    assert "listener      http.80, port 80" in capsys.readouterr().out
    assert main(["explain", "GET", "https://shop.example:80/", *ARGS]) == 0
    assert "listener      http.80, port 80" in capsys.readouterr().out


def test_explain_names_the_line_that_sends_to_https(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "GET", "http://shop.example/a", *ARGS]) == 0
    text = capsys.readouterr().out
    assert "-> redirect 301, direct_response\n   to https://shop.example/a\n" in text
    assert "decided by gw.yaml:9\n  Gateway default/gw, servers[0].tls.httpsRedirect: virtual host" in text
    assert "> 9 |     tls: {httpsRedirect: true}" in text
    assert main(["explain", "GET", "http://shop.example/a", "--json", *ARGS]) == 0
    host = json.loads(capsys.readouterr().out)["virtual_host"]
    assert (host["sends_to_https"], host["https_origin"]["line"]) == (True, 9)


def test_other_redirects_are_those_of_routes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = DOCUMENTS.replace("directResponse: {status: 200}", "redirect: {uri: /b}")
    (folder / "gw.yaml").write_text(text)
    assert main(["explain", "GET", "https://shop.example/a", "--json", *ARGS]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["outcome"] == "redirect"
    assert found["virtual_host"]["sends_to_https"] is False


def test_routes_say_that_plaintext_is_sent_to_https(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["routes", *ARGS]) == 0
    text = capsys.readouterr().out
    line = "    plaintext is sent to https (301) before any route is tried, gw.yaml:9\n"
    assert text.count(line) == 1  # the listener of port 443 has no such thing
    assert main(["routes", "--json", *ARGS]) == 0
    listeners = json.loads(capsys.readouterr().out)["listeners"]
    assert {it["port"]: it["virtual_hosts"][0]["require_tls"] for it in listeners} == {
        80: "ALL",
        443: "NONE",
        None: "ALL",
    }


def test_routes_of_envoy_say_so_of_requests_from_outside(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = "virtual_hosts:\n- name: a\n  domains: ['*']\n  require_tls: EXTERNAL_ONLY\n"
    (folder / "table.yaml").write_text(table)
    assert main(["routes", "-c", "table.yaml"]) == 0
    assert "plaintext that comes from outside is sent to https" in capsys.readouterr().out


def test_check_takes_the_port_of_https(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.routes.yaml").write_text(TESTS)
    assert main(["check", "a.routes.yaml", *ARGS]) == 0
    assert capsys.readouterr().out == "1 passed, 0 failed\n"


def test_diff_takes_a_log_of_https(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "new.yaml").write_text(DOCUMENTS.replace("status: 200", "status: 201"))
    (folder / "access.log").write_text('"GET / HTTP/2" 200 - 0 0 0 - "-" "-" "-" "shop.example" "-"\n')
    args = ["diff", "gw.yaml", "new.yaml", "--gateway", "gw", "--requests", "access.log"]
    assert main(args) == 0
    assert "0 of 1 requests change" in capsys.readouterr().out  # plaintext is sent to https before and after
    assert main([*args, "--scheme", "https"]) == 0
    assert "1 of 1 requests change" in capsys.readouterr().out


def test_quiet_leaves_out_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["routes"], ["explain", "GET", "https://shop.example/"]):
        assert main([*command, *ARGS]) == 0
        assert "warning: " in capsys.readouterr().err
        assert main([*command, "-q", *ARGS]) == 0
        assert capsys.readouterr().err == ""
