/* Rate limits of requests, as listeners and routes have them.
 *
 * Descriptors are made of a request: lists of entries (key and value). Rules of a local limit have a bucket for
 * those with their entries; a service elsewhere is asked about all of them by a global limit.
 */
#ifndef MESHCORE_RATE_LIMIT_H
#define MESHCORE_RATE_LIMIT_H

#include "meshcore/edit.h"
#include "meshcore/limit.h"
#include "meshcore/match.h"

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
  MC_ENTRY_LABEL,         /* what the route's label of that name says, or else the spec's */
  MC_ENTRY_ADDRESS,       /* the client's, as trusted x-forwarded-for has it, */
  MC_ENTRY_NETWORK,       /* and what its first bits leave of it: "192.0.2.0/24" */
  MC_ENTRY_CLIENT,        /* likewise, and IPv4 within IPv6 is IPv4 */
  MC_ENTRY_HEADERS_MATCH, /* the spec's, where all matchers match as expected */
  MC_ENTRY_QUERIES_MATCH,
} mc_entry_source;

typedef struct mc_entry_spec {
  mc_entry_source source;
  mc_slice key, value;
  mc_slice name;     /* of the header (lower-case), parameter, cookie or label */
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
  bool excess_counts;         /* a number above 1e9 is more than any bucket holds; else it is none, as Envoy has it */
  bool gives_back;            /* hits are put into the bucket */
  bool global_only;           /* it has a disable_key: local limits leave it aside, */
  mc_fraction share;          /* and this is the share of the requests that have it; denominator 0: all */
} mc_descriptor_spec;

typedef struct mc_descriptors_spec {
  const mc_descriptor_spec *at;
  uint32_t count;
} mc_descriptors_spec;

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
  bool divided;          /* among the hosts of a cluster: a request costs as many tokens as that has */
  int32_t divided_among; /* the cluster */
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
  bool off;        /* it does nothing there; else it acts, also where it is off without that */
  const mc_local_limit_spec *local;   /* one of these; both NULL: what the levels around say holds */
  const mc_global_level_spec *global;
} mc_level_limit_spec;

typedef struct mc_level_limits_spec {
  const mc_level_limit_spec *at;
  uint32_t count;
} mc_level_limits_spec;

#endif
