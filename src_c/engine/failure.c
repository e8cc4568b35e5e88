/* What a decision becomes where no attempt brings an answer: one of our own, in Envoy's words. */
#include "edit/response.h"
#include "engine/exchange.h"

static void answer(mc_decision *d, uint16_t status, mc_details details, uint32_t flags, mc_slice body) {
  mc_decision_close(d);
  d->outcome = MC_REJECT;
  d->status = status;
  d->details = details;
  d->flags |= flags;
  d->body = body;
  d->grpc = mc_view_is_grpc(&d->view);
}

static void answer_timeout(mc_decision *d, bool alternative, mc_details details) {
  answer(d, alternative ? 204 : 504, details, MC_FLAG_UT, alternative ? MC_LITERAL("") : MC_LITERAL("upstream request timeout"));
}

#define RESET(reason)                                                                          \
  {MC_LITERAL("upstream connect error or disconnect/reset before headers. reset reason: " reason), \
   MC_LITERAL("upstream connect error or disconnect/reset before headers. retried and the latest reset reason: " reason)}

typedef struct reset {
  mc_slice body[2]; /* without, and after a retry */
  mc_details details;
  mc_flag flag;
} reset;

static reset reset_of(mc_failure failure) {
  switch (failure) {
    case MC_FAILURE_CONNECT:
      return (reset){RESET("remote connection failure"), MC_DETAILS_RESET_CONNECT_FAILURE, MC_FLAG_UF};
    case MC_FAILURE_CONNECT_TIMEOUT:
      return (reset){RESET("connection timeout"), MC_DETAILS_RESET_CONNECT_TIMEOUT, MC_FLAG_UF};
    case MC_FAILURE_REMOTE_RESET:
      return (reset){RESET("remote reset"), MC_DETAILS_RESET_REMOTE, MC_FLAG_UR};
    case MC_FAILURE_REFUSED_STREAM:
      return (reset){RESET("remote refused stream reset"), MC_DETAILS_RESET_REFUSED_STREAM, MC_FLAG_UR};
    case MC_FAILURE_PROTOCOL:
      return (reset){RESET("protocol error"), MC_DETAILS_RESET_PROTOCOL, MC_FLAG_UPE};
    case MC_FAILURE_OVERFLOW:
      return (reset){RESET("overflow"), MC_DETAILS_OVERFLOW, MC_FLAG_UO};
    default:
      return (reset){RESET("connection termination"), MC_DETAILS_RESET_TERMINATION, MC_FLAG_UC};
  }
}

void mc_exchange_fail(mc_decision *d, mc_failure failure, const mc_timeouts *timeouts, bool retried) {
  switch (failure) {
    case MC_FAILURE_TIMEOUT:
      answer_timeout(d, timeouts->alternative, MC_DETAILS_RESPONSE_TIMEOUT);
      return;
    case MC_FAILURE_PER_TRY_TIMEOUT:
      answer_timeout(d, timeouts->alternative, MC_DETAILS_PER_TRY_TIMEOUT);
      return;
    case MC_FAILURE_PER_TRY_IDLE_TIMEOUT:
      answer_timeout(d, timeouts->alternative, MC_DETAILS_PER_TRY_IDLE_TIMEOUT);
      return;
    case MC_FAILURE_IDLE_TIMEOUT:
      answer(d, 504, MC_DETAILS_STREAM_IDLE_TIMEOUT, MC_FLAG_SI, MC_LITERAL("stream timeout"));
      return;
    case MC_FAILURE_MAX_DURATION:
      answer(d, 504, MC_DETAILS_MAX_DURATION_TIMEOUT, 0, MC_LITERAL("downstream duration timeout"));
      d->grpc_status = MC_LITERAL("4"); /* DEADLINE_EXCEEDED */
      return;
    case MC_FAILURE_UPSTREAM_MAX_DURATION:
      answer(d, 504, MC_DETAILS_UPSTREAM_MAX_DURATION, MC_FLAG_UMSDR, MC_LITERAL("upstream max stream duration reached"));
      return;
    default:
      break;
  }
  const reset found = reset_of(failure);
  answer(d, failure == MC_FAILURE_PROTOCOL ? 502 : 503, found.details, found.flag, found.body[retried]);
}

void mc_exchange_overflow(mc_decision *d) { mc_exchange_fail(d, MC_FAILURE_OVERFLOW, &d->exchange->timeouts, true); }

void mc_exchange_nowhere(mc_decision *d) {
  answer(d, 503, MC_DETAILS_NO_HEALTHY_UPSTREAM, MC_FLAG_UH, MC_LITERAL("no healthy upstream"));
}
