"""What routes do, of the model, as the core's specs."""

from meshcore._core cimport *
from meshcore._edit_spec cimport edits_spec, format_spec, host_rewrite_spec, path_rewrite_spec, redirect_spec
from meshcore._http_spec cimport shares_of, upgrades_spec
from meshcore._policy_spec cimport (
    cors_spec, filter_cors, filter_session, hash_policies_spec, mirrors_spec, sticky_spec,
)
from meshcore._spec cimport Specs

from meshcore.model import DirectResponse, ForwardAction, Redirect


cdef int action_spec(Specs specs, object route, dict clusters, mc_action_spec *out) except -1:
    action = route.action
    cdef mc_sampling_shares *sampling
    out.name = specs.text(route.name)
    out.cluster = -1
    out.names_spans = bool(route.operation)
    if route.decorator is not None and route.decorator.propagate:
        out.operation = specs.text(route.decorator.operation)
    if route.sampling is not None:
        sampling = <mc_sampling_shares *> specs.array(1, sizeof(mc_sampling_shares))
        shares_of(route.sampling, sampling)
        out.sampling = sampling
    edits_spec(specs, route.edits, &out.edits)
    if isinstance(action, ForwardAction):
        out.kind = MC_ACTION_FORWARD
        out.cors = filter_cors(specs, route.typed_per_filter_config)
        out.session = filter_session(specs, route.typed_per_filter_config)
        _forward(specs, action, clusters, out)
    elif isinstance(action, Redirect):
        out.kind = MC_ACTION_REDIRECT
        redirect_spec(specs, action, &out.redirect)
    elif isinstance(action, DirectResponse):
        out.kind = MC_ACTION_RESPOND
        out.status = action.status
        out.content_type = specs.optional(action.content_type)
        if action.body_format is not None:
            format_spec(specs, action.body_format, &out.body)
    else:
        raise TypeError(f"a route's action cannot be {action!r}")
    return 0


cdef int _forward(Specs specs, object action, dict clusters, mc_action_spec *out) except -1:
    cdef mc_hash_policies_spec hashes
    out.cluster = clusters.get(action.cluster, -1)
    out.cluster_header = specs.optional(action.cluster_header.lower())
    if action.weighted_clusters is not None:
        _weighted(specs, action, clusters, out)
    else:
        out.criteria = _criteria(specs, action.metadata_match)
    out.cluster_not_found_status = action.cluster_not_found_status
    out.priority = MC_ROUTING_HIGH if action.priority_high else MC_ROUTING_DEFAULT
    out.upgrades = upgrades_spec(specs, action.upgrades)
    out.upgrade_count = <uint32_t> len(action.upgrades)
    out.cors_field = cors_spec(specs, action.cors)
    out.mirrors = mirrors_spec(specs, action.mirrors, clusters)
    out.mirror_count = <uint32_t> len(action.mirrors)
    path_rewrite_spec(specs, action.path_rewrite, &out.path_rewrite)
    host_rewrite_spec(specs, action.host_rewrite, &out.host_rewrite)
    hashes = hash_policies_spec(specs, action.hash_policies)
    out.hash_policies = hashes.at
    out.hash_policy_count = hashes.count
    return 0


cdef int _weighted(Specs specs, object action, dict clusters, mc_action_spec *out) except -1:
    split = action.weighted_clusters
    cdef mc_weighted_cluster_spec *items = <mc_weighted_cluster_spec *> specs.array(
        len(split.clusters), sizeof(mc_weighted_cluster_spec))
    for i, one in enumerate(split.clusters):
        items[i].cluster = clusters.get(one.cluster, -1)
        if split.sticky is not None:
            items[i].name = specs.text(one.cluster or one.cluster_header)
        items[i].cluster_header = specs.optional(one.cluster_header.lower())
        items[i].weight = one.weight
        items[i].host_rewrite = specs.optional(one.host_rewrite)
        edits_spec(specs, one.edits, &items[i].edits)
        items[i].cors = filter_cors(specs, one.typed_per_filter_config)
        items[i].session = filter_session(specs, one.typed_per_filter_config)
        items[i].criteria = _criteria(specs, tuple({**dict(action.metadata_match), **dict(one.metadata_match)}.items()))
    out.clusters = items
    out.cluster_count = <uint32_t> len(split.clusters)
    out.weight_header = specs.optional(split.header_name.lower())
    out.weight_by_hash = split.use_hash_policy
    out.sticky = sticky_spec(specs, split.sticky)
    return 0


cdef const mc_criteria_spec *_criteria(Specs specs, tuple metadata) except? NULL:
    """A metadata_match; NULL: none."""
    cdef mc_criteria_spec *out
    cdef mc_labels *alternatives
    if not metadata:
        return NULL
    out = <mc_criteria_spec *> specs.array(1, sizeof(mc_criteria_spec))
    out.labels = specs.labels(metadata)
    given = dict(metadata)
    if "fallback_list" in given:
        entries = given.pop("fallback_list")
        entries = entries if isinstance(entries, list) and entries else [{}]
        alternatives = <mc_labels *> specs.array(len(entries), sizeof(mc_labels))
        for i, entry in enumerate(entries):
            merged = {**given, **(entry if isinstance(entry, dict) else {})}
            alternatives[i] = specs.labels(merged.items())
        out.alternatives = alternatives
        out.alternative_count = <uint32_t> len(entries)
    return out
