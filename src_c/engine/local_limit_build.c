/* Local limits made of their specs, and what they are told of: names, counts. */
#include "engine/local_limit.h"

static mc_code fail(mc_error *error, mc_code code, const char *message) {
  *error = (mc_error){.code = code};
  memcpy(error->message, message, strlen(message));
  return code;
}

/* The coarsest unit of time with which a full bucket is not too long: nanoseconds, unless it would take 73 years. */
static mc_code make_limit(mc_limit_rule *to, const mc_token_bucket *from, mc_error *error) {
  enum { COARSEST = 40 };
  mc_code code = MC_INVALID;
  for (to->shift = 0; to->shift < COARSEST; to->shift++) {
    const uint64_t unit = UINT64_C(1) << to->shift;
    mc_token_bucket bucket = *from;
    bucket.fill_interval_ns = from->fill_interval_ns / unit + (from->fill_interval_ns % unit != 0);
    code = mc_limit_make(&bucket, &to->limit, error);
    if (!code) break;
  }
  return code;
}

static uint64_t saturated(double ns) { return ns < 9e18 ? (uint64_t)ns : UINT64_C(9000000000000000000); }

/* number: MC_RULE_WHOLE is that of all requests. */
static mc_code build_rule(mc_limit_rule *to, const mc_limit_rule_spec *from, const mc_rules *rules, int32_t number,
                          const mc_local_limit_spec *spec, mc_arena *arena, mc_error *error) {
  bool ok = true;
  const uint32_t open = number == MC_RULE_WHOLE ? 0 : mc_rules_open(rules, number);
  const mc_token_bucket *bucket = &from->bucket;
  const double token = (double)bucket->fill_interval_ns / (double)(bucket->tokens_per_fill ? bucket->tokens_per_fill : 1);
  to->label = mc_arena_copy(arena, from->label, &ok);
  if (!ok) return fail(error, MC_NO_MEMORY, "out of memory");
  to->none = bucket->max_tokens == 0;
  to->shadow = from->shadow;
  to->status = from->status ? from->status : spec->status;
  to->keyed = open > 0 || spec->per_connection;
  to->key_entry = open && !spec->per_connection ? mc_rules_open_entry(rules, number) : -1;
  to->plain = !to->none && (!to->keyed || to->key_entry >= 0);
  /* In milliseconds, as Envoy has it, so that the same rates are equal. */
  to->rate = (double)bucket->tokens_per_fill / ((double)(bucket->fill_interval_ns / 1000000) / 1000);
  to->max_tokens = bucket->max_tokens;
  to->token_ns = saturated(token + 0.5);
  to->window_ns = saturated(token * (double)bucket->max_tokens + 0.5);
  return to->none ? MC_OK : make_limit(to, bucket, error);
}

typedef struct birth {
  uint64_t capacity;
  const mc_limit *limit;
  const uint8_t *secret;
} birth;

static void init_limiter(void *memory, const void *argument) {
  const birth *of = argument;
  mc_limiter_init(memory, of->capacity, of->limit, of->secret);
}

/* The tokens themselves, which the runtime keeps. */
static bool find_tokens(mc_limit_rule *rule, mc_slice name, uint64_t capacity, mc_runtime *runtime) {
  if (rule->none) return true;
  const size_t size = rule->keyed ? mc_limiter_bytes(capacity) : MC_BUCKET_BYTES;
  if (!size) return false;
  const birth of = {capacity, &rule->limit, mc_runtime_secret(runtime)};
  mc_runtime_lock(runtime);
  rule->store = mc_limit_store_of(runtime, name, size, rule->keyed ? MC_LIMITER_ALIGNMENT : MC_BUCKET_BYTES,
                                  rule->keyed ? init_limiter : NULL, &of);
  if (rule->store && rule->keyed && !mc_limiter_open(&rule->limiter, rule->store->memory, capacity, &rule->limit)) {
    /* Of a shared state: who else would write to it? */
    mc_limit_store_release(runtime, rule->store);
    rule->store = NULL;
    *mc_runtime_forget_refusal(runtime) = (mc_error){.code = MC_INVALID, .message = "is damaged: a rate limit"};
  }
  mc_runtime_unlock(runtime);
  return rule->store != NULL;
}

static bool find_counts(mc_local_limit *limit, mc_runtime *runtime) {
  mc_runtime_lock(runtime);
  limit->counts = mc_limit_store_of(runtime, limit->scope, sizeof(mc_limit_counters), MC_LIMITER_ALIGNMENT, NULL, NULL);
  mc_runtime_unlock(runtime);
  return limit->counts != NULL;
}

