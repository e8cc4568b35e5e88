"""meshcore.global_limit.rls.documents: the YAML of envoyproxy/ratelimit, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest
from rls_support import limits

from meshcore.config import ConfigError
from meshcore.global_limit.rls.documents import load_limits
from meshcore.global_limit.rls.messages import Limit, Unit


def errors(folder: Path, text: str) -> list[str]:
    """The findings, without the name of the file."""
    with pytest.raises(ConfigError) as caught:
        limits(folder, text)
    return [str(finding).partition("limits.yaml:")[2] for finding in caught.value.findings]


def test_rules_of_a_document(tmp_path: Path) -> None:
    config = limits(
        tmp_path,
        """\
        domain: messaging
        descriptors:
          - key: message_type
            value: marketing
            descriptors:
              - key: to_number
                rate_limit: {unit: day, requests_per_unit: 5, name: marketing}
          - key: to_number
            value: 2061111111
            shadow_mode: true
            rate_limit: {unit: WEEK, requests_per_unit: 100, replaces: [{name: marketing}]}
          - key: ldap
            rate_limit: {unlimited: true}
        """,
    )
    first, second, third = config.rules
    assert first.path == (("message_type", "marketing"), ("to_number", ""))
    assert first.limit == Limit(5, Unit.DAY, "marketing")
    assert first.name == "message_type_marketing.to_number"
    assert second.path == (("to_number", "2061111111"),)
    assert (second.shadow_mode, second.replaces) == (True, {"marketing"})
    assert second.limit == Limit(100, Unit.WEEK)
    assert third.limit is None
    assert config.warnings == ()


@pytest.mark.parametrize(
    ("written", "value"), [("1.10", "1.10"), ("yes", "yes"), ("'007'", "007"), ("0x1f", "0x1f")]
)
def test_values_are_what_is_written(tmp_path: Path, written: str, value: str) -> None:
    text = f"domain: d\ndescriptors:\n- key: k\n  value: {written}\n  rate_limit: {{unlimited: true}}\n"
    assert limits(tmp_path, text).rules[0].path == (("k", value),)


def test_all_mistakes_come_at_once(tmp_path: Path) -> None:
    assert errors(
        tmp_path,
        """\
        domain: d
        descriptors:
          - key: a
            rate_limit: {unit: minte, requests_per_unit: 3}
          - key: b
            shadow_mod: true
          - value: c
          - key: c
            share_threshold: true
            rate_limit: {unit: hour}
          - key: "*"
          - key: e
            metadata: {a: b}
          - key: f
            rate_limit: {unlimited: true, unit: day}
          - key: g
            value: x
          - key: g
            value: x
          - key: h
            rate_limit: {unit: day, requests_per_unit: -1}
          - key: i
            rate_limit: {unit: day, requests_per_unit: 1, name: one, replaces: [{name: one}, {name: ""}]}
        """,
    ) == [
        "4:24: error: descriptors[0].rate_limit.unit: found 'minte', expected one of second, minute, hour, "
        "day, week, month, year; did you mean 'minute'?",
        "6:5: error: descriptors[1].shadow_mod: unknown field 'shadow_mod'; did you mean 'shadow_mode'?",
        "7:5: error: descriptors[2].key: missing, but required",
        "9:22: error: descriptors[3].share_threshold: found the value none, "
        "expected a value with a wildcard, such as api/*",
        "10:17: error: descriptors[3].rate_limit.requests_per_unit: missing, but required "
        "(or say unlimited: true)",
        "11:10: error: descriptors[4].key: found '*', expected a key; values have wildcards",
        "13:5: error: descriptors[5].metadata: not supported: answers carry no dynamic metadata",
        "15:41: error: descriptors[6].rate_limit.unit: what is unlimited has none",
        "18:5: error: descriptors[8]: the key 'g' with the value 'x' stands twice in this list",
        "21:48: error: descriptors[9].rate_limit.requests_per_unit: found the number -1, "
        "expected a value from 0 to 4,294,967,295",
        "23:93: error: descriptors[10].rate_limit.replaces[1].name: found '', "
        "expected a text that is not empty",
    ]


def test_a_file_of_limits_of_the_engine_is_told_as_such(tmp_path: Path) -> None:
    [told] = errors(tmp_path, "apiVersion: meshcore/v1\nkind: RateLimits\nrules: [{name: a, rate: 1/s}]\n")
    assert told.startswith("1:1: error: this is read by Mesh.load() and meshcore proxy;")
    assert told.endswith(
        "found kind: RateLimits, expected domain and descriptors, as envoyproxy/ratelimit has them"
    )


def test_no_mistake_hides_another(tmp_path: Path) -> None:
    """Of the same limit, of what is below, and of what is above."""
    assert errors(
        tmp_path,
        """\
        domain: ""
        descriptors:
          - key: a*
            value: [b]
            rate_limit: {unit: days, requests_per_unit: -1, nam: x}
            descriptors:
              - rate_limit: {unlimited: true, unit: fortnight, replaces: [{}]}
                descriptors:
                  - key: c
                    descriptor: []
                    rate_limit: {unit: 5}
        ---
        domain: d
        ---
        domain: d
        descriptors: [{key: "*"}]
        """,
    ) == [
        "1:9: error: domain: found '', expected a text that is not empty",
        "3:10: error: descriptors[0].key: found 'a*', expected a key; values have wildcards",
        "4:12: error: descriptors[0].value: found a list, expected a text",
        "5:24: error: descriptors[0].rate_limit.unit: found 'days', expected one of second, minute, hour, "
        "day, week, month, year; did you mean 'day'?",
        "5:49: error: descriptors[0].rate_limit.requests_per_unit: found the number -1, "
        "expected a value from 0 to 4,294,967,295",
        "5:53: error: descriptors[0].rate_limit.nam: unknown field 'nam'; did you mean 'name'?",
        "7:9: error: descriptors[0].descriptors[0].key: missing, but required",
        "7:45: error: descriptors[0].descriptors[0].rate_limit.unit: what is unlimited has none",
        "7:67: error: descriptors[0].descriptors[0].rate_limit.replaces[0].name: missing, but required",
        "10:13: error: descriptors[0].descriptors[0].descriptors[0].descriptor: unknown field 'descriptor'; "
        "did you mean 'descriptors'?",
        "11:25: error: descriptors[0].descriptors[0].descriptors[0].rate_limit.requests_per_unit: missing, "
        "but required (or say unlimited: true)",
        "11:32: error: descriptors[0].descriptors[0].descriptors[0].rate_limit.unit: found the number 5, "
        "expected one of second, minute, hour, day, week, month, year",
        f"15:9: error: domain: the domain 'd' stands at {tmp_path / 'limits.yaml'}:13:9 already",
        "16:21: error: descriptors[0].key: found '*', expected a key; values have wildcards",
    ]


def test_a_limit_does_not_replace_itself(tmp_path: Path) -> None:
    assert errors(
        tmp_path,
        """\
        domain: d
        descriptors:
          - key: i
            rate_limit: {unit: day, requests_per_unit: 1, name: one, replaces: [{name: one}]}
        """,
    ) == ["4:80: error: descriptors[0].rate_limit.replaces[0].name: a limit cannot replace itself"]


def test_what_is_strange_is_a_warning(tmp_path: Path) -> None:
    config = limits(
        tmp_path,
        """\
        domain: d
        descriptors:
          - key: a
            rate_limit: {unit: day, requests_per_unit: 1, replaces: [{name: specfic}]}
          - key: b
            shadow_mode: true
          - key: c
            rate_limit: {unit: day, requests_per_unit: 1, name: specific}
        """,
    )
    assert [str(warning).partition("limits.yaml:")[2] for warning in config.warnings] == [
        "4:69: warning: descriptors[0].rate_limit.replaces[0].name: no limit of the domain is called "
        "'specfic'; did you mean 'specific'?",
        "6:18: warning: descriptors[1].shadow_mode: has no effect without a rate_limit beside it",
    ]


TWICE = """\
domain: d
descriptors: [{key: a, rate_limit: {unlimited: true}}]
---
domain: d
descriptors: [{key: b, rate_limit: {unlimited: true}}]
"""


def test_a_domain_stands_once(tmp_path: Path) -> None:
    (error,) = errors(tmp_path, TWICE)
    assert error.startswith("4:9: error: domain: the domain 'd' stands at ")
    assert error.endswith("limits.yaml:1:9 already")


def test_unless_domains_are_merged(tmp_path: Path) -> None:
    assert [rule.name for rule in limits(tmp_path, TWICE, merge_domains=True).rules] == ["a", "b"]


def test_folders_and_mappings(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("domain: a\n")
    (tmp_path / "b.json").write_text('{"domain": "b"}')
    assert sorted(load_limits([tmp_path, {"domain": "c"}]).domains) == ["a", "b", "c"]


def test_nothing_is_no_configuration(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("# nothing\n")
    with pytest.raises(ConfigError, match="there is no document in it"):
        load_limits(tmp_path)


def test_the_digest_tells_documents_apart(tmp_path: Path) -> None:
    first, second = limits(tmp_path, "domain: a"), limits(tmp_path, "domain: b")
    assert first.digest != second.digest
    assert limits(tmp_path, "domain: a").digest == first.digest
