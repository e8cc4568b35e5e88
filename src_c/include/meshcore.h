/* meshcore: the engine's core. C11 and libc alone; nothing here knows of Python.
 *
 * Conventions
 *   - Bytes come as slices (pointer and size, no terminator). A slice in a spec is copied by the
 *     call that takes it; a slice in a request must stay valid until the decision is released.
 *   - A spec is a plain struct that the caller fills; building is all or nothing.
 *   - Nothing reads a clock or entropy: now_ns and seed are arguments.
 *   - Snapshots are immutable and may be used by many threads at once; what changes is in the
 *     runtime, by C11 atomics.
 */
#ifndef MESHCORE_H
#define MESHCORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ------------------------------------------------------------------ basics */

typedef struct mc_slice {
  const char *data; /* NULL: absent, which is not the same as empty */
  size_t size;
} mc_slice;

typedef enum mc_code {
  MC_OK = 0,
  MC_NO_MEMORY,
  MC_INVALID,
  MC_LIMIT,
  MC_STALE, /* of mc_decide: the cluster has news, see mc_snapshot_refresh */
} mc_code;

typedef struct mc_error {
  mc_code code;
  size_t position;   /* of regexes and path templates: where in the text; 0 elsewhere */
  char message[256]; /* what is wrong and, where it helps, what would be right */
} mc_error;

/* A key and its value: of subsets, of rate limits. */
typedef struct mc_label {
  mc_slice key, value;
} mc_label;

typedef struct mc_header {
  mc_slice name; /* any case */
  mc_slice value;
} mc_header;

/* A bump allocator that never moves what it gave out. Lives inside its owner. */
#define MC_SCRATCH_INLINE 448
typedef struct mc_scratch {
  char *at;
  char *end;
  void *chunks;
  char block[MC_SCRATCH_INLINE];
} mc_scratch;

/* ------------------------------------------------------------------ outcomes */

/* Envoy's defaults for max_headers_count and max_request_headers_kb. A request beyond them is refused. */
enum { MC_MAX_HEADER_COUNT = 100, MC_MAX_HEADER_BYTES = 60 * 1024 };

/* Envoy's response code details; mc_details_name() gives the text. */
typedef enum mc_details {
  MC_DETAILS_NONE, /* "" */
  MC_DETAILS_VIA_UPSTREAM,
  MC_DETAILS_DIRECT_RESPONSE, /* redirects too */
  MC_DETAILS_CORS_RESPONSE,
  MC_DETAILS_FAULT_FILTER_ABORT,
  MC_DETAILS_LOCAL_RATE_LIMITED,
  MC_DETAILS_REQUEST_RATE_LIMITED, /* by a rate limit service */
  MC_DETAILS_RATE_LIMITER_ERROR,
  MC_DETAILS_CONCURRENCY_LIMIT,
  MC_DETAILS_ROUTE_NOT_FOUND,
  MC_DETAILS_CLUSTER_NOT_FOUND,
  MC_DETAILS_NO_HEALTHY_UPSTREAM,
  MC_DETAILS_OVERFLOW,
  MC_DETAILS_UPGRADE_FAILED,
  MC_DETAILS_PATH_NORMALIZATION_FAILED,
  MC_DETAILS_ABSOLUTE_PATH_REJECTED,
  MC_DETAILS_MISSING_HOST_HEADER,
  MC_DETAILS_INVALID_AUTHORITY,
  MC_DETAILS_CODEC_ERROR,
  MC_DETAILS_INVALID_URL,
  MC_DETAILS_INVALID_SCHEME,
  MC_DETAILS_INVALID_CHARACTERS,
  MC_DETAILS_INVALID_TRANSFER_ENCODING,
  MC_DETAILS_LENGTH_AND_CHUNKED,
  MC_DETAILS_CONNECTION_HEADER_REJECTED,
  MC_DETAILS_TOO_MANY_HEADERS,
  MC_DETAILS_HEADERS_TOO_LARGE,
  /* What an exchange ends with where no attempt was answered. */
  MC_DETAILS_RESPONSE_TIMEOUT,
  MC_DETAILS_PER_TRY_TIMEOUT,
  MC_DETAILS_PER_TRY_IDLE_TIMEOUT,
  MC_DETAILS_STREAM_IDLE_TIMEOUT,
  MC_DETAILS_MAX_DURATION_TIMEOUT,
  MC_DETAILS_UPSTREAM_MAX_DURATION,
  /* upstream_reset_before_response_started{...} */
  MC_DETAILS_RESET_CONNECT_FAILURE,
  MC_DETAILS_RESET_CONNECT_TIMEOUT,
  MC_DETAILS_RESET_TERMINATION,
  MC_DETAILS_RESET_REMOTE,
  MC_DETAILS_RESET_REFUSED_STREAM,
  MC_DETAILS_RESET_PROTOCOL,
} mc_details;

/* The text, NUL-terminated and static. */
const char *mc_details_name(mc_details details);

/* ------------------------------------------------------------------ matching: specs */

typedef enum mc_string_kind {
  MC_STRING_EXACT,
  MC_STRING_PREFIX,
  MC_STRING_SUFFIX,
  MC_STRING_CONTAINS,
  MC_STRING_REGEX,
} mc_string_kind;

typedef struct mc_string_spec {
  mc_string_kind kind;
  bool ignore_case; /* ASCII only; not with MC_STRING_REGEX */
  mc_slice value;
} mc_string_spec;

typedef enum mc_value_test { MC_TEST_STRING, MC_TEST_RANGE, MC_TEST_PRESENT } mc_value_test;

typedef struct mc_header_match_spec {
  mc_slice name; /* lower-case; ":method", ":path", ":authority", ":scheme" are pseudo headers */
  mc_value_test test;
  mc_string_spec string;
  int64_t start, end; /* MC_TEST_RANGE: [start, end) */
  bool present;       /* MC_TEST_PRESENT: must be there, or must not */
  bool invert;
  bool missing_as_empty;
} mc_header_match_spec;

typedef struct mc_query_match_spec {
  mc_slice name;
  mc_value_test test; /* STRING or PRESENT */
  mc_string_spec string;
  bool present;
} mc_query_match_spec;

typedef struct mc_cookie_match_spec {
  mc_slice name;
  mc_string_spec string;
  bool invert;
} mc_cookie_match_spec;

typedef enum mc_path_kind {
  MC_PATH_EXACT,
  MC_PATH_PREFIX,
  MC_PATH_SEPARATED_PREFIX,
  MC_PATH_REGEX,
  MC_PATH_TEMPLATE,
  MC_PATH_CONNECT,
} mc_path_kind;

typedef struct mc_route_spec {
  mc_path_kind path_kind;
  bool case_sensitive;
  bool grpc;
  mc_slice path;
  const mc_header_match_spec *headers;
  uint32_t header_count;
  const mc_query_match_spec *queries;
  uint32_t query_count;
  const mc_cookie_match_spec *cookies;
  uint32_t cookie_count;
  uint32_t numerator, denominator; /* runtime fraction; denominator 0: none */
} mc_route_spec;

typedef struct mc_domain_spec {
  mc_slice name; /* "a.com", "*.a.com", "a.*" or "*" */
  int32_t virtual_host;
} mc_domain_spec;

typedef struct mc_domains_spec {
  const mc_domain_spec *domains;
  uint32_t domain_count;
  bool ignore_port; /* of the authority */
  mc_slice header;  /* the header that names the host; data NULL: the authority */
} mc_domains_spec;

/* ------------------------------------------------------------------ formats and edits: specs */

typedef enum mc_format_op {
  MC_FORMAT_LITERAL,
  MC_FORMAT_REQ,
  MC_FORMAT_RESP,
  MC_FORMAT_PROTOCOL,
  MC_FORMAT_RESPONSE_CODE,
  MC_FORMAT_RESPONSE_CODE_DETAILS,
  MC_FORMAT_RESPONSE_FLAGS,
  MC_FORMAT_ROUTE_NAME,
  MC_FORMAT_UPSTREAM_CLUSTER,
  MC_FORMAT_UPSTREAM_HOST,
  MC_FORMAT_UPSTREAM_HOST_WITHOUT_PORT,
  MC_FORMAT_REMOTE_ADDRESS, /* the client, as trusted x-forwarded-for has it */
  MC_FORMAT_REMOTE_ADDRESS_WITHOUT_PORT,
  MC_FORMAT_DIRECT_REMOTE_ADDRESS, /* the peer of the connection */
  MC_FORMAT_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT,
  MC_FORMAT_LOCAL_ADDRESS,
  MC_FORMAT_LOCAL_ADDRESS_WITHOUT_PORT,
  MC_FORMAT_LOCAL_PORT,
  MC_FORMAT_BYTES_RECEIVED,
  MC_FORMAT_ATTEMPT_COUNT,
  MC_FORMAT_EMPTY, /* commands that never have a value here, e.g. VIRTUAL_CLUSTER_NAME */
} mc_format_op;

typedef struct mc_format_segment {
  mc_format_op op;
  mc_slice text;        /* the literal, or the lower-case header name of REQ and RESP */
  mc_slice alternative; /* second header name of REQ and RESP; data NULL: none */
  int32_t max_length;   /* -1: none */
} mc_format_segment;

typedef struct mc_format_spec {
  const mc_format_segment *segments;
  uint32_t count;
} mc_format_spec;

typedef enum mc_append_action {
  MC_APPEND_IF_EXISTS_OR_ADD,
  MC_ADD_IF_ABSENT,
  MC_OVERWRITE_IF_EXISTS_OR_ADD,
  MC_OVERWRITE_IF_EXISTS,
} mc_append_action;

typedef struct mc_header_value_spec {
  mc_slice name; /* lower-case */
  mc_format_spec value;
  mc_append_action action;
  bool keep_empty;
} mc_header_value_spec;

typedef struct mc_edits_spec {
  const mc_header_value_spec *request_add;
  const mc_slice *request_remove;
  const mc_header_value_spec *response_add;
  const mc_slice *response_remove;
  uint32_t request_add_count, request_remove_count, response_add_count, response_remove_count;
} mc_edits_spec;

/* ------------------------------------------------------------------ rewrites and redirects: specs */

typedef struct mc_substitution_spec {
  mc_slice pattern;      /* RE2 */
  mc_slice substitution; /* with \0 to \9 */
} mc_substitution_spec;

typedef enum mc_path_rewrite_kind {
  MC_REWRITE_NONE,
  MC_REWRITE_PREFIX,   /* what the route's path specifier matched becomes text */
  MC_REWRITE_REGEX,    /* every match in the path (without query) is replaced */
  MC_REWRITE_TEMPLATE, /* text is a path template rewrite over the route's path template */
  MC_REWRITE_FULL,     /* the whole path becomes text; the query is kept unless text has one */
} mc_path_rewrite_kind;

typedef struct mc_path_rewrite_spec {
  mc_path_rewrite_kind kind;
  mc_slice text;
  mc_substitution_spec regex;
} mc_path_rewrite_spec;

typedef enum mc_host_rewrite_kind {
  MC_HOST_KEEP,
  MC_HOST_LITERAL,
  MC_HOST_HEADER,
  MC_HOST_PATH_REGEX,
  MC_HOST_AUTO, /* the endpoint's hostname, where it has one */
} mc_host_rewrite_kind;

typedef struct mc_host_rewrite_spec {
  mc_host_rewrite_kind kind;
  mc_slice text; /* the literal, or the header's lower-case name */
  mc_substitution_spec regex;
  bool append_x_forwarded_host;
} mc_host_rewrite_spec;

typedef struct mc_redirect_spec {
  uint16_t status;
  bool https;
  bool strip_query;
  int32_t port; /* -1: as it is */
  mc_slice scheme;
  mc_slice host;
  mc_path_rewrite_spec path;
} mc_redirect_spec;

/* ------------------------------------------------------------------ CORS and mirrors: specs */

/* A boolean that may be left out. */
typedef enum mc_said { MC_UNSAID, MC_SAID_NO, MC_SAID_YES } mc_said;

/* Envoy's CorsPolicy. What it leaves unsaid (texts of size 0 too), the policy of the next level says. */
typedef struct mc_cors_spec {
  const mc_string_spec *origins;
  uint32_t origin_count;
  mc_slice allow_methods, allow_headers, expose_headers, max_age; /* "*": what the request asks for */
  mc_said allow_credentials, allow_private_network_access, forward_not_matching_preflights;
  uint32_t numerator, denominator; /* filter_enabled; denominator 0: always */
} mc_cors_spec;

/* Envoy's RequestMirrorPolicy. */
typedef struct mc_mirror_spec {
  int32_t cluster;         /* index in the snapshot, or -1: by cluster_header, or unknown */
  mc_slice cluster_header; /* data NULL: none */
  uint32_t numerator, denominator; /* denominator 0: every request */
  bool append_shadow_suffix;
  mc_slice host_rewrite; /* data NULL: none */
  const mc_edits_spec *edits; /* of the request; applied one after the other */
  uint32_t edit_count;
} mc_mirror_spec;

/* ------------------------------------------------------------------ faults: specs */

typedef struct mc_names {
  const mc_slice *at;
  uint32_t count;
} mc_names;

/* A share of the requests; more than all counts as all. denominator 0: not said. */
typedef struct mc_fraction {
  uint32_t numerator, denominator;
} mc_fraction;

typedef struct mc_number {
  bool said;
  uint64_t value;
} mc_number;

/* What the runtime says in place of what a fault policy or a header says. */
typedef struct mc_fault_override {
  mc_fraction delay, abort, rate;
  mc_number delay_ms, http_status, grpc_status;
} mc_fault_override;

/* What it says for requests whose x-envoy-downstream-service-cluster has this value. */
typedef struct mc_fault_downstream {
  mc_slice cluster;
  mc_fault_override override;
} mc_fault_downstream;

typedef struct mc_fault_part_spec {
  bool given;
  bool by_header; /* a header of the request says the value, and may say a lower share */
  mc_fraction share; /* denominator 0: of none */
  uint64_t value;
} mc_fault_part_spec;

/* Envoy's HTTPFault. */
typedef struct mc_fault_spec {
  mc_fault_part_spec delay; /* milliseconds */
  mc_fault_part_spec abort; /* a status: of HTTP, 200 to 599, or of gRPC */
  mc_fault_part_spec rate;  /* of the answer's body, KiB in a second; by value: 1 or more */
  bool abort_is_grpc;
  mc_slice upstream_cluster; /* size 0: any */
  const mc_header_match_spec *headers;
  uint32_t header_count;
  mc_names downstream_nodes; /* none: any */
  mc_number max_active;
  mc_fault_override runtime;
  const mc_fault_downstream *downstreams;
  uint32_t downstream_count;
} mc_fault_spec;

/* ------------------------------------------------------------------ adaptive concurrency: specs */

