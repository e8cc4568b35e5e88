/* A request and its one view. */
#ifndef MESHCORE_REQUEST_H
#define MESHCORE_REQUEST_H

#include "meshcore/base.h"

/* Envoy's defaults for max_headers_count and max_request_headers_kb. A request beyond them is refused. */
enum { MC_MAX_HEADER_COUNT = 100, MC_MAX_HEADER_BYTES = 60 * 1024 };

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
  uint64_t unix_ns; /* the time of day, in nanoseconds since 1970; see mc_snapshot_reads_unix_time */
  uint64_t seed;
  const uint64_t *ids; /* MC_REQUEST_IDS numbers, of which mc_snapshot_makes_ids are random, for as long as the decision;
                          NULL: they come of the seed */
  bool stale; /* decide even where the cluster has news */
  bool inbound; /* it is at the service that it is for, and its caller has gone by the routes: limits have their say, but
                   faults and CORS have not, and no endpoint is picked */
  const unsigned char *served; /* by the cluster's index, while it is decided: not 0 where whoever asks answers for it. Then
                                  its breakers hold, but no endpoint is picked, no other attempt is made, and outlier
                                  detection hears nothing of it. NULL: nothing is known of that */
} mc_request;

enum { MC_REQUEST_IDS = 5 };

/* Longest text of an IP address. */
enum { MC_ADDRESS_TEXT = 46 };

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
  uint64_t unasked[2];    /* likewise: nobody asks for the name of headers[i]; beyond them, too, where has_slots is */
  uint32_t header_count;
  uint32_t added_count;
  mc_header added[MC_VIEW_ADDED]; /* x-forwarded-proto and the like */
  mc_slice protocol;
  mc_slice source; /* the direct peer */
  uint16_t source_port;
  uint64_t unix_ns; /* of the request */
  mc_slice client; /* the client that is believed: the peer, or what trusted x-forwarded-for says; see mc_view_client */
  mc_slice told;   /* an x-forwarded-for that has the last word on it, and has not been read; data NULL: none */
  char client_text[MC_ADDRESS_TEXT]; /* of a client that it names in another way */
  mc_slice local;
  uint16_t port;
  uint16_t port_aside;      /* bytes of the port behind the authority that was stripped of a CONNECT's */
  mc_slice forwarded_proto; /* x-forwarded-proto as it stands */
  mc_slice upgrade;         /* the protocol that the request wants to switch to; data NULL: none */
  mc_slice request_id;      /* x-request-id, where the listener minds it; data NULL: none */
  bool owns_request_id;     /* its text is the view's own: no header line of the request */
  bool made_request_id;     /* and made for the request, with made_number as its first eight digits */
  uint32_t made_number;
  bool wishes_trace;        /* false: no line has a name that asks for a trace, or says what it is of */
  bool internal; /* the client is internal */
  bool tls;      /* the connection's own scheme is https */
  bool has_slots; /* line_slots tells; otherwise nobody has looked */
  uint16_t line_slots[MC_MAX_HEADER_COUNT]; /* of the lines that somebody asks for */
} mc_view;

/* Fills path and query from target; any line may be asked for. */
void mc_view_split(mc_view *view);

#endif
