"""``meshcore hash``: where keys land, and which move."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from meshcore.cli.main import main

HOSTS = ["10.0.0.1", "10.0.0.2", "10.0.0.3"]
KEYS = [f"user-{i}" for i in range(200)]


def cluster(name: str, policy: str, hosts: list[str]) -> str:
    endpoints = [
        {"endpoint": {"address": {"socket_address": {"address": host, "port_value": 80}}}} for host in hosts
    ]
    assignment = {"cluster_name": name, "endpoints": [{"lb_endpoints": endpoints}]}
    return json.dumps({"name": name, "type": "STATIC", "lb_policy": policy, "load_assignment": assignment})


def write(path: Path, *clusters: str) -> str:
    path.write_text(f'{{"static_resources": {{"clusters": [{", ".join(clusters)}]}}}}')
    return str(path)


@pytest.fixture
def documents(tmp_path: Path) -> str:
    return write(tmp_path / "new.json", cluster("c", "RING_HASH", HOSTS), cluster("r", "ROUND_ROBIN", HOSTS))


def test_no_cluster_has_a_hash(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "plain.json", cluster("outbound|80||web.prod", "ROUND_ROBIN", HOSTS))
    hint = "no clusters choose by a key; a DestinationRule's trafficPolicy.loadBalancer.consistentHash makes"
    for args, told in (
        ([], f"meshcore: error: {hint}"),
        (["--cluster", "web"], "there is no cluster 'web'; did you mean 'outbound|80||web.prod'?\n" + hint),
        (
            ["--cluster", "outbound|80||web.prod"],
            f"has the policy ROUND_ROBIN, which looks at no key\n{hint}",
        ),
    ):
        assert main(["hash", "a", *args, "-c", path]) == 1
        assert told in capsys.readouterr().err


def run(capsys: pytest.CaptureFixture[str], *args: str, code: int = 0) -> str:
    assert main(["hash", *args]) == code
    return capsys.readouterr().out


def test_keys_and_their_endpoints(documents: str, capsys: pytest.CaptureFixture[str]) -> None:
    lines = run(capsys, "a", "long-key", "-c", documents).splitlines()
    assert [line.split()[0] for line in lines] == ["a", "long-key"]
    assert lines[0].index("10.0.0.") == lines[1].index("10.0.0.")
    assert run(capsys, "a", "long-key", "--cluster", "c", "-c", documents).splitlines() == lines


def test_keys_of_files_and_standard_input(
    documents: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "keys").write_bytes(b"one\r\n\ntwo\n\xff\n")
    monkeypatch.setattr("sys.stdin", io.StringIO("three\n"))
    files = ["--keys", str(tmp_path / "keys"), "--keys", "-"]
    found = json.loads(run(capsys, "zero", *files, "--json", "-c", documents))
    assert (found["cluster"], found["policy"]) == ("c", "ring hash")
    assert [it["key"] for it in found["keys"]] == ["zero", "one", "two", "\udcff", "three"]
    assert "moved" not in found


def test_what_moves(documents: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = write(tmp_path / "old.json", cluster("c", "RING_HASH", [*HOSTS, "10.0.0.4"]))
    found = json.loads(run(capsys, *KEYS, "--against", old, "--json", "-c", documents))
    moved = [it for it in found["keys"] if it["endpoint"] != it["before"]]
    assert found["moved"] == len(moved)
    lost = [it["key"] for it in found["keys"] if it["before"] == "10.0.0.4:80"]
    assert lost
    assert set(lost) <= {it["key"] for it in moved}
    assert len(moved) < 0.65 * len(KEYS)  # about two of four parts: the ring has other entries now
    lines = run(capsys, *KEYS, "--against", old, "-c", documents).splitlines()
    assert lines[: len(moved)] == [
        f"{it['key']:<{max(len(one['key']) for one in moved)}}  {it['before']} -> {it['endpoint']}"
        for it in moved
    ]
    assert lines[len(moved) + 1] == f"{len(moved)} of 200 keys move ({len(moved) / 2:.1f} %)"
    assert sum(int(line.split()[0]) for line in lines[len(moved) + 2 :]) == len(moved)


def test_nothing_moves(documents: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "a", "--against", documents, "-c", documents) == "0 of 1 keys move (0.0 %)\n"


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        ([], 2, "which keys?"),
        (["a", "--cluster", "x"], 1, "there is no cluster 'x'\nclusters that choose by a key:\n  c\n"),
        (["a", "--cluster", "r"], 1, "cluster 'r' has the policy ROUND_ROBIN, which looks at no key"),
        (["a", "--keys", "not-there"], 1, "not-there"),
    ],
)
def test_what_cannot_be_answered(
    args: list[str], code: int, message: str, documents: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["hash", *args, "-c", documents]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert message in captured.err


def test_several_clusters_must_be_told_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = [f"c{i}" for i in range(12)]
    path = write(tmp_path / "a.json", *(cluster(name, "MAGLEV", HOSTS) for name in names))
    assert main(["hash", "a", "-c", path]) == 1
    assert "which cluster? give --cluster" in (said := capsys.readouterr().err)
    assert said.endswith("  c9\n  and 2 more\n")


def test_a_cluster_without_endpoints(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "a.json", cluster("c", "MAGLEV", []))
    assert main(["hash", "a", "--cluster", "c", "-c", path]) == 1
    assert "cluster 'c' has no endpoints; --endpoints gives addresses" in capsys.readouterr().err


def test_the_cluster_of_before_is_missing(
    documents: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = write(tmp_path / "old.json", cluster("other", "MAGLEV", HOSTS))
    assert main(["hash", "a", "--against", old, "-c", documents]) == 1
    assert "there is no cluster 'c'" in capsys.readouterr().err


def test_warnings_can_be_left_out(documents: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["hash", "a", "-c", documents]) == 0
    assert "there is no route table" in capsys.readouterr().err
    assert main(["hash", "a", "-q", "-c", documents]) == 0
    assert capsys.readouterr().err == ""


def test_endpoints_by_dns_are_told_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    named = cluster("c", "RING_HASH", ["a.test", "10.0.0.1"]).replace("STATIC", "STRICT_DNS")
    document = write(tmp_path / "c.json", named)
    note = "note: endpoints of cluster 'c' come by DNS; here each name is one endpoint"
    for quiet in ([], ["-q"]):
        assert main(["hash", "a", "b", "-c", document, *quiet]) == 0
        assert (note in capsys.readouterr().err) == (not quiet)