/* Envoy's GradientControllerConfig. Its times are whole milliseconds. */
typedef struct mc_gradient_spec {
  double percentile;           /* of the samples of a window: 0 to 1; 0.5 in Envoy, as the next 0.15 and 0.25 */
  double jitter;               /* of the interval: so much later at most the min RTT is measured */
  double buffer;               /* of the min RTT: added to it */
  uint32_t max_limit;          /* 1000 in Envoy */
  uint32_t min_limit;          /* the least that windows set; 0: min_concurrency */
  uint32_t min_concurrency;    /* the limit at most while the min RTT is measured: 1 or more; 3 in Envoy */
  uint32_t request_count;      /* of samples that measure it; 50 in Envoy */
  uint64_t update_interval_ns; /* of a window of samples; 1 ms or more, as the next */
  uint64_t min_rtt_interval_ns; /* between two measurements */
  uint64_t fixed_min_rtt_us;   /* 0: it is measured */
} mc_gradient_spec;

/* Additive increase, multiplicative decrease: concurrency/aimd.h. */
typedef struct mc_aimd_spec {
  uint32_t initial_limit, min_limit, max_limit; /* 1 <= min <= initial <= max */
  double increase;               /* of a round of answers in time; above 0 */
  double backoff_ratio;          /* what is left of the limit; above 0, below 1 */
  uint64_t latency_threshold_ns; /* what takes longer came too late; 0: nothing does */
} mc_aimd_spec;

typedef enum mc_concurrency_kind { MC_CONCURRENCY_GRADIENT, MC_CONCURRENCY_AIMD } mc_concurrency_kind;

typedef struct mc_concurrency_spec {
  mc_concurrency_kind kind;
  mc_gradient_spec gradient; /* or */
  mc_aimd_spec aimd;
} mc_concurrency_spec;

/* How a limiter stands. */
typedef struct mc_concurrency_status {
  uint32_t limit, in_flight;
  uint64_t refused; /* so far */
  /* Of the gradient controller alone. */
  bool measuring;                    /* the min RTT */
  uint64_t min_rtt_us, sample_rtt_us; /* 0: not known yet */
  double gradient, headroom;         /* of the last window */
} mc_concurrency_status;

/* Envoy's AdaptiveConcurrency: a limit on the requests of a listener. */
typedef struct mc_concurrency_filter_spec {
  mc_concurrency_spec limit;
  uint16_t status; /* of what is above it */
} mc_concurrency_filter_spec;

/* ------------------------------------------------------------------ rate limits of requests: specs
 *
 * Descriptors are made of a request: lists of entries (key and value). Rules of a local limit have a bucket for
 * those with their entries; a service elsewhere is asked about all of them by a global limit.
 */

/* What an entry's value is. */
typedef enum mc_entry_source {
  MC_ENTRY_FIXED,         /* the spec's */
  MC_ENTRY_NEVER,         /* it has none */
  MC_ENTRY_CLUSTER,       /* the name of the cluster that the request goes to */
  MC_ENTRY_HEADER,
  MC_ENTRY_QUERY,         /* a query parameter, percent-decoded */
  MC_ENTRY_COOKIE,
  MC_ENTRY_PATH,          /* without query */
  MC_ENTRY_ROUTE,         /* the route's name */
  MC_ENTRY_ADDRESS,       /* the client's, as trusted x-forwarded-for has it, */
  MC_ENTRY_NETWORK,       /* and what its first bits leave of it: "192.0.2.0/24" */
  MC_ENTRY_CLIENT,        /* likewise, and IPv4 within IPv6 is IPv4 */
  MC_ENTRY_HEADERS_MATCH, /* the spec's, where all matchers match as expected */
  MC_ENTRY_QUERIES_MATCH,
} mc_entry_source;

typedef struct mc_entry_spec {
  mc_entry_source source;
  mc_slice key, value;
  mc_slice name;     /* of the header (lower-case), parameter or cookie */
  bool optional;     /* the descriptor may do without the entry; otherwise there is none without it */
  bool empty;        /* where there is no value, it is the empty one */
  bool expect_match; /* of matchers: that they match, or that not all of them do */
  uint8_t v4_bits, v6_bits;
  const mc_header_match_spec *headers;
  const mc_query_match_spec *queries;
  uint32_t header_count, query_count;
} mc_entry_spec;

/* Envoy's config.route.v3.RateLimit: what makes a descriptor. */
typedef struct mc_descriptor_spec {
  const mc_entry_spec *entries;
  uint32_t count;
  uint32_t stage;
  mc_said tells;              /* whether x-ratelimit-* tell of its bucket; unsaid: as the limit has it */
  mc_number hits;             /* tokens to take; not said: 1 */
  mc_format_spec hits_format; /* where they are to be read; what is no number makes no descriptor. count 0: nowhere */
  bool gives_back;            /* hits are put into the bucket */
  bool global_only;           /* it has a disable_key: local limits leave it aside, */
  mc_fraction share;          /* and this is the share of the requests that have it; denominator 0: all */
} mc_descriptor_spec;

typedef struct mc_descriptors_spec {
  const mc_descriptor_spec *at;
  uint32_t count;
} mc_descriptors_spec;

typedef struct mc_token_bucket {
  uint64_t max_tokens;       /* 1 to MC_MAX_TOKENS, as the next */
  uint64_t tokens_per_fill;
  uint64_t fill_interval_ns; /* at least 1 */
} mc_token_bucket;

/* A bucket for descriptors of these entries, keys and values in order. A value of size 0 stands for any, each of which
 * has a bucket of its own. */
typedef struct mc_limit_rule_spec {
  mc_slice name;  /* under which the runtime keeps its tokens: no other rule's, and with it another bucket's */
  mc_slice label; /* by which it is told to clients */
  const mc_label *entries;
  uint32_t entry_count;
  mc_token_bucket bucket; /* max_tokens 0: of no tokens, ever */
  bool shadow;            /* takes tokens, and refuses nobody */
  uint16_t status;        /* of its refusals; 0: as the limit has it */
} mc_limit_rule_spec;

/* Whether the virtual host's descriptors count: where the route has none, beside the route's, or not. */
typedef enum mc_outer_limits { MC_OUTER_OVERRIDE, MC_OUTER_INCLUDE, MC_OUTER_IGNORE } mc_outer_limits;

/* What answers tell of the bucket that decided, as bits. */
enum {
  MC_TELL_X_RATELIMIT = 1, /* x-ratelimit-limit, -remaining, -reset, as Envoy writes them */
  MC_TELL_RATELIMIT = 2,   /* RateLimit and RateLimit-Policy, of draft-ietf-httpapi-ratelimit-headers-10 */
  MC_TELL_RETRY_AFTER = 4, /* of refusals: Retry-After */
};

/* Envoy's LocalRateLimit. */
typedef struct mc_local_limit_spec {
  mc_slice name;  /* stat_prefix */
  mc_slice scope; /* whose it is: under which it is counted, no other's */
  const mc_limit_rule_spec *rules;
  uint32_t rule_count;
  const mc_limit_rule_spec *whole;         /* the bucket of all requests, without entries; NULL: none */
  const mc_descriptors_spec *descriptors; /* of its own, in place of the routes'; NULL: none */
  mc_fraction enabled, enforced;           /* denominator 0: of none */
  uint32_t stage;
  mc_outer_limits outer;
  uint64_t capacity;     /* keys that rules with any values, or connections, may have at once */
  uint16_t status;       /* of refusals */
  uint8_t tells;
  bool per_connection;   /* each connection has buckets of its own */
  bool always_whole;     /* the bucket of all requests counts those of rules, too */
  bool resource_exhausted; /* gRPC clients are told that, not that the service is unavailable */
  bool free_zero;        /* a cost of 0 is no cost; in Envoy it is refused */
  bool tells_least; /* of rules that pass, what is told is of the one with the least left, and of none in shadow */
  mc_edits_spec edits;   /* response_add: of refusals; request_add: of what is not enforced */
} mc_local_limit_spec;

typedef enum mc_limit_from { MC_FROM_ANYWHERE, MC_FROM_INTERNAL, MC_FROM_EXTERNAL } mc_limit_from;

/* Envoy's filters.http.ratelimit.v3.RateLimit. */
typedef struct mc_global_limit_spec {
  mc_slice domain;
  uint32_t stage;
  mc_limit_from from; /* of the requests that it is about */
  const mc_descriptors_spec *descriptors; /* of its own; NULL: the routes' */
  mc_fraction enabled, enforced;          /* denominator 0: of all */
  mc_fraction deny;                       /* share of the requests that are refused where the service fails */
  uint16_t status, error_status;
  bool tells;              /* x-ratelimit-* */
  bool tells_limited;      /* x-envoy-ratelimited */
  bool resource_exhausted;
  mc_edits_spec edits;     /* response_add: of refusals */
} mc_global_limit_spec;

/* Envoy's RateLimitPerRoute. */
typedef struct mc_global_level_spec {
  mc_slice domain;                        /* size 0: the filter's */
  mc_outer_limits outer;
  const mc_descriptors_spec *descriptors; /* NULL: the filter's, or the routes' */
} mc_global_level_spec;

/* What a level (route configuration, virtual host, route, weighted cluster) says to one filter, in place of what the
 * levels around it say. */
typedef struct mc_level_limit_spec {
  uint32_t filter; /* the filter's name, as a number of the snapshot's */
  const mc_local_limit_spec *local;   /* one of these */
  const mc_global_level_spec *global;
} mc_level_limit_spec;

typedef struct mc_level_limits_spec {
  const mc_level_limit_spec *at;
  uint32_t count;
} mc_level_limits_spec;

typedef enum mc_filter_kind {
  MC_FILTER_FAULT,
  MC_FILTER_CORS,
  MC_FILTER_LOCAL_LIMIT,
  MC_FILTER_GLOBAL_LIMIT,
  MC_FILTER_CONCURRENCY,
} mc_filter_kind;

/* One of a listener's filters. */
typedef struct mc_filter_spec {
  mc_filter_kind kind;
  uint32_t name; /* of limits: as a number, by which levels speak to it */
  const mc_local_limit_spec *local;   /* MC_FILTER_LOCAL_LIMIT; NULL: none but the levels' */
  const mc_global_limit_spec *global; /* MC_FILTER_GLOBAL_LIMIT */
  const mc_concurrency_filter_spec *concurrency; /* MC_FILTER_CONCURRENCY, of which a listener has one at most */
} mc_filter_spec;

/* ------------------------------------------------------------------ labels and subsets: specs */

/* Labels are what subsets are made of. A value of another type than text is given in its JSON form behind a NUL. An
 * endpoint of whose list each value counts has the label once for each; data NULL: of a list without values.
 *
 * Of routes and subsets: sorted by key as bytes, each key once. */
typedef struct mc_labels {
  const mc_label *at;
  uint32_t count;
} mc_labels;

/* A route's metadata_match; where the route has a fallback_list, also the labels with each of its entries over
 * them, in order, which count for clusters that ask for the list. */
typedef struct mc_criteria_spec {
  mc_labels labels;
  const mc_labels *alternatives;
  uint32_t alternative_count;
} mc_criteria_spec;

typedef enum mc_subset_fallback {
  MC_FALLBACK_UNDEFINED, /* of selectors: what the cluster says */
  MC_FALLBACK_NONE,      /* no host */
  MC_FALLBACK_ANY,
  MC_FALLBACK_DEFAULT,
  MC_FALLBACK_KEYS, /* of selectors: look again, by fewer keys */
} mc_subset_fallback;

typedef struct mc_subset_selector {
  mc_names keys; /* sorted, each once */
  bool single_host;
  mc_subset_fallback fallback;
  mc_names fallback_keys; /* some of the keys, not all */
} mc_subset_selector;

/* Envoy's LbSubsetConfig. */
typedef struct mc_subsets_spec {
  const mc_subset_selector *selectors;
  uint32_t selector_count;
  mc_subset_fallback fallback; /* NONE, ANY or DEFAULT */
  mc_labels default_labels;
  bool locality_weight_aware, scale_locality_weight, panic_mode_any, allow_redundant_keys, fallback_list;
} mc_subsets_spec;

/* Why a host was looked for in a subset. */
typedef enum mc_subset_reason {
  MC_SUBSET_NONE,              /* the cluster has no subsets, or no step is left */
  MC_SUBSET_MATCHED,           /* it is the one that the route names */
  MC_SUBSET_FEWER_KEYS,        /* likewise, by the keys of a fallback */
  MC_SUBSET_SELECTOR_FALLBACK, /* there is none, and the selector says this one */
  MC_SUBSET_FALLBACK,          /* there is none, and the cluster says this one */
  MC_SUBSET_PANIC,             /* nor has that one a host */
} mc_subset_reason;

/* ------------------------------------------------------------------ circuit breakers: specs */

/* Envoy's routing priorities, which have limits of their own. */
typedef enum mc_routing_priority { MC_ROUTING_DEFAULT, MC_ROUTING_HIGH } mc_routing_priority;

enum { MC_ROUTING_PRIORITIES = 2 };

/* What circuit breakers limit, of one cluster and priority. */
typedef enum mc_resource {
  MC_RESOURCE_CONNECTIONS,
  MC_RESOURCE_PENDING, /* requests that wait for a connection */
  MC_RESOURCE_REQUESTS,
  MC_RESOURCE_RETRIES, /* from when a retry is decided upon, the wait before it included */
} mc_resource;

enum { MC_RESOURCES = 4 };

/* Envoy's CircuitBreakers.Thresholds. UINT32_MAX limits nothing. */
typedef struct mc_thresholds {
  uint32_t max[MC_RESOURCES];   /* by mc_resource; 1024, 1024, 1024 and 3 in Envoy */
  uint32_t max_host_connections; /* of each endpoint; none in Envoy */
  bool retry_budget;             /* what follows counts in place of max[MC_RESOURCE_RETRIES] */
  double budget_percent;         /* of the active requests: so many retries */
  uint32_t min_retry_concurrency; /* but never fewer */
} mc_thresholds;

/* How a resource is used now. */
typedef struct mc_usage {
  uint32_t limit; /* a retry budget's moves with the active requests */
  uint32_t used;
  uint64_t overflows; /* how often the limit has refused it so far */
} mc_usage;

/* ------------------------------------------------------------------ tracing: specs */

/* What shares of the requests are traced; denominators above 0. */
typedef struct mc_sampling_shares {
  mc_fraction client;  /* of those that ask for it by x-client-trace-id */
  mc_fraction random;  /* of all others, by their id */
  mc_fraction overall; /* of both: what is beyond is not traced */
} mc_sampling_shares;

/* Whose headers go upstream. */
typedef enum mc_tracer { MC_TRACER_NONE, MC_TRACER_ZIPKIN, MC_TRACER_OPENTELEMETRY } mc_tracer;

