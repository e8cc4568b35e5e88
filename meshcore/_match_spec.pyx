"""What requests are matched by, of the model, as the core's specs."""

from meshcore._core cimport *
from meshcore._spec cimport Specs

from meshcore._breathe import breathe
from meshcore.model import PathKind, StringKind

cdef dict STRINGS = {
    StringKind.EXACT: MC_STRING_EXACT,
    StringKind.PREFIX: MC_STRING_PREFIX,
    StringKind.SUFFIX: MC_STRING_SUFFIX,
    StringKind.CONTAINS: MC_STRING_CONTAINS,
    StringKind.REGEX: MC_STRING_REGEX,
}
cdef dict PATHS = {
    PathKind.EXACT: MC_PATH_EXACT,
    PathKind.PREFIX: MC_PATH_PREFIX,
    PathKind.SEPARATED_PREFIX: MC_PATH_SEPARATED_PREFIX,
    PathKind.REGEX: MC_PATH_REGEX,
    PathKind.TEMPLATE: MC_PATH_TEMPLATE,
    PathKind.CONNECT: MC_PATH_CONNECT,
}


cdef int string_spec(Specs specs, object match, mc_string_spec *out) except -1:
    out.kind = STRINGS[match.kind]
    out.ignore_case = match.ignore_case
    out.value = specs.text(match.value)
    return 0


cdef const mc_header_match_spec *headers_spec(Specs specs, tuple matches) except NULL:
    cdef mc_header_match_spec *out = <mc_header_match_spec *> specs.array(len(matches), sizeof(mc_header_match_spec))
    for i, match in enumerate(matches):
        _header(specs, match, &out[i])
    return out


cdef const mc_query_match_spec *queries_spec(Specs specs, tuple matches) except NULL:
    cdef mc_query_match_spec *out = <mc_query_match_spec *> specs.array(len(matches), sizeof(mc_query_match_spec))
    for i, match in enumerate(matches):
        _query(specs, match, &out[i])
    return out


cdef int _header(Specs specs, object match, mc_header_match_spec *out) except -1:
    out.name = specs.text(match.name)
    out.invert = match.invert
    out.missing_as_empty = match.treat_missing_as_empty
    if match.string is not None:
        out.test = MC_TEST_STRING
        string_spec(specs, match.string, &out.string)
    elif match.range is not None:
        out.test = MC_TEST_RANGE
        out.start = match.range.start
        out.end = match.range.end
    else:
        out.test = MC_TEST_PRESENT
        out.present = match.present is not False
    return 0


cdef int _query(Specs specs, object match, mc_query_match_spec *out) except -1:
    out.name = specs.text(match.name)
    out.present = match.present
    out.test = MC_TEST_PRESENT
    if match.string is not None:
        out.test = MC_TEST_STRING
        string_spec(specs, match.string, &out.string)
    return 0


cdef int route_spec(Specs specs, object route, mc_route_spec *out) except -1:
    cdef mc_cookie_match_spec *cookies
    match = route.match
    path = match.path
    out.path_kind = PATHS[path.kind]
    out.case_sensitive = path.case_sensitive
    out.ignore_parameters = path.ignore_parameters
    out.path = specs.text(path.value)
    out.grpc = match.grpc
    if match.fraction is not None:
        out.numerator = match.fraction.numerator
        out.denominator = match.fraction.denominator
    if match.headers:
        out.headers = headers_spec(specs, match.headers)
        out.header_count = len(match.headers)
    if match.query_parameters:
        out.queries = queries_spec(specs, match.query_parameters)
        out.query_count = len(match.query_parameters)
    if match.cookies:
        cookies = <mc_cookie_match_spec *> specs.array(len(match.cookies), sizeof(mc_cookie_match_spec))
        for i, one in enumerate(match.cookies):
            cookies[i].name = specs.text(one.name)
            cookies[i].invert = one.invert
            string_spec(specs, one.string, &cookies[i].string)
        out.cookies = cookies
        out.cookie_count = len(match.cookies)
    return 0


cdef int domains_spec(Specs specs, object table, dict numbers, mc_domains_spec *out) except -1:
    """``numbers`` maps id(virtual host) to its number."""
    cdef size_t total = sum(len(host.domains) for host in table.virtual_hosts)
    cdef size_t at = 0
    cdef mc_domain_spec *items = <mc_domain_spec *> specs.array(total, sizeof(mc_domain_spec))
    for host in table.virtual_hosts:
        for domain in host.domains:
            items[at].name = specs.text(domain)
            items[at].virtual_host = numbers[id(host)]
            at += 1
            if not at & 255:
                breathe()
    out.domains = items
    out.domain_count = <uint32_t> total
    out.ignore_port = table.ignore_port_in_host_matching
    out.header = specs.optional(table.vhost_header.lower())
    return 0
