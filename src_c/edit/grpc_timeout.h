/* The grpc-timeout header (gRPC over HTTP/2, "Requests"), to whole milliseconds as Envoy reads and writes it. */
#ifndef MC_EDIT_GRPC_TIMEOUT_H
#define MC_EDIT_GRPC_TIMEOUT_H

#include "base/slice.h"

/* grpc-timeout: "1S", at most eight digits and a unit. False where the text is none. Less than a millisecond counts
 * as one. */
bool mc_grpc_timeout_parse(mc_slice text, uint64_t *ms);

enum { MC_GRPC_TIMEOUT_TEXT = 9 };
mc_slice mc_grpc_timeout_write(uint64_t ms, char text[MC_GRPC_TIMEOUT_TEXT]);

#endif
