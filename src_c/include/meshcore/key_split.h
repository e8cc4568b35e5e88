/* Splits by key, without routes. */
#ifndef MESHCORE_KEY_SPLIT_H
#define MESHCORE_KEY_SPLIT_H

#include "meshcore/base.h"

/* Immutable: any number of threads may pick. */
typedef struct mc_key_split mc_key_split;

/* NULL: error says why. Names may repeat: each is another destination. */
mc_key_split *mc_key_split_new(const mc_slice *names, const uint32_t *weights, uint32_t count, mc_error *error);
void mc_key_split_free(mc_key_split *split);
/* The number of the destination for a key: the same as a sticky split of a route picks among these names. */
uint32_t mc_key_split_pick(const mc_key_split *split, mc_slice key);
/* A destination by chance, by weight. */
uint32_t mc_key_split_draw(const mc_key_split *split, uint64_t random);

#endif
