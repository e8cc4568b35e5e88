/* What answers tell clients of rate limits. */
#ifndef MC_ENGINE_LIMIT_LINES_H
#define MC_ENGINE_LIMIT_LINES_H

#include "engine/snapshot.h"

enum { MC_SERVICE_LINES = 3 };

/* The lines that the limits of a decision add beside those of the answer, in the scratch. MC_OK or MC_NO_MEMORY. */
mc_code mc_limit_lines(const mc_decision *decision, mc_scratch *scratch, const mc_header **lines, uint32_t *count);

/* Whether there are any. */
bool mc_limits_tell(const mc_decision *decision);

/* Adds the x-ratelimit-* of a service's answer, as Envoy writes them (http/ratelimit/ratelimit_headers.cc), to the lines
 * of asked, which has room for MC_SERVICE_LINES more. MC_OK or MC_NO_MEMORY. */
mc_code mc_service_lines(mc_asked *asked, const mc_service_answer *answer, mc_scratch *scratch, mc_header *lines);

#endif
