"""Formats, edits of header lines, rewrites and redirects of the model as the core's specs."""

from meshcore._core cimport *
from meshcore._spec cimport Specs

from meshcore.model import AppendAction, HostRewriteKind, PathRewriteKind
from meshcore.model.format import known_text, parse_format

cdef dict FORMATS = {
    "": MC_FORMAT_LITERAL,
    "REQ": MC_FORMAT_REQ,
    "RESP": MC_FORMAT_RESP,
    "PROTOCOL": MC_FORMAT_PROTOCOL,
    "RESPONSE_CODE": MC_FORMAT_RESPONSE_CODE,
    "RESPONSE_CODE_DETAILS": MC_FORMAT_RESPONSE_CODE_DETAILS,
    "RESPONSE_FLAGS": MC_FORMAT_RESPONSE_FLAGS,
    "RESPONSE_FLAGS_LONG": MC_FORMAT_RESPONSE_FLAGS_LONG,
    "START_TIME": MC_FORMAT_START_TIME,
    "ROUTE_NAME": MC_FORMAT_ROUTE_NAME,
    "UPSTREAM_CLUSTER": MC_FORMAT_UPSTREAM_CLUSTER,
    "UPSTREAM_HOST": MC_FORMAT_UPSTREAM_HOST,
    "UPSTREAM_REMOTE_ADDRESS": MC_FORMAT_UPSTREAM_HOST,
    "UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT": MC_FORMAT_UPSTREAM_HOST_WITHOUT_PORT,
    "DOWNSTREAM_REMOTE_ADDRESS": MC_FORMAT_REMOTE_ADDRESS,
    "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT": MC_FORMAT_REMOTE_ADDRESS_WITHOUT_PORT,
    "DOWNSTREAM_DIRECT_REMOTE_ADDRESS": MC_FORMAT_DIRECT_REMOTE_ADDRESS,
    "DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT": MC_FORMAT_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT,
    "DOWNSTREAM_LOCAL_ADDRESS": MC_FORMAT_LOCAL_ADDRESS,
    "DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT": MC_FORMAT_LOCAL_ADDRESS_WITHOUT_PORT,
    "DOWNSTREAM_LOCAL_PORT": MC_FORMAT_LOCAL_PORT,
    "BYTES_RECEIVED": MC_FORMAT_BYTES_RECEIVED,
    "UPSTREAM_REQUEST_ATTEMPT_COUNT": MC_FORMAT_ATTEMPT_COUNT,
    "VIRTUAL_CLUSTER_NAME": MC_FORMAT_EMPTY,
    "DYNAMIC_METADATA": MC_FORMAT_EMPTY,
    "FILTER_STATE": MC_FORMAT_EMPTY,
    "HOSTNAME": MC_FORMAT_LITERAL,
    "ENVIRONMENT": MC_FORMAT_LITERAL,
    "REQ_WITHOUT_QUERY": MC_FORMAT_REQ_WITHOUT_QUERY,
    "QUERY_PARAM": MC_FORMAT_QUERY_PARAMETER,
    "UPSTREAM_CLUSTER_RAW": MC_FORMAT_UPSTREAM_CLUSTER,
    "UPSTREAM_HOST_NAME": MC_FORMAT_UPSTREAM_NAME,
    "UPSTREAM_HOST_NAME_WITHOUT_PORT": MC_FORMAT_UPSTREAM_NAME_WITHOUT_PORT,
    "UPSTREAM_REMOTE_PORT": MC_FORMAT_UPSTREAM_PORT,
    "DOWNSTREAM_REMOTE_PORT": MC_FORMAT_REMOTE_PORT,
    "DOWNSTREAM_DIRECT_REMOTE_PORT": MC_FORMAT_DIRECT_REMOTE_PORT,
    "DOWNSTREAM_DIRECT_LOCAL_ADDRESS": MC_FORMAT_LOCAL_ADDRESS,
    "DOWNSTREAM_DIRECT_LOCAL_ADDRESS_WITHOUT_PORT": MC_FORMAT_LOCAL_ADDRESS_WITHOUT_PORT,
    "DOWNSTREAM_DIRECT_LOCAL_PORT": MC_FORMAT_LOCAL_PORT,
}
cdef dict APPENDS = {
    AppendAction.APPEND_IF_EXISTS_OR_ADD: MC_APPEND_IF_EXISTS_OR_ADD,
    AppendAction.ADD_IF_ABSENT: MC_ADD_IF_ABSENT,
    AppendAction.OVERWRITE_IF_EXISTS_OR_ADD: MC_OVERWRITE_IF_EXISTS_OR_ADD,
    AppendAction.OVERWRITE_IF_EXISTS: MC_OVERWRITE_IF_EXISTS,
}
cdef dict PATH_REWRITES = {
    PathRewriteKind.PREFIX: MC_REWRITE_PREFIX,
    PathRewriteKind.REGEX: MC_REWRITE_REGEX,
    PathRewriteKind.TEMPLATE: MC_REWRITE_TEMPLATE,
    PathRewriteKind.FULL: MC_REWRITE_FULL,
    PathRewriteKind.FORMAT: MC_REWRITE_FORMAT,
}
cdef dict HOST_REWRITES = {
    HostRewriteKind.LITERAL: MC_HOST_LITERAL,
    HostRewriteKind.HEADER: MC_HOST_HEADER,
    HostRewriteKind.PATH_REGEX: MC_HOST_PATH_REGEX,
    HostRewriteKind.AUTO: MC_HOST_AUTO,
    HostRewriteKind.FORMAT: MC_HOST_FORMAT,
}


