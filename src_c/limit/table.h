/* A bucket for each key, in memory of a fixed size that processes may share.
 *
 * A key has its place in one *set* of fifteen places, by a keyed hash; its fingerprint tells it from the others there. A
 * key that finds no place takes the one whose bucket is nearest to full again. What that one still owed is kept in the
 * set's *floor*, the latest of the times at which a forgotten bucket would have been full: keys that are new in the set
 * start there. So forgetting never gives anyone tokens. A forgotten key comes back owing at least as much as
 * before; other new keys of the set may find less than a full bucket, until the floor has passed. It only happens where
 * more than fifteen keys of a set owe at once. There are twice as many places as `capacity`: with as many keys that owe
 * it meets about one in a thousand of them.
 *
 * Two keys of one set whose fingerprints (32 bits of the hash) are the same share a bucket.
 *
 * All of it is lock-free, and whoever dies in the middle leaves nothing that others wait for; table.c says how.
 */
#ifndef MC_LIMIT_TABLE_H
#define MC_LIMIT_TABLE_H

#include <stdalign.h>
#include <stdatomic.h>

#include "limit/limit.h"

enum { MC_LIMIT_PLACES = 15 };

typedef struct mc_limit_set {
  /* Whose place it is: the fingerprint above, below it how often that changed. */
  alignas(MC_LIMITER_ALIGNMENT) _Atomic(uint64_t) tags[MC_LIMIT_PLACES];
  _Atomic(uint64_t) floor;
  /* When the bucket is full again (even), 0: nobody's, or the claim of a key that is about to move in (odd). */
  _Atomic(uint64_t) times[MC_LIMIT_PLACES];
  _Atomic(uint64_t) claims; /* how many there were */
} mc_limit_set;

/* The memory that may be shared. */
typedef struct mc_limiter_table {
  mc_limit limit;
  uint64_t secret[2];
  uint64_t sets;
  uint64_t capacity;
  uint64_t seal; /* a hash of all that */
  _Atomic(uint64_t) forgotten;
  mc_limit_set set[];
} mc_limiter_table;

/* How one process sees it: what calls go by is its own, so that nobody who writes to the memory leads it out of it. */
struct mc_limiter {
  mc_limit limit;
  uint64_t secret[2];
  uint64_t sets;
  mc_limiter_table *table;
  bool alone; /* no other thread or process uses it meanwhile */
};

/* Makes a table of memory that is all zero and aligned to MC_LIMITER_ALIGNMENT. The secret (16 bytes) decides which
 * keys meet in a set: nobody should be able to guess it. */
void mc_limiter_init(void *memory, uint64_t capacity, const mc_limit *limit, const uint8_t *secret);
/* A view of what mc_limiter_init has made of these, with whatever secret; false: it is something else. */
bool mc_limiter_open(mc_limiter *limiter, void *memory, uint64_t capacity, const mc_limit *limit);

/* mc_limiter_check and mc_limiter_peek, for whom it is enough whether there were the tokens. *debt: what was owed before,
 * of which mc_limit_answer_of makes the rest. */
bool mc_limiter_charge(mc_limiter *limiter, mc_slice key, uint64_t cost, uint64_t now_ns, uint64_t *debt);
bool mc_limiter_would(const mc_limiter *limiter, mc_slice key, uint64_t cost, uint64_t now_ns, uint64_t *debt);

#endif