/* The connection manager's tracing, as far as the upstream sees it. */
typedef struct mc_tracing_spec {
  mc_tracer tracer;
  bool w3c;                 /* Zipkin: traceparent beside B3 */
  bool shared_span_context; /* Zipkin: what comes in has the span of the client; not with outbound */
  bool long_ids;            /* Zipkin: new traces have ids of 128 bits */
  bool outbound;            /* the listener is for requests that go out */
  bool spawn_upstream_span; /* each attempt has a span of its own */
  bool any_id;              /* sampling does not hang on the request's id: all are traced */
  mc_sampling_shares shares; /* of routes that say nothing */
} mc_tracing_spec;

/* ------------------------------------------------------------------ a route's action: specs */

typedef enum mc_hash_kind { MC_HASH_HEADER, MC_HASH_COOKIE, MC_HASH_SOURCE_IP, MC_HASH_QUERY } mc_hash_kind;

typedef struct mc_cookie_attribute {
  mc_slice name, value; /* value of size 0: the name alone */
} mc_cookie_attribute;

/* How a cookie is given to a client that has none. */
typedef struct mc_cookie_spec {
  uint64_t max_age; /* seconds; 0: until the client's session ends */
  mc_slice path;    /* size 0: not said */
  const mc_cookie_attribute *attributes;
  uint32_t attribute_count;
} mc_cookie_spec;

typedef enum mc_session_kind { MC_SESSION_OFF, MC_SESSION_COOKIE, MC_SESSION_HEADER } mc_session_kind;

/* Envoy's StatefulSession: requests go to the endpoint that they name, by an address in base64. */
typedef struct mc_session_spec {
  mc_session_kind kind;    /* MC_SESSION_OFF: requests at this level have no session */
  mc_slice name;           /* of the cookie, or of the header (lower-case) */
  mc_cookie_spec cookie;   /* MC_SESSION_COOKIE; only requests below its path have a session */
  bool strict;             /* nothing else will do than what a request asks for */
  uint16_t missing_status; /* of the answer then, where there is no such endpoint */
} mc_session_spec;

typedef struct mc_hash_policy_spec {
  mc_hash_kind kind;
  bool terminal;
  mc_slice name;
  mc_substitution_spec regex;   /* pattern.data NULL: none */
  const mc_cookie_spec *cookie; /* MC_HASH_COOKIE: NULL: none is given */
} mc_hash_policy_spec;

typedef struct mc_hash_policies_spec {
  const mc_hash_policy_spec *at;
  uint32_t count;
} mc_hash_policies_spec;

/* What keeps a request at its weighted cluster. Without a value the choice is random. */
typedef struct mc_sticky_spec {
  mc_hash_kind kind;
  mc_slice name;
  const mc_cookie_spec *cookie; /* MC_HASH_COOKIE: NULL: none is given */
} mc_sticky_spec;

typedef struct mc_weighted_cluster_spec {
  int32_t cluster;         /* index in the snapshot, or -1: by cluster_header, or unknown */
  mc_slice name;           /* by which sticky splits know it, wherever it stands */
  mc_slice cluster_header; /* data NULL: none */
  uint32_t weight;
  mc_slice host_rewrite; /* data NULL: none */
  mc_edits_spec edits;
  const mc_cors_spec *cors; /* NULL: none */
  const mc_criteria_spec *criteria; /* its own over the route's; NULL: none */
  const mc_session_spec *session;   /* as in mc_action_spec */
  const mc_fault_spec *fault; /* NULL: none */
  mc_level_limits_spec limits;
} mc_weighted_cluster_spec;

/* Whether requests to switch to a protocol ("websocket", "CONNECT"; "*" is any) are let through. */
typedef struct mc_upgrade {
  mc_slice protocol;
  bool enabled;
} mc_upgrade;

/* Envoy's conditions for a retry, as bits; mc_retry_on_parse() reads their names. */
typedef enum mc_retry_on {
  MC_RETRY_ON_5XX = 1 << 0,
  MC_RETRY_ON_GATEWAY_ERROR = 1 << 1,
  MC_RETRY_ON_RESET = 1 << 2,
  MC_RETRY_ON_RESET_BEFORE_REQUEST = 1 << 3,
  MC_RETRY_ON_CONNECT_FAILURE = 1 << 4,
  MC_RETRY_ON_ENVOY_RATE_LIMITED = 1 << 5,
  MC_RETRY_ON_RETRIABLE_4XX = 1 << 6,
  MC_RETRY_ON_REFUSED_STREAM = 1 << 7,
  MC_RETRY_ON_RETRIABLE_STATUS_CODES = 1 << 8,
  MC_RETRY_ON_RETRIABLE_HEADERS = 1 << 9,
  MC_RETRY_ON_HTTP3_POST_CONNECT_FAILURE = 1 << 10, /* never the case: there is no HTTP/3 */
  MC_RETRY_ON_GRPC_CANCELLED = 1 << 11,
  MC_RETRY_ON_GRPC_DEADLINE_EXCEEDED = 1 << 12,
  MC_RETRY_ON_GRPC_INTERNAL = 1 << 13,
  MC_RETRY_ON_GRPC_RESOURCE_EXHAUSTED = 1 << 14,
  MC_RETRY_ON_GRPC_UNAVAILABLE = 1 << 15,
} mc_retry_on;

/* The conditions of a list such as "5xx, gateway-error"; what is unknown counts for nothing. */
uint32_t mc_retry_on_parse(mc_slice list);

/* A header of answers that tells when to come back. */
typedef struct mc_reset_header {
  mc_slice name;  /* lower-case */
  bool timestamp; /* seconds since 1970; otherwise seconds from now */
} mc_reset_header;

/* Envoy's RetryPolicy, without its timeouts. */
typedef struct mc_retry_spec {
  uint32_t on;               /* mc_retry_on */
  uint32_t retries;          /* attempts after the first */
  uint64_t base_ns, max_ns;  /* of the backoff; base_ns is above 0 */
  const uint32_t *status_codes;
  uint32_t status_code_count;
  const mc_header_match_spec *headers; /* of answers that are to be retried */
  uint32_t header_count;
  const mc_header_match_spec *request_headers; /* none: every request may be retried; or else one has to match */
  uint32_t request_header_count;
  const mc_reset_header *reset_headers;
  uint32_t reset_header_count;
  uint64_t reset_max_ns;   /* what tells of a longer wait is not heeded */
  bool avoid_previous_hosts;
  const mc_labels *omit;   /* hosts that have one of these sets of labels are passed over */
  uint32_t omit_count;
  uint32_t host_attempts;  /* how often a host that is passed over is replaced by another pick */
  uint32_t priority_frequency; /* after so many attempts, priorities that were tried are left out; 0: never */
} mc_retry_spec;

/* Envoy's HedgePolicy. */
typedef struct mc_hedge_spec {
  uint32_t initial_requests;          /* 0 counts as 1 */
  uint32_t numerator, denominator;    /* chance of one more; denominator 0: none */
  bool on_per_try_timeout;            /* what takes too long goes on beside the next attempt */
} mc_hedge_spec;

/* What limits the time of a request. Of what may be unset, UINT64_MAX says so; 0 means no limit. */
typedef struct mc_timeout_spec {
  uint64_t request_ns;       /* Envoy's route timeout */
  uint64_t per_try_ns, per_try_idle_ns;
  uint64_t idle_ns;          /* of the stream; may be unset: the listener's */
  bool stream_limits;        /* the route has max_stream_duration: request_ns does not count */
  uint64_t stream_ns;        /* max_stream_duration of the route; may be unset: the listener's */
  uint64_t grpc_header_max_ns, grpc_header_offset_ns; /* of max_stream_duration; max may be unset */
  uint64_t grpc_max_ns, grpc_offset_ns; /* max_grpc_timeout and its offset; max may be unset */
} mc_timeout_spec;

typedef enum mc_action_kind { MC_ACTION_FORWARD, MC_ACTION_REDIRECT, MC_ACTION_RESPOND } mc_action_kind;

typedef struct mc_action_spec {
  mc_action_kind kind;
  mc_slice name; /* of the route */
  mc_edits_spec edits;
  const mc_fault_spec *fault; /* over that of the virtual host; NULL: none */
  mc_level_limits_spec limits;
  mc_descriptors_spec descriptors; /* for limits that have none of their own */
  bool include_outer_limits;       /* the virtual host's descriptors count beside these, whatever a limit says */
  /* MC_ACTION_FORWARD: cluster, or cluster_header, or clusters */
  int32_t cluster;         /* -1: none, or unknown */
  mc_slice cluster_header; /* data NULL: none */
  const mc_weighted_cluster_spec *clusters;
  uint32_t cluster_count;
  mc_slice weight_header; /* data NULL: none */
  bool weight_by_hash;
  const mc_sticky_spec *sticky; /* NULL: the choice is not sticky */
  uint16_t cluster_not_found_status;
  mc_routing_priority priority;
  const mc_timeout_spec *timeouts; /* NULL: none */
  const mc_retry_spec *retry;      /* NULL: none */
  mc_hedge_spec hedge;
  bool count_attempts; /* x-envoy-attempt-count goes upstream */
  bool tell_attempts;  /* and into the answer */
  mc_path_rewrite_spec path_rewrite;
  mc_host_rewrite_spec host_rewrite;
  const mc_hash_policy_spec *hash_policies;
  uint32_t hash_policy_count;
  const mc_criteria_spec *criteria; /* NULL: none; not of weighted clusters */
  const mc_upgrade *upgrades; /* over those of the listener */
  uint32_t upgrade_count;
  const mc_cors_spec *cors;        /* the CORS filter's policy for the route; NULL: none */
  const mc_cors_spec *cors_field;  /* the older way: counts where the filter has no policy at any level */
  const mc_mirror_spec *mirrors;   /* none: those of the virtual host, then those of the listener */
  uint32_t mirror_count;
  const mc_session_spec *session;  /* NULL: that of the next level */
  const mc_sampling_shares *sampling; /* over those of the listener; NULL: none. Of every kind of action */
  /* MC_ACTION_REDIRECT */
  mc_redirect_spec redirect;
  /* MC_ACTION_RESPOND; the body itself stays with the caller, unless it is a format */
  uint16_t status;
  mc_format_spec body;
  mc_slice content_type; /* of the answer; data NULL: none */
} mc_action_spec;

/* ------------------------------------------------------------------ clusters: specs */

typedef enum mc_policy_kind {
  MC_POLICY_ROUND_ROBIN,
  MC_POLICY_RANDOM,
  MC_POLICY_RING_HASH,
  MC_POLICY_MAGLEV,
  MC_POLICY_WEIGHTED_RANDOM, /* not Envoy's, whose random ignores weights */
  MC_POLICY_LEAST_REQUEST,
  MC_POLICY_PEAK_EWMA,
  MC_POLICY_CLIENT_SIDE_WEIGHTED_ROUND_ROBIN,
} mc_policy_kind;

typedef enum mc_health {
  MC_HEALTHY,
  MC_DEGRADED,  /* used where healthy hosts do not suffice */
  MC_UNHEALTHY, /* used in panic only */
  MC_DRAINING,  /* as unhealthy, and counted as if it were not there */
} mc_health;

/* Who may say that an endpoint is not healthy, whatever its configuration says; a bit for each. */
enum mc_failing { MC_FAILING_USER = 1, MC_FAILING_EJECTED = 2, MC_FAILING_HEALTH_CHECK = 4 };


/* What an endpoint may be for sessions to stay with it, as bits: Envoy's HealthStatus. */
enum {
  MC_STATUS_UNKNOWN = 1,
  MC_STATUS_HEALTHY = 2,
  MC_STATUS_UNHEALTHY = 4,
  MC_STATUS_DRAINING = 8,
  MC_STATUS_TIMEOUT = 16,
  MC_STATUS_DEGRADED = 32,
};

typedef struct mc_endpoint_spec {
  mc_slice address;  /* as it is named in decisions: "10.0.0.7:9080" */
  mc_slice hostname; /* data NULL: none */
  mc_slice hash_key; /* what policies that hash use for it; data NULL: the address */
  mc_health health;
  uint8_t status;    /* MC_STATUS_..., for sessions; 0: none may stay */
  mc_health unchecked; /* what active checks say of it before the first one; MC_HEALTHY where it is not checked */
  uint32_t weight;     /* 0 counts as 1 */
  uint32_t locality; /* number in the cluster's localities */
  const mc_label *labels;
  uint32_t label_count;
} mc_endpoint_spec;

typedef struct mc_locality_spec {
  mc_slice region, zone, sub_zone;
  uint32_t priority; /* 0 is used first */
  uint32_t weight;   /* where localities are weighted; 0: nothing goes there */
} mc_locality_spec;

typedef enum mc_hash_function { MC_XX_HASH, MC_MURMUR_HASH_2 } mc_hash_function;

/* Envoy's limits. */
enum { MC_MAX_RING_SIZE = 8388608, MC_MAX_TABLE_SIZE = 5000011 };

/* What counts where the policy hashes. */
typedef struct mc_hashing_spec {
  mc_hash_function function;                     /* of the ring's entries */
  uint32_t minimum_ring_size, maximum_ring_size; /* 1024 and MC_MAX_RING_SIZE in Envoy */
  uint32_t table_size;     /* of Maglev: a prime; 65537 in Envoy */
  uint32_t balance_factor; /* percent of the average load that a host may have; 0: any */
} mc_hashing_spec;

typedef struct mc_locality_name {
  mc_slice region, zone, sub_zone;
} mc_locality_name;

/* Hosts of the cluster that the caller itself belongs to, in one locality. */
typedef struct mc_peers {
  mc_locality_name locality;
  uint32_t hosts, healthy;
  uint64_t healthy_weight;
} mc_peers;

/* Zone aware routing, of policies that do not hash. */
typedef struct mc_zone_spec {
  mc_locality_name own; /* the caller's locality */
  const mc_peers *peers;
  uint32_t peer_count;
  uint32_t peer_hosts, usable_peers; /* in all: those that are not draining; those healthy or degraded */
  uint32_t routing_percent;          /* 100 in Envoy */
  uint64_t min_cluster_size;         /* healthy hosts; 6 in Envoy */
  uint32_t force_minimum; /* with so many healthy hosts in its locality, nothing leaves it; 0: what is fair does */
  bool by_weight;         /* hosts count by their weights */
} mc_zone_spec;

/* Parameters of the policies that go by load. */
typedef struct mc_load_options {
  /* round robin, least request, client-side weighted round robin */
  uint64_t slow_start_ns; /* window of slow start; 0: none */
  double slow_start_aggression; /* above 0 */
  double slow_start_least;      /* of the weight, 0 to 1 */
  /* least request */
  uint32_t choice_count; /* less than 2 counts as 2 */
  bool full_scan;
  double active_request_bias; /* 0 or more */
  /* peak EWMA */
  uint64_t decay_ns;           /* time constant */
  uint64_t default_latency_ns; /* of a host that was never asked */
  double penalty;              /* cost of one that was, and never answered */
  /* client-side weighted round robin */
  uint64_t blackout_ns;   /* how long a host reports before it is believed */
  uint64_t expiration_ns; /* how long a report counts */
  uint64_t update_ns;     /* between two reckonings of the weights */
  double error_penalty;   /* utilisation that a rate of errors of 1 stands for */
} mc_load_options;

