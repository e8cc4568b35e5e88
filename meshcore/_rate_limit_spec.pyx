"""Rate limits of the model as the core's specs."""

from meshcore._concurrency_spec cimport concurrency_filter
from meshcore._core cimport *
from meshcore._edit_spec cimport format_spec, values_spec
from meshcore._match_spec cimport headers_spec, queries_spec
from meshcore._spec cimport Specs, said

from meshcore.model import (
    AdaptiveConcurrency,
    CorsFilter,
    FaultPolicy,
    FilterSwitch,
    ForwardAction,
    GlobalRateLimit,
    GlobalRateLimitLevel,
    LocalRateLimit,
    RateLimitActionKind,
    StatefulSession,
)

Kinds = RateLimitActionKind

cdef dict SOURCES = {
    Kinds.SOURCE_CLUSTER: MC_ENTRY_FIXED,
    Kinds.DESTINATION_CLUSTER: MC_ENTRY_CLUSTER,
    Kinds.REQUEST_HEADERS: MC_ENTRY_HEADER,
    Kinds.QUERY_PARAMETERS: MC_ENTRY_QUERY,
    Kinds.REMOTE_ADDRESS: MC_ENTRY_ADDRESS,
    Kinds.MASKED_REMOTE_ADDRESS: MC_ENTRY_NETWORK,
    Kinds.CLIENT: MC_ENTRY_CLIENT,
    Kinds.GENERIC_KEY: MC_ENTRY_FIXED,
    Kinds.HEADER_VALUE_MATCH: MC_ENTRY_HEADERS_MATCH,
    Kinds.QUERY_PARAMETER_VALUE_MATCH: MC_ENTRY_QUERIES_MATCH,
    Kinds.METADATA: MC_ENTRY_LABEL,
    Kinds.COOKIE: MC_ENTRY_COOKIE,
    Kinds.PATH: MC_ENTRY_PATH,
    Kinds.ROUTE: MC_ENTRY_ROUTE,
}
cdef dict OUTER = {"OVERRIDE": MC_OUTER_OVERRIDE, "INCLUDE": MC_OUTER_INCLUDE, "IGNORE": MC_OUTER_IGNORE}
cdef dict FROM = {"both": MC_FROM_ANYWHERE, "internal": MC_FROM_INTERNAL, "external": MC_FROM_EXTERNAL}

#: Keys for which a rule with open values has room at least: what no key uses costs nothing.
cdef uint64_t CAPACITY = 65536
#: Envoy fills no bucket more slowly than by a token a year.
cdef uint64_t YEAR = 365 * 24 * 3600 * 1_000_000_000


