#include "limit/table.h"

#include "base/inlined.h"
#include "base/numbers.h"
#include "base/siphash.h"

/* How a place changes hands
 *
 * A place is two numbers, tag and time, which no one instruction changes together. A key k moves in by these steps:
 *
 *   1. The floor is raised to the time t that it found there.
 *   2. Claim: the time is exchanged, t for a word that names k. This fails where somebody took tokens meanwhile; so
 *      everything that was ever taken is in the floor. From here on nobody takes any there.
 *   3. Tag: it becomes k's, with the next number.
 *   4. Look for k in the other places. Where it lives in one, the claim is withdrawn (time 0). Of two claims the one in the
 *      lower place stays.
 *   5. Move in: the claim is exchanged for the time at which k's bucket, which begins at the floor, will be full.
 *
 * Everything is sequentially consistent. Of two claims of k the later looks (4) after both were made, and finds the
 * other, or its bucket: so k never has two. Whoever meets a claim of its own key does steps 3 to 5 itself, and does not
 * wait. A claim is withdrawn by whoever finds that it is too old (its owner died) or finds nothing but claims: then its
 * owner's exchange in step 5 fails, and it begins again. Numbers in claims and tags tell them from earlier ones that
 * look alike.
 *
 * Taking tokens is one exchange of the time, which fails where the place has been claimed. Times of one place only
 * become later from one tenant to the next, so that it cannot succeed with another tenant's; should a refund have made
 * that possible, the tag tells, and the tokens are taken where they belong. In such a race they may be taken twice,
 * never not at all.
 */

/* A claim is older than that many of its ticks (2^26 ns) if its owner died, or sleeps. */
enum { TICK_SHIFT = 26, OLD_TICKS = 16 };

/* What somebody wants of a key's bucket. */
typedef struct want {
  uint64_t units, most; /* to take, where it then owes no more than that */
  uint64_t now;
  uint16_t tick;
  bool alone;
  uint32_t print;
  uint64_t debt; /* what it owed before */
} want;

typedef enum result { TAKEN, REFUSED, AGAIN } result;

static inline uint32_t print_of(uint64_t word) { return (uint32_t)(word >> 32); }

static inline bool is_claim(uint64_t time) { return time & 1; }

static inline bool is_old(uint64_t claim, uint16_t tick) {
  return (int16_t)(tick - (uint16_t)(claim >> 16)) >= OLD_TICKS;
}

/* The later of two times, 0 being none. */
static inline uint64_t later(uint64_t a, uint64_t b) { return !a || (b && (int64_t)(b - a) > 0) ? b : a; }

static uint64_t new_claim(mc_limit_set *set, const want *w) {
  uint64_t number = atomic_fetch_add(&set->claims, 1);
  return (uint64_t)w->print << 32 | (uint64_t)w->tick << 16 | (number & 0x7fff) << 1 | 1;
}

static void raise_floor(mc_limit_set *set, uint64_t time) {
  uint64_t floor = atomic_load(&set->floor);
  while (later(floor, time) != floor && !atomic_compare_exchange_weak(&set->floor, &floor, time)) {
  }
}

/* What a key owes that begins at the floor. One unit more than the floor says, so that no later tenant's time is that
 * of an earlier one. */
static inline uint64_t debt_of_new(uint64_t floor, uint64_t now) {
  if (!floor || (int64_t)(floor - now) < 0) return 0;
  return floor - now + 2;
}

/* Takes of a bucket that the key had when its tag was read. */
MC_INLINED result take(mc_limit_set *set, int place, uint64_t tag, want *w) {
  uint64_t time = atomic_load(&set->times[place]);
  for (;;) {
    if (!time || is_claim(time)) return AGAIN;
    w->debt = mc_debt_of(time, w->now);
    bool enough = w->debt <= w->most - w->units;
    if (w->alone) { /* nobody can have changed anything since its tag was read */
      if (enough && w->units) {
        atomic_store_explicit(&set->times[place], mc_full_at(w->now, w->debt + w->units), memory_order_relaxed);
      }
      return enough ? TAKEN : REFUSED;
    }
    if (enough && w->units &&
        !atomic_compare_exchange_weak(&set->times[place], &time, mc_full_at(w->now, w->debt + w->units)))
      continue;
    if (atomic_load(&set->tags[place]) != tag) return AGAIN;
    return enough ? TAKEN : REFUSED;
  }
}

/* Step 4. True: the claim may stay. */
static bool is_alone(mc_limit_set *set, int place, uint64_t claim) {
  for (int other = 0; other < MC_LIMIT_PLACES; other++) {
    if (other == place) continue;
    uint64_t time = atomic_load(&set->times[other]);
    while (is_claim(time) && print_of(time) == print_of(claim) && other > place)
      if (atomic_compare_exchange_weak(&set->times[other], &time, 0)) time = 0;
    if (time && print_of(is_claim(time) ? time : atomic_load(&set->tags[other])) == print_of(claim)) return false;
  }
  return true;
}

