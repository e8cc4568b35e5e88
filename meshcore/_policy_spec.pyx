"""Policies that levels have, of the model, as the core's specs: CORS, mirrors, hashes, sessions, sticky splits."""

from meshcore._core cimport *
from meshcore._edit_spec cimport edits_spec, substitution_spec
from meshcore._match_spec cimport string_spec
from meshcore._spec cimport Specs, said

from meshcore.model import CorsPolicy, HashPolicyKind, SessionCookie, SessionHeader, StatefulSession

cdef dict HASHES = {
    HashPolicyKind.HEADER: MC_HASH_HEADER,
    HashPolicyKind.COOKIE: MC_HASH_COOKIE,
    HashPolicyKind.SOURCE_IP: MC_HASH_SOURCE_IP,
    HashPolicyKind.QUERY_PARAMETER: MC_HASH_QUERY,
}


cdef const mc_cors_spec *cors_spec(Specs specs, object policy) except? NULL:
    """NULL where the policy is None."""
    cdef mc_cors_spec *out
    cdef mc_string_spec *origins
    if policy is None:
        return NULL
    out = <mc_cors_spec *> specs.array(1, sizeof(mc_cors_spec))
    origins = <mc_string_spec *> specs.array(len(policy.allow_origins), sizeof(mc_string_spec))
    for i, origin in enumerate(policy.allow_origins):
        string_spec(specs, origin, &origins[i])
    out.origins = origins
    out.origin_count = <uint32_t> len(policy.allow_origins)
    out.allow_methods = specs.optional(policy.allow_methods)
    out.allow_headers = specs.optional(policy.allow_headers)
    out.expose_headers = specs.optional(policy.expose_headers)
    out.max_age = specs.optional(policy.max_age)
    out.allow_credentials = said(policy.allow_credentials)
    out.allow_private_network_access = said(policy.allow_private_network_access)
    out.forward_not_matching_preflights = said(policy.forward_not_matching_preflights)
    if policy.enabled is not None:
        out.numerator = policy.enabled.numerator
        out.denominator = policy.enabled.denominator
    return out


cdef const mc_cors_spec *filter_cors(Specs specs, tuple configs) except? NULL:
    """The CORS filter's policy in a typed_per_filter_config; NULL: none."""
    for _, config in configs:
        if isinstance(config, CorsPolicy):
            return cors_spec(specs, config)
    return NULL


cdef const mc_mirror_spec *mirrors_spec(Specs specs, tuple policies, dict clusters) except NULL:
    cdef mc_mirror_spec *out = <mc_mirror_spec *> specs.array(len(policies), sizeof(mc_mirror_spec))
    cdef mc_edits_spec *edits
    for i, policy in enumerate(policies):
        out[i].cluster = clusters.get(policy.cluster, -1)
        out[i].cluster_header = specs.optional(policy.cluster_header.lower())
        out[i].append_shadow_suffix = policy.append_shadow_suffix
        out[i].host_rewrite = specs.optional(policy.host_rewrite)
        if policy.fraction is not None:
            out[i].numerator = policy.fraction.numerator
            out[i].denominator = policy.fraction.denominator
        edits = <mc_edits_spec *> specs.array(len(policy.edits), sizeof(mc_edits_spec))
        for k, one in enumerate(policy.edits):
            edits_spec(specs, one, &edits[k])
        out[i].edits = edits
        out[i].edit_count = <uint32_t> len(policy.edits)
    return out


cdef mc_hash_policies_spec hash_policies_spec(Specs specs, tuple policies) except *:
    cdef mc_hash_policy_spec *items = <mc_hash_policy_spec *> specs.array(
        len(policies), sizeof(mc_hash_policy_spec))
    cdef mc_hash_policies_spec out
    out.at = items
    out.count = 0
    for policy in policies:
        if policy.kind in HASHES:
            _hash_policy(specs, policy, &items[out.count])
            out.count += 1
    return out


cdef int _hash_policy(Specs specs, object policy, mc_hash_policy_spec *out) except -1:
    out.kind = HASHES[policy.kind]
    out.terminal = policy.terminal
    out.name = specs.text(policy.name.lower() if policy.kind is HashPolicyKind.HEADER else policy.name)
    substitution_spec(specs, policy.regex, &out.regex)
    if policy.kind is HashPolicyKind.COOKIE:
        out.cookie = _cookie(specs, policy.ttl, policy.cookie_path, policy.attributes)
    return 0


cdef const mc_sticky_spec *sticky_spec(Specs specs, object key) except? NULL:
    cdef mc_sticky_spec *out
    if key is None:
        return NULL
    out = <mc_sticky_spec *> specs.array(1, sizeof(mc_sticky_spec))
    out.kind = HASHES[key.kind]
    out.name = specs.text(key.name.lower() if key.kind is HashPolicyKind.HEADER else key.name)
    if key.kind is HashPolicyKind.COOKIE:
        out.cookie = _cookie(specs, key.ttl, key.path, ())
    return out


cdef const mc_session_spec *session_spec(Specs specs, object session) except? NULL:
    """NULL where ``session`` is None: this level says nothing of sessions."""
    cdef mc_session_spec *out
    cdef const mc_cookie_spec *cookie
    if session is None:
        return NULL
    out = <mc_session_spec *> specs.array(1, sizeof(mc_session_spec))
    out.kind = MC_SESSION_OFF
    out.strict = session.strict
    out.missing_status = session.missing_status
    state = session.state
    if state is not None:
        out.name = specs.text(state.name.lower() if isinstance(state, SessionHeader) else state.name)
        out.kind = MC_SESSION_HEADER
    if isinstance(state, SessionCookie):
        out.kind = MC_SESSION_COOKIE
        cookie = _cookie(specs, state.ttl, state.path, state.attributes)
        out.cookie = cookie[0]
    return out


cdef const mc_session_spec *filter_session(Specs specs, tuple configs) except? NULL:
    """What a level's ``typed_per_filter_config`` says of sessions."""
    for _, config in configs:
        if isinstance(config, StatefulSession):
            return session_spec(specs, config)
    return NULL


cdef const mc_cookie_spec *_cookie(Specs specs, object ttl, str path, tuple attributes) except? NULL:
    """NULL where ``ttl`` is None: no cookie is given."""
    cdef mc_cookie_spec *out
    cdef mc_cookie_attribute *pairs
    if ttl is None:
        return NULL
    out = <mc_cookie_spec *> specs.array(1, sizeof(mc_cookie_spec))
    pairs = <mc_cookie_attribute *> specs.array(len(attributes), sizeof(mc_cookie_attribute))
    for i, (name, value) in enumerate(attributes):
        pairs[i].name = specs.text(name)
        pairs[i].value = specs.text(value)
    out.max_age = <uint64_t> ttl
    out.path = specs.text(path)
    out.attributes = pairs
    out.attribute_count = <uint32_t> len(attributes)
    return out
