"""RouteTable over cffi. The stub match.pyi has the documentation of what is public."""

from __future__ import annotations

from typing import Any

from meshcore._cffi._core import ffi, lib
from meshcore._cffi.draws import Draws
from meshcore._cffi.specs import Specs
from meshcore._cffi.text import header_pairs, raise_error, slice_of
from meshcore.model import RouteConfiguration

__all__ = ["RouteTable"]


class RouteTable:
    """A route table on its own: which route matches a request."""

    def __init__(self, route_configuration: Any, *, seed: int = 0) -> None:
        if not isinstance(route_configuration, RouteConfiguration):
            route_configuration = _loaded(route_configuration)
        self._configuration: RouteConfiguration = route_configuration
        self._draws = Draws(seed)
        self._table = ffi.gc(lib.mc_route_table_new(), lib.mc_route_table_free)
        if self._table == ffi.NULL:
            raise MemoryError
        specs, error, index = Specs(), ffi.new("mc_error *"), ffi.new("int32_t *")
        numbers: dict[int, int] = {}
        names: list[str] = []
        for host in route_configuration.virtual_hosts:
            routes = specs.routes(host.routes)
            names += [route.name for route in host.routes]
            if lib.mc_route_table_add_virtual_host(self._table, routes, len(host.routes), index, error):
                raise_error(error)
            numbers[id(host)] = index[0]
        if lib.mc_route_table_add_domains(
            self._table, specs.domains(route_configuration, numbers), index, error
        ):
            raise_error(error)
        self._names = tuple(names)
        self._reads_headers = lib.mc_route_table_reads_headers(self._table)

    @property
    def configuration(self) -> RouteConfiguration:
        return self._configuration

    def match(
        self, method: str | bytes, authority: str | bytes, path: str | bytes, headers: Any = ()
    ) -> str | None:
        view = ffi.new("mc_view *")
        alive: list[Any] = []
        slice_of(view.method, method, alive)
        slice_of(view.authority, authority, alive)
        slice_of(view.target, path, alive)
        slice_of(view.scheme, b"http", alive)
        if self._reads_headers and headers:
            pairs = header_pairs(headers)
            view.headers = lines = ffi.new("mc_header[]", len(pairs))
            alive.append(lines)
            view.header_count = len(pairs)
            for i, (name, value) in enumerate(pairs):
                slice_of(lines[i].name, name, alive)
                slice_of(lines[i].value, value, alive)
        lib.mc_view_split(view)
        scratch, route = ffi.new("mc_scratch *"), ffi.new("int32_t *")
        lib.mc_scratch_init(scratch)
        # Runtime fractions are drawn anew for each match.
        code = lib.mc_route_table_match(self._table, 0, view, self._draws.next(), scratch, route)
        lib.mc_scratch_reset(scratch)
        if code:
            raise MemoryError
        return self._names[route[0]] if route[0] >= 0 else None


def _loaded(document: Any) -> RouteConfiguration:
    try:
        from meshcore.config import load_route_configuration
    except ImportError as error:
        raise TypeError(
            "here RouteTable takes a meshcore.model.RouteConfiguration: reading documents needs "
            f"{error.name}, which is for CPython alone"
        ) from error
    return load_route_configuration(document)
