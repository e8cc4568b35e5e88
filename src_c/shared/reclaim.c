#include "shared/reclaim.h"

#include "shared/lock.h"

/* Between two looks for dead owners, of all processes together. */
#define LOOK_NS UINT64_C(50000000)

mc_held mc_region_held(const mc_shared *shared, const mc_region *region, uint32_t number) {
  const mc_shared_held *form = &region->held;
  char *base = (char *)region;
  char *word = base + MC_REGION_DATA + form->offset + number / form->count * (uint64_t)form->stride;
  return (mc_held){.word = (_Atomic(uint64_t) *)(void *)word + number % form->count,
                   .columns = (_Atomic(uint64_t) *)(void *)(base + mc_region_columns_place(region->data_size)) + number,
                   .stride = form->count * form->groups,
                   .owners = shared->workers};
}

/* A lock of a dead owner is free, for someone who is told. */
static void recover(mc_region *region, uint32_t slot) {
  if (region->lock == MC_NOWHERE) return;
  char *data = (char *)region + MC_REGION_DATA;
  mc_shared_word *lock = (mc_shared_word *)(void *)(data + region->lock);
  uint32_t word = atomic_load(lock);
  if ((word & MC_LOCK_OWNER) != slot) return;
  if (region->version != MC_NOWHERE) atomic_fetch_add((_Atomic(uint64_t) *)(void *)(data + region->version), 1);
  atomic_compare_exchange_strong(lock, &word, (word & ~(uint32_t)MC_LOCK_OWNER) | MC_LOCK_RECOVERED);
}

void mc_shared_reclaim_slot(mc_shared *shared, uint32_t slot) {
  mc_region *region;
  for (uint64_t offset = mc_shared_first(shared); offset < mc_shared_end(shared); offset += region->bytes) {
    region = mc_region_at(shared, offset);
    if (!region) break;
    if (mc_region_is_free(region)) continue;
    for (uint32_t i = 0; i < region->held.count * region->held.groups; i++) {
      const mc_held held = mc_region_held(shared, region, i);
      mc_held_clear(&held, slot);
    }
    recover(region, slot);
    atomic_fetch_and(&region->users[slot / 64], ~(UINT64_C(1) << slot % 64));
  }
  atomic_store(&mc_shared_slot_of(shared, slot)->used, 0);
}

uint32_t mc_shared_reclaim_dead(mc_shared *shared) {
  uint32_t found = 0;
  for (uint32_t slot = 1; slot <= shared->workers; slot++) {
    if (slot == atomic_load(&shared->slot) || !atomic_load(&mc_shared_slot_of(shared, slot)->used)) continue;
    if (shared->calls.alive(shared->calls.context, slot)) continue;
    mc_shared_reclaim_slot(shared, slot);
    found++;
  }
  return found;
}

uint32_t mc_shared_reclaim(mc_shared *shared) {
  mc_shared_lock(shared);
  uint32_t found = mc_shared_reclaim_dead(shared);
  mc_shared_unlock(shared);
  return found;
}

bool mc_shared_look_for_dead(mc_shared *shared) {
  uint64_t now = shared->calls.now(shared->calls.context), looked = atomic_load(&shared->at->looked_ns);
  if (now - looked < LOOK_NS && looked) return false;
  if (!atomic_compare_exchange_strong(&shared->at->looked_ns, &looked, now)) return false;
  return mc_shared_reclaim(shared);
}
