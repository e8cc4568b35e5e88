"""From the model to the C core's specs: plain structs that the core copies while it builds.

Conversion only: what a field means is decided in the core. A Specs owns every array and every byte
string that its structs point to, so it must live until the build is over.
"""

import ipaddress
import json

from libc.stdlib cimport calloc, free
from libc.string cimport memcpy

from cpython.bytes cimport PyBytes_AS_STRING

from meshcore._request cimport PyUnicode_IS_COMPACT_ASCII, take

from meshcore._breathe import breathe
from meshcore._memory import hide
from meshcore.model import (
    AppendAction,
    CorsPolicy,
    DirectResponse,
    Discovery,
    EscapedSlashes,
    ForwardAction,
    HashPolicyKind,
    HostRewriteKind,
    PathKind,
    PathRewriteKind,
    Redirect,
    SessionCookie,
    SessionHeader,
    StatefulSession,
    StringKind,
)
from meshcore.model.format import parse_format

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
cdef dict FORMATS = {
    "": MC_FORMAT_LITERAL,
    "REQ": MC_FORMAT_REQ,
    "RESP": MC_FORMAT_RESP,
    "PROTOCOL": MC_FORMAT_PROTOCOL,
    "RESPONSE_CODE": MC_FORMAT_RESPONSE_CODE,
    "RESPONSE_CODE_DETAILS": MC_FORMAT_RESPONSE_CODE_DETAILS,
    "RESPONSE_FLAGS": MC_FORMAT_RESPONSE_FLAGS,
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
}
cdef dict HOST_REWRITES = {
    HostRewriteKind.LITERAL: MC_HOST_LITERAL,
    HostRewriteKind.HEADER: MC_HOST_HEADER,
    HostRewriteKind.PATH_REGEX: MC_HOST_PATH_REGEX,
    HostRewriteKind.AUTO: MC_HOST_AUTO,
}
cdef dict HASHES = {
    HashPolicyKind.HEADER: MC_HASH_HEADER,
    HashPolicyKind.COOKIE: MC_HASH_COOKIE,
    HashPolicyKind.SOURCE_IP: MC_HASH_SOURCE_IP,
    HashPolicyKind.QUERY_PARAMETER: MC_HASH_QUERY,
}
cdef dict TRACERS = {"": MC_TRACER_NONE, "zipkin": MC_TRACER_ZIPKIN, "opentelemetry": MC_TRACER_OPENTELEMETRY}
cdef dict SLASHES = {
    EscapedSlashes.KEEP_UNCHANGED: MC_SLASHES_KEEP,
    EscapedSlashes.REJECT_REQUEST: MC_SLASHES_REJECT,
    EscapedSlashes.UNESCAPE_AND_REDIRECT: MC_SLASHES_REDIRECT,
    EscapedSlashes.UNESCAPE_AND_FORWARD: MC_SLASHES_FORWARD,
}


cdef object _comparable(object value):
    """As protobuf compares values: all numbers are doubles."""
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, list):
        return [_comparable(item) for item in value]
    if isinstance(value, dict):
        return {key: _comparable(item) for key, item in value.items()}
    return value


cdef object label_text(object value):
    """A label's value for the core: a text stays as it is, and anything else must not look like one."""
    if isinstance(value, str):
        return value
    return "\0" + json.dumps(_comparable(value), sort_keys=True)


def _key_bytes(item):
    return item[0].encode("utf-8", "surrogateescape")


cdef mc_said said(object value):
    return MC_UNSAID if value is None else MC_SAID_YES if value else MC_SAID_NO


cdef enum:
    BLOCK = 65536
    STEP = 8192


cdef class _Block:
    cdef void *memory

    def __dealloc__(self):
        free(self.memory)


cdef void shares_of(object sampling, mc_sampling_shares *out):
    out.client.numerator, out.client.denominator = sampling.client.numerator, sampling.client.denominator
    out.random.numerator, out.random.denominator = sampling.random.numerator, sampling.random.denominator
    out.overall.numerator, out.overall.denominator = sampling.overall.numerator, sampling.overall.denominator


