/* The connection manager's options. */
#ifndef MESHCORE_HTTP_H
#define MESHCORE_HTTP_H

#include "meshcore/tracing.h"

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

/* Whether requests to switch to a protocol ("websocket", "CONNECT"; "*" is any) are let through. */
typedef struct mc_upgrade {
  mc_slice protocol;
  bool enabled;
} mc_upgrade;

/* What becomes of header lines with an underscore in their names. */
typedef enum mc_underscores { MC_UNDERSCORES_ALLOW, MC_UNDERSCORES_REJECT, MC_UNDERSCORES_DROP } mc_underscores;

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
  mc_underscores underscores;
  bool keep_trace_reason; /* what is decided of a trace is not written into its request id */
  const mc_tracing_spec *tracing; /* NULL: none */
  uint32_t xff_num_trusted_hops;
  uint64_t stream_idle_ns, max_stream_ns; /* of routes that say nothing; 0: no limit */
  mc_slice scheme_to_overwrite; /* data NULL: none */
  mc_slice via;                 /* data NULL: none */
  const mc_cidr *internal_cidrs;
  uint32_t internal_cidr_count;
  const mc_slice *internal_only; /* names of lines that only who is internal may send */
  uint32_t internal_only_count;
  const mc_upgrade *upgrades;
  uint32_t upgrade_count;
} mc_http_options;

#endif
