/* How decisions come out: Envoy's response flags and response code details. */
#ifndef MESHCORE_OUTCOME_H
#define MESHCORE_OUTCOME_H

#include "meshcore/base.h"

typedef enum mc_outcome { MC_FORWARD, MC_REDIRECT, MC_RESPOND, MC_REJECT } mc_outcome;

/* Envoy's response code details; mc_details_name() gives the text. */
typedef enum mc_details {
  MC_DETAILS_NONE, /* "" */
  MC_DETAILS_VIA_UPSTREAM,
  MC_DETAILS_WEBSOCKET_REFUSED, /* the upstream answered the handshake with neither a 101 nor an error */
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
  MC_DETAILS_DROP_OVERLOAD,
  MC_DETAILS_UNCONDITIONAL_DROP_OVERLOAD,
  MC_DETAILS_UPGRADE_FAILED,
  MC_DETAILS_PATH_NORMALIZATION_FAILED,
  MC_DETAILS_ABSOLUTE_PATH_REJECTED,
  MC_DETAILS_MISSING_HOST_HEADER,
  MC_DETAILS_INVALID_AUTHORITY,
  MC_DETAILS_CODEC_ERROR,
  MC_DETAILS_INVALID_URL,
  MC_DETAILS_INVALID_SCHEME,
  MC_DETAILS_HTTPS_URL_ON_PLAINTEXT,
  MC_DETAILS_INVALID_CHARACTERS,
  MC_DETAILS_UNEXPECTED_UNDERSCORE,
  MC_DETAILS_INVALID_TRANSFER_ENCODING,
  MC_DETAILS_LENGTH_AND_CHUNKED,
  MC_DETAILS_BODY_DISALLOWED,
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
  MC_FLAG_DO = 1 << 27,    /* dropped, as the cluster asks for a share of its requests */
  MC_FLAG_UDO = 1 << 29,   /* and for all of them */
} mc_flag;

const char *mc_flag_name(mc_flag flag);
/* "NoHealthyUpstream" */
const char *mc_flag_long_name(mc_flag flag);

enum { MC_FLAGS_TEXT = 80 }; /* room for all of them */
/* "URX,UF": the names of several, as Envoy orders them; absent where there is none. */
mc_slice mc_flags_text(uint32_t flags, char text[MC_FLAGS_TEXT]);
enum { MC_FLAGS_LONG_TEXT = 480 };
/* The same by their long names. */
mc_slice mc_flags_long_text(uint32_t flags, char text[MC_FLAGS_LONG_TEXT]);

#endif
