"""What options may be: a mistake is told where it is made, by the option's name, what it is, and what would
be right. PyPy reads this, too, which may be of Python 3.9."""

from __future__ import annotations

import math
import os
import reprlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

__all__ = [
    "address",
    "checked_clock",
    "checked_keys",
    "engine",
    "flag",
    "following",
    "function",
    "having",
    "instance",
    "path",
    "resolver",
    "seconds",
    "source",
    "sources",
    "text",
    "texts",
    "whole",
    "wrong",
]

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 60
#: Whose repr says what it is.
_PLAIN = (bool, int, float, str, bytes, bytearray, list, tuple, set, frozenset, Mapping, os.PathLike)


def wrong(name: str, value: object, expected: str, error: type[Exception] = TypeError) -> Exception:
    """What to raise for an option that is no such thing."""
    if isinstance(value, type):
        found = f"the class {value.__name__}"
    elif value is None or isinstance(value, _PLAIN):
        found = _SHORT.repr(value)
    else:
        found = f"of type {type(value).__name__}"
    return error(f"{name} is {found}; expected {expected}")


def instance(name: str, value: object, kinds: type | tuple[type, ...], expected: str) -> None:
    """
    Raises:
        TypeError: it is none of them.
    """
    if not isinstance(value, kinds):
        raise wrong(name, value, expected)


def text(name: str, value: object, expected: str) -> None:
    """
    Raises:
        TypeError: it is no str.
        ValueError: it is empty.
    """
    instance(name, value, str, expected)
    if not value:
        raise wrong(name, value, expected, ValueError)


def texts(name: str, values: object, expected: str) -> None:
    """
    Raises:
        TypeError: they are no collection of texts, or one text by itself.
    """
    if isinstance(values, (str, bytes)) or not isinstance(values, Collection):
        raise wrong(name, values, expected)
    for index, value in enumerate(values):
        instance(f"{name}[{index}]", value, str, f"a text; of {name}: {expected}")


def checked_keys(keys: Any) -> Any:
    """What is done for each of several keys: a key alone would pass as those of its letters.

    Raises:
        TypeError: it is a key, or nothing that holds keys.
    """
    if isinstance(keys, (str, bytes)) or not isinstance(keys, Iterable):
        raise wrong("keys", keys, "an iterable of keys, such as a list")
    return keys


def path(name: str, value: object, expected: str = "a path (str or os.PathLike)") -> None:
    """
    Raises:
        TypeError: it is no path.
        ValueError: it is "", which would be the working directory, or a text rather than the path of one.
    """
    instance(name, value, (str, os.PathLike), expected)
    if value == "":
        raise wrong(name, value, expected, ValueError)
    if isinstance(value, str) and "\n" in value and not os.path.lexists(value):
        raise wrong(name, value, f"{expected}; a text of documents goes with load_text()", ValueError)


def source(name: str, value: object, expected: str) -> None:
    """A path, or what such a file would hold.

    Raises:
        TypeError: it is neither.
        ValueError: as for ``path()``.
    """
    if not isinstance(value, Mapping):
        path(name, value, f"a path (str or os.PathLike), or {expected}")


def sources(name: str, values: object, expected: str = "a parsed document (a mapping)") -> list[Any]:
    """Paths, or what such files would hold, from one of them or several.

    Raises:
        TypeError, ValueError: as for ``source()``.
    """
    if isinstance(values, (str, os.PathLike, Mapping)):
        source(name, values, expected)
        return [values]
    if isinstance(values, bytes) or not isinstance(values, Iterable):
        raise wrong(name, values, f"a path, {expected}, or several of them in a list")
    items = list(values)
    for index, item in enumerate(items):
        source(f"{name}[{index}]", item, expected)
    return items


def flag(name: str, value: object) -> None:
    """
    Raises:
        TypeError: it is neither True nor False, but "false", say, which would count as true.
    """
    instance(name, value, bool, "True or False")


def function(name: str, value: object, expected: str) -> None:
    """
    Raises:
        TypeError: it cannot be called.
    """
    if not callable(value):
        raise wrong(name, value, expected)


def checked_clock(clock: object) -> Any:
    """A clock, or None.

    Raises:
        TypeError: it cannot be called.
    """
    if clock is not None:
        function("clock", clock, "a function that returns seconds")
    return clock


def having(name: str, value: object, method: str, expected: str) -> None:
    """
    Raises:
        TypeError: it has no such method, or is a class.
    """
    if isinstance(value, type) or not callable(getattr(value, method, None)):
        raise wrong(name, value, expected)


def engine(name: str, value: object) -> None:
    """
    Raises:
        TypeError: it has no configuration in force, or is a class.
    """
    if isinstance(value, type) or not hasattr(value, "config"):
        raise wrong(name, value, "a meshcore.Engine")


def resolver(name: str, value: object) -> None:
    """
    Raises:
        TypeError: it looks nothing up, or is a class.
    """
    having(name, value, "lookup", "a resolver, such as meshcore.discovery.DefaultResolver()")


def following(health_checks: object, resolver_: object, runtime_dir: object) -> None:
    """By what a mesh and a proxy follow the names and the health of endpoints.

    Raises:
        TypeError, ValueError: one of the three is no such thing.
    """
    flag("health_checks", health_checks)
    if resolver_ is not None:
        resolver("resolver", resolver_)
    if runtime_dir is not None:
        path("runtime_dir", runtime_dir, "the path of a folder")


def whole(name: str, value: object, least: int, most: int | None = None) -> int:
    """A number of things.

    Raises:
        TypeError: it is no int.
        ValueError: it is out of range.
    """
    if not isinstance(value, int) or isinstance(value, bool):
        raise wrong(name, value, "an int")
    if value < least or (most is not None and value > most):
        raise wrong(name, value, f"{least} or more" if most is None else f"{least} to {most:,}", ValueError)
    return value


def seconds(name: str, value: object, *, zero: str | None = None, above: bool = False) -> None:
    """Finite seconds, 0 among them unless they are to be ``above`` it; ``zero`` says what 0 stands for.

    Raises:
        TypeError: it is no number.
        ValueError: one cannot wait for so long.
    """
    expected = f"seconds, or 0 for {zero}" if zero else f"seconds, {'more than 0' if above else '0 or more'}"
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise wrong(name, value, expected)
    if not (0 <= value < math.inf) or (above and value == 0):
        raise wrong(name, value, expected, ValueError)


def address(name: str, value: object, *, configured: bool = False) -> None:
    """A host and a port; ``configured``: perhaps a port of the configuration, too.

    Raises:
        TypeError: it is something else, such as one text.
        ValueError: a port is none.
    """
    expected = "a host and a port, such as ('127.0.0.1', 8080)"
    if (
        not isinstance(value, Sequence)
        or isinstance(value, (str, bytes))
        or len(value) not in (2, 2 + configured)
    ):
        raise wrong(name, value, expected)
    host, *ports = value
    instance(f"{name}[0]", host, str, f"a host; of {name}: {expected}")
    for index, port in enumerate(ports, 1):
        if index == 1 or port is not None:
            whole(f"{name}[{index}]", port, 0, 65535)
