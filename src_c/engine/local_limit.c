#include "engine/local_limit.h"

#include "base/inlined.h"
#include "limit/bucket.h"

#include "limit/table.h"

/* ------------------------------------------------------------------ building */

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
  limit->alone = mc_runtime_alone(builder->runtime) && !mc_runtime_shared(builder->runtime);
  if (!ok || mc_edit_pair_compile(arena, &spec->edits, &limit->edits)) return fail(error, MC_NO_MEMORY, "out of memory");
  *out = limit; /* from here on mc_local_limit_clear knows what to give back */
  if (!find_counts(limit, builder->runtime)) return fail(error, MC_NO_MEMORY, "out of memory");
  mc_code code = mc_descriptors_build(&limit->descriptors, spec->descriptors, builder->slots, arena, error);
  if (!code) code = build_rules(limit, spec, builder, error);
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

/* ------------------------------------------------------------------ tokens */

/* A rule that a descriptor falls under. */
typedef struct match {
  int32_t rule;
  const mc_descriptor *descriptor; /* NULL: the whole */
} match;

typedef struct charge {
  const mc_local_limit *limit;
  const mc_request *request;
  mc_scratch *scratch;
  uint64_t shares; /* that the tokens are divided into: each is so much dearer */
  bool peek, no_memory;
} charge;

static mc_limit_rule *rule_of(const mc_local_limit *limit, int32_t rule) {
  return &limit->at[rule == MC_RULE_WHOLE ? limit->rule_count : (uint32_t)rule];
}

/* The connection's part of a key: the client's end of it, and ours. */
static mc_slice with_connection(charge *c, mc_slice key) {
  const mc_request *request = c->request;
  const uint16_t ports[2] = {request->source_port, request->port};
  const uint64_t size = request->source.size;
  char *text = mc_scratch_alloc(c->scratch, sizeof ports + sizeof size + size + key.size);
  if (!text) return MC_ABSENT;
  memcpy(text, ports, sizeof ports);
  memcpy(text + sizeof ports, &size, sizeof size);
  if (size) memcpy(text + sizeof ports + sizeof size, request->source.data, size);
  if (key.size) memcpy(text + sizeof ports + sizeof size + size, key.data, key.size);
  return mc_slice_of(text, sizeof ports + sizeof size + size + key.size);
}

MC_SELDOM mc_slice long_key(charge *c, const match *m) {
  mc_slice key = MC_LITERAL("");
  if (m->rule != MC_RULE_WHOLE && mc_rules_open(c->limit->rules, m->rule)) {
    const int32_t entry = mc_rules_open_entry(c->limit->rules, m->rule);
    key = entry >= 0 ? m->descriptor->entries[entry].value
                     : mc_rules_key(c->limit->rules, m->rule, m->descriptor, c->scratch);
  }
  if (key.data && c->limit->per_connection) key = with_connection(c, key);
  if (!key.data) c->no_memory = true;
  return key;
}

static void give_back(mc_limit_rule *rule, mc_slice key, uint64_t cost, uint64_t now) {
  if (rule->keyed) {
    mc_limiter_refund(&rule->limiter, key, cost, now);
  } else {
    mc_bucket_refund(rule->store->memory, &rule->limit, cost, now);
  }
}

static uint64_t in_ns(const mc_limit_rule *rule, uint64_t units) {
  return units > UINT64_MAX >> rule->shift ? MC_NEVER : units << rule->shift;
}

/* What came of asking a rule for tokens. */
typedef struct taking {
  const mc_limit_rule *rule;
  bool allowed;
  bool taken;     /* the cost has been; of a peek it is as if */
  bool back;      /* tokens were given back: that is always allowed */
  bool free;      /* it costs nothing, which is refused for ever, as Envoy has it */
  uint64_t cost;  /* of what was asked for */
  uint64_t debt;  /* before it */
} taking;

/* Of a peek it is as if the tokens had been taken. */
MC_INLINED taking take(charge *c, const match *m) {
  uint64_t debt = 0; /* apart: what is pointed to cannot stay in registers */
  mc_limit_rule *rule = rule_of(c->limit, m->rule);
  const mc_descriptor *descriptor = m->descriptor;
  const uint64_t cost = descriptor && descriptor->hits.said ? descriptor->hits.value : 1;
  taking out = {.rule = rule, .back = descriptor && descriptor->gives_back};
  out.allowed = out.back;
  if (rule->none) return out;
  const uint64_t now = c->request->now_ns >> rule->shift;
  mc_slice key = MC_ABSENT;
  if (rule->keyed) key = rule->key_entry >= 0 ? descriptor->entries[rule->key_entry].value : long_key(c, m);
  if (c->no_memory) return out;
  if (out.back && !c->peek) give_back(rule, key, cost, now);
  out.cost = out.back ? 0 : cost * c->shares;
  if (c->peek) {
    out.taken = rule->keyed ? mc_limiter_would(&rule->limiter, key, out.cost, now, &debt)
                            : mc_bucket_would(rule->store->memory, &rule->limit, out.cost, now, &debt);
  } else {
    out.taken = rule->keyed ? mc_limiter_charge(&rule->limiter, key, out.cost, now, &debt)
                            : mc_bucket_take(rule->store->memory, &rule->limit, out.cost, now, c->limit->alone, &debt);
  }
  out.debt = debt;
  out.free = !cost && !out.back && !c->limit->free_zero;
  out.allowed = out.back || (out.taken && !out.free);
  return out;
}

