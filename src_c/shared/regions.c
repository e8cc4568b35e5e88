#include "shared/regions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/slice.h"
#include "shared/held.h"
#include "shared/reclaim.h"

/* Each process keeps an index of its own: regions are looked for seldom, but there may be many of them. */
typedef struct mc_region_entry {
  uint64_t offset; /* 0: free */
  uint64_t hash;
  uint32_t references;
} mc_region_entry;

static void *refuse(mc_error *error, mc_code code, const char *message) {
  *error = (mc_error){.code = code};
  snprintf(error->message, sizeof error->message, "%s", message);
  return NULL;
}

static mc_region *region_of(const mc_shared *shared, const mc_region_entry *entry) {
  return (mc_region *)(void *)((char *)shared->at + entry->offset);
}

static char *data_of(mc_region *region) { return (char *)region + MC_REGION_DATA; }

static void put(mc_region_entry *entries, uint64_t mask, mc_region_entry entry) {
  uint64_t at = entry.hash & mask;
  while (entries[at].offset) at = (at + 1) & mask;
  entries[at] = entry;
}

static bool grow(mc_shared *shared) {
  if (shared->entries && (shared->count + 1) * 2 <= shared->mask) return true;
  uint64_t mask = shared->entries ? shared->mask * 2 + 1 : 63;
  mc_region_entry *entries = calloc(mask + 1, sizeof *entries);
  if (!entries) return false;
  for (uint64_t i = 0; shared->entries && i <= shared->mask; i++) {
    if (shared->entries[i].offset) put(entries, mask, shared->entries[i]);
  }
  free(shared->entries);
  shared->entries = entries;
  shared->mask = mask;
  return true;
}

static bool add(mc_shared *shared, uint64_t offset, uint64_t hash) {
  if (!grow(shared)) return false;
  put(shared->entries, shared->mask, (mc_region_entry){.offset = offset, .hash = hash});
  shared->count++;
  return true;
}

/* Regions that nobody used may have other names by now: those that this process uses stay as they are. */
static bool forget_unused(mc_shared *shared) {
  mc_region_entry *old = shared->entries;
  uint64_t mask = shared->mask;
  mc_region_entry *entries = old ? calloc(mask + 1, sizeof *entries) : NULL;
  if (old && !entries) return false;
  shared->count = 0;
  for (uint64_t i = 0; old && i <= mask; i++) {
    if (!old[i].references) continue;
    put(entries, mask, old[i]);
    shared->count++;
  }
  free(old);
  shared->entries = entries;
  shared->seen = mc_shared_first(shared);
  return true;
}

static mc_region_entry *entry_at(const mc_shared *shared, uint64_t hash, uint64_t offset) {
  if (!shared->entries) return NULL;
  for (uint64_t at = hash & shared->mask; shared->entries[at].offset; at = (at + 1) & shared->mask)
    if (shared->entries[at].offset == offset) return &shared->entries[at];
  return NULL;
}

/* Takes what has come since into the index. */
static mc_code look(mc_shared *shared) {
  uint64_t generation = atomic_load(&shared->at->generation);
  if (!shared->seen || generation != shared->generation) {
    if (!forget_unused(shared)) return MC_NO_MEMORY;
    shared->generation = generation;
  }
  while (shared->seen < mc_shared_end(shared)) {
    const mc_region *region = mc_region_at(shared, shared->seen);
    if (!region) return MC_INVALID;
    if (!mc_region_is_free(region) && !entry_at(shared, region->hash, shared->seen) &&
        !add(shared, shared->seen, region->hash))
      return MC_NO_MEMORY;
    shared->seen += region->bytes;
  }
  /* Where the end is wrong, the next region would be written over others. */
  return shared->seen == mc_shared_end(shared) ? MC_OK : MC_INVALID;
}

static uint64_t hash_of(const mc_shared_form *form, mc_slice name, uint64_t size) {
  return mc_xxh64(name.data, name.size, size * 31 + form->kind);
}

static mc_slice name_of(const mc_region *region, uint32_t workers) {
  const char *name = (const char *)region + mc_region_name_place(region->data_size, &region->held, workers);
  return mc_slice_of(name, region->name_size);
}