cdef class LimitSpecs:
    """The limits of one snapshot; the filters that levels speak to get numbers."""

    def __cinit__(self, Specs specs, dict clusters):
        self._specs = specs
        self._clusters = clusters
        self._filters = {}
        self._used = {}

    cdef int _number(self, str filter) except -1:
        return self._filters.setdefault(filter, len(self._filters))

    # ---- descriptors

    cdef mc_descriptors_spec descriptors(self, tuple rate_limits) except *:
        cdef mc_descriptor_spec *all = <mc_descriptor_spec *> self._specs.array(
            len(rate_limits), sizeof(mc_descriptor_spec))
        cdef mc_descriptors_spec out
        for i, limit in enumerate(rate_limits):
            all[i].entries = entries_of(self._specs, limit.actions)
            all[i].count = <uint32_t> len(limit.actions)
            all[i].stage = limit.stage
            all[i].tells = said(limit.rate_limit_headers)
            all[i].gives_back = limit.refunds
            all[i].excess_counts = limit.excess_counts
            all[i].global_only = bool(limit.disable_key)
            fraction(limit.share, &all[i].share)
            if limit.hits is not None:
                all[i].hits.said = True
                all[i].hits.value = limit.hits
            if limit.hits_format:
                format_spec(self._specs, limit.hits_format, &all[i].hits_format)
        out.at = all
        out.count = <uint32_t> len(rate_limits)
        return out

    cdef const mc_descriptors_spec *_own(self, tuple rate_limits) except? NULL:
        """Of a filter itself; NULL where it has none."""
        cdef mc_descriptors_spec *out
        if not rate_limits:
            return NULL
        out = <mc_descriptors_spec *> self._specs.array(1, sizeof(mc_descriptors_spec))
        out[0] = self.descriptors(rate_limits)
        return out

    # ---- local limits

    cdef int _rule(
        self, object bucket, tuple entries, bint shadow, object status, str label, str scope, mc_limit_rule_spec *out
    ) except -1:
        cdef mc_label *labels = <mc_label *> self._specs.array(len(entries), sizeof(mc_label))
        cdef uint64_t interval = round(bucket.fill_interval * 1_000_000_000) // 1_000_000 * 1_000_000
        interval = min(interval, bucket.tokens_per_fill * <object> YEAR)
        for i, (key, value) in enumerate(entries):
            labels[i].key = self._specs.text(key)
            labels[i].value = self._specs.text(value)
        out.entries = labels
        out.entry_count = <uint32_t> len(entries)
        out.bucket.max_tokens = bucket.max_tokens
        out.bucket.tokens_per_fill = bucket.tokens_per_fill
        out.bucket.fill_interval_ns = interval
        out.shadow = shadow
        out.status = status or 0
        out.label = self._specs.text(label)
        # With another bucket it is another limit, and begins anew.
        out.name = self._specs.text(
            f"{scope}|{entries!r}|{bucket.max_tokens}+{bucket.tokens_per_fill}/{interval}")
        return 0

    cdef const mc_local_limit_spec *_local(self, object limit, str scope) except NULL:
        cdef mc_local_limit_spec *out = <mc_local_limit_spec *> self._specs.array(1, sizeof(mc_local_limit_spec))
        cdef mc_limit_rule_spec *rules = <mc_limit_rule_spec *> self._specs.array(
            len(limit.descriptors) + 1, sizeof(mc_limit_rule_spec))
        count = self._used[scope] = self._used.get(scope, 0) + 1
        if count > 1:
            scope = f"{scope}#{count}"
        out.scope = self._specs.text(scope)
        if limit.per_connection:
            scope += " by connection"
        for i, rule in enumerate(limit.descriptors):
            label = rule.name or ",".join([f"{key}={value or '*'}" for key, value in rule.entries])
            self._rule(rule.bucket, rule.entries, rule.shadow_mode, rule.status, label, scope, &rules[i])
        out.rules = rules
        out.rule_count = <uint32_t> len(limit.descriptors)
        if limit.bucket is not None:
            out.whole = &rules[len(limit.descriptors)]
            self._rule(limit.bucket, (), False, None, "default", scope, &rules[len(limit.descriptors)])
        out.name = self._specs.text(limit.stat_prefix)
        out.descriptors = self._own(limit.rate_limits)
        fraction(limit.enabled, &out.enabled)
        fraction(limit.enforced, &out.enforced)
        out.stage = limit.stage
        out.outer = OUTER[limit.virtual_host_limits]
        out.capacity = max(<object> CAPACITY, limit.max_dynamic_descriptors)
        out.status = limit.status
        if limit.rate_limit_headers:
            out.tells |= MC_TELL_X_RATELIMIT
        if limit.ratelimit_headers:
            out.tells |= MC_TELL_RATELIMIT
        if limit.retry_after:
            out.tells |= MC_TELL_RETRY_AFTER
        out.per_connection = limit.per_connection
        out.always_whole = limit.always_consume_default_bucket
        out.resource_exhausted = limit.resource_exhausted
        out.free_zero = limit.zero_is_free
        out.tells_least = limit.tells_least
        out.divided = bool(limit.divided_among)
        out.divided_among = self._clusters.get(limit.divided_among, -1)
        values_of(self._specs, limit.request_headers_when_not_enforced, limit.response_headers, &out.edits)
        return out

    # ---- global limits

    cdef const mc_global_limit_spec *_global(self, object limit) except NULL:
        cdef mc_global_limit_spec *out = <mc_global_limit_spec *> self._specs.array(1, sizeof(mc_global_limit_spec))
        out.domain = self._specs.text(limit.domain)
        out.stage = limit.stage
        out.asked_of = FROM[limit.request_type]
        out.descriptors = self._own(limit.rate_limits)
        fraction(limit.enabled, &out.enabled)
        fraction(limit.enforced, &out.enforced)
        fraction(limit.deny_on_failure, &out.deny)
        out.status = limit.status
        out.error_status = limit.status_on_error
        out.tells = limit.rate_limit_headers
        out.tells_limited = limit.limited_header
        out.resource_exhausted = limit.resource_exhausted
        values_of(self._specs, (), limit.response_headers, &out.edits)
        return out

    cdef const mc_global_level_spec *_level(self, object level) except NULL:
        cdef mc_global_level_spec *out = <mc_global_level_spec *> self._specs.array(1, sizeof(mc_global_level_spec))
        out.domain = self._specs.text(level.domain)
        out.outer = OUTER[level.virtual_host_limits]
        out.descriptors = self._own(level.rate_limits)
        return out

    # ---- levels and filters

    cdef mc_level_limits_spec levels(self, tuple configs, str scope) except *:
        """What a ``typed_per_filter_config`` says to filters; ``scope``: whose it is."""
        cdef mc_level_limit_spec *all
        cdef mc_level_limits_spec out
        out.at = NULL
        out.count = 0
        if not configs:
            return out
        all = <mc_level_limit_spec *> self._specs.array(len(configs), sizeof(mc_level_limit_spec))
        for i, (name, config) in enumerate(configs):
            all[i].filter = self._number(name)
            if isinstance(config, FilterSwitch):
                all[i].off = not config.on
            elif isinstance(config, LocalRateLimit):
                all[i].local = self._local(config, f"{scope}/{name}")
            elif isinstance(config, GlobalRateLimitLevel):
                all[i].global_ = self._level(config)
        out.at = all
        out.count = <uint32_t> len(configs)
        return out

    cdef mc_labels _labels(self, tuple metadata) except *:
        cdef mc_label *all
        cdef mc_labels out
        out.at = NULL
        out.count = 0
        if metadata:
            all = <mc_label *> self._specs.array(len(metadata), sizeof(mc_label))
            for i, (name, value) in enumerate(metadata):
                all[i].key = self._specs.text(name)
                all[i].value = self._specs.text(value)
            out.at = all
            out.count = <uint32_t> len(metadata)
        return out

    cdef int route(self, object route, str scope, mc_action_spec *out) except -1:
        """Of a route and of its weighted clusters, whose specs are there already."""
        # The array is ours; it is constant to the core alone.
        cdef mc_weighted_cluster_spec *clusters = <mc_weighted_cluster_spec *> out.clusters
        action = route.action
        out.limits = self.levels(route.typed_per_filter_config, scope)
        out.labels = self._labels(route.metadata)
        if not isinstance(action, ForwardAction):
            return 0
        out.descriptors = self.descriptors(action.rate_limits)
        out.include_outer_limits = action.include_virtual_host_rate_limits
        if action.weighted_clusters is not None:
            for i, one in enumerate(action.weighted_clusters.clusters):
                clusters[i].limits = self.levels(one.typed_per_filter_config, f"{scope}/{one.cluster}")
        return 0

    cdef tuple filters(self, object listener, mc_listener_spec *out):
        """The filters that act on requests, in their order; returned, too: (name, config) of each."""
        cdef mc_filter_spec *specs
        places = [item for item in listener.filters if isinstance(item[1], ACTING)]
        if not listener.filters:
            # Nobody says which there are: all that routes speak to.
            names = local_names(listener.route_configuration)
            if not names:
                return ()
            places = [("", FaultPolicy()), ("", CorsFilter()), *[(name, None) for name in names]]
        specs = <mc_filter_spec *> self._specs.array(len(places), sizeof(mc_filter_spec))
        for name, config in listener.filters:
            if isinstance(config, StatefulSession):
                out.session_filter = self._number(name)
                out.session_off = name in listener.disabled_filters
        for i, (name, config) in enumerate(places):
            specs[i].name = self._number(name)
            specs[i].off = name in listener.disabled_filters
            if isinstance(config, FaultPolicy):
                specs[i].kind = MC_FILTER_FAULT
            elif isinstance(config, CorsFilter):
                specs[i].kind = MC_FILTER_CORS
            elif isinstance(config, AdaptiveConcurrency):
                specs[i].kind = MC_FILTER_CONCURRENCY
                specs[i].concurrency = concurrency_filter(self._specs, config)
            elif isinstance(config, GlobalRateLimit):
                specs[i].kind = MC_FILTER_GLOBAL_LIMIT
                specs[i].global_ = self._global(config)
            else:
                specs[i].kind = MC_FILTER_LOCAL_LIMIT
                if config is not None:
                    specs[i].local = self._local(config, f"{listener.name}/{name}")
        out.filters = specs
        out.filter_count = <uint32_t> len(places)
        return tuple(places)


