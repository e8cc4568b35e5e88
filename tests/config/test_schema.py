"""Typed decoding: every mistake is reported, with position and path."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshcore.config.documents import read_text
from meshcore.config.findings import Findings
from meshcore.config.scalar_types import (
    Bytes,
    Check,
    Duration,
    GoDuration,
    Int32,
    Number,
    Port,
    UInt32,
    UInt64,
)
from meshcore.config.schema import (
    Meta,
    OneOf,
    Partial,
    Record,
    decode,
    error_at,
    is_set,
    node_of,
    origin_of,
    path_of,
    warn_at,
)
from meshcore.config.tree import MappingNode, TreeNode


class Mode(Enum):
    SIMPLE = 1
    MUTUAL = 2


class Item(Record):
    name: Annotated[str, Meta(min_length=1)]
    weight: UInt32 | None = None
    child: Item | None = None


class Thing(Record):
    __oneofs__ = (OneOf("rule", ("exact", "prefix_match"), required=True),)
    __unsupported__ = {"shiny": "too bright"}  # noqa: RUF012
    __noted__ = {"stats_tag": "no statistics"}  # noqa: RUF012
    __ignored__ = frozenset({"alt_name"})

    exact: str | None = None
    prefix_match: str | None = None
    time_out: Annotated[Duration, Meta(ge=0)] | None = None
    go_time: GoDuration | None = None
    mode: Mode = Mode.SIMPLE
    data: Bytes = b""
    port: Port | None = None
    small: Annotated[Int32, Meta(gt=-5, lt=5)] = 0
    big: UInt64 = 0
    ratio: Number = 1.0
    even: Annotated[int, Check(lambda value: value % 2 == 0, "an even number")] = 0
    flag: bool = False
    port_or_name: int | str | None = None
    items: Annotated[list[Item], Partial, Meta(max_length=3)] = []  # noqa: RUF012
    strict: Annotated[list[Item], Meta(min_length=1)] = []  # noqa: RUF012
    labels: dict[str, str] = {}  # noqa: RUF012
    anything: object = None
    typed: MappingNode | None = None
    tree: TreeNode | None = None
    from_: str = ""


class Loose(Record):
    __open__ = True

    name: str = ""


def good(text: str) -> Thing:
    findings = Findings()
    (document,) = read_text(text, findings, "a.yaml")
    thing = decode(document.root, Thing, findings)
    assert [str(finding) for finding in findings.errors] == []
    assert thing is not None
    return thing


def bad(text: str) -> list[str]:
    findings = Findings()
    (document,) = read_text(text, findings, "a.yaml")
    decode(document.root, Thing, findings)
    return [str(finding).removeprefix("a.yaml:") for finding in findings.errors]


def test_names_are_taken_in_both_styles() -> None:
    assert good("{prefix_match: a, time_out: 1.5s}").time_out == 1.5
    assert good("{prefixMatch: a, timeOut: 1.5s}").prefix_match == "a"


@pytest.mark.parametrize(
    ("field", "written", "value"),
    [
        ("mode", "MUTUAL", Mode.MUTUAL),
        ("mode", "2", Mode.MUTUAL),
        ("mode", "'2'", Mode.MUTUAL),
        ("data", "aGk=", b"hi"),
        ("data", "aGk", b"hi"),
        ("data", "_-8=", b"\xff\xef"),
        ("port", '"8080"', 8080),
        ("port", "80.0", 80),
        ("small", "4", 4),
        ("big", '"18446744073709551615"', 2**64 - 1),
        ("ratio", "2", 2.0),
        ("ratio", '"0.25"', 0.25),
        ("flag", "yes", True),
        ("time_out", "0s", 0.0),
        ("time_out", "1.000000001s", 1.000000001),
        ("go_time", "1h30m", 5400.0),
        ("go_time", "1.5s", 1.5),
        ("go_time", "250ms", 0.25),
        ("go_time", "-1s", -1.0),
        ("port_or_name", "80", 80),
        ("port_or_name", "http", "http"),
        ("labels", "{a.b/c: x}", {"a.b/c": "x"}),
        ("anything", "{a: [1, null]}", {"a": [1, None]}),
        ("mode", "null", Mode.SIMPLE),
        ("labels", "null", {}),
    ],
)
def test_values_follow_the_json_mapping_of_protobuf(field: str, written: str, value: object) -> None:
    assert getattr(good(f"exact: a\n{field}: {written}\n"), field) == value


@pytest.mark.parametrize(
    ("field", "written", "problem"),
    [
        ("exact", "1.10", 'found the number 1.10, expected a string; put it in quotes: "1.10"'),
        ("exact", "on", 'found the boolean true (written on), expected a string; put it in quotes: "on"'),
        ("exact", "[a]", "found a list, expected a single value"),
        ("mode", "SIMPEL", "found 'SIMPEL', expected one of SIMPLE, MUTUAL; did you mean 'SIMPLE'?"),
        ("mode", "7", "found the number 7, expected one of SIMPLE, MUTUAL"),
        ("data", "'*'", "found '*', expected bytes in base64"),
        ("port", "0", "found the number 0, expected a value from 1 to 65,535"),
        ("port", "http", "found 'http', expected an integer"),
        ("port", "80.5", "found the number 80.5, expected an integer"),
        ("port", "true", "found the boolean true, expected an integer"),
        ("small", "5", "found the number 5, expected a value more than -5 and less than 5"),
        ("big", "-1", "found the number -1, expected a value from 0 to 18,446,744,073,709,551,615"),
        ("ratio", ".inf", "found the number .inf, expected a number"),
        ("ratio", "x", "found 'x', expected a number"),
        ("even", "3", "found the number 3, expected an even number"),
        ("flag", "'true'", "found 'true', expected true or false"),
        ("flag", "1", "found the number 1, expected true or false"),
        ("time_out", "5", "found the number 5, expected a duration in seconds such as 1.5s"),
        ("time_out", "5m", "found '5m', expected a duration in seconds such as 1.5s"),
        ("time_out", "-1s", "found '-1s', expected a value 0 or more"),
        ("time_out", "400000000000s", "found '400000000000s', expected a duration in seconds such as 1.5s"),
        ("go_time", "5", "found the number 5, expected a duration such as 1.5s, 10ms or 1h30m"),
        ("go_time", "1x", "found '1x', expected a duration such as 1.5s, 10ms or 1h30m"),
        (
            "port_or_name",
            "true",
            'found the boolean true, expected an integer or a string; put it in quotes: "true"',
        ),
        ("items", "{}", "found a mapping, expected a list"),
        ("items", "[{name: a}, {name: b}, {name: c}, {name: d}]", "found 4 items, expected at most 3 items"),
        ("strict", "[]", "found 0 items, expected at least 1 item"),
        ("labels", "[a]", "found a list, expected a mapping"),
        ("typed", "x", "found 'x', expected a mapping"),
        ("shiny", "1", "not supported: too bright"),
    ],
)
def test_values_that_do_not_fit(field: str, written: str, problem: str) -> None:
    rule = "" if field == "exact" else "exact: a\n"
    (found,) = bad(f"{rule}{field}: {written}\n")
    assert found.split("error: ")[1] == f"{field}: {problem}"


def test_all_mistakes_of_a_record_are_found() -> None:
    text = """exact: a
