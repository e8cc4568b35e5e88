#include "meshcore.h"

const char *mc_details_name(mc_details details) {
  switch (details) {
    case MC_DETAILS_NONE:
      return "";
    case MC_DETAILS_VIA_UPSTREAM:
      return "via_upstream";
    case MC_DETAILS_DIRECT_RESPONSE:
      return "direct_response";
    case MC_DETAILS_CORS_RESPONSE:
      return "cors_response";
    case MC_DETAILS_FAULT_FILTER_ABORT:
      return "fault_filter_abort";
    case MC_DETAILS_ROUTE_NOT_FOUND:
      return "route_not_found";
    case MC_DETAILS_CLUSTER_NOT_FOUND:
      return "cluster_not_found";
    case MC_DETAILS_NO_HEALTHY_UPSTREAM:
      return "no_healthy_upstream";
    case MC_DETAILS_OVERFLOW:
      return "upstream_reset_before_response_started{overflow}";
    case MC_DETAILS_UPGRADE_FAILED:
      return "upgrade_failed";
    case MC_DETAILS_PATH_NORMALIZATION_FAILED:
      return "path_normalization_failed";
    case MC_DETAILS_ABSOLUTE_PATH_REJECTED:
      return "absolute_path_rejected";
    case MC_DETAILS_MISSING_HOST_HEADER:
      return "missing_host_header";
    case MC_DETAILS_INVALID_AUTHORITY:
      return "http.invalid_authority";
    case MC_DETAILS_CODEC_ERROR:
      return "http1.codec_error";
    case MC_DETAILS_INVALID_URL:
      return "http1.invalid_url";
    case MC_DETAILS_INVALID_SCHEME:
      return "http1.invalid_scheme";
    case MC_DETAILS_INVALID_CHARACTERS:
      return "http1.invalid_characters";
    case MC_DETAILS_INVALID_TRANSFER_ENCODING:
      return "http1.invalid_transfer_encoding";
    case MC_DETAILS_LENGTH_AND_CHUNKED:
      return "http1.content_length_and_chunked_not_allowed";
    case MC_DETAILS_CONNECTION_HEADER_REJECTED:
      return "http1.connection_header_rejected";
    case MC_DETAILS_TOO_MANY_HEADERS:
      return "http1.too_many_headers";
    case MC_DETAILS_HEADERS_TOO_LARGE:
      return "http1.headers_too_large";
  }
  return "";
}