/* How a cluster chooses among its hosts. Which fields count depends on the policy. */
typedef struct mc_balance_spec {
  mc_policy_kind policy;
  uint32_t panic_percent;            /* 50 in Envoy; 0: never */
  uint32_t overprovisioning_percent; /* 140 in Envoy */
  bool fail_traffic_on_panic;
  bool locality_weighted;
  const mc_zone_spec *zone; /* NULL: none */
  mc_hashing_spec hashing;
  mc_load_options load;
  uint64_t now_ns; /* when it is built: new hosts start slowly from then on */
} mc_balance_spec;

/* Why a host is ejected; mc_ejection_name() gives Envoy's name. */
typedef enum mc_ejection {
  MC_EJECTION_CONSECUTIVE_5XX,
  MC_EJECTION_CONSECUTIVE_GATEWAY_FAILURE,
  MC_EJECTION_CONSECUTIVE_LOCAL_ORIGIN_FAILURE,
  MC_EJECTION_SUCCESS_RATE,
  MC_EJECTION_SUCCESS_RATE_LOCAL_ORIGIN,
  MC_EJECTION_FAILURE_PERCENTAGE,
  MC_EJECTION_FAILURE_PERCENTAGE_LOCAL_ORIGIN,
} mc_ejection;

enum { MC_EJECTIONS = 7 };

/* The text, NUL-terminated and static. */
const char *mc_ejection_name(mc_ejection reason);

typedef struct mc_code_range {
  uint16_t start, end; /* [start, end) */
} mc_code_range;

/* Envoy's OutlierDetection, by its names. Counts of 0: never. */
typedef struct mc_outlier_spec {
  uint32_t consecutive_5xx, consecutive_gateway_failure, consecutive_local_origin_failure;
  uint32_t enforcing[MC_EJECTIONS]; /* percent */
  uint64_t interval_ns, base_ejection_time_ns;
  uint64_t max_ejection_time_ns; /* not below the base */
  uint64_t max_ejection_time_jitter_ns;
  uint32_t max_ejection_percent;
  bool always_eject_one_host;
  bool split_external_local_origin_errors;
  bool successful_health_check_unejects;
  uint32_t success_rate_minimum_hosts, success_rate_request_volume;
  uint32_t success_rate_stdev_factor; /* thousandths */
  uint32_t failure_percentage_threshold, failure_percentage_minimum_hosts, failure_percentage_request_volume;
  const mc_code_range *error_codes; /* the statuses that are errors; none: 500 to 599 */
  uint32_t error_code_count;
} mc_outlier_spec;

typedef struct mc_cluster_spec {
  mc_slice name;
  mc_balance_spec balance;
  const mc_endpoint_spec *endpoints;
  uint32_t endpoint_count;
  const mc_locality_spec *localities; /* none: all endpoints are in one that has no name */
  uint32_t locality_count;
  const mc_subsets_spec *subsets; /* NULL: none */
  const mc_thresholds *thresholds; /* by mc_routing_priority; NULL: Envoy's defaults */
  uint8_t session_statuses; /* of the endpoints that sessions may stay with */
  mc_names override_headers; /* whose addresses come before what the policy would choose; lower-case */
  const mc_outlier_spec *outlier; /* NULL: no host is ejected */
  const mc_concurrency_spec *concurrency; /* of the requests under way to all endpoints; NULL: none */
  uint64_t merge_window_ns; /* for which ejections that follow one wait, and take effect together; 1 s in Envoy */
  int32_t keep; /* number of the cluster in the previous snapshot that is taken over as it is; -1: none */
} mc_cluster_spec;

/* ------------------------------------------------------------------ the connection manager's options */

typedef enum mc_escaped_slashes {
  MC_SLASHES_KEEP,
  MC_SLASHES_REJECT,
  MC_SLASHES_REDIRECT,
  MC_SLASHES_FORWARD,
} mc_escaped_slashes;

typedef struct mc_cidr {
  uint8_t address[16]; /* IPv4 as ::ffff:a.b.c.d */
  uint8_t bits;        /* of 128 */
} mc_cidr;

typedef struct mc_http_options {
  bool normalize_path;
  bool merge_slashes;
  mc_escaped_slashes escaped_slashes;
  bool strip_matching_host_port;
  bool strip_any_host_port;
  bool strip_trailing_host_dot;
  bool use_remote_address;
  bool skip_xff_append;
  bool append_x_forwarded_port;
  bool suppress_envoy_headers;
  bool respect_expected_rq_timeout;
  bool has_internal_cidrs; /* false: nobody is internal */
  bool generate_request_id;
  bool preserve_external_request_id;
  bool always_set_request_id_in_response;
  bool keep_trace_reason; /* what is decided of a trace is not written into its request id */
  const mc_tracing_spec *tracing; /* NULL: none */
  uint32_t xff_num_trusted_hops;
  uint64_t stream_idle_ns, max_stream_ns; /* of routes that say nothing; 0: no limit */
  mc_slice scheme_to_overwrite; /* data NULL: none */
  mc_slice via;                 /* data NULL: none */
  const mc_cidr *internal_cidrs;
  uint32_t internal_cidr_count;
  const mc_upgrade *upgrades;
  uint32_t upgrade_count;
} mc_http_options;

/* ------------------------------------------------------------------ a request and its one view */

/* A peer's address as the request has it: an IPv6 socket that takes IPv4 as well says "::ffff:192.0.2.7" of 192.0.2.7. */
mc_slice mc_peer_address(mc_slice text);

typedef struct mc_request {
  mc_slice method;
  mc_slice authority; /* data NULL: take the host header */
  mc_slice target;    /* the request target as received: origin, absolute, authority or asterisk form */
  mc_slice scheme;    /* of the connection: "http" or "https" */
  mc_slice protocol;  /* "HTTP/1.1" */
  mc_slice source;    /* address of the direct peer, without port (mc_peer_address); data NULL: unknown */
  uint16_t source_port;
  mc_slice local; /* own address, without port; data NULL: unknown */
  uint16_t port;  /* own port; 0: unknown */
  const mc_header *headers;
  uint32_t header_count;
  uint64_t now_ns;
  uint64_t unix_s; /* the time for clients' cookies, in seconds since 1970; see mc_snapshot_reads_unix_time */
  uint64_t seed;
  const uint64_t *ids; /* MC_REQUEST_IDS numbers, of which mc_snapshot_makes_ids are random, for as long as the decision;
                          NULL: they come of the seed */
  bool stale; /* decide even where the cluster has news */
  bool inbound; /* it is at the service that it is for, and its caller has gone by the routes: limits have their say, but
                   faults and CORS have not, and no endpoint is picked */
  const unsigned char *served; /* by the cluster's index, while it is decided: not 0 where whoever asks answers for it; where
                                  it has no endpoint, the request is forwarded without one. NULL: nothing is known of that */
} mc_request;

enum { MC_REQUEST_IDS = 5 };

/* Lines that the connection manager may add to a request. */
enum { MC_VIEW_ADDED = 8 };

/* The one normalised view that matching, limits, rewrites and the upstream all see. */
typedef struct mc_view {
  mc_slice method;
  mc_slice scheme;
  mc_slice authority;
  mc_slice target; /* path and query */
  mc_slice path;   /* target up to the first '?' */
  mc_slice query;  /* what follows it; data NULL: no '?' */
  /* The header lines as matchers, formats and the upstream may see them: those of headers whose
   * bit in hidden is clear, then those of added; mc_view_next() visits them. Host lines are in
   * authority and always hidden. */
  const mc_header *headers;
  const int32_t *sources; /* index in the request of each line, -1: ours; NULL: the same index */
  uint64_t hidden[2];     /* bit i of hidden[i / 64] is set: headers[i] is not there */
  uint64_t unasked[2];    /* likewise: nobody asks for the name of headers[i] */
  uint32_t header_count;
  uint32_t added_count;
  mc_header added[MC_VIEW_ADDED]; /* x-forwarded-proto and the like */
  mc_slice protocol;
  mc_slice source; /* the direct peer */
  uint16_t source_port;
  mc_slice client; /* the client that is believed: the peer, or what trusted x-forwarded-for says */
  mc_slice local;
  uint16_t port;
  mc_slice forwarded_proto; /* x-forwarded-proto as it stands */
  mc_slice upgrade;         /* the protocol that the request wants to switch to; data NULL: none */
  mc_slice request_id;      /* x-request-id, where the listener minds it; data NULL: none */
  bool owns_request_id;     /* its text is the view's own: no header line of the request */
  bool wishes_trace;        /* false: no line has a name that asks for a trace, or says what it is of */
  bool internal; /* the client is internal */
  bool tls;      /* the connection's own scheme is https */
} mc_view;

/* ------------------------------------------------------------------ regex */

/* RE2 syntax over UTF-8, without unicode classes; docs/regex.md has the subset. Matching takes time
 * linear in the text times the size of the pattern, whatever either of them says. A compiled regex is
 * immutable and may be used by many threads at once. */
typedef struct mc_regex mc_regex;

enum {
  MC_REGEX_GROUPS = 10,          /* \0 to \9: what a substitution can name */
  MC_REGEX_MAX_PROGRAM = 10000,  /* instructions; counted repetitions are written out */
  MC_REGEX_MAX_NESTING = 1000,   /* of groups */
};

/* NULL where the pattern is refused: MC_INVALID (the error has message and position), MC_LIMIT (too
 * large) or MC_NO_MEMORY. */
mc_regex *mc_regex_compile(mc_slice pattern, mc_error *error);
void mc_regex_free(mc_regex *regex);
/* Groups in the pattern, the whole match (group 0) not counted. */
uint32_t mc_regex_group_count(const mc_regex *regex);
/* What every text that matches as a whole begins with; often empty, never absent. Valid as long as the regex. */
mc_slice mc_regex_literal_prefix(const mc_regex *regex);
/* The literal prefix is the one text that matches. */
bool mc_regex_is_literal(const mc_regex *regex);
/* Whether the whole text matches. no_memory is set where memory ran out, and is left alone otherwise;
 * only regexes of more than about 200 instructions that have no table ever need memory. */
bool mc_regex_full_match(const mc_regex *regex, mc_slice text, bool *no_memory);
/* The same, and what each group matched: groups[0] is the text, a group that took no part is absent. */
bool mc_regex_full_match_groups(const mc_regex *regex, mc_slice text, mc_slice groups[MC_REGEX_GROUPS],
                                bool *no_memory);

/* What replaces a match: text with \0 to \9 and \\. As with RE2, any text compiles: a reference to a
 * group that the regex has not leaves texts unchanged, and any other escape ends the substitution. */
typedef struct mc_substitution mc_substitution;

/* NULL where memory is out. */
mc_substitution *mc_substitution_compile(mc_slice substitution);
void mc_substitution_free(mc_substitution *substitution);
/* Replaces all matches as RE2's GlobalReplace does: leftmost, preferring earlier alternatives, not
 * overlapping. out is the text itself where nothing matches, and in scratch otherwise.
 * MC_OK or MC_NO_MEMORY. */
mc_code mc_regex_replace_all(const mc_regex *regex, mc_slice text, const mc_substitution *substitution,
                             mc_scratch *scratch, mc_slice *out);

/* ------------------------------------------------------------------ path templates */

/* Envoy's uri_template: "/bar/{country}/{rest=**}", with * for one segment and ** for any number. */
typedef struct mc_template mc_template;
/* "/x/{rest}/y", over the variables of one template. */
typedef struct mc_template_rewrite mc_template_rewrite;

enum { MC_TEMPLATE_VARIABLES = 5 };

/* NULL where the template is refused; the error has message and position. */
mc_template *mc_template_compile(mc_slice text, mc_error *error);
void mc_template_free(mc_template *path_template);
/* What every path that matches begins with; at least "/". Valid as long as the template. */
mc_slice mc_template_literal_prefix(const mc_template *path_template);
/* The literal prefix is the one path that matches. */
bool mc_template_is_literal(const mc_template *path_template);
uint32_t mc_template_variable_count(const mc_template *path_template);
mc_slice mc_template_variable_name(const mc_template *path_template, uint32_t index);
/* Whether the path (without query) matches; values, unless NULL, gets what each variable matched. */
bool mc_template_match(const mc_template *path_template, mc_slice path, mc_slice values[MC_TEMPLATE_VARIABLES]);

/* NULL where the rewrite is refused, or names a variable that the template has not. */
mc_template_rewrite *mc_template_rewrite_compile(const mc_template *path_template, mc_slice text,
                                                 mc_error *error);
void mc_template_rewrite_free(mc_template_rewrite *rewrite);
/* The path made of the values that mc_template_match gave; in scratch. MC_OK or MC_NO_MEMORY. */
mc_code mc_template_rewrite_apply(const mc_template_rewrite *rewrite,
                                  const mc_slice values[MC_TEMPLATE_VARIABLES], mc_scratch *scratch,
                                  mc_slice *out);

/* Fills path and query from target; any line may be asked for. */
void mc_view_split(mc_view *view);

/* ------------------------------------------------------------------ route tables
 *
 * Build: new, then virtual hosts, then domains over them. After the last add a table is immutable and
 * may be matched by many threads at once. After a failed add it may only be freed.
 */

typedef struct mc_route_table mc_route_table;

/* NULL: no memory. */
mc_route_table *mc_route_table_new(void);
void mc_route_table_free(mc_route_table *table);

/* Adds a virtual host. Its routes, first match first, get the next numbers of the whole table. */
mc_code mc_route_table_add_virtual_host(mc_route_table *table, const mc_route_spec *routes, uint32_t count,
                                        int32_t *index, mc_error *error);

/* Adds a table of domains over the virtual hosts. MC_INVALID where a domain is given twice. */
mc_code mc_route_table_add_domains(mc_route_table *table, const mc_domains_spec *spec, int32_t *index,
                                   mc_error *error);

/* Whether any route, or the choice of virtual host, depends on header lines: if not, a view needs none. */
bool mc_route_table_reads_headers(const mc_route_table *table);

/* The number of the first route that matches the view, or -1. random decides runtime fractions. */
mc_code mc_route_table_match(const mc_route_table *table, int32_t domains, const mc_view *view, uint64_t random,
                             mc_scratch *scratch, int32_t *route);

/* ------------------------------------------------------------------ runtime */

typedef struct mc_runtime mc_runtime;

