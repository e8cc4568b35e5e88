/* Input: what a client sends for a session, in base64. */
#include <stdlib.h>

#include "base/base64.h"
#include "policy/session_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
  if (!holds) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  mc_slice decoded;
  mc_scratch scratch;
  mc_scratch_init(&scratch);
  require(mc_base64_decode(mc_slice_of((const char *)data, size), &scratch, &decoded) == MC_OK);
  if (decoded.size) {
    char *text = mc_scratch_alloc(&scratch, mc_base64_size(decoded.size));
    require(text && mc_base64_encode(decoded, text) == text + size && memcmp(text, data, size) == 0);
  }
  /* Both what was sent and what is in it: most bytes are no base64. */
  const mc_slice tried[] = {decoded, {(const char *)data, size}};
  for (size_t i = 0; i < 2; i++) {
    mc_session_message message, again;
    if (!mc_session_message_read(tried[i], &message)) continue;
    require(message.address.size <= tried[i].size);
    char *bytes = mc_scratch_alloc(&scratch, mc_session_message_most(&message));
    require(bytes != NULL);
    const size_t wrote = (size_t)(mc_session_message_write(&message, bytes) - bytes);
    require(wrote <= mc_session_message_most(&message));
    require(mc_session_message_read(mc_slice_of(bytes, wrote), &again));
    require(mc_slice_equal(again.address, message.address) && again.expires == message.expires);
  }
  mc_scratch_reset(&scratch);
  return 0;
}
