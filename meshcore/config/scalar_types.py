"""The scalar types of schemas, after protobuf's JSON mapping."""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from types import UnionType
from typing import Annotated, Any, TypeAlias, Union, get_args, get_origin

from msgspec import Meta

from meshcore.config.findings import did_you_mean, quoted
from meshcore.config.tree import ScalarNode, describe

__all__ = [
    "RULES",
    "BadValue",
    "Bytes",
    "Check",
    "Duration",
    "GoDuration",
    "Int32",
    "Int64",
    "Number",
    "Port",
    "Rule",
    "UInt32",
    "UInt64",
    "go_seconds",
    "scalar_decoder",
]


class BadValue(Exception):
    """A scalar that does not fit; the caller knows where it stands."""

    def __init__(self, message: str, expected: str = "", found: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.expected = expected
        self.found = found


@dataclass(frozen=True, slots=True)
class Check:
    """A rule of a type's own: ``test`` says whether the value is good."""

    test: Callable[[Any], bool]
    expected: str


@dataclass(frozen=True, slots=True)
class _Format:
    """Says which text form a float or bytes has."""

    name: str


Rule: TypeAlias = "Meta | Check | _Format"
RULES = (Meta, Check, _Format)

Int32 = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
Int64 = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
UInt32 = Annotated[int, Meta(ge=0, le=2**32 - 1)]
UInt64 = Annotated[int, Meta(ge=0, le=2**64 - 1)]
Port = Annotated[int, Meta(ge=1, le=65535)]
#: A double: any finite number.
Number = float
#: Seconds, from protobuf's "1.5s".
Duration = Annotated[float, _Format("duration")]
#: Seconds, from Go's "1h30m" (Istio's documents use them), a superset of the above.
GoDuration = Annotated[float, _Format("go-duration")]
#: Bytes in base64, standard or URL-safe.
Bytes = Annotated[bytes, _Format("base64")]

_DIGITS = re.compile(r"-?[0-9]{1,10}\Z")
_INTEGER_TEXT = re.compile(r"[-+]?[0-9]{1,40}(?:\.0*)?\Z")
_DURATION = re.compile(r"(-?)([0-9]{1,12})(?:\.([0-9]{1,9}))?s\Z")
_GO_DURATION = re.compile(r"[-+]?(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:h|ms|m|s|us|µs|μs|ns))+\Z")
_GO_PART = re.compile(r"([0-9.]+)(h|ms|m|s|us|µs|μs|ns)")
_GO_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ns": 1e-9}
_MAX_SECONDS = 315_576_000_000
#: Envoy counts nanoseconds in 64 bits.
_MAX_ENVOY_SECONDS = 9_223_372_035
_MAX_TEXT = 256


def scalar_decoder(annotation: Any, rules: list[Any]) -> Callable[[ScalarNode], Any]:
    """A function that turns a scalar node into a value of the type, or raises BadValue."""
    formats = [rule.name for rule in rules if isinstance(rule, _Format)]
    checks = [_check(rule) for rule in rules if isinstance(rule, Meta | Check)]
    base = _base(annotation, formats[0] if formats else "")
    if not checks:
        return base

    def run(node: ScalarNode) -> Any:
        value = base(node)
        for check in checks:
            if not check.test(value):
                raise BadValue("", check.expected, describe(node))
        return value

    return run


def _base(annotation: Any, form: str) -> Callable[[ScalarNode], Any]:
    if form:
        return {"duration": _duration, "go-duration": _go_duration, "base64": _bytes}[form]
    if get_origin(annotation) in (Union, UnionType):
        return _union([_base(choice, "") for choice in get_args(annotation)])
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return _enum(annotation)
    if annotation not in _SIMPLE:
        raise TypeError(f"{annotation!r} cannot be the type of a schema's field")
    return _SIMPLE[annotation]


def _string(node: ScalarNode) -> str:
    value = node.value
    if type(value) is not str:
        hint = f'a string; put it in quotes: "{node.text}"' if node.text else "a string"
        raise BadValue("", hint, describe(node))
    return value


def _boolean(node: ScalarNode) -> bool:
    value = node.value
    if type(value) is not bool:
        raise BadValue("", "true or false", describe(node))
    return value


def _integer(node: ScalarNode) -> int:
    value = node.value
    if type(value) is int:
        return value
    if type(value) is float and value.is_integer():
        return int(value)
    if type(value) is str and _INTEGER_TEXT.match(value):
        return int(value.partition(".")[0])
    raise BadValue("", "an integer", describe(node))


def _number(node: ScalarNode) -> float:
    value = node.value
    if type(value) is str:
        try:
            value = float(value) if len(value) <= _MAX_TEXT else None
        except ValueError:
            value = None
    if type(value) not in (int, float) or not math.isfinite(value):  # type: ignore[arg-type]
        raise BadValue("", "a number", describe(node))
    return float(value)  # type: ignore[arg-type]


def _duration(node: ScalarNode) -> float:
    found = _DURATION.match(node.value) if type(node.value) is str else None
    if found is None or int(found[2]) > _MAX_ENVOY_SECONDS:
        raise BadValue("", "a duration in seconds such as 1.5s", describe(node))
    seconds = int(found[2]) + int((found[3] or "0").ljust(9, "0")) / 1e9
    return -seconds if found[1] else float(seconds)


def _go_duration(node: ScalarNode) -> float:
    seconds = go_seconds(node.value) if type(node.value) is str else None
    if seconds is None:
        raise BadValue("", "a duration such as 1.5s, 10ms or 1h30m", describe(node))
    return seconds


def go_seconds(text: str) -> float | None:
    """The seconds of Go's "1h30m"; None where the text is no duration, or one beyond protobuf's range."""
    if len(text) > _MAX_TEXT or (text != "0" and not _GO_DURATION.match(text)):
        return None
    try:
        seconds = sum(float(number) * _GO_UNITS[unit] for number, unit in _GO_PART.findall(text))
    except ValueError:
        return None
    if seconds > _MAX_SECONDS:
        return None
    return -seconds if text[0] == "-" else float(seconds)


def _bytes(node: ScalarNode) -> bytes:
    value = node.value
    if type(value) is str:
        text = value.translate(_URL_SAFE)
        text += "=" * (-len(text) % 4)
        try:
            return base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            pass
    raise BadValue("", "bytes in base64", describe(node))


_SIMPLE: dict[Any, Callable[[ScalarNode], Any]] = {
    str: _string,
    bool: _boolean,
    int: _integer,
    float: _number,
}
_URL_SAFE = str.maketrans("-_", "+/")


def _enum(enum: type[Enum]) -> Callable[[ScalarNode], Enum]:
    by_name = {member.name: member for member in enum}
    by_number = {member.value: member for member in enum if type(member.value) is int}
    names = ", ".join(by_name) if len(by_name) <= 12 else ", ".join([*list(by_name)[:12], "..."])

    def run(node: ScalarNode) -> Enum:
        value = node.value
        if type(value) is str:
            member = by_name.get(value) or (by_number.get(int(value)) if _DIGITS.match(value) else None)
            if member is not None:
                return member
            raise BadValue("", f"one of {names}{did_you_mean(value, by_name)}", quoted(value))
        if type(value) is int and value in by_number:
            return by_number[value]
        raise BadValue("", f"one of {names}", describe(node))

    return run


def _union(choices: list[Callable[[ScalarNode], Any]]) -> Callable[[ScalarNode], Any]:
    def run(node: ScalarNode) -> Any:
        expected = []
        for choice in choices:
            try:
                return choice(node)
            except BadValue as bad:
                expected.append(bad.expected)
        raise BadValue("", " or ".join(expected), describe(node))

    return run


def _check(rule: Meta | Check) -> Check:
    if isinstance(rule, Check):
        return rule
    tests: list[Callable[[Any], bool]] = []
    words: list[str] = []
    lowest, highest = rule.ge, rule.le
    if lowest is not None and highest is not None:
        tests.append(lambda value: lowest <= value <= highest)
        words.append(f"from {lowest:,} to {highest:,}" if highest > 9999 else f"from {lowest} to {highest}")
    elif lowest is not None:
        tests.append(lambda value: lowest <= value)
        words.append(f"{lowest} or more")
    elif highest is not None:
        tests.append(lambda value: value <= highest)
        words.append(f"{highest} or less")
    above, below = rule.gt, rule.lt
    if above is not None:
        tests.append(lambda value: value > above)
        words.append(f"more than {above}")
    if below is not None:
        tests.append(lambda value: value < below)
        words.append(f"less than {below}")
    shortest, longest = rule.min_length, rule.max_length
    if shortest is not None:
        tests.append(lambda value: len(value) >= shortest)
        words.append("a text that is not empty" if shortest == 1 else f"at least {shortest} characters")
    if longest is not None:
        tests.append(lambda value: len(value) <= longest)
        words.append(f"at most {longest} characters")
    if rule.pattern is not None:
        pattern = re.compile(rule.pattern)
        tests.append(lambda value: pattern.search(value) is not None)
        words.append(rule.description or f"a text that matches {rule.pattern}")
    if rule.multiple_of is not None:
        factor = rule.multiple_of
        tests.append(lambda value: value % factor == 0)
        words.append(f"a multiple of {factor}")
    numeric = any(bound is not None for bound in (lowest, highest, above, below))
    return Check(
        tests[0] if len(tests) == 1 else lambda value: all(test(value) for test in tests),
        ("a value " if numeric else "") + " and ".join(words),
    )
