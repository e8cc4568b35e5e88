#include "check.h"
#include "circuit/retry_budget.h"

static uint32_t limit(double percent, uint32_t least, uint32_t active) {
  const mc_thresholds thresholds = {.retry_budget = true, .budget_percent = percent, .min_retry_concurrency = least};
  return mc_retry_budget_limit(&thresholds, active);
}

int main(void) {
  /* The example of Envoy's documentation: 100 active requests and 25 percent are 25 retries. */
  CHECK_INT(limit(25, 3, 100), 25);
  CHECK_INT(limit(20, 3, 0), 3);
  CHECK_INT(limit(20, 3, 15), 3);
  CHECK_INT(limit(20, 3, 19), 3);
  CHECK_INT(limit(20, 3, 20), 4);
  CHECK_INT(limit(20, 0, 4), 0);
  CHECK_INT(limit(0, 0, 1000), 0);
  CHECK_INT(limit(100, 0, 7), 7);
  CHECK_INT(limit(12.5, 0, 8), 1);
  CHECK_INT(limit(12.5, 0, 7), 0);
  CHECK_INT(limit(20, UINT32_MAX, 9), UINT32_MAX);
  CHECK_INT(limit(100, 0, UINT32_MAX), UINT32_MAX);
  return check_finish();
}
