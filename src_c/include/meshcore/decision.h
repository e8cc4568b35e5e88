/* Decisions: where a request goes, or what it is answered. */
#ifndef MESHCORE_DECISION_H
#define MESHCORE_DECISION_H

#include "meshcore/cors.h"
#include "meshcore/limited.h"
#include "meshcore/outcome.h"
#include "meshcore/request.h"
#include "meshcore/session.h"
#include "meshcore/snapshot.h"
#include "meshcore/tracing.h"

/* All attempts of a decision, and what they hang on. */
typedef struct mc_exchange mc_exchange;

/* What was decided. Lives inside its owner, where it must not be moved; the request's bytes must stay
 * until mc_decision_release. */
typedef struct mc_decision {
  mc_outcome outcome;
  int32_t listener;    /* of the snapshot; -1: none */
  uint32_t candidates; /* hosts that the endpoint was chosen among */
  mc_slice target;     /* path and query for the upstream */
  mc_slice authority;  /* for the upstream */
  uint64_t hash;       /* by which the endpoint was chosen, where hashed */
  uint64_t entered_ns;
  mc_session_reason session_reason; /* of a session, as is the next */
  mc_slice session_address; /* what the request asks for: any bytes; size 0: nothing */

  /* From here on to flags -1 is none, and what mc_decide begins with. */
  int32_t virtual_host, route, cluster; /* of the snapshot */
  int32_t endpoint; /* of the upstream */
  int32_t choice;   /* of the weighted clusters */
  int32_t subset;   /* where the endpoint was looked for last */

  /* From here on to snapshot all is 0 to begin with. */
  uint32_t flags;
  mc_details details;
  mc_subset_reason subset_reason;
  uint16_t status; /* of our own answer; 0 when forwarding */
  bool grpc;       /* our own answer goes to a gRPC client: as HTTP 200, with the status in headers */
  uint8_t leased;  /* who holds what endpoint and cluster count for this request; 0 where it overflows */
  bool fault_of_delay; /* its fault is no longer active once the delay is over */
  bool detects;    /* outlier detection, or the cluster's limiter, wants to know how attempts end */
  bool moved;      /* where one does: by the latest report hosts may have been ejected, or have come back */
  bool retries;    /* its policies, or the request itself, may ask for more than one attempt */
  bool elsewhere;  /* the upstream is not the cluster in the snapshot, but that of the latest attempt */
  bool over;       /* of what was forwarded: no further attempt is made, and what to answer is settled */
  bool hashed;     /* the endpoint was chosen by hash */
  mc_slice location; /* data NULL: none */
  mc_slice body;     /* of our own answer; data NULL: the route's own, or none */
  uint64_t delay_ns; /* to wait before anything else is done */
  uint64_t bytes_per_second; /* at most, of the answer's body; 0: no limit */
  mc_slice grpc_status;      /* of our own answer to a gRPC client; data NULL: the one that status stands for */
  struct mc_fault_gauge *fault; /* counts this request as an active fault; NULL: none does */
  struct mc_concurrency *entered; /* the listener's limiter, which counts this request; NULL: none does */
  mc_cluster *upstream; /* has the endpoint; NULL: there is none */
  mc_exchange *exchange; /* NULL until an attempt ends or is asked for */
  mc_cors_verdict cors;
  mc_trace_reason traced; /* of requests that are not traced themselves what goes upstream may still be a trace */
  mc_new_cookie *cookies; /* given by the answer; NULL: none */
  mc_new_cookie *cluster_cookie; /* likewise, for the cluster's own hash policies; NULL: none */
  const mc_session *session; /* NULL: the request has none */
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

/* MC_OK or MC_NO_MEMORY; whatever concerns the request itself is an outcome. Or MC_STALE: decision->cluster is to
 * be refreshed, and the request decided on the snapshot that comes of it. The decision need not be initialised,
 * and is to be released in any case. The request may be the decision's own. */
mc_code mc_decide(const mc_snapshot *snapshot, const mc_request *request, mc_decision *decision);

/* What the service says that the number-th of the decision's mc_asked is for. Refused, the decision becomes MC_REJECT, and
 * its lease ends. Once for each; afterwards it does nothing. MC_OK or MC_NO_MEMORY. */
mc_code mc_decision_take_answer(mc_decision *decision, uint32_t number, const mc_service_answer *answer);

/* The delay is over: where the delay was all, its fault is not active any more. mc_decision_close does as much. */
void mc_decision_end_delay(mc_decision *decision);

/* The request is over for its listener's limiter: answered to its end, or given up, of which nothing is learned. Does
 * nothing where decision->entered is NULL. */
void mc_decision_leave(mc_decision *decision, bool answered, uint64_t now_ns);

/* The id of the request: what x-request-id says, or what was made; data NULL: none. It lies in decision and request. */
mc_slice mc_decision_request_id(const mc_decision *decision);

/* Ends all leases, and what counts it as a fault; calls after the first do nothing. */
void mc_decision_close(mc_decision *decision);
/* Closes, leaves as one that was given up, and gives all memory back. */
void mc_decision_release(mc_decision *decision);

#endif