cdef tuple ACTING = (FaultPolicy, CorsFilter, LocalRateLimit, GlobalRateLimit, AdaptiveConcurrency)


cdef list local_names(object table):
    """The local rate limit filters that a route table speaks to."""
    levels = [table.typed_per_filter_config]
    for host in table.virtual_hosts:
        levels.append(host.typed_per_filter_config)
        for route in host.routes:
            levels.append(route.typed_per_filter_config)
            if isinstance(route.action, ForwardAction) and route.action.weighted_clusters is not None:
                levels += [one.typed_per_filter_config for one in route.action.weighted_clusters.clusters]
    return list({
        name: None for level in levels for name, config in level if isinstance(config, LocalRateLimit)
    })


cdef int fraction(object share, mc_fraction *out) except -1:
    if share is not None:
        out.numerator = share.numerator
        out.denominator = share.denominator
    return 0


cdef int values_of(Specs specs, tuple request, tuple response, mc_edits_spec *out) except -1:
    out.request_add = values_spec(specs, request)
    out.request_add_count = <uint32_t> len(request)
    out.response_add = values_spec(specs, response)
    out.response_add_count = <uint32_t> len(response)
    return 0


cdef const mc_entry_spec *entries_of(Specs specs, tuple actions) except NULL:
    cdef mc_entry_spec *all = <mc_entry_spec *> specs.array(len(actions), sizeof(mc_entry_spec))
    for i, action in enumerate(actions):
        all[i].source = SOURCES[action.kind]
        all[i].key = specs.text(action.key)
        all[i].value = specs.text(action.value)
        all[i].name = specs.text(action.name)
        all[i].optional = action.skip_if_absent
        all[i].empty = action.empty_if_absent
        all[i].expect_match = action.expect_match
        all[i].v4_bits, all[i].v6_bits = action.prefix_lengths
        all[i].headers = headers_spec(specs, action.headers)
        all[i].header_count = <uint32_t> len(action.headers)
        all[i].queries = queries_spec(specs, action.query_parameters)
        all[i].query_count = <uint32_t> len(action.query_parameters)
    return all
