"""What a proxy may be made of: mistakes are told where they are made."""

from __future__ import annotations

from collections.abc import Sequence

from meshcore import _options as option
from meshcore.model import Config
from meshcore.proxy.options import ProxyOptions
from meshcore.upstream.mark import is_name

__all__ = ["require_proxy"]


def require_proxy(
    *,
    engine: object,
    listen: object,
    admin: object,
    access_log: object,
    options: object,
    name: object,
    resolver: object,
    health_checks: object,
    runtime_dir: object,
    service: object,
    sleep: object,
    now: object,
) -> None:
    """
    Raises:
        TypeError, ValueError: one of them is no such thing.
    """
    if not isinstance(engine, Config):
        option.having("engine", engine, "decide", "a meshcore.Engine, or what meshcore.load() returns")
    addresses = "a list of addresses, such as [('127.0.0.1', 8080)]"
    if isinstance(listen, str | bytes) or not isinstance(listen, Sequence):
        raise option.wrong("listen", listen, addresses)
    for index, address in enumerate(listen):
        option.address(f"listen[{index}]", address, configured=True)
    if admin is not None:
        option.address("admin", admin)
    if access_log is not None:
        option.function("access_log", access_log, "a function, which is called with an AccessRecord")
    if options is not None:
        option.instance("options", options, ProxyOptions, "meshcore.proxy.ProxyOptions")
    if name is not None:
        expected = "visible ASCII without a comma, or None"
        option.text("name", name, expected)
        if not is_name(str(name)):
            raise option.wrong("name", name, expected, ValueError)
    option.following(health_checks, resolver, runtime_dir)
    option.text("service", service, "the name that spans tell")
    option.function("sleep", sleep, "a coroutine function of seconds")
    option.function("now", now, "a function that returns seconds")
