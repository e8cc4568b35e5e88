#include "shared/regions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
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

static char *data_of(mc_region *region) { return (char *)region + region->data; }

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
    if (atomic_load(&region->kind) && !entry_at(shared, region->hash, shared->seen) &&
        !add(shared, shared->seen, region->hash))
      return MC_NO_MEMORY;
    shared->seen += region->bytes;
  }
  return MC_OK;
}

static uint64_t hash_of(const mc_shared_form *form, mc_slice name, uint64_t size) {
  return mc_xxh64(name.data, name.size, size * 31 + form->kind);
}

static mc_region_entry *find(const mc_shared *shared, const mc_shared_form *form, mc_slice name, uint64_t size,
                             uint64_t hash) {
  if (!shared->entries) return NULL;
  for (uint64_t at = hash & shared->mask; shared->entries[at].offset; at = (at + 1) & shared->mask) {
    mc_region_entry *entry = &shared->entries[at];
    if (entry->hash != hash) continue;
    const mc_region *region = mc_region_at(shared, entry->offset);
    if (region && atomic_load(&region->kind) == (uint32_t)form->kind && region->data_size == size &&
        region->name_size == name.size && !memcmp(region->name, name.data, name.size))
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
  uint64_t size, hash, data, columns, bytes;
  const void *argument;
} plan;

static uint64_t aligned(uint64_t size) {
  return (size + MC_SHARED_ALIGNMENT - 1) / MC_SHARED_ALIGNMENT * MC_SHARED_ALIGNMENT;
}

static plan plan_of(const mc_shared *shared, const mc_shared_form *form, mc_slice name, uint64_t size,
                    const void *argument) {
  plan p = {.form = form, .name = name, .size = size, .argument = argument};
  p.hash = hash_of(form, name, size);
  p.data = aligned(sizeof(mc_region) + name.size + sizeof p.data); /* before the data: where the region begins */
  p.columns = aligned(p.data + size);
  p.bytes = aligned(p.columns + (uint64_t)form->held.count * form->held.groups * shared->workers * 8);
  return p;
}

static uint64_t *way_back(const void *data) { return (uint64_t *)(void *)data - 1; }

static void begin_data(mc_region *region, const plan *p) {
  memset(data_of(region), 0, region->bytes - region->data);
  for (uint32_t g = 0; g < p->form->held.groups; g++) {
    _Atomic(uint64_t) *words = (void *)(data_of(region) + p->form->held.offset + g * p->form->held.stride);
    for (uint32_t i = 0; i < p->form->held.count; i++) atomic_store(&words[i], MC_HELD_SHARED);
  }
  if (p->form->init) p->form->init(data_of(region), p->argument);
}

/* All but its size, which stays, and its kind, which comes last. */
static void write(mc_region *region, const plan *p) {
  region->hash = p->hash;
  region->name_size = (uint32_t)p->name.size;
  region->data = p->data;
  region->data_size = p->size;
  region->columns = p->columns;
  region->held = p->form->held;
  region->lock = p->form->lock;
  region->version = p->form->version;
  for (int i = 0; i < MC_SHARED_USER_WORDS; i++) atomic_store(&region->users[i], 0);
  memcpy(region->name, p->name.data, p->name.size);
  *way_back(data_of(region)) = p->data;
  begin_data(region, p);
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
  write(region, p);
  atomic_store(&region->kind, (uint32_t)p->form->kind);
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
    atomic_store(&region->kind, MC_SHARED_NOTHING);
    atomic_fetch_add(&shared->at->generation, 1);
    write(region, p);
    atomic_store(&region->kind, (uint32_t)p->form->kind);
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
  uint64_t place = (uint64_t)((const char *)data - (const char *)shared->at), back = *way_back(data);
  const mc_region *region = back < place ? mc_region_at(shared, place - back) : NULL;
  mc_region_entry *entry = region ? entry_at(shared, region->hash, place - back) : NULL;
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

_Atomic(uint64_t) *mc_region_columns(const void *data) {
  char *region = (char *)(uintptr_t)data - *way_back(data);
  return (void *)(region + ((const mc_region *)(void *)region)->columns);
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