static bool same_form(const mc_region *region, const mc_shared_form *form) {
  return !memcmp(&region->held, &form->held, sizeof form->held) && region->lock == form->lock &&
         region->version == form->version;
}

static mc_region_entry *find(const mc_shared *shared, const mc_shared_form *form, mc_slice name, uint64_t size,
                             uint64_t hash) {
  if (!shared->entries) return NULL;
  for (uint64_t at = hash & shared->mask; shared->entries[at].offset; at = (at + 1) & shared->mask) {
    mc_region_entry *entry = &shared->entries[at];
    if (entry->hash != hash) continue;
    const mc_region *region = mc_region_at(shared, entry->offset);
    if (region && !mc_region_is_free(region) && region->kind == (uint32_t)form->kind && region->data_size == size &&
        same_form(region, form) && mc_slice_equal(name_of(region, shared->workers), name))
      return entry;
  }
  return NULL;
}

static bool is_used(const mc_region *region) {
  uint64_t users = 0;
  for (int i = 0; i < MC_SHARED_USER_WORDS; i++) users |= atomic_load(&region->users[i]);
  return users;
}

static void set_user(mc_region *region, uint32_t slot, bool uses) {
  uint64_t bit = UINT64_C(1) << slot % 64;
  if (uses) atomic_fetch_or(&region->users[slot / 64], bit);
  else atomic_fetch_and(&region->users[slot / 64], ~bit);
}

/* ------------------------------------------------------------------ making one */

typedef struct plan {
  const mc_shared_form *form;
  mc_slice name;
  uint64_t size, hash, name_place, bytes;
  const void *argument;
} plan;

static plan plan_of(const mc_shared *shared, const mc_shared_form *form, mc_slice name, uint64_t size,
                    const void *argument) {
  plan p = {.form = form, .name = name, .size = size, .argument = argument};
  p.hash = hash_of(form, name, size);
  p.name_place = mc_region_name_place(size, &form->held, shared->workers);
  p.bytes = mc_shared_aligned(p.name_place + name.size);
  return p;
}

static void begin_data(mc_region *region, const plan *p) {
  memset(data_of(region), 0, p->name_place - MC_REGION_DATA);
  for (uint32_t g = 0; g < p->form->held.groups; g++) {
    _Atomic(uint64_t) *words = (void *)(data_of(region) + p->form->held.offset + g * p->form->held.stride);
    for (uint32_t i = 0; i < p->form->held.count; i++) atomic_store(&words[i], MC_HELD_SHARED);
  }
  if (p->form->init) p->form->init(data_of(region), p->argument);
}

/* All but its size, which stays. The seal comes last: until then it is nobody's. */
static void write(mc_region *region, const plan *p, uint32_t workers) {
  region->hash = p->hash;
  region->data_size = p->size;
  region->held = p->form->held;
  region->lock = p->form->lock;
  region->version = p->form->version;
  region->kind = (uint32_t)p->form->kind;
  region->name_size = (uint32_t)p->name.size;
  for (int i = 0; i < MC_SHARED_USER_WORDS; i++) atomic_store(&region->users[i], 0);
  begin_data(region, p);
  if (p->name.size) memcpy((char *)region + p->name_place, p->name.data, p->name.size);
  atomic_store(&region->seal, mc_region_seal(region, workers));
}

static mc_region *append(mc_shared *shared, const plan *p, mc_error *error) {
  uint64_t end = mc_shared_end(shared);
  if (p->size > shared->size || p->bytes > shared->size - end) {
    snprintf(error->message, sizeof error->message,
             "is full: of its %llu bytes %llu are left, and %llu are needed; make it larger (size=)",
             (unsigned long long)shared->size, (unsigned long long)(shared->size - end), (unsigned long long)p->size);
    error->code = MC_LIMIT;
    return NULL;
  }
  if (!shared->calls.reserve(shared->calls.context, end, p->bytes)) {
    return refuse(error, MC_LIMIT, "cannot have more memory: its filesystem is full");
  }
  mc_region *region = (mc_region *)(void *)((char *)shared->at + end);
  region->bytes = p->bytes;
  region->not_bytes = ~p->bytes;
  write(region, p, shared->workers);
  atomic_store(&shared->at->end, end + p->bytes);
  return region;
}