static mc_code build_rules(mc_local_limit *limit, const mc_local_limit_spec *spec, mc_limit_builder *builder,
                           mc_error *error) {
  mc_arena *arena = builder->arena;
  limit->rules = mc_rules_build(spec->rules, spec->rule_count, arena);
  limit->at = mc_arena_alloc(arena, spec->rule_count + 1, sizeof *limit->at);
  if (!limit->rules || !limit->at) return fail(error, MC_NO_MEMORY, "out of memory");
  limit->has_whole = spec->whole != NULL;
  for (uint32_t i = 0; i < spec->rule_count + limit->has_whole; i++) {
    const bool whole = i == spec->rule_count;
    const mc_limit_rule_spec *from = whole ? spec->whole : &spec->rules[i];
    limit->rule_count = i + !whole; /* clear goes by it, and by has_whole */
    const int32_t number = whole ? MC_RULE_WHOLE : (int32_t)i;
    mc_code code = build_rule(&limit->at[i], from, limit->rules, number, spec, arena, error);
    if (code) return code;
    if (!find_tokens(&limit->at[i], from->name, spec->capacity, builder->runtime)) {
      return fail(error, MC_NO_MEMORY, "no memory for the keys of a rate limit");
    }
    limit->at[i].limiter.alone = limit->alone;
  }
  return MC_OK;
}

static int32_t header_rule_of(const mc_local_limit *limit) {
  if (!limit->rule_count || !limit->own_descriptors) return -1;
  const mc_entry_maker *entry = mc_descriptors_header(&limit->descriptors);
  return entry ? mc_rules_open_for(limit->rules, entry->key) : -1;
}

mc_code mc_local_limit_build(mc_local_limit **out, const mc_local_limit_spec *spec, mc_limit_builder *builder,
                             mc_error *error) {
  mc_arena *arena = builder->arena;
  bool ok = true;
  *out = NULL;
  if (!spec) return MC_OK;
  mc_local_limit *limit = mc_arena_alloc(arena, 1, sizeof *limit);
  if (!limit) return fail(error, MC_NO_MEMORY, "out of memory");
  limit->name = mc_arena_copy(arena, spec->name, &ok);
  limit->scope = mc_arena_copy(arena, spec->scope, &ok);
  limit->enabled = spec->enabled;
  limit->enforced = spec->enforced;
  limit->stage = spec->stage;
  limit->outer = spec->outer;
  limit->tells = spec->tells;
  limit->per_connection = spec->per_connection;
  limit->always_whole = spec->always_whole;
  limit->resource_exhausted = spec->resource_exhausted;
  limit->free_zero = spec->free_zero;
  limit->tells_least = spec->tells_least;
  limit->divided_among = spec->divided ? spec->divided_among : -1;
  limit->own_descriptors = spec->descriptors != NULL;
  limit->header_rule = -1;
  limit->alone = mc_runtime_alone(builder->runtime) && !mc_runtime_shared(builder->runtime);
  if (!ok || mc_edit_pair_compile(arena, &spec->edits, &limit->edits)) return fail(error, MC_NO_MEMORY, "out of memory");
  *out = limit; /* from here on mc_local_limit_clear knows what to give back */
  if (!find_counts(limit, builder->runtime)) return fail(error, MC_NO_MEMORY, "out of memory");
  mc_code code = mc_descriptors_build(&limit->descriptors, spec->descriptors, builder->slots, arena, error);
  if (!code) code = build_rules(limit, spec, builder, error);
  if (!code) limit->header_rule = header_rule_of(limit);
  if (!limit->has_whole && !limit->rule_count) return code; /* nothing to tell of */
  limit->next = builder->first;
  builder->first = limit;
  return code;
}

void mc_local_limit_clear(mc_local_limit *limit, mc_runtime *runtime) {
  if (!limit) return;
  mc_descriptors_clear(&limit->descriptors);
  mc_runtime_lock(runtime);
  mc_limit_store_release(runtime, limit->counts);
  limit->counts = NULL;
  for (uint32_t i = 0; limit->at && i < limit->rule_count + limit->has_whole; i++) {
    mc_limit_store_release(runtime, limit->at[i].store);
    limit->at[i].store = NULL;
  }
  mc_runtime_unlock(runtime);
}

mc_limit_counts mc_local_limit_counts(const mc_local_limit *limit) {
  mc_limit_counters *counters = mc_local_limit_counters(limit);
  const uint64_t ok = atomic_load_explicit(&counters->ok, memory_order_relaxed);
  const uint64_t rate_limited = atomic_load_explicit(&counters->rate_limited, memory_order_relaxed);
  return (mc_limit_counts){.enabled = ok + rate_limited,
                           .ok = ok,
                           .rate_limited = rate_limited,
                           .enforced = atomic_load_explicit(&counters->enforced, memory_order_relaxed)};
}

mc_slice mc_local_limit_scope(const mc_local_limit *limit) { return limit->scope; }

mc_slice mc_local_limit_name(const mc_local_limit *limit) { return limit->name; }

mc_slice mc_local_limit_label(const mc_local_limit *limit, int32_t rule) {
  return limit->at[rule == MC_RULE_WHOLE ? limit->rule_count : (uint32_t)rule].label;
}