prefixMatch: b
timeOut: x
time_out: 1s
labels: {a: 1, b/c: 2}
strict:
- {name: "", weight: -1}
- {nam: a}
- {child: {name: 7}}
- 5
"""
    assert bad(text) == [
        "2:1: error: prefixMatch: 'exact' is set already; only one of them may be",
        "3:10: error: timeOut: found 'x', expected a duration in seconds such as 1.5s",
        "4:1: error: time_out: set twice, in snake_case and in camelCase",
        '5:13: error: labels.a: found the number 1, expected a string; put it in quotes: "1"',
        '5:21: error: labels["b/c"]: found the number 2, expected a string; put it in quotes: "2"',
        "7:10: error: strict[0].name: found '', expected a text that is not empty",
        "7:22: error: strict[0].weight: found the number -1, expected a value from 0 to 4,294,967,295",
        "8:3: error: strict[1].name: missing, but required",
        "8:4: error: strict[1].nam: unknown field 'nam'; did you mean 'name'?",
        "9:3: error: strict[2].name: missing, but required",
        '9:18: error: strict[2].child.name: found the number 7, expected a string; put it in quotes: "7"',
        "10:3: error: strict[3]: found the number 5, expected a mapping of name, weight, child",
    ]


def test_a_missing_choice_is_reported_unless_an_unknown_field_explains_it() -> None:
    assert bad("{flag: true}") == ["1:1: error: found none of them, expected one of exact, prefix_match"]
    assert bad("{exakt: a}") == ["1:2: error: exakt: unknown field 'exakt'; did you mean 'exact'?"]


def test_names_are_suggested_in_the_style_of_the_document() -> None:
    (found,) = bad("{exact: a, goTimes: 1s}")
    assert found.endswith("unknown field 'goTimes'; did you mean 'goTime'?")
    (found,) = bad("{exact: a, go_times: 1s}")
    assert found.endswith("unknown field 'go_times'; did you mean 'go_time'?")


def test_good_items_of_partial_lists_are_kept() -> None:
    findings = Findings()
    (document,) = read_text("exact: a\nitems: [{name: a}, {nam: b}, {name: c}]\n", findings)
    thing = decode(document.root, Thing, findings)
    assert thing is not None
    assert [item.name for item in thing.items] == ["a", "c"]
    assert findings.has_errors


def test_noted_and_ignored_fields() -> None:
    findings = Findings()
    (document,) = read_text("{exact: a, statsTag: x, alt_name: y}", findings)
    assert decode(document.root, Thing, findings) is not None
    assert [finding.detail for finding in findings.warnings] == ["has no effect here: no statistics"]
    assert not findings.has_errors
    (document,) = read_text("{name: a, whatever: [1]}", findings)
    loose = decode(document.root, Loose, findings)
    assert loose is not None
    assert loose.name == "a"


def test_records_remember_where_they_came_from() -> None:
    thing = good("exact: a\ntimeOut: 2s\nitems:\n- name: n\n")
    assert str(origin_of(thing, "time_out")) == "a.yaml:2:10"
    assert path_of(thing, "time_out") == "timeOut"
    assert path_of(thing, "go_time") == "goTime"  # as its neighbours are written
    assert origin_of(thing, "go_time").line == 1
    assert path_of(thing.items[0], "name") == "items[0].name"
    assert origin_of(thing.items[0]).path == "items[0]"
    assert node_of(thing, "items").line == 4
    assert is_set(thing, "time_out")
    assert not is_set(thing, "go_time")
    findings = Findings()
    error_at(findings, thing.items[0], "name", "odd", found="'n'", expected="more")
    warn_at(findings, thing, "exact", "hm")
    assert str(findings.errors[0]) == "a.yaml:4:9: error: items[0].name: odd, found 'n', expected more"
    assert str(findings.warnings[0]) == "a.yaml:1:8: warning: exact: hm"


def test_only_records_that_stand_alone_name_their_type() -> None:
    assert good("{'@type': a/b.Thing, exact: a}").exact == "a"
    (found,) = bad("{exact: a, items: [{'@type': a/b.Item, name: n}]}")
    assert "items[0].@type: unknown field '@type'" in found


def test_paths_begin_where_the_caller_says() -> None:
    findings = Findings()
    (document,) = read_text("{flag: 1, exact: a}", findings)
    decode(document.root, Thing, findings, "spec")
    assert findings.errors[0].path == "spec.flag"


@given(st.integers(0, 9_223_372_035), st.integers(0, 999_999_999))
def test_durations_keep_their_value(seconds: int, nanos: int) -> None:
    written = f"{seconds}.{nanos:09}s"
    assert good(f"exact: a\ntimeOut: {written}\n").time_out == pytest.approx(float(written[:-1]), rel=1e-15)


@given(st.binary(max_size=40))
def test_bytes_keep_their_value(data: bytes) -> None:
    import base64

    for encoded in (base64.b64encode(data), base64.urlsafe_b64encode(data).rstrip(b"=")):
        assert good(f"exact: a\ndata: '{encoded.decode()}'\n").data == data
