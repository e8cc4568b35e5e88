/* Who the client is: the direct peer, or what trusted entries of x-forwarded-for say. */
#ifndef MC_EDIT_TRUST_H
#define MC_EDIT_TRUST_H

#include "base/arena.h"
#include "base/slice.h"
#include "edit/address.h"

/* forwarded_for is the request's x-forwarded-for (data NULL: none). Only a client that is named alone
 * can be internal: with use_remote_address any x-forwarded-for makes it external; without, it must be
 * the only entry. MC_OK or MC_NO_MEMORY. */
mc_code mc_trust_weigh(const mc_request *request, mc_slice forwarded_for, const mc_http_options *options,
                       mc_scratch *scratch, mc_view *out);
/* The same; most often all hangs on the last entry, which is read when somebody asks for the client (mc_view_client). */
static inline mc_code mc_trust_decide(const mc_request *request, mc_slice forwarded_for, const mc_http_options *options,
                                      mc_scratch *scratch, mc_view *out) {
  const bool believed =
      !options->use_remote_address && !options->xff_num_trusted_hops && !options->has_internal_cidrs;
  out->told = MC_ABSENT;
  if (!believed) return mc_trust_weigh(request, forwarded_for, options, scratch, out);
  out->client = request->source;
  out->told = forwarded_for;
  out->internal = false;
  return MC_OK;
}

#endif