MC_INLINED void note(mc_limited *out, const match *m, const taking *t) {
  out->has_bucket = true;
  out->rule = m->rule;
  out->descriptor = m->descriptor;
  out->bucket = t->rule;
  out->debt = t->debt;
  out->cost = t->cost;
  out->taken = t->taken;
  out->back = t->back;
  out->free = t->free;
  out->reckoned = false;
}

/* What the rule says of it. */
static mc_limit_answer answer_of(const mc_limited *limited) {
  const mc_limit_rule *rule = limited->bucket;
  if (rule->none) return (mc_limit_answer){.allowed = limited->back, .retry_after_ns = limited->back ? 0 : MC_NEVER};
  mc_limit_answer answer = mc_limit_answer_of(&rule->limit, limited->debt, limited->cost, limited->taken, limited->taken);
  answer.retry_after_ns = limited->free ? MC_NEVER : in_ns(rule, answer.retry_after_ns);
  answer.reset_ns = in_ns(rule, answer.reset_ns);
  answer.allowed = limited->back || (limited->taken && !limited->free);
  return answer;
}

void mc_limited_reckon(mc_limited *limited) {
  if (limited->reckoned || !limited->has_bucket) return;
  const mc_limit_rule *rule = limited->bucket;
  const mc_descriptor *descriptor = limited->descriptor;
  const mc_limit_answer answer = answer_of(limited);
  const uint64_t but_one = rule->max_tokens ? rule->window_ns - rule->token_ns : 0;
  const bool asked = descriptor && descriptor->tells != MC_UNSAID;
  limited->reckoned = true;
  limited->told = asked ? descriptor->tells == MC_SAID_YES : limited->limit->tells & MC_TELL_X_RATELIMIT;
  if (limited->rule == MC_RULE_WHOLE && rule->none) limited->told = false; /* as in Envoy */
  limited->max_tokens = rule->max_tokens;
  limited->remaining = answer.remaining;
  limited->window_ns = rule->window_ns;
  limited->retry_after_ns = answer.allowed ? 0 : answer.retry_after_ns;
  limited->reset_ns = answer.reset_ns;
  limited->next_ns = 0;
  if (rule->none) {
    limited->next_ns = rule->token_ns;
  } else if (!answer.remaining) {
    limited->next_ns = answer.reset_ns > but_one ? answer.reset_ns - but_one : 0;
  }
}

/* In the order of their rates; those of one rate stay as they come. */
static uint32_t find_matches(const mc_local_limit *limit, const mc_descriptor *descriptors, uint32_t count, match *out) {
  uint32_t found = 0;
  for (uint32_t i = 0; i < count; i++) {
    const int32_t rule = mc_rules_find(limit->rules, &descriptors[i]);
    if (rule < 0) continue;
    uint32_t at = found++;
    for (; at && limit->at[out[at - 1].rule].rate > limit->at[rule].rate; at--) out[at] = out[at - 1];
    out[at] = (match){rule, &descriptors[i]};
  }
  return found;
}

static bool same(const match *a, const match *b) {
  if (a->rule != b->rule || !a->descriptor || !b->descriptor) return false;
  for (uint32_t i = 0; i < a->descriptor->count; i++) { /* of one rule: of one size */
    if (!mc_slice_equal(a->descriptor->entries[i].value, b->descriptor->entries[i].value)) return false;
  }
  return true;
}

/* Whether what a rule that refuses nobody says is to be told, rather than what `told` said. */
MC_SELDOM bool is_nearer(const mc_limited *out, const match *m, const taking *t) {
  if (!out->has_bucket) return false; /* it is the first */
  mc_limited other = *out, told = *out;
  note(&other, m, t);
  if (t->rule->shadow != out->bucket->shadow) return out->bucket->shadow;
  return answer_of(&other).remaining < answer_of(&told).remaining;
}

mc_code mc_local_limit_judge(const mc_request *request, const mc_descriptor *descriptors, uint32_t count,
                             uint64_t shares, bool peek, mc_scratch *scratch, mc_limited *out, uint16_t *status) {
  const mc_local_limit *limit = out->limit;
  charge c = {.limit = limit, .request = request, .scratch = scratch, .shares = shares, .peek = peek};
  match *matches = mc_scratch_alloc(scratch, (count + 1) * sizeof *matches);
  if (!matches) return MC_NO_MEMORY;
  uint32_t found = find_matches(limit, descriptors, count, matches);
  if (limit->has_whole && (!found || limit->always_whole)) matches[found++] = (match){MC_RULE_WHOLE, NULL};
  out->allowed = true;
  const match *told = matches; /* the first, then the first that refuses in shadow */
  bool shadowed = false;
  for (uint32_t i = 0; i < found; i++) {
    const taking taking = take(&c, &matches[i]);
    if (c.no_memory) return MC_NO_MEMORY;
    const bool refused = !taking.allowed && !taking.rule->shadow;
    const bool nearer = limit->tells_least ? is_nearer(out, &matches[i], &taking) : !taking.allowed && !shadowed;
    if (refused || nearer) told = &matches[i];
    shadowed |= !taking.allowed;
    /* Two descriptors may be one: what is left is what is left after both. */
    if (told == &matches[i] || same(&matches[i], told)) note(out, told, &taking);
    if (!refused) continue;
    out->allowed = false;
    *status = taking.rule->status;
    return MC_OK;
  }
  if (limit->tells_least && found) {
    out->shadowed = shadowed;
    out->silent = rule_of(limit, told->rule)->shadow;
  }
  return MC_OK;
}
