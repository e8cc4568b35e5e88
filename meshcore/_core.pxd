# The C core's public header, as Cython sees it.

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t


cdef extern from "stdbool.h" nogil:
    ctypedef bint c_bool "bool"


cdef extern from "meshcore.h" nogil:
    ctypedef struct mc_slice:
        const char *data
        size_t size

    ctypedef enum mc_code:
        MC_OK
        MC_NO_MEMORY
        MC_INVALID
        MC_LIMIT
        MC_STALE

    ctypedef struct mc_error:
        mc_code code
        size_t position
        char message[256]

    ctypedef struct mc_header:
        mc_slice name
        mc_slice value

    ctypedef struct mc_scratch:
        char *at
        char *end

    # ---- matching: specs
    ctypedef enum mc_string_kind:
        MC_STRING_EXACT
        MC_STRING_PREFIX
        MC_STRING_SUFFIX
        MC_STRING_CONTAINS
        MC_STRING_REGEX

    ctypedef struct mc_string_spec:
        mc_string_kind kind
        bint ignore_case
        mc_slice value

    ctypedef enum mc_value_test:
        MC_TEST_STRING
        MC_TEST_RANGE
        MC_TEST_PRESENT

    ctypedef struct mc_header_match_spec:
        mc_slice name
        mc_value_test test
        mc_string_spec string
        int64_t start
        int64_t end
        bint present
        bint invert
        bint missing_as_empty

    ctypedef struct mc_query_match_spec:
        mc_slice name
        mc_value_test test
        mc_string_spec string
        bint present

    ctypedef struct mc_cookie_match_spec:
        mc_slice name
        mc_string_spec string
        bint invert

    ctypedef enum mc_path_kind:
        MC_PATH_EXACT
        MC_PATH_PREFIX
        MC_PATH_SEPARATED_PREFIX
        MC_PATH_REGEX
        MC_PATH_TEMPLATE
        MC_PATH_CONNECT

    ctypedef struct mc_route_spec:
        mc_path_kind path_kind
        bint case_sensitive
        bint grpc
        mc_slice path
        const mc_header_match_spec *headers
        uint32_t header_count
        const mc_query_match_spec *queries
        uint32_t query_count
        const mc_cookie_match_spec *cookies
        uint32_t cookie_count
        uint32_t numerator
        uint32_t denominator

    ctypedef struct mc_domain_spec:
        mc_slice name
        int32_t virtual_host

    ctypedef struct mc_domains_spec:
        const mc_domain_spec *domains
        uint32_t domain_count
        bint ignore_port
        mc_slice header

    # ---- formats and edits: specs
    ctypedef enum mc_format_op:
        MC_FORMAT_LITERAL
        MC_FORMAT_REQ
        MC_FORMAT_RESP
        MC_FORMAT_PROTOCOL
        MC_FORMAT_RESPONSE_CODE
        MC_FORMAT_RESPONSE_CODE_DETAILS
        MC_FORMAT_RESPONSE_FLAGS
        MC_FORMAT_ROUTE_NAME
        MC_FORMAT_UPSTREAM_CLUSTER
        MC_FORMAT_UPSTREAM_HOST
        MC_FORMAT_UPSTREAM_HOST_WITHOUT_PORT
        MC_FORMAT_REMOTE_ADDRESS
        MC_FORMAT_REMOTE_ADDRESS_WITHOUT_PORT
        MC_FORMAT_DIRECT_REMOTE_ADDRESS
        MC_FORMAT_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT
        MC_FORMAT_LOCAL_ADDRESS
        MC_FORMAT_LOCAL_ADDRESS_WITHOUT_PORT
        MC_FORMAT_LOCAL_PORT
        MC_FORMAT_BYTES_RECEIVED
        MC_FORMAT_ATTEMPT_COUNT
        MC_FORMAT_EMPTY

    ctypedef struct mc_format_segment:
        mc_format_op op
        mc_slice text
        mc_slice alternative
        int32_t max_length

    ctypedef struct mc_format_spec:
        const mc_format_segment *segments
        uint32_t count

    ctypedef enum mc_append_action:
        MC_APPEND_IF_EXISTS_OR_ADD
        MC_ADD_IF_ABSENT
        MC_OVERWRITE_IF_EXISTS_OR_ADD
        MC_OVERWRITE_IF_EXISTS

    ctypedef struct mc_header_value_spec:
        mc_slice name
        mc_format_spec value
        mc_append_action action
        bint keep_empty

    ctypedef struct mc_edits_spec:
        const mc_header_value_spec *request_add
        const mc_slice *request_remove
        const mc_header_value_spec *response_add
        const mc_slice *response_remove
        uint32_t request_add_count
        uint32_t request_remove_count
        uint32_t response_add_count
        uint32_t response_remove_count

    # ---- rewrites and redirects: specs
    ctypedef struct mc_substitution_spec:
        mc_slice pattern
        mc_slice substitution

    ctypedef enum mc_path_rewrite_kind:
        MC_REWRITE_NONE
        MC_REWRITE_PREFIX
        MC_REWRITE_REGEX
        MC_REWRITE_TEMPLATE
        MC_REWRITE_FULL

    ctypedef struct mc_path_rewrite_spec:
        mc_path_rewrite_kind kind
        mc_slice text
        mc_substitution_spec regex

    ctypedef enum mc_host_rewrite_kind:
        MC_HOST_KEEP
        MC_HOST_LITERAL
        MC_HOST_HEADER
        MC_HOST_PATH_REGEX
        MC_HOST_AUTO

    ctypedef struct mc_host_rewrite_spec:
        mc_host_rewrite_kind kind
        mc_slice text
        mc_substitution_spec regex
        bint append_x_forwarded_host

    ctypedef struct mc_redirect_spec:
        uint16_t status
        bint https
        bint strip_query
        int32_t port
        mc_slice scheme
        mc_slice host
        mc_path_rewrite_spec path

    # ---- a route's action: specs
    ctypedef enum mc_hash_kind:
        MC_HASH_HEADER
        MC_HASH_COOKIE
        MC_HASH_SOURCE_IP
        MC_HASH_QUERY

    ctypedef struct mc_cookie_attribute:
        mc_slice name
        mc_slice value

    ctypedef struct mc_cookie_spec:
        uint64_t max_age
        mc_slice path
        const mc_cookie_attribute *attributes
        uint32_t attribute_count

    ctypedef struct mc_hash_policy_spec:
        mc_hash_kind kind
        bint terminal
        mc_slice name
        mc_substitution_spec regex
        const mc_cookie_spec *cookie

    ctypedef struct mc_hash_policies_spec:
        const mc_hash_policy_spec *at
        uint32_t count

    ctypedef struct mc_sticky_spec:
        mc_hash_kind kind
        mc_slice name
        const mc_cookie_spec *cookie

    ctypedef enum mc_session_kind:
        MC_SESSION_OFF
        MC_SESSION_COOKIE
        MC_SESSION_HEADER

    ctypedef struct mc_session_spec:
        mc_session_kind kind
        mc_slice name
        mc_cookie_spec cookie
        bint strict
        uint16_t missing_status

    ctypedef enum mc_said:
        MC_UNSAID
        MC_SAID_NO
        MC_SAID_YES

    ctypedef struct mc_cors_spec:
        const mc_string_spec *origins
        uint32_t origin_count
        mc_slice allow_methods
        mc_slice allow_headers
        mc_slice expose_headers
        mc_slice max_age
        mc_said allow_credentials
        mc_said allow_private_network_access
        mc_said forward_not_matching_preflights
        uint32_t numerator
        uint32_t denominator

    ctypedef struct mc_mirror_spec:
        int32_t cluster
        mc_slice cluster_header
        uint32_t numerator
        uint32_t denominator
        bint append_shadow_suffix
        mc_slice host_rewrite
        const mc_edits_spec *edits
        uint32_t edit_count

    ctypedef struct mc_names:
        const mc_slice *at
        uint32_t count

    ctypedef struct mc_fraction:
        uint32_t numerator
        uint32_t denominator

    ctypedef struct mc_number:
        bint said
        uint64_t value

    ctypedef struct mc_fault_override:
        mc_fraction delay
        mc_fraction abort
        mc_fraction rate
        mc_number delay_ms
        mc_number http_status
        mc_number grpc_status

    ctypedef struct mc_fault_downstream:
        mc_slice cluster
        mc_fault_override override

    ctypedef struct mc_fault_part_spec:
        bint given
        bint by_header
        mc_fraction share
        uint64_t value

    ctypedef struct mc_fault_spec:
        mc_fault_part_spec delay
        mc_fault_part_spec abort
        mc_fault_part_spec rate
        bint abort_is_grpc
        mc_slice upstream_cluster
        const mc_header_match_spec *headers
        uint32_t header_count
        mc_names downstream_nodes
        mc_number max_active
        mc_fault_override runtime
        const mc_fault_downstream *downstreams
        uint32_t downstream_count

    ctypedef struct mc_label:
        mc_slice key
        mc_slice value

    # ---- adaptive concurrency: specs
    ctypedef struct mc_gradient_spec:
        double percentile
        double jitter
        double buffer
        uint32_t max_limit
        uint32_t min_limit
        uint32_t min_concurrency
        uint32_t request_count
        uint64_t update_interval_ns
        uint64_t min_rtt_interval_ns
        uint64_t fixed_min_rtt_us

    ctypedef struct mc_aimd_spec:
        uint32_t initial_limit
        uint32_t min_limit
        uint32_t max_limit
        double increase
        double backoff_ratio
        uint64_t latency_threshold_ns

    ctypedef enum mc_concurrency_kind:
        MC_CONCURRENCY_GRADIENT
        MC_CONCURRENCY_AIMD

    ctypedef struct mc_concurrency_spec:
        mc_concurrency_kind kind
        mc_gradient_spec gradient
        mc_aimd_spec aimd

    ctypedef struct mc_concurrency_status:
        uint32_t limit
        uint32_t in_flight
        uint64_t refused
        bint measuring
        uint64_t min_rtt_us
        uint64_t sample_rtt_us
        double gradient
        double headroom

    ctypedef struct mc_concurrency:
        pass

    ctypedef struct mc_concurrency_filter_spec:
        mc_concurrency_spec limit
        uint16_t status

    ctypedef enum mc_entry_source:
        MC_ENTRY_FIXED
        MC_ENTRY_NEVER
        MC_ENTRY_CLUSTER
        MC_ENTRY_HEADER
        MC_ENTRY_QUERY
        MC_ENTRY_COOKIE
        MC_ENTRY_PATH
        MC_ENTRY_ROUTE
        MC_ENTRY_ADDRESS
        MC_ENTRY_NETWORK
        MC_ENTRY_CLIENT
        MC_ENTRY_HEADERS_MATCH
        MC_ENTRY_QUERIES_MATCH

    ctypedef struct mc_entry_spec:
        mc_entry_source source
        mc_slice key
        mc_slice value
        mc_slice name
        bint optional
        bint empty
        bint expect_match
        uint8_t v4_bits
        uint8_t v6_bits
        const mc_header_match_spec *headers
        const mc_query_match_spec *queries
        uint32_t header_count
        uint32_t query_count

    ctypedef struct mc_descriptor_spec:
        const mc_entry_spec *entries
        uint32_t count
        uint32_t stage
        mc_said tells
        mc_number hits
        mc_format_spec hits_format
        bint gives_back
        bint global_only
        mc_fraction share

    ctypedef struct mc_descriptors_spec:
        const mc_descriptor_spec *at
        uint32_t count

    ctypedef struct mc_token_bucket:
        uint64_t max_tokens
        uint64_t tokens_per_fill
        uint64_t fill_interval_ns

    ctypedef struct mc_limit_rule_spec:
        mc_slice name
        mc_slice label
        const mc_label *entries
        uint32_t entry_count
        mc_token_bucket bucket
        bint shadow
        uint16_t status

    ctypedef enum mc_outer_limits:
        MC_OUTER_OVERRIDE
        MC_OUTER_INCLUDE
        MC_OUTER_IGNORE

    enum:
        MC_TELL_X_RATELIMIT
        MC_TELL_RATELIMIT
        MC_TELL_RETRY_AFTER

    ctypedef struct mc_local_limit_spec:
        mc_slice name
        mc_slice scope
        const mc_limit_rule_spec *rules
        uint32_t rule_count
        const mc_limit_rule_spec *whole
        const mc_descriptors_spec *descriptors
        mc_fraction enabled
        mc_fraction enforced
        uint32_t stage
        mc_outer_limits outer
        uint64_t capacity
        uint16_t status
        uint8_t tells
        bint per_connection
        bint always_whole
        bint resource_exhausted
        bint free_zero
        bint tells_least
        mc_edits_spec edits

    # "from" is a word of Python's: the field keeps its name in C.
    ctypedef enum mc_limit_from:
        MC_FROM_ANYWHERE
        MC_FROM_INTERNAL
        MC_FROM_EXTERNAL

    ctypedef struct mc_global_limit_spec:
        mc_slice domain
        uint32_t stage
        mc_limit_from asked_of "from"
        const mc_descriptors_spec *descriptors
        mc_fraction enabled
        mc_fraction enforced
        mc_fraction deny
        uint16_t status
        uint16_t error_status
        bint tells
        bint tells_limited
        bint resource_exhausted
        mc_edits_spec edits

    ctypedef struct mc_global_level_spec:
        mc_slice domain
        mc_outer_limits outer
        const mc_descriptors_spec *descriptors

    ctypedef struct mc_level_limit_spec:
        uint32_t filter
        const mc_local_limit_spec *local
        const mc_global_level_spec *global_ "global"

    ctypedef struct mc_level_limits_spec:
        const mc_level_limit_spec *at
        uint32_t count

    ctypedef enum mc_filter_kind:
        MC_FILTER_FAULT
        MC_FILTER_CORS
        MC_FILTER_LOCAL_LIMIT
        MC_FILTER_GLOBAL_LIMIT
        MC_FILTER_CONCURRENCY

    ctypedef struct mc_filter_spec:
        mc_filter_kind kind
        uint32_t name
        const mc_local_limit_spec *local
        const mc_global_limit_spec *global_ "global"
        const mc_concurrency_filter_spec *concurrency

    ctypedef struct mc_labels:
        const mc_label *at
        uint32_t count

    ctypedef struct mc_criteria_spec:
        mc_labels labels
        const mc_labels *alternatives
        uint32_t alternative_count

    ctypedef enum mc_subset_fallback:
        MC_FALLBACK_UNDEFINED
        MC_FALLBACK_NONE
        MC_FALLBACK_ANY
        MC_FALLBACK_DEFAULT
        MC_FALLBACK_KEYS

    ctypedef struct mc_subset_selector:
        mc_names keys
        bint single_host
        mc_subset_fallback fallback
        mc_names fallback_keys

    ctypedef struct mc_subsets_spec:
        const mc_subset_selector *selectors
        uint32_t selector_count
        mc_subset_fallback fallback
        mc_labels default_labels
        bint locality_weight_aware
        bint scale_locality_weight
        bint panic_mode_any
        bint allow_redundant_keys
        bint fallback_list

    ctypedef enum mc_subset_reason:
        pass

    ctypedef struct mc_weighted_cluster_spec:
        int32_t cluster
        mc_slice name
        mc_slice cluster_header
        uint32_t weight
        mc_slice host_rewrite
        mc_edits_spec edits
        const mc_cors_spec *cors
        const mc_criteria_spec *criteria
        const mc_session_spec *session
        const mc_fault_spec *fault
        mc_level_limits_spec limits

    ctypedef struct mc_upgrade:
        mc_slice protocol
        bint enabled

    ctypedef enum mc_retry_on:
        MC_RETRY_ON_5XX

    uint32_t mc_retry_on_parse(mc_slice list)

    ctypedef struct mc_reset_header:
        mc_slice name
        bint timestamp

    ctypedef struct mc_sampling_shares:
        mc_fraction client
        mc_fraction random
        mc_fraction overall

    ctypedef struct mc_retry_spec:
        uint32_t on
        uint32_t retries
        uint64_t base_ns
        uint64_t max_ns
        const uint32_t *status_codes
        uint32_t status_code_count
        const mc_header_match_spec *headers
        uint32_t header_count
        const mc_header_match_spec *request_headers
        uint32_t request_header_count
        const mc_reset_header *reset_headers
        uint32_t reset_header_count
        uint64_t reset_max_ns
        bint avoid_previous_hosts
        const mc_labels *omit
        uint32_t omit_count
        uint32_t host_attempts
        uint32_t priority_frequency

    ctypedef struct mc_hedge_spec:
        uint32_t initial_requests
        uint32_t numerator
        uint32_t denominator
        bint on_per_try_timeout

    ctypedef struct mc_timeout_spec:
        uint64_t request_ns
        uint64_t per_try_ns
        uint64_t per_try_idle_ns
        uint64_t idle_ns
        bint stream_limits
        uint64_t stream_ns
        uint64_t grpc_header_max_ns
        uint64_t grpc_header_offset_ns
        uint64_t grpc_max_ns
        uint64_t grpc_offset_ns

    ctypedef enum mc_action_kind:
        MC_ACTION_FORWARD
        MC_ACTION_REDIRECT
        MC_ACTION_RESPOND

    # ---- circuit breakers: specs
    enum:
        MC_ROUTING_PRIORITIES
        MC_RESOURCES

    ctypedef enum mc_routing_priority:
        MC_ROUTING_DEFAULT
        MC_ROUTING_HIGH

    ctypedef enum mc_resource:
        MC_RESOURCE_CONNECTIONS
        MC_RESOURCE_PENDING
        MC_RESOURCE_REQUESTS
        MC_RESOURCE_RETRIES

    ctypedef struct mc_thresholds:
        uint32_t max[4]
        uint32_t max_host_connections
        bint retry_budget
        double budget_percent
        uint32_t min_retry_concurrency

    ctypedef struct mc_usage:
        uint32_t limit
        uint32_t used
        uint64_t overflows

    ctypedef struct mc_breaker:
        pass

    mc_breaker *mc_breaker_new(const mc_thresholds *thresholds)
    void mc_breaker_free(mc_breaker *breaker)
    bint mc_breaker_take(mc_breaker *breaker, mc_resource resource)
    bint mc_breaker_give(mc_breaker *breaker, mc_resource resource)
    mc_usage mc_breaker_usage(const mc_breaker *breaker, mc_resource resource)

    # ---- adaptive concurrency
    ctypedef enum mc_sample:
        MC_SAMPLE_NONE
        MC_SAMPLE_ANSWERED
        MC_SAMPLE_TIMED_OUT
        MC_SAMPLE_FAILED

    mc_concurrency *mc_concurrency_new(const mc_concurrency_spec *spec, uint64_t now_ns, uint64_t seed)
    void mc_concurrency_free(mc_concurrency *limiter)
    bint mc_concurrency_acquire(mc_concurrency *limiter, uint64_t now_ns)
    bint mc_concurrency_release(mc_concurrency *limiter, mc_sample sample, uint64_t start_ns, uint64_t now_ns)
    void mc_concurrency_sweep(mc_concurrency *limiter, uint64_t now_ns)
    mc_concurrency_status mc_concurrency_read(const mc_concurrency *limiter)

    # ---- rate limits
    ctypedef struct mc_limit:
        uint64_t max_tokens

    ctypedef struct mc_limit_answer:
        bint allowed
        uint64_t remaining
        uint64_t retry_after_ns
        uint64_t reset_ns

    ctypedef struct mc_bucket:
        pass

    ctypedef struct mc_limiter:
        pass

    const uint64_t MC_NEVER
    mc_code mc_limit_make(const mc_token_bucket *bucket, mc_limit *out, mc_error *error)
    mc_bucket *mc_bucket_new()
    void mc_bucket_free(mc_bucket *bucket)
    bint mc_bucket_allow(mc_bucket *bucket, const mc_limit *limit, uint64_t cost, uint64_t now_ns)
    mc_limit_answer mc_bucket_check(
        mc_bucket *bucket, const mc_limit *limit, uint64_t cost, uint64_t now_ns)
    mc_limit_answer mc_bucket_peek(
        const mc_bucket *bucket, const mc_limit *limit, uint64_t cost, uint64_t now_ns)
    uint64_t mc_bucket_reserve(
        mc_bucket *bucket, const mc_limit *limit, uint64_t cost, uint64_t max_wait_ns, uint64_t now_ns)
    void mc_bucket_refund(mc_bucket *bucket, const mc_limit *limit, uint64_t cost, uint64_t now_ns)
    size_t mc_limiter_bytes(uint64_t capacity)
    mc_limiter *mc_limiter_new(uint64_t capacity, const mc_limit *limit, const uint8_t *secret)
    void mc_limiter_free(mc_limiter *limiter)
    bint mc_limiter_allow(mc_limiter *limiter, mc_slice key, uint64_t cost, uint64_t now_ns)
    mc_limit_answer mc_limiter_check(mc_limiter *limiter, mc_slice key, uint64_t cost, uint64_t now_ns)
    mc_limit_answer mc_limiter_peek(const mc_limiter *limiter, mc_slice key, uint64_t cost, uint64_t now_ns)
    uint64_t mc_limiter_reserve(
        mc_limiter *limiter, mc_slice key, uint64_t cost, uint64_t max_wait_ns, uint64_t now_ns)
    void mc_limiter_refund(mc_limiter *limiter, mc_slice key, uint64_t cost, uint64_t now_ns)
    uint64_t mc_limiter_forgotten(const mc_limiter *limiter)

    enum: MC_SHARED_LAYOUT
    enum: MC_SHARED_MAX_WORKERS

    ctypedef struct mc_shared_status:
        uint64_t size, used, regions
        uint32_t workers, in_use

    mc_shared_status mc_shared_status_of(mc_shared *shared)
    uint32_t mc_shared_reclaim(mc_shared *shared) nogil
    uint32_t mc_shared_slot_number(const mc_shared *shared)
    uint32_t mc_shared_pid(const mc_shared *shared, uint32_t slot)
    mc_limiter *mc_shared_limiter(
        mc_shared *shared, mc_slice name, uint64_t capacity, const mc_limit *limit, const uint8_t *secret,
        mc_error *error) nogil
    mc_bucket *mc_shared_bucket(mc_shared *shared, mc_slice name, const mc_limit *limit, mc_error *error) nogil
    void mc_shared_release_limiter(mc_shared *shared, mc_limiter *limiter)
    void mc_shared_release_bucket(mc_shared *shared, const mc_bucket *bucket)

    ctypedef struct mc_action_spec:
        mc_action_kind kind
        mc_slice name
        mc_edits_spec edits
        const mc_fault_spec *fault
        mc_level_limits_spec limits
        mc_descriptors_spec descriptors
        bint include_outer_limits
        int32_t cluster
        mc_slice cluster_header
        const mc_weighted_cluster_spec *clusters
        uint32_t cluster_count
        mc_slice weight_header
        bint weight_by_hash
        const mc_sticky_spec *sticky
        uint16_t cluster_not_found_status
        mc_routing_priority priority
        const mc_timeout_spec *timeouts
        const mc_retry_spec *retry
        mc_hedge_spec hedge
        bint count_attempts
        bint tell_attempts
        mc_path_rewrite_spec path_rewrite
        mc_host_rewrite_spec host_rewrite
        const mc_hash_policy_spec *hash_policies
        uint32_t hash_policy_count
        const mc_criteria_spec *criteria
        const mc_upgrade *upgrades
        uint32_t upgrade_count
        const mc_cors_spec *cors
        const mc_cors_spec *cors_field
        const mc_mirror_spec *mirrors
        uint32_t mirror_count
        const mc_session_spec *session
        const mc_sampling_shares *sampling
        mc_redirect_spec redirect
        uint16_t status
        mc_format_spec body
        mc_slice content_type

    # ---- clusters: specs
    ctypedef enum mc_policy_kind:
        MC_POLICY_ROUND_ROBIN
        MC_POLICY_RANDOM
        MC_POLICY_RING_HASH
        MC_POLICY_MAGLEV
        MC_POLICY_WEIGHTED_RANDOM
        MC_POLICY_LEAST_REQUEST
        MC_POLICY_PEAK_EWMA
        MC_POLICY_CLIENT_SIDE_WEIGHTED_ROUND_ROBIN

    ctypedef enum mc_health:
        MC_HEALTHY
        MC_DEGRADED
        MC_UNHEALTHY
        MC_DRAINING

    enum:
        MC_STATUS_UNKNOWN
        MC_STATUS_HEALTHY
        MC_STATUS_UNHEALTHY
        MC_STATUS_DRAINING
        MC_STATUS_TIMEOUT
        MC_STATUS_DEGRADED

    enum mc_failing:
        MC_FAILING_USER
        MC_FAILING_EJECTED
        MC_FAILING_HEALTH_CHECK

    ctypedef struct mc_endpoint_spec:
        mc_slice address
        mc_slice hostname
        mc_slice hash_key
        mc_health health
        uint8_t status
        mc_health unchecked
        uint32_t weight
        uint32_t locality
        const mc_label *labels
        uint32_t label_count

    ctypedef struct mc_locality_spec:
        mc_slice region
        mc_slice zone
        mc_slice sub_zone
        uint32_t priority
        uint32_t weight

    ctypedef enum mc_hash_function:
        MC_XX_HASH
        MC_MURMUR_HASH_2

    ctypedef struct mc_hashing_spec:
        mc_hash_function function
        uint32_t minimum_ring_size
        uint32_t maximum_ring_size
        uint32_t table_size
        uint32_t balance_factor

    ctypedef struct mc_locality_name:
        mc_slice region
        mc_slice zone
        mc_slice sub_zone

    ctypedef struct mc_peers:
        mc_locality_name locality
        uint32_t hosts
        uint32_t healthy
        uint64_t healthy_weight

    ctypedef struct mc_zone_spec:
        mc_locality_name own
        const mc_peers *peers
        uint32_t peer_count
        uint32_t peer_hosts
        uint32_t usable_peers
        uint32_t routing_percent
        uint64_t min_cluster_size
        uint32_t force_minimum
        bint by_weight

    ctypedef struct mc_load_options:
        uint64_t slow_start_ns
        double slow_start_aggression
        double slow_start_least
        uint32_t choice_count
        bint full_scan
        double active_request_bias
        uint64_t decay_ns
        uint64_t default_latency_ns
        double penalty
        uint64_t blackout_ns
        uint64_t expiration_ns
        uint64_t update_ns
        double error_penalty

    ctypedef struct mc_balance_spec:
        mc_policy_kind policy
        uint32_t panic_percent
        uint32_t overprovisioning_percent
        bint fail_traffic_on_panic
        bint locality_weighted
        const mc_zone_spec *zone
        mc_hashing_spec hashing
        mc_load_options load
        uint64_t now_ns

    ctypedef struct mc_code_range:
        uint16_t start
        uint16_t end

    ctypedef struct mc_outlier_spec:
        uint32_t consecutive_5xx
        uint32_t consecutive_gateway_failure
        uint32_t consecutive_local_origin_failure
        uint32_t enforcing[7]
        uint64_t interval_ns
        uint64_t base_ejection_time_ns
        uint64_t max_ejection_time_ns
        uint64_t max_ejection_time_jitter_ns
        uint32_t max_ejection_percent
        c_bool always_eject_one_host
        c_bool split_external_local_origin_errors
        c_bool successful_health_check_unejects
        uint32_t success_rate_minimum_hosts
        uint32_t success_rate_request_volume
        uint32_t success_rate_stdev_factor
        uint32_t failure_percentage_threshold
        uint32_t failure_percentage_minimum_hosts
        uint32_t failure_percentage_request_volume
        const mc_code_range *error_codes
        uint32_t error_code_count

    ctypedef struct mc_cluster_spec:
        mc_slice name
        mc_balance_spec balance
        const mc_endpoint_spec *endpoints
        uint32_t endpoint_count
        const mc_locality_spec *localities
        uint32_t locality_count
        const mc_subsets_spec *subsets
        const mc_thresholds *thresholds
        uint8_t session_statuses
        mc_names override_headers
        const mc_outlier_spec *outlier
        const mc_concurrency_spec *concurrency
        uint64_t merge_window_ns
        int32_t keep

    # ---- the connection manager's options
    ctypedef enum mc_escaped_slashes:
        MC_SLASHES_KEEP
        MC_SLASHES_REJECT
        MC_SLASHES_REDIRECT
        MC_SLASHES_FORWARD

    ctypedef struct mc_cidr:
        uint8_t address[16]
        uint8_t bits

    ctypedef enum mc_tracer:
        MC_TRACER_NONE
        MC_TRACER_ZIPKIN
        MC_TRACER_OPENTELEMETRY

    ctypedef struct mc_tracing_spec:
        mc_tracer tracer
        bint w3c
        bint shared_span_context
        bint long_ids
        bint outbound
        bint spawn_upstream_span
        bint any_id
        mc_sampling_shares shares

    ctypedef struct mc_http_options:
        bint normalize_path
        bint merge_slashes
        mc_escaped_slashes escaped_slashes
        bint strip_matching_host_port
        bint strip_any_host_port
        bint strip_trailing_host_dot
        bint use_remote_address
        bint skip_xff_append
        bint append_x_forwarded_port
        bint suppress_envoy_headers
        bint respect_expected_rq_timeout
        uint64_t stream_idle_ns
        uint64_t max_stream_ns
        bint has_internal_cidrs
        bint generate_request_id
        bint preserve_external_request_id
        bint always_set_request_id_in_response
        bint keep_trace_reason
        const mc_tracing_spec *tracing
        uint32_t xff_num_trusted_hops
        mc_slice scheme_to_overwrite
        mc_slice via
        const mc_cidr *internal_cidrs
        uint32_t internal_cidr_count
        const mc_upgrade *upgrades
        uint32_t upgrade_count

    # ---- a request and its one view
    ctypedef struct mc_request:
        mc_slice method
        mc_slice authority
        mc_slice target
        mc_slice scheme
        mc_slice protocol
        mc_slice source
        uint16_t source_port
        mc_slice local
        uint16_t port
        const mc_header *headers
        uint32_t header_count
        uint64_t now_ns
        uint64_t unix_s
        uint64_t seed
        const uint64_t *ids
        c_bool stale
        c_bool inbound
        const unsigned char *served

    enum:
        MC_REQUEST_IDS

    ctypedef struct mc_view:
        mc_slice method
        mc_slice scheme
        mc_slice authority
        mc_slice target
        mc_slice path
        mc_slice query
        const mc_header *headers
        uint32_t header_count
        mc_slice protocol
        mc_slice source
        uint32_t added_count
        const mc_header *added
        uint64_t hidden[2]

    void mc_view_split(mc_view *view)

    # ---- regex
    enum:
        MC_REGEX_GROUPS

    ctypedef struct mc_regex:
        pass

    ctypedef struct mc_substitution:
        pass

    mc_regex *mc_regex_compile(mc_slice pattern, mc_error *error)
    void mc_regex_free(mc_regex *regex)
    uint32_t mc_regex_group_count(const mc_regex *regex)
    mc_slice mc_regex_literal_prefix(const mc_regex *regex)
    c_bool mc_regex_is_literal(const mc_regex *regex)
    c_bool mc_regex_full_match(const mc_regex *regex, mc_slice text, c_bool *no_memory)
    c_bool mc_regex_full_match_groups(const mc_regex *regex, mc_slice text, mc_slice *groups, c_bool *no_memory)
    mc_substitution *mc_substitution_compile(mc_slice substitution)
    void mc_substitution_free(mc_substitution *substitution)
    mc_code mc_regex_replace_all(const mc_regex *regex, mc_slice text, const mc_substitution *substitution,
                                 mc_scratch *scratch, mc_slice *out)

    # ---- path templates
    enum:
        MC_TEMPLATE_VARIABLES

    ctypedef struct mc_template:
        pass

    ctypedef struct mc_template_rewrite:
        pass

    mc_template *mc_template_compile(mc_slice text, mc_error *error)
    void mc_template_free(mc_template *path_template)
    mc_slice mc_template_literal_prefix(const mc_template *path_template)
    c_bool mc_template_is_literal(const mc_template *path_template)
    uint32_t mc_template_variable_count(const mc_template *path_template)
    mc_slice mc_template_variable_name(const mc_template *path_template, uint32_t index)
    c_bool mc_template_match(const mc_template *path_template, mc_slice path, mc_slice *values)
    mc_template_rewrite *mc_template_rewrite_compile(const mc_template *path_template, mc_slice text,
                                                     mc_error *error)
    void mc_template_rewrite_free(mc_template_rewrite *rewrite)
    mc_code mc_template_rewrite_apply(const mc_template_rewrite *rewrite, const mc_slice *values,
                                      mc_scratch *scratch, mc_slice *out)

    # ---- route tables
    ctypedef struct mc_route_table:
        pass

    mc_route_table *mc_route_table_new()
    void mc_route_table_free(mc_route_table *table)
    mc_code mc_route_table_add_virtual_host(mc_route_table *table, const mc_route_spec *routes, uint32_t count,
                                            int32_t *index, mc_error *error)
    mc_code mc_route_table_add_domains(mc_route_table *table, const mc_domains_spec *spec, int32_t *index,
                                       mc_error *error)
    c_bool mc_route_table_reads_headers(const mc_route_table *table)
    mc_code mc_route_table_match(const mc_route_table *table, int32_t domains, const mc_view *view,
                                 uint64_t random, mc_scratch *scratch, int32_t *route)

    # ---- runtime
    ctypedef struct mc_runtime:
        pass

    mc_runtime *mc_runtime_new()
    void mc_runtime_set_alone(mc_runtime *runtime)
    void mc_runtime_free(mc_runtime *runtime)
    void mc_runtime_lock(mc_runtime *runtime)
    void mc_runtime_unlock(mc_runtime *runtime)
    void mc_runtime_set_secret(mc_runtime *runtime, const uint8_t *secret)

    ctypedef struct mc_shared:
        pass

    void mc_runtime_share(mc_runtime *runtime, mc_shared *shared)
    const char *mc_runtime_refusal(const mc_runtime *runtime)

    void mc_scratch_init(mc_scratch *scratch)
    void mc_scratch_reset(mc_scratch *scratch)

    # ---- snapshots
    ctypedef enum mc_require_tls:
        MC_TLS_NONE
        MC_TLS_EXTERNAL_ONLY
        MC_TLS_ALL

    ctypedef struct mc_virtual_host_spec:
        const mc_route_spec *routes
        const mc_action_spec *actions
        uint32_t route_count
        mc_require_tls require_tls
        mc_edits_spec edits
        const mc_cors_spec *cors
        const mc_cors_spec *cors_field
        const mc_fault_spec *fault
        const mc_mirror_spec *mirrors
        uint32_t mirror_count
        const mc_session_spec *session
        mc_level_limits_spec limits
        mc_descriptors_spec descriptors

    ctypedef struct mc_listener_spec:
        mc_slice name
        uint16_t port
        mc_http_options options
        mc_domains_spec domains
        mc_edits_spec edits
        bint most_specific_header_mutations_wins
        const mc_cors_spec *cors
        const mc_mirror_spec *mirrors
        uint32_t mirror_count
        const mc_session_spec *session
        const mc_fault_spec *table_fault
        const mc_fault_spec *fault
        mc_level_limits_spec limits
        const mc_filter_spec *filters
        uint32_t filter_count

    ctypedef struct mc_snapshot:
        pass

    ctypedef struct mc_snapshot_spec:
        const mc_listener_spec *listeners
        const mc_virtual_host_spec *virtual_hosts
        const mc_cluster_spec *clusters
        const mc_hash_policies_spec *hash_policies
        uint32_t listener_count
        uint32_t virtual_host_count
        uint32_t cluster_count
        const mc_snapshot *previous
        uint64_t seed
        uint64_t now_ns

    mc_snapshot *mc_snapshot_build(const mc_snapshot_spec *spec, mc_runtime *runtime, mc_error *error)
    void mc_snapshot_free(mc_snapshot *snapshot)
    mc_snapshot *mc_snapshot_with_cluster(
        const mc_snapshot *old, int32_t cluster, const mc_cluster_spec *spec, uint64_t seed, mc_error *error) nogil
    mc_code mc_snapshot_refresh(
        const mc_snapshot *old, int32_t cluster, uint64_t now_ns, uint64_t seed, mc_snapshot **out,
        mc_error *error) nogil
    c_bool mc_snapshot_is_shared(const mc_snapshot *snapshot)
    void mc_snapshot_set_health(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint, c_bool healthy)
    uint32_t mc_snapshot_drain(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint, c_bool draining)
    c_bool mc_snapshot_check(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint, mc_health health)
    mc_health mc_snapshot_health(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint)
    uint32_t mc_snapshot_failing(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint)
    c_bool mc_snapshot_has_traffic(const mc_snapshot *snapshot, int32_t cluster)
    uint32_t mc_snapshot_active(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint)
    bint mc_snapshot_reads_clock(const mc_snapshot *snapshot)
    uint32_t mc_snapshot_makes_ids(const mc_snapshot *snapshot)
    bint mc_snapshot_reads_unix_time(const mc_snapshot *snapshot)
    const char *mc_snapshot_policy(const mc_snapshot *snapshot, int32_t cluster)
    ctypedef struct mc_cluster:
        pass

    mc_labels mc_cluster_subset(const mc_cluster *cluster, int32_t subset)
    mc_slice mc_cluster_address(const mc_cluster *cluster, int32_t endpoint)

    ctypedef struct mc_fault_counts:
        uint64_t active
        uint64_t aborts
        uint64_t delays
        uint64_t rate_limits
        uint64_t overflows

    bint mc_snapshot_faults(const mc_snapshot *snapshot, int32_t listener, mc_fault_counts *counts)

    ctypedef struct mc_report:
        uint64_t now_ns
        uint64_t latency_ns
        double requests_per_second
        double errors_per_second
        double utilization

    ctypedef enum mc_failure:
        MC_FAILURE_NONE
        MC_FAILURE_CONNECT
        MC_FAILURE_CONNECT_TIMEOUT
        MC_FAILURE_RESET_BEFORE_REQUEST
        MC_FAILURE_RESET
        MC_FAILURE_REFUSED_STREAM
        MC_FAILURE_PROTOCOL
        MC_FAILURE_PER_TRY_TIMEOUT
        MC_FAILURE_TIMEOUT
        MC_FAILURE_REMOTE_RESET
        MC_FAILURE_PER_TRY_IDLE_TIMEOUT
        MC_FAILURE_IDLE_TIMEOUT
        MC_FAILURE_MAX_DURATION
        MC_FAILURE_UPSTREAM_MAX_DURATION
        MC_FAILURE_OVERFLOW

    ctypedef struct mc_result:
        mc_failure failure
        uint16_t status
        int32_t grpc_status
        const mc_header *headers
        uint32_t header_count
        mc_report report

    # ---- outlier detection
    ctypedef enum mc_ejection:
        pass

    const int MC_EJECTIONS
    const char *mc_ejection_name(mc_ejection reason)

    ctypedef struct mc_outlier_status:
        c_bool ejected
        mc_ejection reason
        uint64_t left_ns
        uint32_t ejections
        uint32_t multiplier
        double success_rate
        double local_origin_success_rate

    ctypedef struct mc_outlier_counts:
        uint64_t detected[7]
        uint64_t enforced[7]
        uint64_t overflow
        double average[2]
        double threshold[2]

    ctypedef struct mc_detector:
        pass

    mc_detector *mc_detector_new(const mc_outlier_spec *spec, const mc_slice *hosts, uint32_t count, uint64_t now_ns,
                                 uint64_t seed)
    void mc_detector_free(mc_detector *detector)
    void mc_detector_report(mc_detector *detector, uint32_t host, const mc_result *result)
    void mc_detector_sweep(mc_detector *detector, uint64_t now_ns)
    c_bool mc_detector_ejected(mc_detector *detector, uint32_t host, uint64_t now_ns)
    mc_outlier_status mc_detector_status(mc_detector *detector, uint32_t host, uint64_t now_ns)
    mc_outlier_counts mc_detector_counts(const mc_detector *detector)
    c_bool mc_snapshot_detects(const mc_snapshot *snapshot, int32_t cluster)
    void mc_snapshot_check_passed(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint, uint64_t now_ns)
    void mc_snapshot_sweep(const mc_snapshot *snapshot, int32_t cluster, uint64_t now_ns)
    mc_outlier_status mc_snapshot_outlier(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint,
                                          uint64_t now_ns)
    mc_outlier_counts mc_snapshot_outliers(const mc_snapshot *snapshot, int32_t cluster)

    # ---- pickers
    ctypedef struct mc_picker:
        pass

    mc_picker *mc_picker_new(const mc_cluster_spec *spec, uint64_t seed, mc_error *error)
    void mc_picker_free(mc_picker *picker)
    int32_t mc_picker_pick(const mc_picker *picker, uint64_t seed, uint64_t now_ns)
    int32_t mc_picker_pick_key(const mc_picker *picker, mc_slice key)
    void mc_picker_pick_keys(const mc_picker *picker, const mc_slice *keys, uint32_t count, int32_t *hosts)
    void mc_picker_begin(mc_picker *picker, int32_t host)
    c_bool mc_picker_done(mc_picker *picker, int32_t host)
    uint32_t mc_picker_active(const mc_picker *picker, int32_t host)
    void mc_picker_report(mc_picker *picker, int32_t host, const mc_report *report)

    # ---- decisions
    ctypedef enum mc_outcome:
        MC_FORWARD
        MC_REDIRECT
        MC_RESPOND
        MC_REJECT

    ctypedef enum mc_flag:
        MC_FLAG_NR
        MC_FLAG_NC
        MC_FLAG_UH
        MC_FLAG_DI
        MC_FLAG_FI

    ctypedef enum mc_details:
        MC_DETAILS_OVERFLOW
        MC_DETAILS_VIA_UPSTREAM

    ctypedef enum mc_cors_verdict:
        pass

    ctypedef struct mc_session:
        pass

    ctypedef enum mc_session_reason:
        pass

    ctypedef struct mc_attempt:
        uint32_t number
        int32_t endpoint
        mc_cluster *cluster
        c_bool elsewhere
        uint64_t backoff_ns
        uint64_t begins_ns
        bint running
        bint hedged
        mc_slice target
        mc_slice authority
        mc_attempt *next

    ctypedef struct mc_exchange:
        pass

    ctypedef struct mc_descriptor:
        const mc_label *entries
        uint32_t count
        bint gives_back
        mc_said tells
        mc_number hits

    ctypedef struct mc_local_limit "struct mc_local_limit":
        pass

    ctypedef struct mc_limited:
        const mc_local_limit *limit
        uint32_t filter
        bint allowed
        bint enforced
        bint has_bucket
        int32_t rule
        const mc_descriptor *descriptor
        uint64_t max_tokens
        uint64_t remaining
        uint64_t retry_after_ns
        uint64_t reset_ns
        mc_limited *next

    void mc_limited_reckon(mc_limited *limited)

    ctypedef struct mc_service_limit:
        bint given
        uint64_t limit
        uint64_t window_s
        uint64_t remaining
        uint64_t reset_s
        mc_slice name

    ctypedef enum mc_service_verdict:
        MC_SERVICE_OK
        MC_SERVICE_OVER_LIMIT
        MC_SERVICE_ERROR

    ctypedef struct mc_service_answer:
        mc_service_verdict verdict
        const mc_header *request_lines
        const mc_header *response_lines
        uint32_t request_count
        uint32_t response_count
        const mc_service_limit *limits
        uint32_t limit_count
        mc_slice body

    ctypedef struct mc_asked:
        uint32_t filter
        mc_slice domain
        const mc_descriptor *descriptors
        uint32_t count
        bint answered
        mc_asked *next

    ctypedef enum mc_trace_reason:
        MC_NOT_TRACED

    const char *mc_trace_reason_name(mc_trace_reason reason)

    ctypedef struct mc_decision:
        bint retries
        bint over
        mc_concurrency *entered
        mc_exchange *exchange
        mc_outcome outcome
        mc_details details
        uint32_t flags
        uint16_t status
        bint grpc
        int32_t listener
        int32_t virtual_host
        int32_t route
        int32_t cluster
        int32_t endpoint
        int32_t choice
        uint32_t candidates
        int32_t subset
        mc_subset_reason subset_reason
        mc_slice target
        mc_slice authority
        mc_slice location
        mc_slice body
        uint64_t delay_ns
        uint64_t bytes_per_second
        mc_cluster *upstream
        c_bool elsewhere
        c_bool detects
        mc_cors_verdict cors
        mc_trace_reason traced
        const mc_session *session
        mc_session_reason session_reason
        mc_slice session_address
        uint32_t overrides
        mc_limited *limited
        mc_asked *asked
        mc_request request
        mc_view view

    ctypedef struct mc_header_line:
        mc_slice name
        mc_slice value
        int32_t source

    ctypedef struct mc_timeouts:
        uint64_t request_ms
        uint64_t per_try_ms
        uint64_t per_try_idle_ms
        uint64_t idle_ms
        bint has_stream
        uint64_t stream_ms
        uint64_t upstream_ms
        bint hedges

    ctypedef struct mc_router_told:
        mc_header lines[2]
        uint32_t count

    bint mc_decision_request_stays(const mc_decision *decision, const mc_timeouts *timeouts, mc_router_told *told)
    c_bool mc_decision_is_timed(const mc_decision *decision)
    void mc_decision_timeouts(const mc_decision *decision, mc_timeouts *out)
    const mc_attempt *mc_decision_attempts(mc_decision *decision)
    uint32_t mc_decision_further(const mc_decision *decision)
    mc_code mc_decision_report(mc_decision *decision, uint32_t number, const mc_result *result, c_bool replayable,
                               uint64_t unix_s, c_bool *again)
    mc_code mc_decision_on_timeout(mc_decision *decision, uint32_t number, uint64_t now_ns, c_bool replayable,
                                   c_bool *again)
    mc_code mc_decision_attempt(mc_decision *decision, const mc_snapshot *current, uint64_t now_ns,
                                const mc_attempt **out)
    uint64_t mc_decision_answer_names(const mc_decision *decision, uint16_t status)
    bint mc_decision_reads_wall_clock(const mc_decision *decision)
    mc_code mc_attempt_request_headers(const mc_decision *decision, const mc_attempt *attempt, mc_scratch *scratch,
                                       const mc_header_line **lines, uint32_t *count)

    ctypedef struct mc_response:
        uint16_t status
        const mc_header *headers
        uint32_t header_count
        mc_slice body

    mc_slice mc_decision_request_id(const mc_decision *decision)
    mc_code mc_decide(const mc_snapshot *snapshot, const mc_request *request, mc_decision *decision)
    mc_code mc_decision_with_headers(const mc_decision *decision, const mc_header *headers, uint32_t count,
                                     mc_decision *out)
    bint mc_snapshot_learns(const mc_snapshot *snapshot, int32_t cluster)
    void mc_snapshot_report(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint, const mc_report *report)
    mc_code mc_decision_take_answer(mc_decision *decision, uint32_t number, const mc_service_answer *answer)
    ctypedef struct mc_limit_counts:
        uint64_t enabled
        uint64_t ok
        uint64_t rate_limited
        uint64_t enforced

    const mc_local_limit *mc_snapshot_limit(const mc_snapshot *snapshot, const mc_local_limit *after)
    mc_slice mc_local_limit_scope(const mc_local_limit *limit)
    mc_limit_counts mc_local_limit_counts(const mc_local_limit *limit)
    mc_slice mc_local_limit_name(const mc_local_limit *limit)
    mc_slice mc_local_limit_label(const mc_local_limit *limit, int32_t rule)
    c_bool mc_decision_learns(const mc_decision *decision, uint32_t number)
    void mc_decision_learn(const mc_decision *decision, uint32_t number, const mc_report *report)
    void mc_decision_end_delay(mc_decision *decision)
    void mc_decision_leave(mc_decision *decision, c_bool answered, uint64_t now_ns)
    void mc_decision_close(mc_decision *decision)
    void mc_decision_release(mc_decision *decision)
    mc_code mc_decision_request_headers(const mc_decision *decision, mc_scratch *scratch,
                                        const mc_header_line **lines, uint32_t *count)
    mc_code mc_decision_response_headers(const mc_decision *decision, const mc_response *response,
                                         mc_scratch *scratch, const mc_header_line **lines, uint32_t *count,
                                         uint16_t *status, mc_slice *body)
    bint mc_decision_answer_stays(const mc_decision *decision, const mc_header *headers, uint32_t count)

    ctypedef struct mc_mirrored:
        uint32_t policy
        int32_t cluster
        mc_slice authority

    mc_code mc_decision_mirrors(const mc_decision *decision, mc_scratch *scratch, const mc_mirrored **mirrors,
                                uint32_t *count)
    mc_code mc_decision_mirror_headers(const mc_decision *decision, uint32_t policy, mc_scratch *scratch,
                                       const mc_header_line **lines, uint32_t *count)
    const char *mc_details_name(mc_details details)
    enum:
        MC_FLAGS_TEXT

    mc_slice mc_flags_text(uint32_t flags, char *text)

    # ---- circuit breakers of clusters
    ctypedef struct mc_pick_terms:
        uint64_t seed
        uint64_t now_ns
        bint stale

    ctypedef struct mc_picked:
        int32_t endpoint
        uint32_t flag
        uint8_t holder

    mc_code mc_snapshot_pick(const mc_snapshot *snapshot, int32_t cluster, const mc_pick_terms *terms, mc_picked *picked)
    void mc_snapshot_detect(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint, const mc_result *result)
    void mc_snapshot_done(const mc_snapshot *snapshot, int32_t cluster, const mc_picked *picked)

    uint8_t mc_snapshot_take(
        const mc_snapshot *snapshot, int32_t cluster, mc_routing_priority priority, mc_resource resource)
    void mc_snapshot_give(
        const mc_snapshot *snapshot, int32_t cluster, mc_routing_priority priority, mc_resource resource,
        uint8_t holder)
    uint8_t mc_snapshot_take_connection(
        const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint, mc_routing_priority priority)
    void mc_snapshot_give_connection(
        const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint, mc_routing_priority priority, uint8_t holder)
    bint mc_snapshot_listener_concurrency(
        const mc_snapshot *snapshot, int32_t listener, uint64_t now_ns, mc_concurrency_status *status)
    bint mc_snapshot_concurrency(
        const mc_snapshot *snapshot, int32_t cluster, uint64_t now_ns, mc_concurrency_status *status)
    mc_usage mc_snapshot_usage(
        const mc_snapshot *snapshot, int32_t cluster, mc_routing_priority priority, mc_resource resource)
    uint32_t mc_snapshot_connections(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint)

    # ---- explanations
    ctypedef enum mc_condition_kind:
        MC_CONDITION_NONE

    ctypedef struct mc_condition:
        mc_condition_kind kind
        uint32_t index

    ctypedef struct mc_failures:
        mc_condition first
        uint32_t count

    ctypedef enum mc_domain_kind:
        pass

    ctypedef enum mc_draw_kind:
        pass

    ctypedef enum mc_trace_format:
        MC_TRACE_B3_MULTI
        MC_TRACE_W3C
        MC_TRACE_BAGGAGE

    enum:
        MC_TRACE_FORMATS
        MC_TRACE_NAMES
        MC_TRACE_FLAG_SAMPLED
        MC_TRACE_FLAG_RANDOM
        MC_UUID_TEXT

    ctypedef struct mc_trace_formats:
        uint8_t *order
        uint8_t count

    ctypedef enum mc_sampling:
        MC_SAMPLING_DEFER
        MC_SAMPLING_DENY
        MC_SAMPLING_ACCEPT
        MC_SAMPLING_DEBUG

    ctypedef struct mc_span_context:
        uint64_t trace_high
        uint64_t trace_low
        uint64_t span_id
        uint64_t parent_id
        mc_sampling sampling
        uint8_t flags
        c_bool short_id
        signed char format
        mc_slice tracestate
        mc_slice baggage
        mc_slice request_id
        mc_slice datadog_origin
        mc_slice datadog_tags
        mc_slice xray

    ctypedef struct mc_trace_counts:
        pass

    mc_trace_counts *mc_trace_counts_new()
    void mc_trace_counts_free(mc_trace_counts *counts)
    uint64_t mc_trace_counts_malformed(const mc_trace_counts *counts, mc_trace_format format)
    uint64_t mc_trace_counts_truncated(const mc_trace_counts *counts, mc_trace_format format)
    mc_code mc_trace_extract(const mc_header *headers, uint32_t count, const mc_trace_formats *formats,
                             mc_scratch *scratch, mc_trace_counts *counts, mc_span_context *out)
    void mc_span_context_new(const uint64_t *random, c_bool short_id, mc_sampling sampling, mc_span_context *out)
    void mc_span_context_child(const mc_span_context *parent, const uint64_t *random, mc_span_context *out)

    ctypedef enum mc_trace_name:
        MC_NAME_OTHER
        MC_NAME_B3
        MC_NAME_B3_TRACE_ID
        MC_NAME_B3_SPAN_ID
        MC_NAME_B3_PARENT_ID
        MC_NAME_B3_SAMPLED
        MC_NAME_TRACEPARENT
        MC_NAME_JAEGER_BAGGAGE

    mc_trace_name mc_trace_name_of(mc_slice name)
    mc_slice mc_trace_name_text(mc_trace_name name)
    uint32_t mc_trace_names(const mc_trace_formats *formats)

    ctypedef struct mc_trace_line:
        mc_trace_name id
        mc_slice name
        mc_slice value

    mc_code mc_trace_inject(const mc_span_context *context, const mc_trace_formats *formats, mc_scratch *scratch,
                            const mc_trace_line **lines, uint32_t *count)
    void mc_uuid_write(const uint64_t *random, char *out)

    ctypedef struct mc_key_split:
        pass

    mc_key_split *mc_key_split_new(const mc_slice *names, const uint32_t *weights, uint32_t count, mc_error *error)
    void mc_key_split_free(mc_key_split *split)
    uint32_t mc_key_split_pick(const mc_key_split *split, mc_slice key)
    uint32_t mc_key_split_draw(const mc_key_split *split, uint64_t random)

    ctypedef struct mc_explanation:
        int32_t listener
        int32_t virtual_host
        int32_t route
        bint has_view
        mc_view view
        mc_slice host
        mc_domain_kind domain
        size_t domain_size
        const mc_failures *failures
        uint32_t route_count
        int32_t first_route
        int32_t choice
        mc_draw_kind draw
        uint64_t drawn
        uint64_t place
        uint64_t sum
        mc_slice key
        const double *scores
        uint32_t score_count

    mc_slice mc_peer_address(mc_slice text)
    mc_code mc_peek(const mc_snapshot *snapshot, const mc_request *request, mc_decision *decision)
    mc_code mc_explain(const mc_snapshot *snapshot, const mc_request *request, mc_scratch *scratch,
                       mc_explanation *explanation)
    mc_code mc_explanation_values(const mc_explanation *explanation, int32_t route, mc_condition condition,
                                  const mc_slice **values, uint32_t *count)


