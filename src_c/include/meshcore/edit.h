/* Formats, and edits of header lines. */
#ifndef MESHCORE_EDIT_H
#define MESHCORE_EDIT_H

#include "meshcore/base.h"

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
  MC_FORMAT_REQ_WITHOUT_QUERY,
  MC_FORMAT_QUERY_PARAMETER, /* decoded; the text is its name */
  MC_FORMAT_REMOTE_PORT,
  MC_FORMAT_DIRECT_REMOTE_PORT,
  MC_FORMAT_UPSTREAM_PORT,
  MC_FORMAT_UPSTREAM_NAME, /* the endpoint's hostname, or else its address */
  MC_FORMAT_UPSTREAM_NAME_WITHOUT_PORT,
  MC_FORMAT_RESPONSE_FLAGS_LONG,
  MC_FORMAT_START_TIME, /* one part of the request's time of day: text is a conversion, as mc_time_part() has them */
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

#endif
