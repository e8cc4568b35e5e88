"""Matching: route tables, regexes and path templates. The stub match.pyi has the documentation."""

cimport cython
from cpython.object cimport PyObject
from cpython.tuple cimport PyTuple_GET_ITEM
from libc.stdint cimport int32_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc

from meshcore._called cimport name_mistakes
from meshcore._core cimport (
    MC_NO_MEMORY,
    MC_OK,
    MC_REGEX_GROUPS,
    MC_TEMPLATE_VARIABLES,
    c_bool,
    mc_code,
    mc_domains_spec,
    mc_error,
    mc_header,
    mc_mix64,
    mc_regex,
    mc_regex_compile,
    mc_regex_free,
    mc_regex_full_match,
    mc_regex_full_match_groups,
    mc_regex_group_count,
    mc_regex_is_literal,
    mc_regex_literal_prefix,
    mc_regex_replace_all,
    mc_route_spec,
    mc_route_table,
    mc_route_table_add_domains,
    mc_route_table_add_virtual_host,
    mc_route_table_free,
    mc_route_table_match,
    mc_route_table_new,
    mc_route_table_reads_headers,
    mc_scratch,
    mc_scratch_init,
    mc_scratch_reset,
    mc_slice,
    mc_substitution,
    mc_substitution_compile,
    mc_substitution_free,
    mc_template,
    mc_template_compile,
    mc_template_free,
    mc_template_is_literal,
    mc_template_literal_prefix,
    mc_template_match,
    mc_template_rewrite,
    mc_template_rewrite_apply,
    mc_template_rewrite_compile,
    mc_template_rewrite_free,
    mc_template_variable_count,
    mc_template_variable_name,
    mc_view,
    mc_view_split,
)
from meshcore._fastcall cimport mc_fastcall, mc_replace_method
from meshcore._given cimport text_given
from meshcore._match_spec cimport domains_spec, route_spec
from meshcore._request cimport as_bytes, as_pairs, pairs_as_bytes, take, take_pairs, take_plain
from meshcore._spec cimport Specs

from meshcore._hosts import checked_seed
from meshcore.model import RouteConfiguration

# ---------------------------------------------------------------- text in and out
#
# Text is UTF-8 on the other side. Bytes that are not travel in a str as Python's surrogate escapes,
# as they do in headers and paths that Python decoded.


cdef bytes _encoded(object text, str name="text"):
    text_given(name, text)
    return (<str> text).encode("utf-8", "surrogateescape") if isinstance(text, str) else <bytes> text


cdef mc_slice _slice(bytes text):
    cdef mc_slice out
    out.data = <const char *> text
    out.size = len(text)
    return out


cdef object _like(object model, mc_slice text):
    """The text as str or bytes, whichever the model is; None where it is absent."""
    if text.data == NULL:
        return None
    cdef bytes data = text.data[:text.size]
    return data.decode("utf-8", "surrogateescape") if isinstance(model, str) else data


cdef object _failure(type kind, object source, bytes encoded, const mc_error *error):
    if error.code == MC_NO_MEMORY:
        return MemoryError()
    cdef size_t position = error.position
    if isinstance(source, str):
        position = len(encoded[:position].decode("utf-8", "replace"))
    return kind((<bytes> error.message).decode("utf-8", "replace"), source, position)


class RegexError(ValueError):
    def __init__(self, message, pattern, position):
        super().__init__(message, pattern, position)
        self.message = message
        self.pattern = pattern
        self.position = position

    def __str__(self):
        return f"{self.message} (at position {self.position} of {self.pattern!r})"


class PathTemplateError(ValueError):
    def __init__(self, message, template, position):
        super().__init__(message, template, position)
        self.message = message
        self.template = template
        self.position = position

    def __str__(self):
        return f"{self.message} (at position {self.position} of {self.template!r})"


# ---------------------------------------------------------------- regexes


