/* What the buckets of a local limit make of a request. */
#include "engine/local_limit.h"

#include "base/inlined.h"
#include "limit/bucket.h"

#include "limit/table.h"

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
MC_SELDOM taking take_any(charge *c, const match *m) {
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

/* Whether a rule and a descriptor are such as nearly all are: it costs one token of one bucket, which is there. */
static inline bool is_plain(const charge *c, const mc_limit_rule *rule, const mc_descriptor *descriptor) {
  return rule->plain && !c->peek && !(descriptor && (descriptor->gives_back || descriptor->hits.said));
}

/* What take_any() does where that is so. */
static inline bool take_plain(const charge *c, mc_limit_rule *rule, const mc_descriptor *descriptor, uint64_t *debt) {
  const uint64_t now = c->request->now_ns >> rule->shift;
  if (!rule->keyed) return mc_bucket_take(rule->store->memory, &rule->limit, c->shares, now, c->limit->alone, debt);
  return mc_limiter_charge(&rule->limiter, descriptor->entries[rule->key_entry].value, c->shares, now, debt);
}

MC_INLINED taking take(charge *c, const match *m) {
  mc_limit_rule *rule = rule_of(c->limit, m->rule);
  if (!is_plain(c, rule, m->descriptor)) return take_any(c, m);
  uint64_t debt;
  const bool taken = take_plain(c, rule, m->descriptor, &debt);
  return (taking){.rule = rule, .allowed = taken, .taken = taken, .cost = c->shares, .debt = debt};
}

MC_INLINED void note(mc_limited *out, const match *m, const taking t) {
  out->has_bucket = true;
  out->rule = m->rule;
  out->descriptor = m->descriptor;
  out->bucket = t.rule;
  out->debt = t.debt;
  out->cost = t.cost;
  out->taken = t.taken;
  out->back = t.back;
  out->free = t.free;
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
  if (limit->header_rule >= 0) { /* no request has another descriptor */
    *out = (match){limit->header_rule, descriptors};
    return count;
  }
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

/* Whether what a rule that refuses nobody says is to be told, rather than what `told` said. By value: what is pointed to
 * cannot stay in registers. */
MC_SELDOM bool is_nearer(const mc_limited *out, const match *m, const taking t) {
  if (!out->has_bucket) return false; /* it is the first */
  mc_limited other = *out, told = *out;
  note(&other, m, t);
  if (t.rule->shadow != out->bucket->shadow) return out->bucket->shadow;
  return answer_of(&other).remaining < answer_of(&told).remaining;
}

mc_code mc_local_limit_judge(const mc_request *request, const mc_descriptor *descriptors, uint32_t count,
                             uint64_t shares, bool peek, mc_scratch *scratch, mc_limited *out, uint16_t *status) {
  enum { FEW = 4 };
  const mc_local_limit *limit = out->limit;
  charge c = {.limit = limit, .request = request, .scratch = scratch, .shares = shares, .peek = peek};
  match few[FEW], *matches = count < FEW ? few : mc_scratch_alloc(scratch, (count + 1) * sizeof *matches);
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
    const bool nearer = limit->tells_least ? is_nearer(out, &matches[i], taking) : !taking.allowed && !shadowed;
    if (refused || nearer) told = &matches[i];
    shadowed |= !taking.allowed;
    /* Two descriptors may be one: what is left is what is left after both. */
    if (told == &matches[i] || same(&matches[i], told)) note(out, told, taking);
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
