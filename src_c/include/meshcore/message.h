/* Header lines: of what is sent upstream, and of answers. */
#ifndef MESHCORE_MESSAGE_H
#define MESHCORE_MESSAGE_H

#include "meshcore/attempt.h"

/* A header line of a result: one that came in, by its index, or one of ours. */
typedef struct mc_header_line {
  mc_slice name;  /* as it came, or lower-case where it is ours */
  mc_slice value;
  int32_t source; /* index in the headers that came in; -1: this line is ours */
} mc_header_line;

/* The same decision for a request with other headers: nothing is decided anew, no endpoint is picked and no lease
 * taken. For mc_decision_request_headers alone. The first decision must stay, and out is to be released in
 * any case. MC_INVALID where the headers cannot be served; out->details then says why. */
mc_code mc_decision_with_headers(const mc_decision *decision, const mc_header *headers, uint32_t count,
                                 mc_decision *out);

/* The lines to send upstream for a FORWARD, without host. Lines lie in the scratch, which the caller
 * resets when done. */
mc_code mc_decision_request_headers(const mc_decision *decision, mc_scratch *scratch,
                                    const mc_header_line **lines, uint32_t *count);

/* What the router says to the upstream of the first attempt, beside what the view has. */
typedef struct mc_router_told {
  mc_header lines[2];
  uint32_t count;
  char digits[2][20]; /* that they lie in */
} mc_router_told;

/* Whether mc_decision_request_headers would give the lines of the view as they are, each at the index that it came at,
 * and then these. timeouts are the decision's. False also where it takes more than a look. */
bool mc_decision_request_stays(const mc_decision *decision, const mc_timeouts *timeouts, mc_router_told *told);

/* The lines to send upstream for an attempt; as mc_decision_request_headers, which is that of the first. */
mc_code mc_attempt_request_headers(const mc_decision *decision, const mc_attempt *attempt, mc_scratch *scratch,
                                   const mc_header_line **lines, uint32_t *count);

typedef struct mc_response {
  uint16_t status;          /* of the upstream's answer */
  const mc_header *headers; /* of the upstream's answer */
  uint32_t header_count;
  mc_slice body;            /* of our own answer, where the decision has none */
} mc_response;

/* The lines to answer with: the upstream's, edited (FORWARD), or those of our own answer. *status and
 * *body are what to send of our own answer: a gRPC client gets its errors in headers. */
mc_code mc_decision_response_headers(const mc_decision *decision, const mc_response *response,
                                     mc_scratch *scratch, const mc_header_line **lines, uint32_t *count,
                                     uint16_t *status, mc_slice *body);

/* Whether mc_decision_response_headers would give these lines of the upstream's as they are. False also where that takes
 * more than a look. */
bool mc_decision_answer_stays(const mc_decision *decision, const mc_header *headers, uint32_t count);

#endif