cdef int format_spec(Specs specs, str text, mc_format_spec *out) except -1:
    cdef tuple segments = parse_format(text)
    cdef mc_format_segment *items = <mc_format_segment *> specs.array(
        len(segments), sizeof(mc_format_segment))
    for i, segment in enumerate(segments):
        items[i].op = FORMATS[segment.command]
        specs.reads_unix_time |= segment.command == "START_TIME"
        items[i].text = specs.text(known_text(segment))
        items[i].alternative = specs.optional(segment.alternative)
        items[i].max_length = -1 if segment.max_length is None else min(segment.max_length, 0x7FFFFFFF)
    out.segments = items
    out.count = <uint32_t> len(segments)
    return 0


cdef const mc_header_value_spec *values_spec(Specs specs, tuple values) except NULL:
    cdef mc_header_value_spec *out = <mc_header_value_spec *> specs.array(
        len(values), sizeof(mc_header_value_spec))
    for i, value in enumerate(values):
        out[i].name = specs.text(value.name)
        out[i].action = APPENDS[value.action]
        out[i].keep_empty = value.keep_empty
        format_spec(specs, value.value, &out[i].value)
    return out


cdef int edits_spec(Specs specs, object edits, mc_edits_spec *out) except -1:
    if edits.request_add:
        out.request_add = values_spec(specs, edits.request_add)
        out.request_add_count = len(edits.request_add)
    if edits.request_remove:
        out.request_remove = specs.names(edits.request_remove)
        out.request_remove_count = len(edits.request_remove)
    if edits.response_add:
        out.response_add = values_spec(specs, edits.response_add)
        out.response_add_count = len(edits.response_add)
    if edits.response_remove:
        out.response_remove = specs.names(edits.response_remove)
        out.response_remove_count = len(edits.response_remove)
    return 0


cdef int substitution_spec(Specs specs, object regex, mc_substitution_spec *out) except -1:
    if regex is not None:
        out.pattern = specs.text(regex.pattern)
        out.substitution = specs.text(regex.substitution)
    return 0


cdef int path_rewrite_spec(Specs specs, object rewrite, mc_path_rewrite_spec *out) except -1:
    if rewrite is None:
        out.kind = MC_REWRITE_NONE
        return 0
    out.kind = PATH_REWRITES[rewrite.kind]
    out.text = specs.text(rewrite.text)
    if rewrite.kind is PathRewriteKind.FORMAT:
        format_spec(specs, rewrite.text, &out.format)
    substitution_spec(specs, rewrite.regex, &out.regex)
    return 0


cdef int host_rewrite_spec(Specs specs, object rewrite, mc_host_rewrite_spec *out) except -1:
    if rewrite is None:
        out.kind = MC_HOST_KEEP
        return 0
    out.kind = HOST_REWRITES[rewrite.kind]
    out.text = specs.text(rewrite.text.lower() if rewrite.kind is HostRewriteKind.HEADER else rewrite.text)
    if rewrite.kind is HostRewriteKind.FORMAT:
        format_spec(specs, rewrite.text, &out.format)
    out.append_x_forwarded_host = rewrite.append_x_forwarded_host
    substitution_spec(specs, rewrite.regex, &out.regex)
    return 0


cdef int redirect_spec(Specs specs, object redirect, mc_redirect_spec *out) except -1:
    out.status = redirect.status
    out.https = redirect.https
    out.strip_query = redirect.strip_query
    out.port = -1 if redirect.port is None else redirect.port
    out.scheme = specs.optional(redirect.scheme)
    out.host = specs.optional(redirect.host)
    path_rewrite_spec(specs, redirect.path, &out.path)
    return 0
