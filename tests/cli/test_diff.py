"""``meshcore diff`` on the bookshop's rollout."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from meshcore.cli.main import main

BOOKINFO = Path(__file__).parents[2] / "examples" / "bookinfo"
ARGS = ["diff", "reviews-90-10.yaml", "reviews-50-50.yaml", "-c", "bookinfo.yaml"]
LOG = """\
{"method": "GET", "url": "http://reviews:9080/reviews/1", "port": 9080}
{"method": "GET", "url": "http://reviews:9080/reviews/1", "port": 9080, "headers": {"end-user": "jason"}}
nonsense
"""


@pytest.fixture(autouse=True)
def bookinfo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(BOOKINFO)


def test_the_rollout(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(ARGS) == 0
    out, err = capsys.readouterr()
    assert err == "", "no progress where there is no terminal"
    assert out.startswith(
        "~ route canary of reviews.default.svc.cluster.local:9080 and 1 more table  "
        "reviews-90-10.yaml:15 -> reviews-50-50.yaml:15\n"
        "    action.weighted_clusters.clusters[0].weight: 90 -> 50\n"
        "    action.weighted_clusters.clusters[1].weight: 10 -> 50\n"
    )
    assert "requests change" in out
    assert "made from the routes" in out
    assert "canary reviews-90-10.yaml:15 -> canary reviews-50-50.yaml:15: cluster" in out


def test_a_log(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text(LOG)
    assert main([*ARGS, "--requests", str(tmp_path / "log.jsonl"), "--json", "--exit-code"]) == 1
    out, err = capsys.readouterr()
    assert "log.jsonl:3: warning: not a request: no request line" in err
    said = json.loads(out)
    assert (said["requests"], said["changed"]) == (2, 1)
    (group,) = said["groups"]
    assert group["fields"] == ["cluster"]
    assert group["examples"][0]["request"] == "GET http://reviews:9080/reviews/1 to port 9080"


def test_no_change(capsys: pytest.CaptureFixture[str]) -> None:
    same = ["diff", "reviews-90-10.yaml", "reviews-90-10.yaml", "-c", "bookinfo.yaml", "--exit-code"]
    assert main(same) == 0
    assert capsys.readouterr().out.startswith("The tables are the same.\n\n0 of ")


def test_a_log_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*ARGS, "--requests", "none.log"]) == 1
    assert capsys.readouterr().err.endswith("meshcore: error: none.log: No such file or directory\n")


def test_a_log_without_requests(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "log").write_text("nonsense\n")
    assert main([*ARGS, "--requests", str(tmp_path / "log")]) == 1
    assert "no line of it holds a request" in capsys.readouterr().err


def test_a_bad_configuration(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("kind: VirtualService\n")
    assert main(["diff", "reviews-90-10.yaml", str(tmp_path / "bad.yaml")]) == 1
    assert "bad.yaml:1:1: error" in capsys.readouterr().err