cdef extern from "edit/view.h" nogil:
    c_bool mc_view_next(const mc_view *view, size_t *at, const mc_header **line)


cdef extern from "base/rng.h" nogil:
    uint64_t mc_mix64(uint64_t x)


cdef extern from "platform.h" nogil:
    ctypedef struct mc_entropy:
        pass

    mc_entropy *mc_entropy_new()
    void mc_entropy_free(mc_entropy *entropy)
    uint64_t mc_entropy_next(mc_entropy *entropy)
    uint64_t mc_entropy_next_alone(mc_entropy *entropy)

    ctypedef struct mc_id_source:
        pass

    mc_id_source *mc_id_source_new()
    void mc_id_source_free(mc_id_source *source)
    c_bool mc_id_source_take(mc_id_source *source, uint64_t *out, size_t count)
    c_bool mc_id_source_take_alone(mc_id_source *source, uint64_t *out, size_t count)
    uint64_t mc_platform_now_ns()
    uint64_t mc_platform_unix_s()
    bint mc_platform_random(void *out, size_t size)
    mc_shared *mc_platform_shared_open(
        int fd, uint64_t size, uint32_t workers, const uint8_t *boot, mc_error *error) nogil
    bint mc_platform_shared_forked(mc_shared *shared, int fd)
    void mc_platform_shared_close(mc_shared *shared)
