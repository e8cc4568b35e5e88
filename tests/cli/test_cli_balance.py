"""``meshcore balance``: how requests spread."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from meshcore.cli.main import main

HOSTS = {"10.0.0.1": 1, "10.0.0.2": 1, "10.0.0.3": 2}


def write(path: Path, policy: str = "ROUND_ROBIN", health: str = "HEALTHY") -> str:
    endpoints = [
        {
            "endpoint": {"address": {"socket_address": {"address": host, "port_value": 80}}},
            "load_balancing_weight": weight,
            "health_status": health,
        }
        for host, weight in HOSTS.items()
    ]
    cluster = {
        "name": "c",
        "type": "STATIC",
        "lb_policy": policy,
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
        "load_assignment": {"cluster_name": "c", "endpoints": [{"lb_endpoints": endpoints}]},
    }
    path.write_text(json.dumps({"static_resources": {"clusters": [cluster]}}))
    return str(path)


def run(capsys: pytest.CaptureFixture[str], *args: str, code: int = 0) -> str:
    assert main(["balance", *args]) == code
    return capsys.readouterr().out


def test_lines_for_a_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = run(
        capsys, "--picks", "4000", "--seed", "1", "-c", write(tmp_path / "a.json", "RING_HASH")
    ).splitlines()
    assert lines[0] == "c, ring hash: 4,000 picks"
    counts = {line.split()[0]: int(line.split()[1].replace(",", "")) for line in lines[1:4]}
    assert list(counts) == [f"{host}:80" for host in HOSTS]
    assert sum(counts.values()) == 4000
    assert 1700 < counts["10.0.0.3:80"] < 2300  # twice the weight: half of the keys
    assert lines[4].startswith("3 of 3 endpoints chosen; the fullest has 1.")


def test_a_seed_makes_it_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    args = ["--picks", "500", "--seed", "7", "-c", write(tmp_path / "a.json", "MAGLEV")]
    assert run(capsys, *args) == run(capsys, *args)


@pytest.mark.parametrize("policy", ["ROUND_ROBIN", "RANDOM", "RING_HASH", "MAGLEV"])
def test_json(policy: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "a.json", policy)
    found = json.loads(run(capsys, "--picks", "400", "--under-way", "30", "--json", "-c", path))
    assert (found["cluster"], found["picks"], found["no_endpoint"]) == ("c", 400, 0)
    assert [it["address"] for it in found["endpoints"]] == [f"{host}:80" for host in HOSTS]
    assert sum(it["picks"] for it in found["endpoints"]) == 400
    assert all(it["picks"] for it in found["endpoints"])


def test_a_plot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plot = tmp_path / "plot.svg"
    run(capsys, "--picks", "100", "--plot", str(plot), "-c", write(tmp_path / "a.json"))
    texts = [it.text for it in ElementTree.parse(plot).iter("{http://www.w3.org/2000/svg}text")]
    assert texts[0] == "c, round robin: 100 picks"
    assert texts[1::2] == [f"{host}:80" for host in HOSTS]
    assert sum(int(count or 0) for count in texts[2::2]) == 100


def test_no_endpoint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "a.json", health="DRAINING")
    out = run(capsys, "--picks", "10", "-c", path, code=1)
    assert out.endswith("10 requests found no endpoint (UH)\n")


@pytest.mark.parametrize("picks", ["0", "-1", "x"])
def test_numbers_that_are_none(picks: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["balance", "--picks", picks, "-c", "a"])
    assert "is not a number of at least 1" in capsys.readouterr().err


def test_an_unknown_cluster(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["balance", "--cluster", "x", "-c", write(tmp_path / "a.json")]) == 1
    assert "there is no cluster 'x'\nclusters that have endpoints:\n  c\n" in capsys.readouterr().err