/* Where there is no more room: one that nobody uses. Others of the process's index may then be out of date. */
static mc_region *take_over(mc_shared *shared, const plan *p) {
  mc_region *region;
  for (uint64_t offset = mc_shared_first(shared); offset < mc_shared_end(shared); offset += region->bytes) {
    region = mc_region_at(shared, offset);
    if (!region) return NULL;
    if (region->bytes < p->bytes || region->bytes / 2 > p->bytes || is_used(region)) continue;
    atomic_store(&region->seal, 0);
    atomic_fetch_add(&shared->at->generation, 1);
    write(region, p, shared->workers);
    return region;
  }
  return NULL;
}

static mc_region *make(mc_shared *shared, const plan *p, mc_error *error) {
  if (p->name.size > UINT32_MAX) return refuse(error, MC_LIMIT, "has no room for such a name");
  mc_region *region = append(shared, p, error);
  if (region) return region;
  mc_shared_reclaim_dead(shared);
  return p->size > shared->size ? NULL : take_over(shared, p);
}

static void *find_or_make(mc_shared *shared, const plan *p, mc_error *error) {
  mc_code code = look(shared);
  if (code == MC_NO_MEMORY) return refuse(error, code, "out of memory");
  if (code) return refuse(error, code, "is damaged: its list of regions");
  if (!atomic_load(&shared->slot)) return refuse(error, MC_LIMIT, "has no place for this process");
  mc_region_entry *entry = find(shared, p->form, p->name, p->size, p->hash);
  if (!entry) {
    if (!make(shared, p, error)) return NULL;
    if (look(shared)) return refuse(error, MC_NO_MEMORY, "out of memory"); /* nobody uses it, and it is found next time */
    entry = find(shared, p->form, p->name, p->size, p->hash);
    if (!entry) return refuse(error, MC_INVALID, "is damaged: its list of regions");
  } else if (p->form->begins_anew && !is_used(region_of(shared, entry))) {
    begin_data(region_of(shared, entry), p);
  }
  set_user(region_of(shared, entry), atomic_load(&shared->slot), true);
  entry->references++;
  return data_of(region_of(shared, entry));
}

void *mc_region_find(mc_shared *shared, const mc_shared_form *form, mc_slice name, uint64_t size, const void *argument,
                     mc_error *error) {
  const plan p = plan_of(shared, form, name, size, argument);
  mc_shared_lock(shared);
  void *data = find_or_make(shared, &p, error);
  mc_shared_unlock(shared);
  return data;
}

static mc_region_entry *entry_of(const mc_shared *shared, const void *data) {
  uint64_t place = (uint64_t)((const char *)data - (const char *)shared->at) - MC_REGION_DATA;
  const mc_region *region = mc_region_at(shared, place);
  mc_region_entry *entry = region ? entry_at(shared, region->hash, place) : NULL;
  return entry && entry->references ? entry : NULL;
}

void mc_region_release(mc_shared *shared, const void *data) {
  if (!data) return;
  mc_shared_lock(shared);
  mc_region_entry *entry = entry_of(shared, data);
  uint32_t slot = atomic_load(&shared->slot);
  if (entry && !--entry->references && slot) set_user(region_of(shared, entry), slot, false);
  mc_shared_unlock(shared);
}

_Atomic(uint64_t) *mc_region_columns(const void *data, uint64_t size) {
  return (void *)((char *)(uintptr_t)data - MC_REGION_DATA + mc_region_columns_place(size));
}

void mc_regions_use(mc_shared *shared) {
  for (uint64_t i = 0; shared->entries && i <= shared->mask; i++) {
    const mc_region_entry *entry = &shared->entries[i];
    if (entry->offset && entry->references) set_user(region_of(shared, entry), atomic_load(&shared->slot), true);
  }
}

void mc_regions_clear(mc_shared *shared) {
  free(shared->entries);
  shared->entries = NULL;
}
