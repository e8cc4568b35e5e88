/* Attempts: the life of a FORWARD, as Envoy's router has it.
 *
 * mc_decide leases the first attempt. What comes of an attempt is reported, and may call for a further one, which
 * mc_decision_attempt leases. Once the decision is over, either the answer of the attempt that was reported last
 * goes to the client, or, where the outcome has become MC_REJECT, one of our own. The attempt that is answered keeps
 * its lease until the decision is closed.
 */
#ifndef MESHCORE_ATTEMPT_H
#define MESHCORE_ATTEMPT_H

#include "meshcore/decision.h"
#include "meshcore/report.h"

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
  bool after_timeout;  /* the one before it took too long */
  uint8_t leased;      /* who holds the place that its endpoint counts for it; 0: nobody */
  mc_slice target, authority; /* for the upstream */
  mc_attempt *next;
};

/* What limits the time of one request, in milliseconds; 0: no limit. */
typedef struct mc_timeouts {
  uint64_t request_ms, per_try_ms, per_try_idle_ms, idle_ms;
  bool has_stream;      /* stream_ms counts, even where it is 0 */
  uint64_t stream_ms;   /* from the first byte of the request to the last of the answer */
  uint64_t upstream_ms; /* the same of one attempt */
  bool tells_grpc;      /* grpc-timeout follows the expected time of each attempt */
  bool has_grpc;        /* grpc-timeout becomes grpc_ms */
  bool hides_grpc;      /* grpc-timeout does not go upstream */
  uint64_t grpc_ms;
  bool alternative;     /* a timeout is answered by 204, not 504 */
  bool hedges;          /* an attempt that takes too long goes on beside the next one */
} mc_timeouts;

/* Whether anything may hang on when a request that is forwarded came. */
bool mc_decision_is_timed(const mc_decision *decision);
/* Of a decision's request; all 0 where its route forwards nothing. */
void mc_decision_timeouts(const mc_decision *decision, mc_timeouts *out);

/* All attempts so far, the first one first. NULL: no memory, or not forwarded. */
const mc_attempt *mc_decision_attempts(mc_decision *decision);

/* How many attempts are to be made beside the first from the start (Envoy's HedgePolicy.initial_requests). */
uint32_t mc_decision_further(const mc_decision *decision);

/* Whether the policy of an attempt's cluster (number 0: of the latest) learns from reports; and tells it. By many threads
 * at once. */
bool mc_decision_learns(const mc_decision *decision, uint32_t number);
void mc_decision_learn(const mc_decision *decision, uint32_t number, const mc_report *report);

/* What an attempt came to (number 0: the latest that runs). *again: mc_decision_attempt is to be called for the next
 * one. replayable false: the request cannot be sent again. unix_s: the time since 1970, where
 * mc_decision_reads_wall_clock. Reports on attempts that do not run, and once the decision is over, do nothing, but for
 * one: that the answer on its way to the client broke off: a reset, or the idle timeout of the try, which outlier
 * detection hears of, or the timeout of the request. MC_OK or MC_NO_MEMORY. */
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

#endif
