/* What the tests of local limits share: one limit, and what it makes of descriptors. */
#ifndef MC_LOCAL_LIMIT_SUPPORT_H
#define MC_LOCAL_LIMIT_SUPPORT_H

#include "limits_support.h"

#include "engine/local_limit.h"

static mc_runtime *runtime;
static mc_arena *arena;
static mc_slots *slots;
static mc_local_limit *limit;
static mc_scratch scratch;
static mc_request request;
static mc_limited limited;
static uint64_t shares = 1;
static uint16_t status;

#define SECOND UINT64_C(1000000000)

static inline void start(mc_local_limit_spec spec, const mc_limit_rule_spec *rules, uint32_t count) {
  mc_error error;
  runtime = mc_runtime_new();
  arena = mc_arena_new();
  slots = mc_slots_new();
  mc_scratch_init(&scratch);
  request = (mc_request){.now_ns = 100 * SECOND};
  spec.rules = rules;
  spec.rule_count = count;
  if (!spec.capacity) spec.capacity = 64;
  spec.status = 429;
  CHECK_INT(mc_local_limit_build(&limit, &spec, &(mc_limit_builder){.slots = slots, .runtime = runtime, .arena = arena}, &error), MC_OK);
}

static inline void stop(void) {
  mc_scratch_reset(&scratch);
  mc_local_limit_clear(limit, runtime);
  mc_slots_free(slots);
  mc_arena_free(arena);
  mc_runtime_free(runtime);
  CHECK_INT(check_blocks(), 0);
}

static inline bool judge_as(const mc_descriptor *descriptors, uint32_t count, bool peek) {
  limited = (mc_limited){.limit = limit};
  status = 0;
  CHECK_INT(mc_local_limit_judge(&request, descriptors, count, shares, peek, &scratch, &limited, &status), MC_OK);
  mc_limited_reckon(&limited);
  return limited.allowed;
}

static inline bool judge(const mc_descriptor *descriptors, uint32_t count) { return judge_as(descriptors, count, false); }

#endif