cdef class Specs:
    def __cinit__(self):
        self._alive = []
        self._blocks = []
        hide(self._alive)  # a million texts: collections would go through them again and again

    cdef void *array(self, size_t count, size_t size) except NULL:
        """Zeros, from a block that many arrays share."""
        cdef size_t want = ((count + 1) * size + 15) & ~<size_t> 15
        cdef _Block block
        cdef char *out = self._free
        if want <= self._left:
            self._free += want
            self._left -= want
            return out
        block = _Block.__new__(_Block)
        block.memory = calloc(1, want if want > <size_t> BLOCK else <size_t> BLOCK)
        if block.memory == NULL:
            raise MemoryError
        self._blocks.append(block)
        if want < <size_t> BLOCK:
            self._free = <char *> block.memory + want
            self._left = BLOCK - want
        return block.memory

    cdef int clear(self) except -1:
        """Let go of everything, in steps: there may be a million texts."""
        while self._alive:
            del self._alive[-STEP:]
            breathe()
        return 0

    cdef mc_slice text(self, object value) except *:
        cdef mc_slice out
        if isinstance(value, str) and not PyUnicode_IS_COMPACT_ASCII(value):
            value = (<str> value).encode("utf-8", "surrogateescape")
        self._alive.append(value)  # objects that never change: the slice points into them
        take(value, &out)
        return out

    cdef mc_slice optional(self, object value) except *:
        """The empty text is an absent slice: the model's way to say "not given"."""
        cdef mc_slice out
        if value:
            return self.text(value)
        out.data = NULL
        out.size = 0
        return out

    # ---- matching

    cdef int string(self, object match, mc_string_spec *out) except -1:
        out.kind = STRINGS[match.kind]
        out.ignore_case = match.ignore_case
        out.value = self.text(match.value)
        return 0

    cdef int route(self, object route, mc_route_spec *out) except -1:
        cdef mc_header_match_spec *headers
        cdef mc_query_match_spec *queries
        cdef mc_cookie_match_spec *cookies
        match = route.match
        path = match.path
        out.path_kind = PATHS[path.kind]
        out.case_sensitive = path.case_sensitive
        out.path = self.text(path.value)
        out.grpc = match.grpc
        if match.fraction is not None:
            out.numerator = match.fraction.numerator
            out.denominator = match.fraction.denominator
        if match.headers:
            headers = <mc_header_match_spec *> self.array(len(match.headers), sizeof(mc_header_match_spec))
            for i, one in enumerate(match.headers):
                self._header(one, &headers[i])
            out.headers = headers
            out.header_count = len(match.headers)
        if match.query_parameters:
            queries = <mc_query_match_spec *> self.array(len(match.query_parameters), sizeof(mc_query_match_spec))
            for i, one in enumerate(match.query_parameters):
                self.query(one, &queries[i])
            out.queries = queries
            out.query_count = len(match.query_parameters)
        if match.cookies:
            cookies = <mc_cookie_match_spec *> self.array(len(match.cookies), sizeof(mc_cookie_match_spec))
            for i, one in enumerate(match.cookies):
                cookies[i].name = self.text(one.name)
                cookies[i].invert = one.invert
                self.string(one.string, &cookies[i].string)
            out.cookies = cookies
            out.cookie_count = len(match.cookies)
        return 0

    cdef int _header(self, object match, mc_header_match_spec *out) except -1:
        out.name = self.text(match.name)
        out.invert = match.invert
        out.missing_as_empty = match.treat_missing_as_empty
        if match.string is not None:
            out.test = MC_TEST_STRING
            self.string(match.string, &out.string)
        elif match.range is not None:
            out.test = MC_TEST_RANGE
            out.start = match.range.start
            out.end = match.range.end
        else:
            out.test = MC_TEST_PRESENT
            out.present = match.present is not False
        return 0

    cdef int query(self, object match, mc_query_match_spec *out) except -1:
        out.name = self.text(match.name)
        out.present = match.present
        out.test = MC_TEST_PRESENT
        if match.string is not None:
            out.test = MC_TEST_STRING
            self.string(match.string, &out.string)
        return 0

    cdef int domains(self, object table, dict numbers, mc_domains_spec *out) except -1:
        """``numbers`` maps id(virtual host) to its number."""
        cdef size_t total = sum(len(host.domains) for host in table.virtual_hosts)
        cdef size_t at = 0
        cdef mc_domain_spec *specs = <mc_domain_spec *> self.array(total, sizeof(mc_domain_spec))
        for host in table.virtual_hosts:
            for domain in host.domains:
                specs[at].name = self.text(domain)
                specs[at].virtual_host = numbers[id(host)]
                at += 1
                if not at & 255:
                    breathe()
        out.domains = specs
        out.domain_count = <uint32_t> total
        out.ignore_port = table.ignore_port_in_host_matching
        out.header = self.optional(table.vhost_header.lower())
        return 0

    # ---- formats and edits

    cdef int format(self, str text, mc_format_spec *out) except -1:
        cdef tuple segments = parse_format(text)
        cdef mc_format_segment *specs = <mc_format_segment *> self.array(
            len(segments), sizeof(mc_format_segment))
        for i, segment in enumerate(segments):
            specs[i].op = FORMATS[segment.command]
            specs[i].text = self.text(segment.text)
            specs[i].alternative = self.optional(segment.alternative)
            specs[i].max_length = -1 if segment.max_length is None else min(segment.max_length, 0x7FFFFFFF)
        out.segments = specs
        out.count = <uint32_t> len(segments)
        return 0

    cdef const mc_header_value_spec *values(self, tuple values) except NULL:
        cdef mc_header_value_spec *specs = <mc_header_value_spec *> self.array(
            len(values), sizeof(mc_header_value_spec))
        for i, value in enumerate(values):
            specs[i].name = self.text(value.name)
            specs[i].action = APPENDS[value.action]
            specs[i].keep_empty = value.keep_empty
            self.format(value.value, &specs[i].value)
        return specs

    cdef const mc_slice *names(self, tuple names) except NULL:
        cdef mc_slice *slices = <mc_slice *> self.array(len(names), sizeof(mc_slice))
        for i, name in enumerate(names):
            slices[i] = self.text(name.lower())
        return slices

    cdef int edits(self, object edits, mc_edits_spec *out) except -1:
        if edits.request_add:
            out.request_add = self.values(edits.request_add)
            out.request_add_count = len(edits.request_add)
        if edits.request_remove:
            out.request_remove = self.names(edits.request_remove)
            out.request_remove_count = len(edits.request_remove)
        if edits.response_add:
            out.response_add = self.values(edits.response_add)
            out.response_add_count = len(edits.response_add)
        if edits.response_remove:
            out.response_remove = self.names(edits.response_remove)
            out.response_remove_count = len(edits.response_remove)
        return 0

    # ---- actions

    cdef int substitution(self, object regex, mc_substitution_spec *out) except -1:
        if regex is not None:
            out.pattern = self.text(regex.pattern)
            out.substitution = self.text(regex.substitution)
        return 0

    cdef int path_rewrite(self, object rewrite, mc_path_rewrite_spec *out) except -1:
        if rewrite is None:
            out.kind = MC_REWRITE_NONE
            return 0
        out.kind = PATH_REWRITES[rewrite.kind]
        out.text = self.text(rewrite.text)
        self.substitution(rewrite.regex, &out.regex)
        return 0

    cdef int host_rewrite(self, object rewrite, mc_host_rewrite_spec *out) except -1:
        if rewrite is None:
            out.kind = MC_HOST_KEEP
            return 0
        out.kind = HOST_REWRITES[rewrite.kind]
        out.text = self.text(rewrite.text.lower() if rewrite.kind is HostRewriteKind.HEADER else rewrite.text)
        out.append_x_forwarded_host = rewrite.append_x_forwarded_host
        self.substitution(rewrite.regex, &out.regex)
        return 0

    cdef int hash_policy(self, object policy, mc_hash_policy_spec *out) except -1:
        out.kind = HASHES[policy.kind]
        out.terminal = policy.terminal
        out.name = self.text(policy.name.lower() if policy.kind is HashPolicyKind.HEADER else policy.name)
        self.substitution(policy.regex, &out.regex)
        if policy.kind is HashPolicyKind.COOKIE:
            out.cookie = self.cookie(policy.ttl, policy.cookie_path, policy.attributes)
        return 0

    cdef mc_hash_policies_spec hash_policies(self, tuple policies) except *:
        cdef mc_hash_policy_spec *specs = <mc_hash_policy_spec *> self.array(
            len(policies), sizeof(mc_hash_policy_spec))
        cdef mc_hash_policies_spec out
        out.at = specs
        out.count = 0
        for policy in policies:
            if policy.kind in HASHES:
                self.hash_policy(policy, &specs[out.count])
                out.count += 1
        return out

    cdef const mc_cookie_spec *cookie(self, object ttl, str path, tuple attributes) except? NULL:
        """NULL where ``ttl`` is None: no cookie is given."""
        cdef mc_cookie_spec *out
        cdef mc_cookie_attribute *pairs
        if ttl is None:
            return NULL
        out = <mc_cookie_spec *> self.array(1, sizeof(mc_cookie_spec))
        pairs = <mc_cookie_attribute *> self.array(len(attributes), sizeof(mc_cookie_attribute))
        for i, (name, value) in enumerate(attributes):
            pairs[i].name = self.text(name)
            pairs[i].value = self.text(value)
        out.max_age = <uint64_t> ttl
        out.path = self.text(path)
        out.attributes = pairs
        out.attribute_count = <uint32_t> len(attributes)
        return out

    cdef const mc_sticky_spec *sticky(self, object key) except? NULL:
        cdef mc_sticky_spec *out
        if key is None:
            return NULL
        out = <mc_sticky_spec *> self.array(1, sizeof(mc_sticky_spec))
        out.kind = HASHES[key.kind]
        out.name = self.text(key.name.lower() if key.kind is HashPolicyKind.HEADER else key.name)
        if key.kind is HashPolicyKind.COOKIE:
            out.cookie = self.cookie(key.ttl, key.path, ())
        return out

    cdef mc_labels labels(self, object metadata) except *:
        """Sorted by key, as the core wants them."""
        cdef mc_label *labels = <mc_label *> self.array(len(metadata), sizeof(mc_label))
        cdef mc_labels out
        for i, (key, value) in enumerate(sorted(metadata, key=_key_bytes)):
            labels[i].key = self.text(key)
            labels[i].value = self.text(label_text(value))
        out.at = labels
        out.count = <uint32_t> len(metadata)
        return out

    cdef const mc_criteria_spec *criteria(self, tuple metadata) except? NULL:
        """A metadata_match; NULL: none."""
        cdef mc_criteria_spec *out
        cdef mc_labels *alternatives
        if not metadata:
            return NULL
        out = <mc_criteria_spec *> self.array(1, sizeof(mc_criteria_spec))
        out.labels = self.labels(metadata)
        given = dict(metadata)
        if "fallback_list" in given:
            entries = given.pop("fallback_list")
            entries = entries if isinstance(entries, list) and entries else [{}]
            alternatives = <mc_labels *> self.array(len(entries), sizeof(mc_labels))
            for i, entry in enumerate(entries):
                merged = {**given, **(entry if isinstance(entry, dict) else {})}
                alternatives[i] = self.labels(merged.items())
            out.alternatives = alternatives
            out.alternative_count = <uint32_t> len(entries)
        return out

    cdef int weighted(self, object action, dict clusters, mc_action_spec *out) except -1:
        split = action.weighted_clusters
        cdef mc_weighted_cluster_spec *specs = <mc_weighted_cluster_spec *> self.array(
            len(split.clusters), sizeof(mc_weighted_cluster_spec))
        for i, one in enumerate(split.clusters):
            specs[i].cluster = clusters.get(one.cluster, -1)
            if split.sticky is not None:
                specs[i].name = self.text(one.cluster or one.cluster_header)
            specs[i].cluster_header = self.optional(one.cluster_header.lower())
            specs[i].weight = one.weight
            specs[i].host_rewrite = self.optional(one.host_rewrite)
            self.edits(one.edits, &specs[i].edits)
            specs[i].cors = self.filter_cors(one.typed_per_filter_config)
            specs[i].session = self.filter_session(one.typed_per_filter_config)
            specs[i].criteria = self.criteria(tuple({**dict(action.metadata_match), **dict(one.metadata_match)}.items()))
        out.clusters = specs
        out.cluster_count = <uint32_t> len(split.clusters)
        out.weight_header = self.optional(split.header_name.lower())
        out.weight_by_hash = split.use_hash_policy
        out.sticky = self.sticky(split.sticky)
        return 0

    cdef const mc_cors_spec *cors(self, object policy) except? NULL:
        """NULL where the policy is None."""
        cdef mc_cors_spec *out
        cdef mc_string_spec *origins
        if policy is None:
            return NULL
        out = <mc_cors_spec *> self.array(1, sizeof(mc_cors_spec))
        origins = <mc_string_spec *> self.array(len(policy.allow_origins), sizeof(mc_string_spec))
        for i, origin in enumerate(policy.allow_origins):
            self.string(origin, &origins[i])
        out.origins = origins
        out.origin_count = <uint32_t> len(policy.allow_origins)
        out.allow_methods = self.optional(policy.allow_methods)
        out.allow_headers = self.optional(policy.allow_headers)
        out.expose_headers = self.optional(policy.expose_headers)
        out.max_age = self.optional(policy.max_age)
        out.allow_credentials = said(policy.allow_credentials)
        out.allow_private_network_access = said(policy.allow_private_network_access)
        out.forward_not_matching_preflights = said(policy.forward_not_matching_preflights)
        if policy.enabled is not None:
            out.numerator = policy.enabled.numerator
            out.denominator = policy.enabled.denominator
        return out

    cdef const mc_session_spec *session(self, object session) except? NULL:
        """NULL where ``session`` is None: this level says nothing of sessions."""
        cdef mc_session_spec *out
        cdef const mc_cookie_spec *cookie
        if session is None:
            return NULL
        out = <mc_session_spec *> self.array(1, sizeof(mc_session_spec))
        out.kind = MC_SESSION_OFF
        out.strict = session.strict
        out.missing_status = session.missing_status
        state = session.state
        if state is not None:
            out.name = self.text(state.name.lower() if isinstance(state, SessionHeader) else state.name)
            out.kind = MC_SESSION_HEADER
        if isinstance(state, SessionCookie):
            out.kind = MC_SESSION_COOKIE
            cookie = self.cookie(state.ttl, state.path, state.attributes)
            out.cookie = cookie[0]
        return out

    cdef const mc_session_spec *filter_session(self, tuple configs) except? NULL:
        """What a level's ``typed_per_filter_config`` says of sessions."""
        for _, config in configs:
            if isinstance(config, StatefulSession):
                return self.session(config)
        return NULL

    cdef const mc_cors_spec *filter_cors(self, tuple configs) except? NULL:
        """The CORS filter's policy in a typed_per_filter_config; NULL: none."""
        for _, config in configs:
            if isinstance(config, CorsPolicy):
                return self.cors(config)
        return NULL

    cdef const mc_mirror_spec *mirrors(self, tuple policies, dict clusters) except NULL:
        cdef mc_mirror_spec *specs = <mc_mirror_spec *> self.array(len(policies), sizeof(mc_mirror_spec))
        cdef mc_edits_spec *edits
        for i, policy in enumerate(policies):
            specs[i].cluster = clusters.get(policy.cluster, -1)
            specs[i].cluster_header = self.optional(policy.cluster_header.lower())
            specs[i].append_shadow_suffix = policy.append_shadow_suffix
            specs[i].host_rewrite = self.optional(policy.host_rewrite)
            if policy.fraction is not None:
                specs[i].numerator = policy.fraction.numerator
                specs[i].denominator = policy.fraction.denominator
            edits = <mc_edits_spec *> self.array(len(policy.edits), sizeof(mc_edits_spec))
            for k, one in enumerate(policy.edits):
                self.edits(one, &edits[k])
            specs[i].edits = edits
            specs[i].edit_count = <uint32_t> len(policy.edits)
        return specs

    cdef const mc_upgrade *upgrades(self, tuple upgrades) except NULL:
        cdef mc_upgrade *specs = <mc_upgrade *> self.array(len(upgrades), sizeof(mc_upgrade))
        for i, (protocol, enabled) in enumerate(upgrades):
            specs[i].protocol = self.text(protocol)
            specs[i].enabled = enabled
        return specs

    cdef int forward(self, object action, dict clusters, mc_action_spec *out) except -1:
        cdef mc_hash_policies_spec hashes
        out.cluster = clusters.get(action.cluster, -1)
        out.cluster_header = self.optional(action.cluster_header.lower())
        if action.weighted_clusters is not None:
            self.weighted(action, clusters, out)
        else:
            out.criteria = self.criteria(action.metadata_match)
        out.cluster_not_found_status = action.cluster_not_found_status
        out.priority = MC_ROUTING_HIGH if action.priority_high else MC_ROUTING_DEFAULT
        out.upgrades = self.upgrades(action.upgrades)
        out.upgrade_count = <uint32_t> len(action.upgrades)
        out.cors_field = self.cors(action.cors)
        out.mirrors = self.mirrors(action.mirrors, clusters)
        out.mirror_count = <uint32_t> len(action.mirrors)
        self.path_rewrite(action.path_rewrite, &out.path_rewrite)
        self.host_rewrite(action.host_rewrite, &out.host_rewrite)
        hashes = self.hash_policies(action.hash_policies)
        out.hash_policies = hashes.at
        out.hash_policy_count = hashes.count
        return 0

    cdef int redirect(self, object redirect, mc_redirect_spec *out) except -1:
        out.status = redirect.status
        out.https = redirect.https
        out.strip_query = redirect.strip_query
        out.port = -1 if redirect.port is None else redirect.port
        out.scheme = self.optional(redirect.scheme)
        out.host = self.optional(redirect.host)
        self.path_rewrite(redirect.path, &out.path)
        return 0

    cdef int action(self, object route, dict clusters, mc_action_spec *out) except -1:
        action = route.action
        cdef mc_sampling_shares *sampling
        out.name = self.text(route.name)
        out.cluster = -1
        if route.sampling is not None:
            sampling = <mc_sampling_shares *> self.array(1, sizeof(mc_sampling_shares))
            shares_of(route.sampling, sampling)
            out.sampling = sampling
        self.edits(route.edits, &out.edits)
        if isinstance(action, ForwardAction):
            out.kind = MC_ACTION_FORWARD
            out.cors = self.filter_cors(route.typed_per_filter_config)
            out.session = self.filter_session(route.typed_per_filter_config)
            self.forward(action, clusters, out)
        elif isinstance(action, Redirect):
            out.kind = MC_ACTION_REDIRECT
            self.redirect(action, &out.redirect)
        elif isinstance(action, DirectResponse):
            out.kind = MC_ACTION_RESPOND
            out.status = action.status
            out.content_type = self.optional(action.content_type)
            if action.body_format is not None:
                self.format(action.body_format, &out.body)
        else:
            raise TypeError(f"a route's action cannot be {action!r}")
        return 0

    # ---- options

    cdef const mc_tracing_spec *tracing(self, object options) except NULL:
        cdef mc_tracing_spec *out = <mc_tracing_spec *> self.array(1, sizeof(mc_tracing_spec))
        out.tracer = TRACERS[options.provider]
        out.w3c = options.trace_context == "USE_B3_WITH_W3C_PROPAGATION"
        out.shared_span_context = options.shared_span_context
        out.long_ids = options.trace_id_128bit
        out.outbound = options.outbound
        out.spawn_upstream_span = options.spawn_upstream_span
        out.any_id = not options.use_request_id
        shares_of(options.sampling, &out.shares)
        return out

    cdef int options(self, object options, mc_http_options *out) except -1:
        cdef mc_cidr *cidrs
        cdef tuple ranges
        cdef bytes packed
        out.normalize_path = options.normalize_path
        out.merge_slashes = options.merge_slashes
        out.escaped_slashes = SLASHES[options.escaped_slashes]
        out.strip_matching_host_port = options.strip_matching_host_port
        out.strip_any_host_port = options.strip_any_host_port
        out.strip_trailing_host_dot = options.strip_trailing_host_dot
        out.use_remote_address = options.use_remote_address
        out.skip_xff_append = options.skip_xff_append
        out.append_x_forwarded_port = options.append_x_forwarded_port
        out.suppress_envoy_headers = options.suppress_envoy_headers
        out.xff_num_trusted_hops = options.xff_num_trusted_hops
        out.scheme_to_overwrite = self.optional(options.scheme_to_overwrite)
        out.via = self.optional(options.via)
        out.generate_request_id = options.generate_request_id
        out.preserve_external_request_id = options.preserve_external_request_id
        out.always_set_request_id_in_response = options.always_set_request_id_in_response
        if options.tracing is not None:
            out.tracing = self.tracing(options.tracing)
            out.keep_trace_reason = not options.tracing.pack_trace_reason
        out.upgrades = self.upgrades(options.upgrades)
        out.upgrade_count = <uint32_t> len(options.upgrades)
        out.has_internal_cidrs = options.internal_cidrs is not None
        if options.internal_cidrs is None:
            return 0
        ranges = options.internal_cidrs  # none given: the core's own notion of private addresses
        cidrs = <mc_cidr *> self.array(len(ranges), sizeof(mc_cidr))
        for i, text in enumerate(ranges):
            network = ipaddress.ip_network(text, strict=False)
            four = network.version == 4
            packed = (b"\0" * 10 + b"\xff\xff" if four else b"") + network.network_address.packed
            memcpy(cidrs[i].address, PyBytes_AS_STRING(packed), 16)
            cidrs[i].bits = network.prefixlen + (96 if four else 0)
        out.internal_cidrs = cidrs
        out.internal_cidr_count = <uint32_t> len(ranges)
        return 0
