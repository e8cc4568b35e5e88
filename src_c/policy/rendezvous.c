#include "policy/rendezvous.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/rng.h"

/* Any constants will do that no other hash of such texts uses. */
#define KEY_SEED UINT64_C(0x737469636b79206b)
#define NAME_SEED UINT64_C(0x737469636b79206e)

enum { FACTORS = 16 };

/* log2(1 + 2^-k) for k from 1, in units of 2^-57. */
static const uint64_t LOGARITHMS[FACTORS] = {
    UINT64_C(0x12b803473f7ad0f), UINT64_C(0xa4d3c25e68dc58), UINT64_C(0x570068e7ef5a1e), UINT64_C(0x2cc7edf592262d),
    UINT64_C(0x16bad3758efd87), UINT64_C(0x0b73cb42e16915), UINT64_C(0x05bf942dbbc214), UINT64_C(0x02e1388daf558f),
    UINT64_C(0x0170f83ff0a756), UINT64_C(0x00b89329ba1fa3), UINT64_C(0x005c4f58bde55f), UINT64_C(0x002e291d854380),
    UINT64_C(0x001714eb11fa53), UINT64_C(0x000b8a8c9d8bea), UINT64_C(0x0005c54c1400b9), UINT64_C(0x0002e2a77b51f0),
};
#define LOG2_E UINT64_C(3098164009) /* in units of 2^-31 */

/* u, brought into [1/2, 1), is multiplied by those factors 1 + 2^-k that keep it below 1; what is then missing
 * to 1 is small enough for two terms of the series of the logarithm. */
uint64_t mc_rendezvous_cost(uint64_t hash) {
  uint64_t u = hash | 1, cost = 0;
  while (!(u >> 63)) {
    u <<= 1;
    cost += UINT64_C(1) << 57;
  }
  for (int k = 1; k <= FACTORS; k++) {
    uint64_t larger = u + (u >> k);
    uint64_t taken = -(uint64_t)(larger >= u); /* all ones where the sum stays below 1 */
    u += (u >> k) & taken;
    cost += LOGARITHMS[k - 1] & taken;
  }
  uint64_t missing = -u, half_square = (missing >> 16) * (missing >> 16) >> 33;
  return cost + (((missing + half_square) >> 16) * LOG2_E >> 22);
}

uint64_t mc_rendezvous_key(mc_slice key) { return mc_xxh64(key.data, key.size, KEY_SEED); }

uint64_t mc_rendezvous_of(const mc_share *share, uint64_t key) {
  return mc_rendezvous_cost(mc_mix64(mc_mix64(key) ^ share->name));
}

static int by_name(const void *left, const void *right) {
  const mc_share *a = *(mc_share *const *)left, *b = *(mc_share *const *)right;
  if (a->name != b->name) return a->name < b->name ? -1 : 1;
  return (a > b) - (a < b);
}

mc_code mc_rendezvous_build(const mc_slice *names, const uint32_t *weights, uint32_t count, mc_share *out) {
  bool any = false;
  mc_share **sorted = malloc((count + (size_t)1) * sizeof *sorted);
  if (!sorted) return MC_NO_MEMORY;
  for (uint32_t i = 0; i < count; i++) {
    out[i] = (mc_share){mc_xxh64(names[i].data, names[i].size, NAME_SEED), weights[i]};
    sorted[i] = &out[i];
    any |= weights[i] > 0;
  }
  qsort(sorted, count, sizeof *sorted, by_name);
  uint64_t before = 0, repeated = 0;
  for (uint32_t i = 0; i < count; i++) {
    repeated = i && sorted[i]->name == before ? repeated + 1 : 0;
    before = sorted[i]->name;
    if (repeated) sorted[i]->name = mc_mix64(before + repeated);
  }
  free(sorted);
  return any ? MC_OK : MC_INVALID;
}

/* a * b as a number of 96 bits: high 64, low 32. */
typedef struct wide {
  uint64_t high;
  uint32_t low;
} wide;

static wide product(uint64_t a, uint32_t b) {
  uint64_t low = (a & UINT32_MAX) * b;
  return (wide){(a >> 32) * b + (low >> 32), (uint32_t)low};
}

static bool below(wide a, wide b) { return a.high != b.high ? a.high < b.high : a.low < b.low; }

uint32_t mc_rendezvous_pick(const mc_share *shares, uint32_t count, uint64_t key) {
  uint32_t best = 0;
  uint64_t best_cost = 0;
  bool found = false;
  for (uint32_t i = 0; i < count; i++) {
    if (!shares[i].weight) continue;
    uint64_t cost = mc_rendezvous_of(&shares[i], key);
    /* Of equals the lower name, so that order does not matter. */
    wide own = product(cost, shares[best].weight), others = product(best_cost, shares[i].weight);
    if (!found || below(own, others) || (!below(others, own) && shares[i].name < shares[best].name)) {
      best = i;
      best_cost = cost;
      found = true;
    }
  }
  return best;
}

double mc_rendezvous_score(const mc_share *share, uint64_t key) {
  const double ln2 = 0.6931471805599453, unit = 1.0 / (double)(UINT64_C(1) << 57);
  uint64_t cost = mc_rendezvous_of(share, key);
  return share->weight / ((double)(cost ? cost : 1) * unit * ln2);
}

struct mc_key_split {
  uint64_t sum;
  uint32_t count;
  mc_share shares[];
};

mc_key_split *mc_key_split_new(const mc_slice *names, const uint32_t *weights, uint32_t count, mc_error *error) {
  mc_key_split *split = calloc(1, sizeof *split + count * sizeof *split->shares);
  mc_code code = split ? mc_rendezvous_build(names, weights, count, split->shares) : MC_NO_MEMORY;
  if (!code) {
    split->count = count;
    for (uint32_t i = 0; i < count; i++) split->sum += weights[i];
    return split;
  }
  *error = (mc_error){.code = code};
  strcpy(error->message, code == MC_INVALID ? "the weights of a split add up to 0" : "out of memory");
  free(split);
  return NULL;
}

void mc_key_split_free(mc_key_split *split) { free(split); }

uint32_t mc_key_split_pick(const mc_key_split *split, mc_slice key) {
  return mc_rendezvous_pick(split->shares, split->count, mc_rendezvous_key(key));
}

uint32_t mc_key_split_draw(const mc_key_split *split, uint64_t random) {
  uint64_t place = random % split->sum;
  uint32_t at = 0;
  while (place >= split->shares[at].weight) place -= split->shares[at++].weight;
  return at;
}
