"""Matching: route tables, and the regexes and path templates that routes are made of. The stub match.pyi has the
documentation of the tables.
"""

cimport cython
from cpython.object cimport PyObject
from cpython.tuple cimport PyTuple_GET_ITEM
from libc.stdint cimport int32_t, uint32_t
from libc.stdlib cimport free, malloc

from meshcore._called cimport name_mistakes
from meshcore._core cimport *
from meshcore._fastcall cimport mc_fastcall, mc_replace_method
from meshcore._given cimport text_given
from meshcore._match_spec cimport domains_spec, route_spec
from meshcore._request cimport as_bytes, as_pairs, pairs_as_bytes, take, take_pairs, take_plain
from meshcore._spec cimport Specs

from meshcore._hosts import checked_seed
from meshcore._path_template import PathTemplate, PathTemplateError
from meshcore._regex import Regex, RegexError
from meshcore.model import RouteConfiguration

__all__ = ["PathTemplate", "PathTemplateError", "Regex", "RegexError", "RouteTable"]

cdef enum:
    LINES_INLINE = 64


@cython.final
cdef class RouteTable:
    cdef mc_route_table *_table
    cdef tuple _names
    cdef object _configuration
    cdef unsigned long long _random
    cdef bint _reads_headers

    def __cinit__(self, route_configuration, *, seed=0):
        cdef Specs specs = Specs()
        cdef mc_domains_spec domains
        cdef mc_route_spec *routes
        cdef mc_error error
        cdef int32_t index
        cdef dict numbers = {}
        if not isinstance(route_configuration, RouteConfiguration):
            from meshcore.config import load_route_configuration

            route_configuration = load_route_configuration(route_configuration)
        self._configuration = route_configuration
        self._random = checked_seed(seed)
        self._table = mc_route_table_new()
        if self._table == NULL:
            raise MemoryError
        names = []
        for host in route_configuration.virtual_hosts:
            routes = <mc_route_spec *> specs.array(len(host.routes), sizeof(mc_route_spec))
            for i, route in enumerate(host.routes):
                route_spec(specs, route, &routes[i])
                names.append(route.name)
            if mc_route_table_add_virtual_host(self._table, routes, <uint32_t> len(host.routes), &index, &error):
                _refuse(&error)
            numbers[id(host)] = index
        domains_spec(specs, route_configuration, numbers, &domains)
        if mc_route_table_add_domains(self._table, &domains, &index, &error):
            _refuse(&error)
        self._names = tuple(names)
        self._reads_headers = mc_route_table_reads_headers(self._table)

    def __dealloc__(self):
        mc_route_table_free(self._table)

    def __reduce__(self):
        raise TypeError("a RouteTable cannot be pickled or copied; make another one of its configuration")

    @property
    def configuration(self):
        return self._configuration

    def match(self, method, authority, path, headers=()):
        cdef mc_view view
        cdef tuple pairs
        cdef mc_header some[LINES_INLINE]
        cdef mc_header *lines = some
        try:
            take(method, &view.method)
            take(authority, &view.authority)
            take(path, &view.target)
            if not self._reads_headers or not headers:
                return find_route(self, &view, NULL, 0)
            pairs = as_pairs(headers)
            if len(pairs) > LINES_INLINE:
                lines = <mc_header *> malloc(len(pairs) * sizeof(mc_header))
                if lines == NULL:
                    raise MemoryError
            take_pairs(pairs, lines)
            return find_route(self, &view, lines, <uint32_t> len(pairs))
        except TypeError:
            text_given("method", method)
            text_given("authority", authority)
            text_given("path", path)
            raise
        except UnicodeEncodeError:
            return self.match(as_bytes(method), as_bytes(authority), as_bytes(path), pairs_as_bytes(as_pairs(headers)))
        finally:
            if lines != some:
                free(lines)


cdef inline object find_route(RouteTable table, mc_view *view, const mc_header *lines, uint32_t count):
    """The name of the route of a view that has method, authority and target, and these lines."""
    cdef mc_scratch scratch
    cdef int32_t route
    cdef mc_code code
    view.scheme.data = "http"
    view.scheme.size = 4
    view.headers = lines
    view.header_count = count
    view.added_count = 0
    view.hidden[0] = view.hidden[1] = 0
    mc_view_split(view)
    # The next number of splitmix64's sequence: runtime fractions are drawn anew for each match.
    table._random += <unsigned long long> 0x9E3779B97F4A7C15
    mc_scratch_init(&scratch)
    code = mc_route_table_match(table._table, 0, view, mc_mix64(table._random), &scratch, &route)
    mc_scratch_reset(&scratch)
    if code:
        raise MemoryError
    return <object> PyTuple_GET_ITEM(table._names, route) if route >= 0 else None


cdef mc_fastcall match_by_names  # RouteTable.match as it stands above


cdef object match_by_place(object table, PyObject *const *arguments, Py_ssize_t count, PyObject *names):
    """RouteTable.match by place, where no route asks for a header."""
    cdef mc_view view
    if (
        names == NULL
        and (count == 4 or count == 3)
        and not (<RouteTable> table)._reads_headers
        and take_plain(arguments[0], &view.method)
        and take_plain(arguments[1], &view.authority)
        and take_plain(arguments[2], &view.target)
    ):
        return find_route(<RouteTable> table, &view, NULL, 0)
    return match_by_names(table, arguments, count, names)


match_by_names = mc_replace_method(RouteTable.__dict__["match"], match_by_place)


cdef int _refuse(mc_error *error) except -1:
    if error.code == MC_NO_MEMORY:
        raise MemoryError
    raise ValueError(error.message.decode("utf-8", "replace"))


name_mistakes(RouteTable)
