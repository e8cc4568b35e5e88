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

struct mc_limiter {
  mc_limit limit;
  uint64_t secret[2];
  uint64_t sets;
  uint64_t capacity;
  alignas(64) _Atomic(uint64_t) forgotten;
  uint64_t lead; /* of mc_limiter_new: bytes of its memory before it */
  mc_limit_set set[];
};

/* Whether memory that others may have written to is a limiter as mc_limiter_init makes it of these. */
bool mc_limiter_is_sound(const mc_limiter *limiter, uint64_t capacity, const mc_limit *limit);

#endif