/* Steps 3 to 5, for the claim of one's own key. */
static result move_in(mc_limit_set *set, int place, uint64_t claim, want *w) {
  uint64_t tag, held = claim;
  do {
    tag = atomic_load(&set->tags[place]);
    if (atomic_load(&set->times[place]) != claim) return AGAIN;
  } while (!atomic_compare_exchange_weak(&set->tags[place], &tag, (uint64_t)w->print << 32 | (uint32_t)(tag + 1)));
  if (!is_alone(set, place, claim)) {
    atomic_compare_exchange_strong(&set->times[place], &held, 0);
    return AGAIN;
  }
  w->debt = debt_of_new(atomic_load(&set->floor), w->now);
  bool enough = w->debt <= w->most - w->units;
  uint64_t full_at = mc_full_at(w->now, w->debt + (enough ? w->units : 0));
  if (!atomic_compare_exchange_strong(&set->times[place], &held, full_at)) return AGAIN;
  return enough ? TAKEN : REFUSED;
}

/* Where a key is, or would be. */
typedef struct found {
  int place;     /* -1: nowhere, all others move in just now */
  uint64_t time; /* of the place; 0: free; a claim */
  uint64_t tag;
  bool here;     /* the key's own */
  uint64_t debt; /* where it is not: what it would owe */
} found;

/* Where a key moves in if the place is free: most are found there at once, instead of by a search of the set. */
static inline int home_of(uint32_t print) { return (int)((uint64_t)print * MC_LIMIT_PLACES >> 32); }

static found find(const mc_limit_set *set, uint32_t print, uint64_t now, uint16_t tick) {
  found free = {.place = -1}, oldest = {.place = -1}, own_claim = {.here = false};
  for (int i = 0, place = home_of(print); i < MC_LIMIT_PLACES; i++, place = place + 1 == MC_LIMIT_PLACES ? 0 : place + 1) {
    found it = {.place = place, .time = atomic_load(&set->times[place])};
    if (is_claim(it.time) && print_of(it.time) == print) {
      if (!own_claim.here) own_claim = it, own_claim.here = true;
    } else if (!it.time || is_claim(it.time)) {
      if (free.place < 0 && (!it.time || is_old(it.time, tick))) free = it;
    } else {
      it.tag = atomic_load(&set->tags[place]);
      if (print_of(it.tag) == print) return it.here = true, it;
      if (oldest.place < 0 || (int64_t)(it.time - oldest.time) < 0) oldest = it;
    }
  }
  if (own_claim.here) return own_claim;
  found result = free.place < 0 ? oldest : free;
  uint64_t floor = atomic_load(&set->floor);
  result.debt = debt_of_new(free.place < 0 ? later(floor, oldest.time) : floor, now);
  return result;
}

/* There was no room for a key. */
static void count_forgotten(mc_limiter *limiter) {
  atomic_fetch_add_explicit(&limiter->table->forgotten, 1, memory_order_relaxed);
}

static result enter(mc_limiter *limiter, mc_limit_set *set, found at, want *w) {
  w->debt = at.debt;
  if (w->debt > w->most - w->units) return count_forgotten(limiter), REFUSED; /* for what others owe */
  if (!w->units) return TAKEN;
  if (at.place < 0) at = (found){.place = 0, .time = atomic_load(&set->times[0])};
  bool lives = at.time && !is_claim(at.time);
  if (lives) raise_floor(set, at.time);
  uint64_t claim = new_claim(set, w);
  if (!atomic_compare_exchange_strong(&set->times[at.place], &at.time, claim)) return AGAIN;
  if (lives && mc_debt_of(at.time, w->now)) count_forgotten(limiter);
  return move_in(set, at.place, claim, w);
}

static bool take_slowly(mc_limiter *limiter, mc_limit_set *set, want *w) {
  for (;;) {
    found at = find(set, w->print, w->now, w->tick);
    result done = !at.here                ? enter(limiter, set, at, w)
                  : is_claim(at.time)     ? move_in(set, at.place, at.time, w)
                                          : take(set, at.place, at.tag, w);
    if (done != AGAIN) return done == TAKEN;
  }
}

static inline uint64_t hash_of(const mc_limiter *limiter, mc_slice key) {
  return mc_siphash(key.data, key.size, limiter->secret);
}

static inline uint64_t set_of(const mc_limiter *limiter, uint64_t hash) { return mc_mulhi64(hash, limiter->sets); }

