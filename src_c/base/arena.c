#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

#include "base/slice.h"

/* An arena's chunks grow from the first size to the last: there are arenas of a few hundred bytes. */
enum { FIRST_CHUNK = 512, LAST_CHUNK = 64 * 1024, SCRATCH_CHUNK = 4096, ALIGN = 16 };

typedef struct chunk {
  struct chunk *next;
  size_t used, size;
} chunk;

struct mc_arena {
  chunk *head;
  size_t bytes;
  size_t usual; /* of the next chunk */
};

static size_t round_up(size_t size, size_t align) { return (size + align - 1) & ~(align - 1); }

mc_arena *mc_arena_new(void) {
  mc_arena *arena = calloc(1, sizeof *arena);
  if (arena) arena->usual = FIRST_CHUNK;
  return arena;
}

void mc_arena_free(mc_arena *arena) {
  if (!arena) return;
  for (chunk *at = arena->head; at;) {
    chunk *next = at->next;
    free(at);
    at = next;
  }
  free(arena);
}

void *mc_arena_alloc(mc_arena *arena, size_t count, size_t size) {
  if (size && count > (SIZE_MAX / 2) / size) return NULL;
  size_t want = round_up(count * size + (count * size == 0), ALIGN);
  const size_t header = round_up(sizeof(chunk), ALIGN);
  chunk *head = arena->head;
  if (!head || head->size - head->used < want) {
    const size_t usual = arena->usual;
    size_t room = want > usual / 4 ? want : usual;
    chunk *fresh = malloc(header + room);
    if (!fresh) return NULL;
    fresh->used = 0;
    fresh->size = room;
    arena->bytes += header + room;
    /* A chunk made for one large piece goes behind the head, whose rest stays in use. */
    if (head && room != usual) {
      fresh->next = head->next;
      head->next = fresh;
    } else {
      fresh->next = head;
      arena->head = fresh;
    }
    arena->usual = usual < LAST_CHUNK ? usual * 2 : LAST_CHUNK;
    head = fresh;
  }
  void *out = (char *)head + header + head->used;
  head->used += want;
  return memset(out, 0, want);
}

mc_slice mc_arena_copy(mc_arena *arena, mc_slice text, bool *ok) {
  if (!text.data) return MC_ABSENT;
  char *copy = mc_arena_alloc(arena, text.size + 1, 1);
  if (!copy) {
    *ok = false;
    return MC_ABSENT;
  }
  if (text.size) memcpy(copy, text.data, text.size);
  return mc_slice_of(copy, text.size);
}

size_t mc_arena_bytes(const mc_arena *arena) { return arena->bytes; }

void mc_scratch_init(mc_scratch *scratch) {
  scratch->at = scratch->block;
  scratch->end = scratch->block + sizeof scratch->block;
  scratch->chunks = NULL;
}

void mc_scratch_reset(mc_scratch *scratch) {
  for (void **at = scratch->chunks; at;) {
    void **next = *at;
    free(at);
    at = next;
  }
  mc_scratch_init(scratch);
}

void *mc_scratch_grow(mc_scratch *scratch, size_t size) {
  if (size > SIZE_MAX / 2) return NULL;
  size_t want = round_up(size, 8);
  size_t room = want > SCRATCH_CHUNK ? want : SCRATCH_CHUNK;
  void **fresh = malloc(ALIGN + room);
  if (!fresh) return NULL;
  *fresh = scratch->chunks;
  scratch->chunks = fresh;
  scratch->at = (char *)fresh + ALIGN + want;
  scratch->end = (char *)fresh + ALIGN + room;
  return (char *)fresh + ALIGN;
}