/* NULL: no memory. A runtime is freed after the last snapshot that was built on it. */
mc_runtime *mc_runtime_new(void);
/* Before anything is built with it: no two threads ever decide, report or close at once, because its owner sees to that
 * (an interpreter's lock). What is counted in this process alone then takes no locked instructions. */
void mc_runtime_set_alone(mc_runtime *runtime);
void mc_runtime_free(mc_runtime *runtime);
/* Held for the time of building or freeing a snapshot's tables. A binding holds it while the process forks: the child
 * would find it held for ever by a thread that is not there. */
void mc_runtime_lock(mc_runtime *runtime);
void mc_runtime_unlock(mc_runtime *runtime);
/* 16 bytes that nobody should be able to guess, for the keys of rate limits; before the first snapshot. */
void mc_runtime_set_secret(mc_runtime *runtime, const uint8_t *secret);
/* Clusters and endpoints have in common what processes share: requests under way and what else circuit breakers count,
 * and who is ejected. Before the first snapshot; the shared state is freed after the runtime. */
typedef struct mc_shared mc_shared;
void mc_runtime_share(mc_runtime *runtime, mc_shared *shared);
/* Why the shared state was the reason that the last snapshot failed for want of memory; NULL: it was not. */
const char *mc_runtime_refusal(const mc_runtime *runtime);

/* ------------------------------------------------------------------ reports */

/* How an attempt at an endpoint went, as far as balancing learns from it. */
typedef struct mc_report {
  uint64_t now_ns;
  uint64_t latency_ns; /* from the request to the head of the answer; 0: not measured */
  /* The load of the whole endpoint, as it tells itself (ORCA); requests_per_second 0: it tells nothing. */
  double requests_per_second, errors_per_second;
  double utilization; /* 1: it can bear no more */
} mc_report;

/* How an attempt failed, other than by its answer; as Envoy tells the reasons apart. */
typedef enum mc_failure {
  MC_FAILURE_NONE,
  MC_FAILURE_CONNECT,              /* refused, unreachable, the name not found */
  MC_FAILURE_CONNECT_TIMEOUT,
  MC_FAILURE_RESET_BEFORE_REQUEST, /* before anything of the request was sent */
  MC_FAILURE_RESET,                /* of a connection or stream that had been there */
  MC_FAILURE_REFUSED_STREAM,       /* HTTP/2 REFUSED_STREAM */
  MC_FAILURE_PROTOCOL,             /* what came is no HTTP */
  MC_FAILURE_PER_TRY_TIMEOUT,
  MC_FAILURE_TIMEOUT,              /* of the whole request */
  MC_FAILURE_REMOTE_RESET,         /* of an HTTP/2 stream */
  MC_FAILURE_PER_TRY_IDLE_TIMEOUT,
  MC_FAILURE_IDLE_TIMEOUT,         /* of the whole stream */
  MC_FAILURE_MAX_DURATION,         /* of the whole stream */
  MC_FAILURE_UPSTREAM_MAX_DURATION, /* of an attempt: x-envoy-upstream-stream-duration-ms */
  MC_FAILURE_OVERFLOW,             /* of a connection pool: never retried */
} mc_failure;

/* How an attempt at an endpoint ended. */
typedef struct mc_result {
  mc_failure failure;
  uint16_t status;          /* of the answer; 0: there was none */
  int32_t grpc_status;      /* of a gRPC answer; -1: none */
  const mc_header *headers; /* of the answer */
  uint32_t header_count;
  mc_report report;
} mc_result;

/* ------------------------------------------------------------------ outlier detection */

/* What detection knows of a host. */
typedef struct mc_outlier_status {
  bool ejected;
  mc_ejection reason;  /* of the last ejection, where there was one */
  uint64_t left_ns;    /* until it comes back; 0: it is not ejected */
  uint32_t ejections;  /* so far */
  uint32_t multiplier; /* ejections in a row: an ejection lasts so many base times */
  double success_rate, local_origin_success_rate; /* percent, of the last interval; below 0: too few requests */
} mc_outlier_status;

/* What detection has done in a cluster; arrays of two: for answers and for the way to the host. */
typedef struct mc_outlier_counts {
  uint64_t detected[MC_EJECTIONS]; /* hosts that were outliers, and not ejected yet */
  uint64_t enforced[MC_EJECTIONS]; /* those that were ejected */
  uint64_t overflow;               /* those that were not, since too many were ejected */
  double average[2], threshold[2]; /* of the success rates, percent; -1: too few hosts with requests enough */
} mc_outlier_counts;

/* A detector by itself: the one of clusters, over a list of hosts. By many threads at once. */
typedef struct mc_detector mc_detector;

/* NULL: no memory. seed: of what is left to chance. */
mc_detector *mc_detector_new(const mc_outlier_spec *spec, const mc_slice *hosts, uint32_t count, uint64_t now_ns,
                             uint64_t seed);
void mc_detector_free(mc_detector *detector);
/* How an attempt at a host ended; result->report.now_ns says when. */
void mc_detector_report(mc_detector *detector, uint32_t host, const mc_result *result);
/* Does what has become due, as the next two do. */
void mc_detector_sweep(mc_detector *detector, uint64_t now_ns);
bool mc_detector_ejected(mc_detector *detector, uint32_t host, uint64_t now_ns);
mc_outlier_status mc_detector_status(mc_detector *detector, uint32_t host, uint64_t now_ns);
mc_outlier_counts mc_detector_counts(const mc_detector *detector);

/* ------------------------------------------------------------------ snapshots
 *
 * Everything that one configuration says, compiled: listeners over virtual hosts over routes, and
 * clusters. Immutable once built. Numbers (of listeners, virtual hosts, routes, clusters, endpoints) are
 * those of the specs; routes are numbered over all virtual hosts in order.
 */

typedef enum mc_require_tls { MC_TLS_NONE, MC_TLS_EXTERNAL_ONLY, MC_TLS_ALL } mc_require_tls;

typedef struct mc_virtual_host_spec {
  const mc_route_spec *routes; /* in order; the first that matches wins */
  const mc_action_spec *actions; /* what each does */
  uint32_t route_count;
  mc_require_tls require_tls;
  mc_edits_spec edits;
  const mc_cors_spec *cors, *cors_field; /* as in mc_action_spec */
  const mc_fault_spec *fault;
  const mc_mirror_spec *mirrors;
  uint32_t mirror_count;
  const mc_session_spec *session; /* as in mc_action_spec */
  mc_level_limits_spec limits;
  mc_descriptors_spec descriptors;
} mc_virtual_host_spec;

typedef struct mc_listener_spec {
  mc_slice name; /* under which its active faults are counted */
  uint16_t port; /* 0: every port that no other listener has */
  mc_http_options options;
  mc_domains_spec domains;
  mc_edits_spec edits; /* of the route configuration */
  bool most_specific_header_mutations_wins;
  const mc_cors_spec *cors;      /* of the route configuration, as the next three */
  const mc_mirror_spec *mirrors;
  uint32_t mirror_count;
  const mc_session_spec *session; /* of the route configuration, else of the filter; NULL: there are none */
  const mc_fault_spec *table_fault;
  const mc_fault_spec *fault; /* of the filter: where no other level has one */
  mc_level_limits_spec limits; /* of the route configuration */
  const mc_filter_spec *filters; /* in their order; none: faults, then CORS */
  uint32_t filter_count;
} mc_listener_spec;

typedef struct mc_snapshot_spec {
  const mc_listener_spec *listeners;
  const mc_virtual_host_spec *virtual_hosts;
  const mc_cluster_spec *clusters;
  /* By cluster, those that are kept too: what its policy hashes in place of what the route says; at NULL: the route's.
   * NULL: no cluster has its own. */
  const mc_hash_policies_spec *hash_policies;
  uint32_t listener_count, virtual_host_count, cluster_count;
  const struct mc_snapshot *previous; /* whose clusters may be kept; NULL: none */
  uint64_t seed;                      /* of what starts at a random place */
  uint64_t now_ns;                    /* when limiters of listeners begin to measure */
} mc_snapshot_spec;

typedef struct mc_snapshot mc_snapshot;
/* A cluster as a snapshot has it. */
typedef struct mc_cluster mc_cluster;

/* NULL: error says why. The runtime must outlive the snapshot. */
mc_snapshot *mc_snapshot_build(const mc_snapshot_spec *spec, mc_runtime *runtime, mc_error *error);
/* Every decision made on it must have been released. */
void mc_snapshot_free(mc_snapshot *snapshot);

/* A snapshot that differs in one cluster: the spec's, which bears the name of the one that it replaces. All else
 * is shared with old, which goes on serving and is freed on its own. Runtime state is kept by address.
 * NULL: error says why. */
mc_snapshot *mc_snapshot_with_cluster(const mc_snapshot *old, int32_t cluster, const mc_cluster_spec *spec,
                                      uint64_t seed, mc_error *error);
/* Whether another snapshot shares what this one is made of: freeing it is quick then. */
bool mc_snapshot_is_shared(const mc_snapshot *snapshot);

/* Makes good what MC_STALE tells of: does what has become due in the cluster, and where the health of its hosts is
 * no longer what its balancer was built from, *out is a snapshot that differs in that balancer alone; NULL: nothing
 * has changed. old goes on serving and is freed on its own. now_ns is the request's. MC_OK, or error says why. */
mc_code mc_snapshot_refresh(const mc_snapshot *old, int32_t cluster, uint64_t now_ns, uint64_t seed,
                            mc_snapshot **out, mc_error *error);

/* What the user says of an endpoint, whatever its configuration says: false makes a healthy or degraded one
 * unhealthy. It is kept as runtime state is, and makes the cluster stale. */
void mc_snapshot_set_health(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint, bool healthy);
/* Takes an endpoint out of service, or back into it: MC_DRAINING whatever else is said of it. Kept likewise, and
 * makes the cluster stale. The requests that are under way to it. */
uint32_t mc_snapshot_drain(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint, bool draining);

/* What active checks say of an endpoint, MC_HEALTHY where they don't; likewise. MC_DRAINING: it fails, and counts
 * nowhere. True where that is news. */
bool mc_snapshot_check(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint, mc_health health);
/* An endpoint's health, all in all, and the mc_failing bits of those who say that it fails. */
mc_health mc_snapshot_health(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint);
uint32_t mc_snapshot_failing(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint);
/* Whether any of the cluster's endpoints has had a request. */
bool mc_snapshot_has_traffic(const mc_snapshot *snapshot, int32_t cluster);
/* Whether the cluster's endpoints are ejected where they fail. The next four are only for those. */
/* Whether the cluster's endpoints are ejected where they fail. The next two are only for those. */
bool mc_snapshot_detects(const mc_snapshot *snapshot, int32_t cluster);
mc_outlier_status mc_snapshot_outlier(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint, uint64_t now_ns);
mc_outlier_counts mc_snapshot_outliers(const mc_snapshot *snapshot, int32_t cluster);
/* A health check of an endpoint has passed: unless its health checks still fail, that takes it back. */
void mc_snapshot_check_passed(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint, uint64_t now_ns);
/* Does what has become due, as a decision or a report does. */
void mc_snapshot_sweep(const mc_snapshot *snapshot, int32_t cluster, uint64_t now_ns);

/* Requests under way to an endpoint. */
uint32_t mc_snapshot_active(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint);

/* What the fault filter of a listener did so far, and requests under way on which it acts. */
typedef struct mc_fault_counts {
  uint64_t active, aborts, delays, rate_limits, overflows;
} mc_fault_counts;

/* False where no fault can meet the listener's requests. */
bool mc_snapshot_faults(const mc_snapshot *snapshot, int32_t listener, mc_fault_counts *counts);

/* What a local limit made of the requests so far; under Envoy's names. */
typedef struct mc_limit_counts {
  uint64_t enabled, ok, rate_limited, enforced;
} mc_limit_counts;

/* The next of a snapshot's local limits, in any order; NULL: the first, there is none left. */
const struct mc_local_limit *mc_snapshot_limit(const mc_snapshot *snapshot, const struct mc_local_limit *after);
mc_slice mc_local_limit_scope(const struct mc_local_limit *limit);
mc_limit_counts mc_local_limit_counts(const struct mc_local_limit *limit);

/* Whether decisions hang on the time: if not, a request's now_ns need not be set. */
bool mc_snapshot_reads_clock(const mc_snapshot *snapshot);
/* How many of a request's ids they use, for request ids and trace ids; 0: ids need not be set. */
uint32_t mc_snapshot_makes_ids(const mc_snapshot *snapshot);
/* Whether they hang on the time of day: if not, a request's unix_s need not be set. */
bool mc_snapshot_reads_unix_time(const mc_snapshot *snapshot);
/* The name of the policy that picks a cluster's endpoints: "round robin". Static. */
const char *mc_snapshot_policy(const mc_snapshot *snapshot, int32_t cluster);
/* What the hosts of a subset have in common; of all hosts, and of the default subset: what the default asks for. */
mc_labels mc_cluster_subset(const mc_cluster *cluster, int32_t subset);
/* The address of an endpoint. */
mc_slice mc_cluster_address(const mc_cluster *cluster, int32_t endpoint);

/* ------------------------------------------------------------------ pickers
 *
 * The balancer of one cluster by itself. Endpoints are named by their number in the spec. May be used by many
 * threads at once, but for free.
 */

typedef struct mc_picker mc_picker;

/* NULL: error says why. seed: of what starts at a random place. */
mc_picker *mc_picker_new(const mc_cluster_spec *spec, uint64_t seed, mc_error *error);
void mc_picker_free(mc_picker *picker);

/* The endpoint for a request, or -1 where none can be used. seed decides what is left to chance. */
int32_t mc_picker_pick(const mc_picker *picker, uint64_t seed, uint64_t now_ns);
/* Of a policy that hashes: the endpoint for a key, which is hashed by XXH64 as Envoy hashes a header's value. */
int32_t mc_picker_pick_key(const mc_picker *picker, mc_slice key);
void mc_picker_pick_keys(const mc_picker *picker, const mc_slice *keys, uint32_t count, int32_t *hosts);

/* A request to an endpoint begins. Only policies that look at loads need to know. */
void mc_picker_begin(mc_picker *picker, int32_t host);
/* It ends. False where none was under way. */
bool mc_picker_done(mc_picker *picker, int32_t host);
uint32_t mc_picker_active(const mc_picker *picker, int32_t host);
/* Tells how a request to a host went. By many threads at once. */
void mc_picker_report(mc_picker *picker, int32_t host, const mc_report *report);

/* ------------------------------------------------------------------ decisions */

typedef enum mc_outcome { MC_FORWARD, MC_REDIRECT, MC_RESPOND, MC_REJECT } mc_outcome;