MC_INLINED bool charge(mc_limiter *limiter, mc_slice key, uint64_t units, uint64_t most, uint64_t now_ns,
                       uint64_t *debt) {
  uint64_t hash = hash_of(limiter, key);
  mc_limit_set *set = &limiter->table->set[set_of(limiter, hash)];
  want w = {.units = units,
            .most = most,
            .now = mc_limit_time(&limiter->limit, now_ns),
            .tick = (uint16_t)(now_ns >> TICK_SHIFT),
            .alone = limiter->alone,
            .print = (uint32_t)hash};
  int place = home_of(w.print);
  uint64_t tag = atomic_load(&set->tags[place]);
  for (int other = 0; print_of(tag) != w.print && other < MC_LIMIT_PLACES; other++) {
    tag = atomic_load(&set->tags[place = other]);
  }
  const result done = print_of(tag) == w.print ? take(set, place, tag, &w) : AGAIN;
  bool taken = done == AGAIN ? take_slowly(limiter, set, &w) : done == TAKEN;
  *debt = w.debt;
  return taken;
}

static uint64_t debt_now(const mc_limiter *limiter, mc_slice key, uint64_t now_ns) {
  uint64_t hash = hash_of(limiter, key), now = mc_limit_time(&limiter->limit, now_ns);
  const mc_limit_set *set = &limiter->table->set[set_of(limiter, hash)];
  found at = find(set, (uint32_t)hash, now, (uint16_t)(now_ns >> TICK_SHIFT));
  if (!at.here) return at.debt;
  return is_claim(at.time) ? debt_of_new(atomic_load(&set->floor), now) : mc_debt_of(at.time, now);
}

bool mc_limiter_allow(mc_limiter *limiter, mc_slice key, uint64_t cost, uint64_t now_ns) {
  const mc_limit *limit = &limiter->limit;
  uint64_t debt;
  return cost <= limit->max_tokens &&
         charge(limiter, key, mc_limit_units(limit, cost), limit->burst, now_ns, &debt);
}

bool mc_limiter_charge(mc_limiter *limiter, mc_slice key, uint64_t cost, uint64_t now_ns, uint64_t *debt) {
  const mc_limit *limit = &limiter->limit;
  if (cost > limit->max_tokens) {
    *debt = debt_now(limiter, key, now_ns);
    return false;
  }
  return charge(limiter, key, mc_limit_units(limit, cost), limit->burst, now_ns, debt);
}

mc_limit_answer mc_limiter_check(mc_limiter *limiter, mc_slice key, uint64_t cost, uint64_t now_ns) {
  uint64_t debt;
  const bool taken = mc_limiter_charge(limiter, key, cost, now_ns, &debt);
  return mc_limit_answer_of(&limiter->limit, debt, cost, taken, taken);
}

bool mc_limiter_would(const mc_limiter *limiter, mc_slice key, uint64_t cost, uint64_t now_ns, uint64_t *debt) {
  *debt = debt_now(limiter, key, now_ns);
  return !mc_limit_pays_after(&limiter->limit, *debt, cost);
}

mc_limit_answer mc_limiter_peek(const mc_limiter *limiter, mc_slice key, uint64_t cost, uint64_t now_ns) {
  uint64_t debt;
  const bool enough = mc_limiter_would(limiter, key, cost, now_ns, &debt);
  return mc_limit_answer_of(&limiter->limit, debt, cost, enough, false);
}

uint64_t mc_limiter_reserve(mc_limiter *limiter, mc_slice key, uint64_t cost, uint64_t max_wait_ns, uint64_t now_ns) {
  const mc_limit *limit = &limiter->limit;
  uint64_t debt;
  if (cost > limit->max_tokens) return MC_NEVER;
  if (!charge(limiter, key, mc_limit_units(limit, cost), mc_limit_most(limit, max_wait_ns), now_ns, &debt))
    return MC_NEVER;
  return mc_limit_pays_after(limit, debt, cost);
}

void mc_limiter_refund(mc_limiter *limiter, mc_slice key, uint64_t cost, uint64_t now_ns) {
  const mc_limit *limit = &limiter->limit;
  uint64_t hash = hash_of(limiter, key), now = mc_limit_time(limit, now_ns);
  mc_limit_set *set = &limiter->table->set[set_of(limiter, hash)];
  for (;;) {
    found at = find(set, (uint32_t)hash, now, (uint16_t)(now_ns >> TICK_SHIFT));
    /* What a forgotten key owes is the whole set's, and nobody's to give back. */
    if (!at.here || is_claim(at.time)) return;
    uint64_t debt = mc_debt_of(at.time, now);
    if (!debt) return;
    if (atomic_compare_exchange_strong(&set->times[at.place], &at.time,
                                       mc_full_at(now, mc_limit_debt_less(limit, debt, cost))))
      return;
  }
}

uint64_t mc_limiter_forgotten(const mc_limiter *limiter) {
  return atomic_load_explicit(&limiter->table->forgotten, memory_order_relaxed);
}
