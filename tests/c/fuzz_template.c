/* Input: a template, a rewrite and a path, each on a line of its own. */
#include <stdlib.h>

#include "base/arena.h"
#include "match/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static mc_slice take(mc_slice *rest) {
  const size_t end = mc_slice_find(*rest, 0, '\n');
  const mc_slice taken = mc_slice_head(*rest, end);
  *rest = mc_slice_from(*rest, end < rest->size ? end + 1 : end);
  return taken;
}

static void require(bool holds) {
  if (!holds) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  mc_slice rest = mc_slice_of((const char *)data, size);
  const mc_slice text = take(&rest), rewrite_text = take(&rest), path = rest;
  mc_error error = {0};
  mc_slice values[MC_TEMPLATE_VARIABLES], out;
  mc_template *made = mc_template_compile(text, &error);
  if (!made) {
    require(error.position <= text.size && error.message[0]);
    return 0;
  }
  mc_template_rewrite *rewrite = mc_template_rewrite_compile(made, rewrite_text, &error);
  if (mc_template_match(made, path, values)) {
    require(mc_slice_starts(path, mc_template_literal_prefix(made)));
    require(!mc_template_is_literal(made) || mc_slice_equal(path, mc_template_literal_prefix(made)));
    mc_scratch scratch;
    mc_scratch_init(&scratch);
    require(!rewrite || mc_template_rewrite_apply(rewrite, values, &scratch, &out) == MC_OK);
    mc_scratch_reset(&scratch);
  }
  mc_template_rewrite_free(rewrite);
  mc_template_free(made);
  return 0;
}
