/* The copies of a request that is forwarded. */
#ifndef MESHCORE_MIRRORED_H
#define MESHCORE_MIRRORED_H

#include "meshcore/message.h"

/* A copy that is to be sent to another cluster; its path and body are those of the request. */
typedef struct mc_mirrored {
  uint32_t policy; /* for mc_decision_mirror_headers */
  int32_t cluster;
  mc_slice authority;
} mc_mirrored;

/* The copies of a FORWARD, in the order of their policies. Which policies take the request is drawn from its
 * seed: asking again gives the same. They lie in the scratch. MC_OK or MC_NO_MEMORY. */
mc_code mc_decision_mirrors(const mc_decision *decision, mc_scratch *scratch, const mc_mirrored **mirrors,
                            uint32_t *count);

/* The lines of a copy, without host; as mc_decision_request_headers. */
mc_code mc_decision_mirror_headers(const mc_decision *decision, uint32_t policy, mc_scratch *scratch,
                                   const mc_header_line **lines, uint32_t *count);

#endif