/* Envoy's response flags, as bits in its order; mc_flag_name() gives the text of one. */
typedef enum mc_flag {
  MC_FLAG_UH = 1 << 1,     /* no healthy upstream */
  MC_FLAG_UT = 1 << 2,     /* upstream request timeout */
  MC_FLAG_LR = 1 << 3,     /* local reset */
  MC_FLAG_UR = 1 << 4,     /* upstream remote reset */
  MC_FLAG_UF = 1 << 5,     /* upstream connection failure */
  MC_FLAG_UC = 1 << 6,     /* upstream connection termination */
  MC_FLAG_UO = 1 << 7,     /* upstream overflow */
  MC_FLAG_NR = 1 << 8,     /* no route */
  MC_FLAG_DI = 1 << 9,     /* delay injected */
  MC_FLAG_FI = 1 << 10,    /* fault injected */
  MC_FLAG_RL = 1 << 11,    /* rate limited */
  MC_FLAG_RLSE = 1 << 13,  /* rate limit service error */
  MC_FLAG_URX = 1 << 15,   /* upstream retry limit exceeded */
  MC_FLAG_SI = 1 << 16,    /* stream idle timeout */
  MC_FLAG_UMSDR = 1 << 19, /* upstream max stream duration reached */
  MC_FLAG_UPE = 1 << 23,   /* upstream protocol error */
  MC_FLAG_NC = 1 << 24,    /* no cluster */
} mc_flag;

/* What the CORS filter made of a request. */
typedef enum mc_cors_verdict {
  MC_CORS_NONE,             /* nothing to do: no policy, no origin, or one that is not allowed */
  MC_CORS_ALLOWED,          /* the answer gets CORS headers, whoever makes it */
  MC_CORS_PREFLIGHT,        /* a preflight that we answer */
  MC_CORS_PREFLIGHT_DENIED, /* likewise, without allowing the origin */
} mc_cors_verdict;

/* Why a request is traced; mc_trace_reason_name() gives the text. */
typedef enum mc_trace_reason {
  MC_NOT_TRACED,
  MC_TRACED_BY_SAMPLING,
  MC_TRACED_BY_SERVICE, /* x-envoy-force-trace */
  MC_TRACED_BY_CLIENT,  /* x-client-trace-id */
} mc_trace_reason;

/* The text, NUL-terminated and static. */
const char *mc_trace_reason_name(mc_trace_reason reason);

/* A cookie that a decision gives to a client, and the next one. */
typedef struct mc_new_cookie mc_new_cookie;

/* What keeps a client at an endpoint. */
typedef struct mc_session mc_session;

/* What a session did to the choice of an endpoint. */
typedef enum mc_session_reason {
  MC_SESSION_NEW,     /* nothing: the request asks for none, or its cookie is over */
  MC_SESSION_KEPT,    /* the endpoint is the one that the request asks for */
  MC_SESSION_UNKNOWN, /* the cluster has none of that address */
  MC_SESSION_UNFIT,   /* it has, but of a health that sessions may not use */
} mc_session_reason;

/* One attempt of a decision at an endpoint. Lives as long as the decision. */
typedef struct mc_attempt mc_attempt;
struct mc_attempt {
  uint32_t number;     /* 1: the first */
  int32_t endpoint;    /* of the cluster */
  mc_cluster *cluster; /* as it was when the attempt was made */
  bool elsewhere;      /* not the one in the decision's snapshot: the attempt has a share of it */
  uint64_t backoff_ns; /* to wait before it is sent */
  uint64_t begins_ns;  /* when that is over */
  bool running;        /* nothing has been reported of it yet */
  bool hedged;         /* it took too long, and another one was made beside it */
  bool late;           /* it took too long, and goes on */
  uint8_t leased;      /* who holds the place that its endpoint counts for it; 0: nobody */
  mc_slice target, authority; /* for the upstream */
  mc_attempt *next;
};

/* All attempts of a decision, and what they hang on. */
typedef struct mc_exchange mc_exchange;

/* A descriptor of a request. */
typedef struct mc_descriptor {
  const mc_label *entries;
  uint32_t count;
  bool gives_back;
  mc_said tells;
  mc_number hits;
} mc_descriptor;

/* Of mc_limited: no rule's, but the bucket of all requests. */
enum { MC_RULE_WHOLE = -1 };

/* What a local limit made of a request. */
typedef struct mc_limited mc_limited;
struct mc_limited {
  const struct mc_local_limit *limit;
  uint32_t filter;         /* its place among the listener's */
  bool allowed, enforced;  /* neither: what would have been refused is not */
  bool shadowed;           /* by tells_least: a rule in shadow would have refused it */
  bool silent;             /* clients are told nothing of the bucket */
  bool has_bucket;         /* the rest is of a bucket: the one that refused, or the strictest that did not */
  int32_t rule;            /* its number, or MC_RULE_WHOLE */
  const mc_descriptor *descriptor; /* that it is for; NULL: MC_RULE_WHOLE */
  const struct mc_limit_rule *bucket;
  uint64_t debt, cost;     /* what it owed before, and what was asked for */
  bool taken;              /* it had the cost */
  bool back;               /* tokens were given back, which is always allowed */
  bool free;               /* it costs nothing, which is refused for ever */
  /* What follows is there after mc_limited_reckon. Most requests are never told of it. */
  bool reckoned;
  bool told;               /* x-ratelimit-* tell of the bucket */
  uint64_t max_tokens, remaining;
  uint64_t window_ns;      /* in which it fills from empty */
  uint64_t retry_after_ns; /* until the same request would pass; 0: it does, MC_NEVER */
  uint64_t next_ns;        /* until there is a token; 0: there is one */
  uint64_t reset_ns;       /* until it is full */
  mc_limited *next;        /* of the filter before */
};

void mc_limited_reckon(mc_limited *limited);

/* What an answer tells of a service's limit. */
typedef struct mc_service_limit {
  bool given;
  uint64_t limit, window_s; /* window_s 0: none */
  uint64_t remaining, reset_s;
  mc_slice name; /* size 0: none */
} mc_service_limit;

typedef enum mc_service_verdict { MC_SERVICE_OK, MC_SERVICE_OVER_LIMIT, MC_SERVICE_ERROR } mc_service_verdict;

/* What a rate limit service says. Copied. */
typedef struct mc_service_answer {
  mc_service_verdict verdict;
  const mc_header *request_lines, *response_lines; /* to add */
  uint32_t request_count, response_count;
  const mc_service_limit *limits; /* by descriptor */
  uint32_t limit_count;
  mc_slice body; /* of a refusal */
} mc_service_answer;

/* What a rate limit service is to be asked before anything else is done, in the order of the filters. */
typedef struct mc_asked mc_asked;
struct mc_asked {
  const struct mc_global_limit *limit;
  uint32_t filter; /* its place among the listener's */
  mc_slice domain;
  const mc_descriptor *descriptors;
  uint32_t count;
  bool answered;
  const mc_header *response_lines; /* that the answer adds to the client's */
  uint32_t response_count;
  mc_asked *next;
};

/* What was decided. Lives inside its owner, where it must not be moved; the request's bytes must stay
 * until mc_decision_release. */
typedef struct mc_decision {
  mc_outcome outcome;
  mc_details details;
  uint32_t flags;
  uint16_t status; /* of our own answer; 0 when forwarding */
  bool grpc;       /* our own answer goes to a gRPC client: as HTTP 200, with the status in headers */
  int32_t listener, virtual_host, route, cluster; /* of the snapshot; -1: none */
  int32_t endpoint;    /* of the upstream; -1: none */
  int32_t choice;     /* of the weighted clusters; -1: none */
  uint32_t candidates; /* hosts that the endpoint was chosen among */
  int32_t subset;      /* where the endpoint was looked for last; -1: none */
  mc_subset_reason subset_reason;
  mc_slice target;    /* path and query for the upstream */
  mc_slice authority; /* for the upstream */
  mc_slice location;  /* data NULL: none */
  mc_slice body;      /* of our own answer; data NULL: the route's own, or none */
  uint8_t leased;     /* who holds what endpoint and cluster count for this request; 0 where it overflows */
  bool fault_of_delay; /* its fault is no longer active once the delay is over */
  uint64_t delay_ns;   /* to wait before anything else is done */
  uint64_t bytes_per_second; /* at most, of the answer's body; 0: no limit */
  mc_slice grpc_status;      /* of our own answer to a gRPC client; data NULL: the one that status stands for */
  struct mc_fault_gauge *fault; /* counts this request as an active fault; NULL: none does */
  struct mc_concurrency *entered; /* the listener's limiter, which counts this request; NULL: none does */
  uint64_t entered_ns;
  bool detects;       /* outlier detection, or the cluster's limiter, wants to know how attempts end */
  bool retries;       /* its policies, or the request itself, may ask for more than one attempt */
  mc_cluster *upstream; /* has the endpoint; NULL: there is none */
  bool elsewhere;     /* the upstream is not the cluster in the snapshot, but that of the latest attempt */
  bool over;          /* of what was forwarded: no further attempt is made, and what to answer is settled */
  bool hashed;        /* the endpoint was chosen by hash */
  uint64_t hash;
  mc_exchange *exchange; /* NULL until an attempt ends or is asked for */
  mc_cors_verdict cors;
  mc_trace_reason traced; /* of requests that are not traced themselves what goes upstream may still be a trace */
  mc_new_cookie *cookies; /* given by the answer; NULL: none */
  mc_new_cookie *cluster_cookie; /* likewise, for the cluster's own hash policies; NULL: none */
  const mc_session *session; /* NULL: the request has none; of the next two then nothing is set */
  mc_session_reason session_reason;
  mc_slice session_address; /* what the request asks for: any bytes; size 0: nothing */
  uint32_t overrides; /* addresses of the cluster's override_headers that have been used */
  mc_limited *limited; /* by each local limit, the last filter first; NULL: there is none */
  mc_asked *asked;     /* NULL: no service is to be asked */
  struct mc_filter_edit *request_edits; /* of filters, before the router's */
  const struct mc_edits *answer_edits;  /* of the filter that answers; NULL: none */
  const mc_snapshot *snapshot;
  mc_request request;
  mc_view view;
  mc_scratch scratch;
} mc_decision;

/* A header line of a result: one that came in, by its index, or one of ours. */
typedef struct mc_header_line {
  mc_slice name;  /* as it came, or lower-case where it is ours */
  mc_slice value;
  int32_t source; /* index in the headers that came in; -1: this line is ours */
} mc_header_line;

/* MC_OK or MC_NO_MEMORY; whatever concerns the request itself is an outcome. Or MC_STALE: decision->cluster is to
 * be refreshed, and the request decided on the snapshot that comes of it. The decision need not be initialised,
 * and is to be released in any case. The request may be the decision's own. */
mc_code mc_decide(const mc_snapshot *snapshot, const mc_request *request, mc_decision *decision);

/* The same decision for a request with other headers: nothing is decided anew, no endpoint is picked and no lease
 * taken. For mc_decision_request_headers alone. The first decision must stay, and out is to be released in
 * any case. MC_INVALID where the headers cannot be served; out->details then says why. */
mc_code mc_decision_with_headers(const mc_decision *decision, const mc_header *headers, uint32_t count,
                                 mc_decision *out);

/* Whether the cluster's policy learns anything from reports. */
bool mc_snapshot_learns(const mc_snapshot *snapshot, int32_t cluster);
/* Tells how an attempt at an endpoint went, in or out of a decision. By many threads at once. */
void mc_snapshot_report(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint, const mc_report *report);

/* What the service says that the number-th of the decision's mc_asked is for. Refused, the decision becomes MC_REJECT, and
 * its lease ends. Once for each; afterwards it does nothing. MC_OK or MC_NO_MEMORY. */
mc_code mc_decision_take_answer(mc_decision *decision, uint32_t number, const mc_service_answer *answer);
/* Of a limit and a rule: what the spec says. */
mc_slice mc_local_limit_name(const struct mc_local_limit *limit);
mc_slice mc_local_limit_label(const struct mc_local_limit *limit, int32_t rule);

/* The delay is over: where the delay was all, its fault is not active any more. mc_decision_close does as much. */
void mc_decision_end_delay(mc_decision *decision);

/* Whether the policy of an attempt's cluster (number 0: of the latest) learns from reports; and tells it. By many threads
 * at once. */
bool mc_decision_learns(const mc_decision *decision, uint32_t number);
void mc_decision_learn(const mc_decision *decision, uint32_t number, const mc_report *report);

/* The request is over for its listener's limiter: answered to its end, or given up, of which nothing is learned. Does
 * nothing where decision->entered is NULL. */
void mc_decision_leave(mc_decision *decision, bool answered, uint64_t now_ns);

/* The id of the request: what x-request-id says, or what was made; data NULL: none. It lies in decision and request. */
mc_slice mc_decision_request_id(const mc_decision *decision);

/* Ends all leases, and what counts it as a fault; calls after the first do nothing. */
void mc_decision_close(mc_decision *decision);
/* Closes, leaves as one that was given up, and gives all memory back. */
void mc_decision_release(mc_decision *decision);

/* The lines to send upstream for a FORWARD, without host. Lines lie in the scratch, which the caller
 * resets when done. */
mc_code mc_decision_request_headers(const mc_decision *decision, mc_scratch *scratch,
                                    const mc_header_line **lines, uint32_t *count);

/* ------------------------------------------------------------------ attempts
 *
 * The life of a FORWARD, as Envoy's router has it: mc_decide leases the first attempt. What comes of an attempt is
 * reported, and may call for a further one, which mc_decision_attempt leases. Once the decision is over, either the
 * answer of the attempt that was reported last goes to the client, or, where the outcome has become MC_REJECT, one
 * of our own. The attempt that is answered keeps its lease until the decision is closed.
 */

/* What limits the time of one request, in milliseconds; 0: no limit. */
typedef struct mc_timeouts {
  uint64_t request_ms, per_try_ms, per_try_idle_ms, idle_ms;
  bool has_stream;      /* stream_ms counts, even where it is 0 */
  uint64_t stream_ms;   /* from the first byte of the request to the last of the answer */
  uint64_t upstream_ms; /* the same of one attempt */
  bool tells_grpc;      /* grpc-timeout follows the expected time of each attempt */
  bool has_grpc;        /* grpc-timeout becomes grpc_ms */
  uint64_t grpc_ms;
  bool alternative;     /* a timeout is answered by 204, not 504 */
  bool hedges;          /* an attempt that takes too long goes on beside the next one */
} mc_timeouts;

/* Whether anything may hang on when a request that is forwarded came. */
bool mc_decision_is_timed(const mc_decision *decision);
/* Of a decision's request; all 0 where its route forwards nothing. */
void mc_decision_timeouts(const mc_decision *decision, mc_timeouts *out);

/* What the router says to the upstream of the first attempt, beside what the view has. */
typedef struct mc_router_told {
  mc_header lines[2];
  uint32_t count;
  char digits[2][20]; /* that they lie in */
} mc_router_told;

/* Whether mc_decision_request_headers would give the lines of the view as they are, each at the index that it came at,
 * and then these. timeouts are the decision's. False also where it takes more than a look. */
