/* What requests are matched by: texts, header lines, query parameters, cookies, paths, and the domains of virtual
 * hosts. */
#ifndef MESHCORE_MATCH_H
#define MESHCORE_MATCH_H

#include "meshcore/base.h"

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
  bool ignore_parameters; /* of the path's segments; the same for all routes of a virtual host */
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

#endif
