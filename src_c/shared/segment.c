#include "shared/segment.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "shared/reclaim.h"
#include "shared/regions.h"

#define MAGIC UINT64_C(0x6572616873636d6d) /* "mmcshare", and another number on a machine of the other byte order */

/* To be raised when the meaning of anything in the memory changes, in any region. */
enum { LAYOUT = MC_SHARED_LAYOUT };

_Static_assert(sizeof(mc_shared_header) % 64 == 0, "slots begin a line");
_Static_assert(sizeof(mc_region) <= MC_REGION_DATA, "the data come behind it");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2 && ATOMIC_INT_LOCK_FREE == 2, "processes share atomics");

static mc_code refuse(mc_error *error, mc_code code, const char *message) {
  *error = (mc_error){.code = code};
  snprintf(error->message, sizeof error->message, "%s", message);
  return code;
}

/* Of the layout's number and of the sizes that a compiler decides about. */
static uint64_t layout_of(void) {
  const uint64_t facts[] = {LAYOUT, sizeof(mc_shared_header), sizeof(mc_shared_slot), sizeof(mc_region),
                            sizeof(void *), alignof(max_align_t)};
  return mc_xxh64(facts, sizeof facts, 0);
}

static uint64_t seal_of(const mc_shared_header *header) {
  return mc_xxh64(&header->layout, offsetof(mc_shared_header, seal) - offsetof(mc_shared_header, layout), 0);
}

void mc_shared_format(void *memory, uint64_t size, uint32_t workers, const uint8_t *boot) {
  mc_shared_header *header = memory;
  const mc_shared of = {.workers = workers};
  header->layout = layout_of();
  header->size = size;
  header->workers = workers;
  memcpy(header->boot, boot, sizeof header->boot);
  header->seal = seal_of(header);
  atomic_store(&header->end, mc_shared_first(&of));
  atomic_store(&header->magic, MAGIC);
}

uint64_t mc_shared_least(uint32_t workers) {
  const mc_shared of = {.workers = workers};
  return mc_shared_first(&of);
}

bool mc_shared_is_unfinished(const void *memory, uint64_t size) {
  const mc_shared_header *header = memory;
  return size >= sizeof header->magic && atomic_load(&header->magic) == MC_SHARED_UNFINISHED;
}

bool mc_shared_is_of_boot(const void *memory, const uint8_t *boot) {
  const mc_shared_header *header = memory;
  return !memcmp(header->boot, boot, sizeof header->boot);
}

mc_code mc_shared_check(const void *memory, uint64_t size, mc_error *error) {
  const mc_shared_header *header = memory;
  if (size < sizeof *header) return refuse(error, MC_INVALID, "is too short to be a shared state");
  if (atomic_load(&header->magic) != MAGIC) return refuse(error, MC_INVALID, "is no shared state of meshcore");
  if (header->layout != layout_of())
    return refuse(error, MC_INVALID, "was made by another version or build of meshcore");
  if (header->seal != seal_of(header)) return refuse(error, MC_INVALID, "is damaged: its header");
  if (header->size != size) return refuse(error, MC_INVALID, "is truncated, or has grown");
  if (!header->workers || header->workers > MC_SHARED_MAX_WORKERS || size < mc_shared_least((uint32_t)header->workers))
    return refuse(error, MC_INVALID, "is damaged: its header");
  const mc_shared of = {.at = (mc_shared_header *)memory, .size = size, .workers = (uint32_t)header->workers};
  uint64_t offset = mc_shared_first(&of), end = atomic_load(&header->end);
  while (offset < end) {
    const mc_region *region = mc_region_at(&of, offset);
    if (!region) return refuse(error, MC_INVALID, "is damaged: its list of regions");
    offset += region->bytes;
  }
  return offset == end ? MC_OK : refuse(error, MC_INVALID, "is damaged: where its regions end");
}

/* ------------------------------------------------------------------ regions */

static bool fits(uint64_t offset, uint64_t size, uint64_t room) { return offset <= room && size <= room - offset; }

static bool words_fit(const mc_shared_held *held, uint64_t room) {
  if (!held->count || !held->groups) return !held->count && !held->groups;
  if (held->count > 64 || held->groups > 64 || held->offset % 8 || held->stride % 8) return false;
  uint64_t last = (uint64_t)held->stride * (held->groups - 1) + held->count * sizeof(uint64_t);
  return fits(held->offset, last, room);
}

static bool place_fits(uint32_t at, uint64_t size, uint64_t room) {
  return at == MC_NOWHERE || (at % size == 0 && fits(at, size, room));
}

uint64_t mc_region_seal(const mc_region *region, uint32_t workers) {
  const char *name = (const char *)region + mc_region_name_place(region->data_size, &region->held, workers);
  uint64_t seal = mc_xxh64(&region->hash, offsetof(mc_region, users) - offsetof(mc_region, hash),
                           mc_xxh64(name, region->name_size, 0));
  return seal ? seal : 1;
}