bool mc_decision_request_stays(const mc_decision *decision, const mc_timeouts *timeouts, mc_router_told *told);

/* All attempts so far, the first one first. NULL: no memory, or not forwarded. */
const mc_attempt *mc_decision_attempts(mc_decision *decision);

/* How many attempts are to be made beside the first from the start (Envoy's HedgePolicy.initial_requests). */
uint32_t mc_decision_further(const mc_decision *decision);

/* What an attempt came to (number 0: the latest that runs). *again: mc_decision_attempt is to be called for the next
 * one. replayable false: the request cannot be sent again. unix_s: the time since 1970, where
 * mc_decision_reads_wall_clock. Reports on attempts that do not run, and once the decision is over, do nothing, but for
 * one: that the answer on its way to the client broke off (a reset, or the idle timeout of the try), which outlier
 * detection hears of. MC_OK or MC_NO_MEMORY. */
mc_code mc_decision_report(mc_decision *decision, uint32_t number, const mc_result *result, bool replayable,
                           uint64_t unix_s, bool *again);
/* The per-try timeout of an attempt has passed. It ends, as by a report, unless attempts are hedged: then it goes on,
 * and *again tells whether another one is to be made beside it. */
mc_code mc_decision_on_timeout(mc_decision *decision, uint32_t number, uint64_t now_ns, bool replayable, bool *again);
/* Leases the next attempt, at an endpoint of the cluster of that name in the snapshot that is in force. *out NULL: there
 * is none to be had, and the decision is over. MC_OK or MC_NO_MEMORY; MC_STALE: that cluster is to be refreshed, and the
 * snapshot that comes of it given. */
mc_code mc_decision_attempt(mc_decision *decision, const mc_snapshot *current, uint64_t now_ns, const mc_attempt **out);

/* Which header lines of an answer of that status can matter to what is reported, by the sizes of their names: bit n for
 * n bytes, bit 63 for 63 and more. 0: none. */
uint64_t mc_decision_answer_names(const mc_decision *decision, uint16_t status);
bool mc_decision_reads_wall_clock(const mc_decision *decision);

/* The lines to send upstream for an attempt; as mc_decision_request_headers, which is that of the first. */
mc_code mc_attempt_request_headers(const mc_decision *decision, const mc_attempt *attempt, mc_scratch *scratch,
                                   const mc_header_line **lines, uint32_t *count);

typedef struct mc_response {
  uint16_t status;          /* of the upstream's answer */
  const mc_header *headers; /* of the upstream's answer */
  uint32_t header_count;
  mc_slice body;            /* of our own answer, where the decision has none */
} mc_response;

/* The lines to answer with: the upstream's, edited (FORWARD), or those of our own answer. *status and
 * *body are what to send of our own answer: a gRPC client gets its errors in headers. */
mc_code mc_decision_response_headers(const mc_decision *decision, const mc_response *response,
                                     mc_scratch *scratch, const mc_header_line **lines, uint32_t *count,
                                     uint16_t *status, mc_slice *body);

/* Whether mc_decision_response_headers would give these lines of the upstream's as they are. False also where that takes
 * more than a look. */
bool mc_decision_answer_stays(const mc_decision *decision, const mc_header *headers, uint32_t count);

/* A copy that is to be sent to another cluster; its path and body are those of the request. */
typedef struct mc_mirrored {
  uint32_t policy; /* for mc_decision_mirror_headers */
  int32_t cluster;
  mc_slice authority;
} mc_mirrored;

/* The copies of a FORWARD, in the order of their policies. Which policies take the request is drawn from its
 * seed: asking again gives the same. They lie in the scratch. MC_OK or MC_NO_MEMORY. */
mc_code mc_decision_mirrors(const mc_decision *decision, mc_scratch *scratch, const mc_mirrored **mirrors,
                            uint32_t *count);

/* The lines of a copy, without host; as mc_decision_request_headers. */
mc_code mc_decision_mirror_headers(const mc_decision *decision, uint32_t policy, mc_scratch *scratch,
                                   const mc_header_line **lines, uint32_t *count);

typedef struct mc_pick_terms {
  uint64_t seed, now_ns;
  bool stale; /* take the cluster as it is, however old */
} mc_pick_terms;

typedef struct mc_picked {
  int32_t endpoint; /* -1: there is none to be had, */
  uint32_t flag;    /* and why: MC_FLAG_UH or MC_FLAG_UO; else 0 */
  uint8_t holder;   /* of what counts it */
} mc_picked;

/* An endpoint of a cluster without a request: as Envoy picks it for a copy, without hash policies and labels of a
 * route. It counts the copy as active, at the default priority. MC_OK or MC_STALE. */
mc_code mc_snapshot_pick(const mc_snapshot *snapshot, int32_t cluster, const mc_pick_terms *terms, mc_picked *picked);
/* Tells outlier detection how it went, where the cluster has any. */
void mc_snapshot_detect(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint, const mc_result *result);
/* The copy is over. */
void mc_snapshot_done(const mc_snapshot *snapshot, int32_t cluster, const mc_picked *picked);

const char *mc_flag_name(mc_flag flag);

enum { MC_FLAGS_TEXT = 64 }; /* room for all of them */
/* "URX,UF": the names of several, as Envoy orders them; absent where there is none. */
mc_slice mc_flags_text(uint32_t flags, char text[MC_FLAGS_TEXT]);

/* ------------------------------------------------------------------ circuit breakers of clusters
 *
 * A decision takes MC_RESOURCE_REQUESTS with its lease. The others are for those who have connections, or who retry:
 * what was taken is given back on the same snapshot, once. By many threads at once.
 */

/* Takes one of a resource, where its limit leaves room. Who holds it, to be told when it is given back; 0: refused. */
uint8_t mc_snapshot_take(const mc_snapshot *snapshot, int32_t cluster, mc_routing_priority priority, mc_resource resource);
void mc_snapshot_give(const mc_snapshot *snapshot, int32_t cluster, mc_routing_priority priority, mc_resource resource,
                      uint8_t holder);

/* Takes a connection to an endpoint: MC_RESOURCE_CONNECTIONS, within the endpoint's own limit, too. As in Envoy an
 * endpoint that has none of the priority is always given one, lest requests wait for it forever: of this process, where
 * several share their counts. */
uint8_t mc_snapshot_take_connection(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint,
                                 mc_routing_priority priority);
void mc_snapshot_give_connection(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint,
                                 mc_routing_priority priority, uint8_t holder);

mc_usage mc_snapshot_usage(const mc_snapshot *snapshot, int32_t cluster, mc_routing_priority priority,
                           mc_resource resource);
/* Adaptive concurrency of a cluster, and of a listener. False: it has no limiter. */
bool mc_snapshot_concurrency(const mc_snapshot *snapshot, int32_t cluster, uint64_t now_ns,
                             mc_concurrency_status *status);
bool mc_snapshot_listener_concurrency(const mc_snapshot *snapshot, int32_t listener, uint64_t now_ns,
                                      mc_concurrency_status *status);
/* Connections to an endpoint. */
uint32_t mc_snapshot_connections(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint);

/* ------------------------------------------------------------------ circuit breakers, without clusters */

/* The limits of one cluster and priority by themselves. May be used by many threads at once, but for free. */
typedef struct mc_breaker mc_breaker;

/* NULL: no memory. */
mc_breaker *mc_breaker_new(const mc_thresholds *thresholds);
void mc_breaker_free(mc_breaker *breaker);
/* Takes one of a resource, where its limit leaves room. */
bool mc_breaker_take(mc_breaker *breaker, mc_resource resource);
/* Gives it back. False where none is taken. */
bool mc_breaker_give(mc_breaker *breaker, mc_resource resource);
mc_usage mc_breaker_usage(const mc_breaker *breaker, mc_resource resource);

/* ------------------------------------------------------------------ adaptive concurrency
 *
 * A limit on the requests under way that moves with what comes of them. Time and chance are the caller's; now_ns must
 * not go back: where it does, what would have become due waits until it is where it was. Nothing waits, and nothing
 * is allocated after mc_concurrency_new: latencies are counted in bins (concurrency/latencies.h), some 4 KB in all. By
 * many threads at once, but for free: no more than the limit are let in while it stands.
 */

typedef struct mc_concurrency mc_concurrency;

/* What a request came to. */
typedef enum mc_sample {
  MC_SAMPLE_NONE,      /* nothing that says anything: it was given up */
  MC_SAMPLE_ANSWERED,  /* in the time from start_ns to now_ns */
  MC_SAMPLE_TIMED_OUT, /* not even in that time */
  MC_SAMPLE_FAILED,    /* the gradient controller learns nothing from it */
} mc_sample;

/* NULL: no memory. seed: of the jitter. */
mc_concurrency *mc_concurrency_new(const mc_concurrency_spec *spec, uint64_t now_ns, uint64_t seed);
void mc_concurrency_free(mc_concurrency *limiter);
/* Lets a request in, where there is room. */
bool mc_concurrency_acquire(mc_concurrency *limiter, uint64_t now_ns);
/* Ends one. False: none is under way. */
bool mc_concurrency_release(mc_concurrency *limiter, mc_sample sample, uint64_t start_ns, uint64_t now_ns);
/* Says what one came to, which goes on. */
void mc_concurrency_sample(mc_concurrency *limiter, mc_sample sample, uint64_t start_ns, uint64_t now_ns);
/* Ends the windows that have come to their end, as the others do, for who only looks. */
void mc_concurrency_sweep(mc_concurrency *limiter, uint64_t now_ns);
mc_concurrency_status mc_concurrency_read(const mc_concurrency *limiter);

/* ------------------------------------------------------------------ rate limits
 *
 * Token buckets as Envoy's (TokenBucket, refilled evenly), by GCRA: a bucket is one 64-bit number, the time at which
 * it will be full again. Taking is lock-free. Buckets and limiters hold no pointer, so that they may lie in memory
 * that processes share; all zero is a bucket that is full. What is admitted in any stretch of time t is never more than
 * max_tokens + t * tokens_per_fill / fill_interval, whichever threads read the clock first. A clock that goes back
 * gives no tokens; it refuses until it is where it was. No bucket may lie idle for as long as two years between
 * two calls, nor may the clock jump as far.
 */

#define MC_MAX_TOKENS 9007199254740992 /* 2^53: what a double, and so JSON, can tell from its neighbours */

/* A token bucket's parameters, made ready. */
typedef struct mc_limit {
  uint64_t max_tokens;
  uint64_t token; /* how long one token takes to come, in units */
  uint64_t burst; /* and all of them */
  uint64_t scale; /* units of a nanosecond: twice its parts */
} mc_limit;

/* Exact where, after reducing tokens_per_fill and fill_interval_ns by their greatest common divisor, the first is at
 * most 64; otherwise a token takes up to 1/64 ns longer than asked for, never shorter. MC_INVALID: out of range, or an
 * empty bucket would take more than 73 years to fill. */
mc_code mc_limit_make(const mc_token_bucket *bucket, mc_limit *out, mc_error *error);

/* Of a wait: never. */
#define MC_NEVER UINT64_MAX

typedef struct mc_limit_answer {
  bool allowed;
  uint64_t remaining;      /* whole tokens that are left */
  uint64_t retry_after_ns; /* 0: allowed. The least time after which the same would be allowed, if nobody else comes;
                              MC_NEVER where it costs more than max_tokens */
  uint64_t reset_ns;       /* until the bucket is full again */
} mc_limit_answer;

/* Costs are tokens. One of 0 takes nothing. One above max_tokens is never allowed, and takes nothing. */

typedef struct mc_bucket mc_bucket; /* MC_BUCKET_BYTES, aligned to as much */
#define MC_BUCKET_BYTES 8

/* A bucket by itself; NULL: no memory. */
mc_bucket *mc_bucket_new(void);
void mc_bucket_free(mc_bucket *bucket);
/* Takes, where so many tokens are there; all or nothing. */
bool mc_bucket_allow(mc_bucket *bucket, const mc_limit *limit, uint64_t cost, uint64_t now_ns);
/* The same, and says what is left. */
mc_limit_answer mc_bucket_check(mc_bucket *bucket, const mc_limit *limit, uint64_t cost, uint64_t now_ns);
/* What mc_bucket_check would say of `allowed` and `retry_after_ns`; takes nothing, so the rest is as it is now. */
mc_limit_answer mc_bucket_peek(const mc_bucket *bucket, const mc_limit *limit, uint64_t cost, uint64_t now_ns);
/* Takes now what will be there after the returned wait (0: is there already), ahead of those who come later. MC_NEVER:
 * it would be longer than max_wait_ns (or than 73 years), and nothing is taken. */
uint64_t mc_bucket_reserve(mc_bucket *bucket, const mc_limit *limit, uint64_t cost, uint64_t max_wait_ns,
                           uint64_t now_ns);
/* Gives back, at most until it is full. */
void mc_bucket_refund(mc_bucket *bucket, const mc_limit *limit, uint64_t cost, uint64_t now_ns);

/* A bucket for each key, in memory of a fixed size. See limit/table.h for how keys are forgotten. */
typedef struct mc_limiter mc_limiter;

/* How much memory takes `capacity` keys; 0: more than there can be. */
size_t mc_limiter_bytes(uint64_t capacity);
#define MC_LIMITER_ALIGNMENT 128
/* The secret (16 bytes) decides which keys meet in a set: nobody should be able to guess it. NULL: there is no memory. */
mc_limiter *mc_limiter_new(uint64_t capacity, const mc_limit *limit, const uint8_t *secret);
void mc_limiter_free(mc_limiter *limiter);
bool mc_limiter_allow(mc_limiter *limiter, mc_slice key, uint64_t cost, uint64_t now_ns);
mc_limit_answer mc_limiter_check(mc_limiter *limiter, mc_slice key, uint64_t cost, uint64_t now_ns);
mc_limit_answer mc_limiter_peek(const mc_limiter *limiter, mc_slice key, uint64_t cost, uint64_t now_ns);
uint64_t mc_limiter_reserve(mc_limiter *limiter, mc_slice key, uint64_t cost, uint64_t max_wait_ns, uint64_t now_ns);
void mc_limiter_refund(mc_limiter *limiter, mc_slice key, uint64_t cost, uint64_t now_ns);
/* How often a key was forgotten before its bucket was full again, or was new and refused for what others there owe. */
uint64_t mc_limiter_forgotten(const mc_limiter *limiter);

/* ------------------------------------------------------------------ state that processes share */

/* Memory that the processes of one machine have mapped, with limits, counts and ejections in it. See shared/segment.h.
 * Each process takes one of its slots, by which the others know what it holds: where it has died, that is taken back.
 * See mc_shared above. */

enum { MC_SHARED_MAX_WORKERS = 254, MC_SHARED_BOOT_BYTES = 16, MC_SHARED_LAYOUT = 2 };