cdef class Regex:
    cdef mc_regex *_regex
    cdef readonly object pattern

    def __cinit__(self, pattern):
        cdef mc_error error
        cdef bytes encoded = _encoded(pattern, "pattern")
        self._regex = mc_regex_compile(_slice(encoded), &error)
        if self._regex == NULL:
            raise _failure(RegexError, pattern, encoded, &error)
        self.pattern = pattern

    def __dealloc__(self):
        mc_regex_free(self._regex)

    def __repr__(self):
        return f"Regex({self.pattern!r})"

    def __reduce__(self):
        return Regex, (self.pattern,)

    @property
    def groups(self):
        return mc_regex_group_count(self._regex)

    @property
    def literal_prefix(self):
        return _like(self.pattern, mc_regex_literal_prefix(self._regex))

    @property
    def is_literal(self):
        return bool(mc_regex_is_literal(self._regex))

    def full_match(self, text):
        cdef bytes encoded = _encoded(text)
        cdef c_bool no_memory = False
        cdef bint matched = mc_regex_full_match(self._regex, _slice(encoded), &no_memory)
        if no_memory:
            raise MemoryError
        return matched

    def full_match_groups(self, text):
        cdef bytes encoded = _encoded(text)
        cdef mc_slice groups[MC_REGEX_GROUPS]
        cdef c_bool no_memory = False
        cdef bint matched = mc_regex_full_match_groups(self._regex, _slice(encoded), groups, &no_memory)
        if no_memory:
            raise MemoryError
        if not matched:
            return None
        cdef int count = min(<int> mc_regex_group_count(self._regex) + 1, MC_REGEX_GROUPS)
        return tuple([_like(text, groups[i]) for i in range(count)])

    def replace_all(self, substitution, text):
        cdef bytes encoded = _encoded(text), template = _encoded(substitution, "substitution")
        cdef mc_substitution *compiled = mc_substitution_compile(_slice(template))
        if compiled == NULL:
            raise MemoryError
        cdef mc_scratch scratch
        cdef mc_slice out
        mc_scratch_init(&scratch)
        try:
            if mc_regex_replace_all(self._regex, _slice(encoded), compiled, &scratch, &out) != MC_OK:
                raise MemoryError
            return _like(text, out)
        finally:
            mc_scratch_reset(&scratch)
            mc_substitution_free(compiled)


# ---------------------------------------------------------------- path templates


cdef class PathTemplate:
    cdef mc_template *_template
    cdef readonly object template
    cdef readonly tuple variables

    def __cinit__(self, str template not None):
        cdef mc_error error
        cdef bytes encoded = _encoded(template)
        self._template = mc_template_compile(_slice(encoded), &error)
        if self._template == NULL:
            raise _failure(PathTemplateError, template, encoded, &error)
        self.template = template
        self.variables = tuple(
            [
                _like(template, mc_template_variable_name(self._template, i))
                for i in range(mc_template_variable_count(self._template))
            ]
        )

    def __dealloc__(self):
        mc_template_free(self._template)

    def __repr__(self):
        return f"PathTemplate({self.template!r})"

    def __reduce__(self):
        return PathTemplate, (self.template,)

    @property
    def literal_prefix(self):
        return _like(self.template, mc_template_literal_prefix(self._template))

    @property
    def is_literal(self):
        return bool(mc_template_is_literal(self._template))

    def match(self, path):
        cdef bytes encoded = _encoded(path, "path")
        cdef mc_slice values[MC_TEMPLATE_VARIABLES]
        if not mc_template_match(self._template, _slice(encoded), values):
            return None
        return {name: _like(path, values[i]) for i, name in enumerate(self.variables)}

    def check_rewrite(self, str rewrite not None):
        mc_template_rewrite_free(self._compile_rewrite(rewrite))

    def rewrite(self, str rewrite not None, path):
        cdef bytes encoded = _encoded(path, "path")
        cdef mc_slice values[MC_TEMPLATE_VARIABLES]
        cdef mc_slice out
        cdef mc_scratch scratch
        cdef mc_template_rewrite *compiled = self._compile_rewrite(rewrite)
        mc_scratch_init(&scratch)
        try:
            if not mc_template_match(self._template, _slice(encoded), values):
                return None
            if mc_template_rewrite_apply(compiled, values, &scratch, &out) != MC_OK:
                raise MemoryError
            return _like(path, out)
        finally:
            mc_scratch_reset(&scratch)
            mc_template_rewrite_free(compiled)

    cdef mc_template_rewrite *_compile_rewrite(self, str rewrite) except NULL:
        cdef mc_error error
        cdef bytes encoded = _encoded(rewrite, "rewrite")
        cdef mc_template_rewrite *compiled = mc_template_rewrite_compile(self._template, _slice(encoded), &error)
        if compiled == NULL:
            raise _failure(PathTemplateError, rewrite, encoded, &error)
        return compiled


# ---------------------------------------------------------------------- route tables

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


name_mistakes(Regex)
name_mistakes(PathTemplate)
name_mistakes(RouteTable)