/* A region's places lie within it. Only then can the seal be told, which covers the name. */
static bool is_sound(const mc_region *region, uint32_t workers) {
  return region->data_size <= region->bytes && words_fit(&region->held, region->data_size) &&
         fits(mc_region_name_place(region->data_size, &region->held, workers), region->name_size, region->bytes) &&
         place_fits(region->lock, 4, region->data_size) && place_fits(region->version, 8, region->data_size) &&
         atomic_load(&region->seal) == mc_region_seal(region, workers) && region->kind < MC_SHARED_KINDS;
}

mc_region *mc_region_at(const mc_shared *shared, uint64_t offset) {
  uint64_t end = mc_shared_end(shared);
  if (offset < mc_shared_first(shared) || offset % MC_SHARED_ALIGNMENT || !fits(offset, sizeof(mc_region), end)) return NULL;
  mc_region *region = (mc_region *)(void *)((char *)shared->at + offset);
  const uint64_t bytes = region->bytes;
  bool sound = bytes == ~region->not_bytes && bytes > MC_REGION_DATA && bytes % MC_SHARED_ALIGNMENT == 0 &&
               fits(offset, bytes, end) && (mc_region_is_free(region) || is_sound(region, shared->workers));
  return sound ? region : NULL;
}

/* ------------------------------------------------------------------ a process's view */

mc_shared *mc_shared_new(void *memory, uint64_t size, const mc_shared_calls *calls, mc_error *error) {
  if (mc_shared_check(memory, size, error)) return NULL;
  mc_shared *shared = calloc(1, sizeof *shared);
  if (!shared) {
    refuse(error, MC_NO_MEMORY, "out of memory");
    return NULL;
  }
  shared->at = memory;
  shared->size = size;
  shared->workers = (uint32_t)shared->at->workers;
  shared->calls = *calls;
  atomic_flag_clear(&shared->busy);
  return shared;
}

void mc_shared_free(mc_shared *shared) {
  if (!shared) return;
  mc_regions_clear(shared);
  free(shared);
}

void mc_shared_lock(mc_shared *shared) {
  for (uint32_t turn = 0; atomic_flag_test_and_set_explicit(&shared->busy, memory_order_acquire); turn++)
    shared->calls.pause(shared->calls.context, turn);
  shared->calls.lock(shared->calls.context);
}

void mc_shared_unlock(mc_shared *shared) {
  shared->calls.unlock(shared->calls.context);
  atomic_flag_clear_explicit(&shared->busy, memory_order_release);
}

bool mc_shared_enter(mc_shared *shared, uint32_t pid) {
  mc_shared_lock(shared);
  mc_shared_reclaim_dead(shared);
  for (uint32_t slot = 1; slot <= shared->workers && !atomic_load(&shared->slot); slot++) {
    mc_shared_slot *at = mc_shared_slot_of(shared, slot);
    if (atomic_load(&at->used) || !shared->calls.claim(shared->calls.context, slot)) continue;
    at->pid = pid;
    atomic_store(&at->used, 1);
    atomic_store(&shared->slot, slot);
  }
  uint32_t slot = atomic_load(&shared->slot);
  if (slot) mc_regions_use(shared); /* those that a parent used */
  mc_shared_unlock(shared);
  return slot;
}

void mc_shared_forked(mc_shared *shared, void *context) {
  shared->calls.context = context;
  atomic_flag_clear(&shared->busy);
  atomic_store(&shared->slot, 0);
}

void *mc_shared_context(const mc_shared *shared) { return shared->calls.context; }

void mc_shared_leave(mc_shared *shared) {
  uint32_t slot = atomic_load(&shared->slot);
  if (!slot) return;
  mc_shared_lock(shared);
  atomic_store(&shared->slot, 0);
  mc_shared_reclaim_slot(shared, slot);
  mc_shared_unlock(shared);
}

uint32_t mc_shared_slot_number(const mc_shared *shared) { return atomic_load(&shared->slot); }

mc_shared_status mc_shared_status_of(mc_shared *shared) {
  mc_shared_status status = {.size = shared->size, .workers = shared->workers};
  mc_shared_lock(shared);
  status.used = mc_shared_end(shared);
  for (uint64_t offset = mc_shared_first(shared); offset < status.used;) {
    const mc_region *region = mc_region_at(shared, offset);
    if (!region) break;
    offset += region->bytes;
    status.regions += !mc_region_is_free(region);
  }
  for (uint32_t slot = 1; slot <= shared->workers; slot++)
    status.in_use += atomic_load(&mc_shared_slot_of(shared, slot)->used) != 0;
  mc_shared_unlock(shared);
  return status;
}

uint32_t mc_shared_pid(const mc_shared *shared, uint32_t slot) {
  if (!slot || slot > shared->workers) return 0;
  const mc_shared_slot *at = mc_shared_slot_of(shared, slot);
  return atomic_load(&at->used) ? at->pid : 0;
}