/* What the caller does for the core, which knows no files. */
typedef struct mc_shared_calls {
  void *context;
  /* Keeps all other processes out, until it is given back or this process dies. The core keeps its own threads out. */
  void (*lock)(void *context);
  void (*unlock)(void *context);
  /* Takes a slot for as long as this process lives; false: another one has it. */
  bool (*claim)(void *context, uint32_t slot);
  /* Whether the process that claimed it lives. */
  bool (*alive)(void *context, uint32_t slot);
  /* Sees to it that there is memory behind these bytes; false: there is none. */
  bool (*reserve)(void *context, uint64_t offset, uint64_t size);
  uint64_t (*now)(void *context);             /* nanoseconds */
  void (*pause)(void *context, uint32_t turn); /* before another look at what somebody else holds */
} mc_shared_calls;

/* Makes memory that is all zero but for MC_SHARED_UNFINISHED a shared state of nothing. boot: what tells one start of the machine from the next. */
void mc_shared_format(void *memory, uint64_t size, uint32_t workers, const uint8_t *boot);
/* The size of a shared state of nothing. */
uint64_t mc_shared_least(uint32_t workers);
/* What stands at the beginning of memory that is being made a shared state, and of no file of anybody else's: whoever
 * dies meanwhile leaves it, and what follows is worth nothing. */
#define MC_SHARED_UNFINISHED UINT64_C(0x6e696765626d6d63) /* "cmmbegin" */
bool mc_shared_is_unfinished(const void *memory, uint64_t size);
bool mc_shared_is_of_boot(const void *memory, const uint8_t *boot);
/* MC_OK, or what is wrong with it, to be said behind its name: "is truncated". */
mc_code mc_shared_check(const void *memory, uint64_t size, mc_error *error);

/* This process's view of it; NULL: error says why. The memory stays the caller's. */
mc_shared *mc_shared_new(void *memory, uint64_t size, const mc_shared_calls *calls, mc_error *error);
void mc_shared_free(mc_shared *shared);
/* Takes a slot, those of the dead being free. False: as many processes use it as can. */
bool mc_shared_enter(mc_shared *shared, uint32_t pid);
/* Gives all back that this process holds, and its slot. */
void mc_shared_leave(mc_shared *shared);
/* In the child of a fork, before mc_shared_enter: what the parent holds stays the parent's. */
void mc_shared_forked(mc_shared *shared, void *context);
void *mc_shared_context(const mc_shared *shared); /* of its calls */
/* Takes back what the dead held; how many of them. It is done where a limit refuses, too, and now and then. */
uint32_t mc_shared_reclaim(mc_shared *shared);

typedef struct mc_shared_status {
  uint64_t size, used; /* bytes */
  uint64_t regions;
  uint32_t workers; /* how many processes there may be */
  uint32_t in_use;  /* how many there are, or have died and were not yet seen to */
} mc_shared_status;

mc_shared_status mc_shared_status_of(mc_shared *shared);
/* This process's slot, from 1; 0: it has none. */
uint32_t mc_shared_slot_number(const mc_shared *shared);
/* The process that has a slot; 0: nobody. */
uint32_t mc_shared_pid(const mc_shared *shared, uint32_t slot);

/* The limiter or the bucket of that name and of these parameters, made where there is none: with others it is another
 * one. They keep what they owe while nobody uses them. NULL: error says why. */
mc_limiter *mc_shared_limiter(mc_shared *shared, mc_slice name, uint64_t capacity, const mc_limit *limit,
                              const uint8_t *secret, mc_error *error);
mc_bucket *mc_shared_bucket(mc_shared *shared, mc_slice name, const mc_limit *limit, mc_error *error);
void mc_shared_release_limiter(mc_shared *shared, mc_limiter *limiter);
void mc_shared_release_bucket(mc_shared *shared, const mc_bucket *bucket);
/* ------------------------------------------------------------------ trace contexts
 *
 * What a request says of the trace that it belongs to, in any of the formats in use, and the same for the next
 * request. What is malformed is treated as its specification says (trace/, one file for each format), and counted.
 */

/* How tracers write it. Each is a set of header names. */
typedef enum mc_trace_format {
  MC_TRACE_B3_SINGLE, /* b3 */
  MC_TRACE_B3_MULTI,  /* x-b3-* */
  MC_TRACE_W3C,       /* traceparent, tracestate */
  MC_TRACE_JAEGER,    /* uber-trace-id, uberctx-* */
  MC_TRACE_DATADOG,   /* x-datadog-* */
  MC_TRACE_XRAY,      /* x-amzn-trace-id */
  MC_TRACE_CLOUD,     /* x-cloud-trace-context */
  MC_TRACE_OT,        /* ot-tracer-* */
  MC_TRACE_BAGGAGE,   /* baggage: W3C's; it has no ids */
  MC_TRACE_REQUEST_ID /* x-request-id; likewise */
} mc_trace_format;

enum { MC_TRACE_FORMATS = 10 };

/* Some of them. Of those that a request has, the first whose ids are well-formed counts. */
typedef struct mc_trace_formats {
  uint8_t order[MC_TRACE_FORMATS]; /* mc_trace_format, each once */
  uint8_t count;
} mc_trace_formats;

/* Whether the trace is recorded. */
typedef enum mc_sampling {
  MC_SAMPLING_DEFER, /* nobody has decided: whoever is asked next may */
  MC_SAMPLING_DENY,
  MC_SAMPLING_ACCEPT,
  MC_SAMPLING_DEBUG, /* accepted, and to be recorded whatever samplers say */
} mc_sampling;

/* W3C's trace-flags, level 2. */
enum { MC_TRACE_FLAG_SAMPLED = 1, MC_TRACE_FLAG_RANDOM = 2 };

typedef struct mc_span_context {
  uint64_t trace_high, trace_low; /* both 0: the request has no ids, though it may say other things */
  uint64_t span_id;   /* of the caller's span; 0: unknown, which only X-Ray and x-cloud-trace-context allow */
  uint64_t parent_id; /* of the span above it; 0: unknown, or none */
  mc_sampling sampling;
  uint8_t flags;   /* of mc_span_context's own only MC_TRACE_FLAG_RANDOM */
  bool short_id;   /* the trace id has 64 bits */
  int8_t format;   /* where ids and sampling come from; -1: nowhere */
  /* Texts for those who come next; data NULL: none. They lie in the request, or in the scratch. */
  mc_slice tracestate, baggage; /* as one line, within their bounds */
  mc_slice request_id;
  mc_slice datadog_origin, datadog_tags;
  mc_slice xray; /* a line of X-Ray that has fields of its own beside the ids */
} mc_span_context;

/* Of W3C's tracestate and baggage. What is beyond is left out, members as a whole. */
enum { MC_TRACESTATE_MEMBERS = 32, MC_TRACESTATE_BYTES = 512, MC_BAGGAGE_MEMBERS = 64, MC_BAGGAGE_BYTES = 8192 };
/* A longer x-request-id is none. */
enum { MC_REQUEST_ID_BYTES = 256 };

/* What was not as it should be, by many threads at once. */
typedef struct mc_trace_counts mc_trace_counts;

/* NULL: no memory. */
mc_trace_counts *mc_trace_counts_new(void);
void mc_trace_counts_free(mc_trace_counts *counts);
/* How often a format was malformed; of the baggage, how many members. */
uint64_t mc_trace_counts_malformed(const mc_trace_counts *counts, mc_trace_format format);
/* How often members were left out for want of room: of MC_TRACE_W3C (tracestate) and MC_TRACE_BAGGAGE. */
uint64_t mc_trace_counts_truncated(const mc_trace_counts *counts, mc_trace_format format);

/* The context that header lines carry; counts may be NULL. MC_OK; MC_INVALID: they carry none at all; or
 * MC_NO_MEMORY. */
mc_code mc_trace_extract(const mc_header *headers, uint32_t count, const mc_trace_formats *formats,
                         mc_scratch *scratch, mc_trace_counts *counts, mc_span_context *out);

/* A new trace, of two random numbers for its id (of which the first counts for nothing where it is short) and one for
 * its span's. */
void mc_span_context_new(const uint64_t random[3], bool short_id, mc_sampling sampling, mc_span_context *out);
/* A span below the context's: of the same trace, or of a new one where the context has no ids. Texts are shared. */
void mc_span_context_child(const mc_span_context *parent, const uint64_t random[3], mc_span_context *out);

/* The names of header lines that belong to formats. */
typedef enum mc_trace_name {
  MC_NAME_OTHER,
  MC_NAME_B3,
  MC_NAME_B3_TRACE_ID,
  MC_NAME_B3_SPAN_ID,
  MC_NAME_B3_PARENT_ID,
  MC_NAME_B3_SAMPLED,
  MC_NAME_B3_FLAGS,
  MC_NAME_TRACEPARENT,
  MC_NAME_TRACESTATE,
  MC_NAME_JAEGER,
  MC_NAME_JAEGER_BAGGAGE, /* each that begins with uberctx- */
  MC_NAME_DATADOG_TRACE_ID,
  MC_NAME_DATADOG_PARENT_ID,
  MC_NAME_DATADOG_PRIORITY,
  MC_NAME_DATADOG_ORIGIN,
  MC_NAME_DATADOG_TAGS,
  MC_NAME_XRAY,
  MC_NAME_CLOUD,
  MC_NAME_OT_TRACE_ID,
  MC_NAME_OT_SPAN_ID,
  MC_NAME_OT_SAMPLED,
  MC_NAME_BAGGAGE,
  MC_NAME_REQUEST_ID,
} mc_trace_name;

enum { MC_TRACE_NAMES = 23 };

mc_trace_name mc_trace_name_of(mc_slice name);
/* The name in lower case; of MC_NAME_JAEGER_BAGGAGE what all of them begin with. Static. */
mc_slice mc_trace_name_text(mc_trace_name name);
/* Whose names they are, as bits: what to take away before a context is written anew. */
uint32_t mc_trace_names(const mc_trace_formats *formats);

typedef struct mc_trace_line {
  mc_trace_name id;
  mc_slice name; /* lower-case, but for what follows uberctx- */
  mc_slice value;
} mc_trace_line;

/* The lines that tell the next one of the context. They lie in the scratch, texts of the context where they are. What
 * a format cannot say it leaves out: all of them but B3 need ids. MC_OK or MC_NO_MEMORY. */
mc_code mc_trace_inject(const mc_span_context *context, const mc_trace_formats *formats, mc_scratch *scratch,
                        const mc_trace_line **lines, uint32_t *count);

/* A UUID of version 4 of 128 random bits. */
enum { MC_UUID_TEXT = 36 };
void mc_uuid_write(const uint64_t random[2], char out[MC_UUID_TEXT]);

/* ------------------------------------------------------------------ splits by key, without routes */

/* Immutable: any number of threads may pick. */
typedef struct mc_key_split mc_key_split;

/* NULL: error says why. Names may repeat: each is another destination. */
mc_key_split *mc_key_split_new(const mc_slice *names, const uint32_t *weights, uint32_t count, mc_error *error);
void mc_key_split_free(mc_key_split *split);
/* The number of the destination for a key: the same as a sticky split of a route picks among these names. */
uint32_t mc_key_split_pick(const mc_key_split *split, mc_slice key);
/* A destination by chance, by weight. */
uint32_t mc_key_split_draw(const mc_key_split *split, uint64_t random);

/* ------------------------------------------------------------------ explanations
 *
 * Why a request is decided as it is: found by the functions that decide, at the cost of a walk over all
 * routes of its virtual host.
 */

/* Decides as mc_decide would now, and changes nothing: no lease is taken, no policy's turn moves on. It may find
 * its cluster stale as that does. */
mc_code mc_peek(const mc_snapshot *snapshot, const mc_request *request, mc_decision *decision);

typedef enum mc_condition_kind {
  MC_CONDITION_NONE,
  MC_CONDITION_PATH,
  MC_CONDITION_FRACTION,
  MC_CONDITION_GRPC,
  MC_CONDITION_HEADER,
  MC_CONDITION_QUERY,
  MC_CONDITION_COOKIE,
} mc_condition_kind;

/* One condition of a route, by its place among those of its kind in the route's spec. */
typedef struct mc_condition {
  mc_condition_kind kind;
  uint32_t index;
} mc_condition;

/* The conditions of a route that do not hold. */
typedef struct mc_failures {
  mc_condition first; /* in the order in which they are tested */
  uint32_t count;     /* 0: the route matches */
} mc_failures;

/* How a virtual host was found. */
typedef enum mc_domain_kind {
  MC_DOMAIN_NONE,
  MC_DOMAIN_EXACT,
  MC_DOMAIN_SUFFIX, /* "*suffix" */
  MC_DOMAIN_PREFIX, /* "prefix*" */
  MC_DOMAIN_ANY,    /* "*" */
} mc_domain_kind;

/* What chose among the clusters of a split. */
typedef enum mc_draw_kind {
  MC_DRAW_RANDOM,
  MC_DRAW_HEADER,
  MC_DRAW_HASH,
  MC_DRAW_STICKY, /* a key of the request */
  MC_DRAW_COOKIE, /* a key that the answer gives */
} mc_draw_kind;

typedef struct mc_explained mc_explained;

/* Lives inside its owner, where it must not be moved; what it points to lies in the request and the scratch. */
typedef struct mc_explanation {
  int32_t listener, virtual_host, route; /* -1: none */
  bool has_view;        /* false: refused before any route was looked up */
  mc_view view;         /* as the matchers see the request */
  mc_slice host;        /* what the virtual host was looked up by; data NULL: nothing */
  mc_domain_kind domain;
  size_t domain_size;   /* of the domain that matched, without its star */
  const mc_failures *failures; /* of each of the virtual host's routes, those behind the winner included */
  uint32_t route_count;
  int32_t first_route;  /* the number of the first of them */
  int32_t choice;       /* of the weighted clusters; -1: no split, and what follows is 0 */
  mc_draw_kind draw;
  uint64_t drawn, place, sum; /* place: drawn modulo the sum of the weights */
  mc_slice key;               /* of a sticky split: what was hashed; drawn is the hash */
  const double *scores;       /* of a sticky split, by destination: the highest wins; NULL: another split */
  uint32_t score_count;
  mc_explained *inner;
} mc_explanation;

/* MC_OK or MC_NO_MEMORY. */
mc_code mc_explain(const mc_snapshot *snapshot, const mc_request *request, mc_scratch *scratch,
                   mc_explanation *explanation);
/* The values of the request that a condition of a route compares; count 0: there is none. */
mc_code mc_explanation_values(const mc_explanation *explanation, int32_t route, mc_condition condition,
                              const mc_slice **values, uint32_t *count);

/* A scratch lives inside its owner; reset gives everything back. */
void mc_scratch_init(mc_scratch *scratch);
void mc_scratch_reset(mc_scratch *scratch);

#endif
