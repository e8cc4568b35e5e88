/* Any bytes as what a request says that it costs, and as a query: what comes out is within bounds, and parameters are
 * found as they are when the query is decoded by hand.
 *
 * Input: the cost, a newline, the query. */
#include <stdlib.h>

#include "base/slice.h"
#include "policy/hits.h"
#include "policy/parameters.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds) {
  if (!holds) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const mc_slice all = mc_slice_of((const char *)data, size);
  const size_t end = mc_slice_find(all, 0, '\n');
  uint64_t hits = 0;
  if (mc_hits_parse(mc_slice_head(all, end), &hits)) demand(hits <= MC_MAX_HITS || hits == MC_BEYOND_HITS);
  mc_scratch scratch;
  mc_scratch_init(&scratch);
  const mc_view view = {.query = end < size ? mc_slice_from(all, end + 1) : MC_ABSENT};
  mc_input input = {.view = &view, .scratch = &scratch};
  static const mc_slice names[] = {{"", 0}, {"q", 1}, {"a b", 3}};
  for (size_t i = 0; i < 3; i++) {
    const mc_slice value = mc_parameter_find(names[i], &input);
    demand(value.size <= view.query.size && !input.no_memory);
    mc_slice plain;
    const bool simple = mc_slice_find(view.query, 0, '%') == view.query.size;
    if (!simple) continue;
    demand(mc_query_find(view.query, names[i], &plain) == (value.data != NULL));
    demand(!value.data || mc_slice_equal(value, plain));
  }
  mc_scratch_reset(&scratch);
  return 0;
}
