#include "check.h"

#include <ctype.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

static int passed, failed;

static void count(bool holds) {
  if (holds) passed++;
  else failed++;
}

void check_true(bool holds, const char *what, const char *file, int line) {
  count(holds);
  if (!holds) printf("%s:%d: failed: %s\n", file, line, what);
}

void check_int(int64_t actual, int64_t expected, const char *what, const char *file, int line) {
  count(actual == expected);
  if (actual == expected) return;
  printf("%s:%d: failed: %s is %" PRId64 ", expected %" PRId64 "\n", file, line, what, actual, expected);
}

static void print_slice(mc_slice text) {
  if (!text.data) {
    printf("absent");
    return;
  }
  putchar('"');
  for (size_t i = 0; i < text.size; i++) {
    unsigned char c = (unsigned char)text.data[i];
    if (isprint(c) && c != '"' && c != '\\') putchar(c);
    else printf("\\x%02x", c);
  }
  putchar('"');
}

void check_slice(mc_slice actual, mc_slice expected, const char *what, const char *file, int line) {
  bool same = actual.data && actual.size == expected.size &&
              (expected.size == 0 || memcmp(actual.data, expected.data, expected.size) == 0);
  count(same);
  if (same) return;
  printf("%s:%d: failed: %s is ", file, line, what);
  print_slice(actual);
  printf(", expected ");
  print_slice(expected);
  putchar('\n');
}

int check_finish(void) {
  printf("%d passed, %d failed\n", passed, failed);
  return failed || !passed;
}

/* The linker (--wrap) leads every allocation of the program through these. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void __real_free(void *block);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);
void __wrap_free(void *block);

static int remaining = -1;
static atomic_int blocks; /* threads allocate, too */

void check_memory(int count) { remaining = count; }
int check_blocks(void) { return blocks; }

static bool may_allocate(void) {
  if (remaining == 0) return false;
  if (remaining > 0) remaining--;
  return true;
}

static void *counted(void *block) {
  if (block) blocks++;
  return block;
}

void *__wrap_malloc(size_t size) { return may_allocate() ? counted(__real_malloc(size)) : NULL; }

void *__wrap_calloc(size_t count, size_t size) {
  return may_allocate() ? counted(__real_calloc(count, size)) : NULL;
}

void *__wrap_realloc(void *block, size_t size) {
  if (!may_allocate()) return NULL;
  void *out = __real_realloc(block, size);
  if (out && !block) blocks++;
  return out;
}

void __wrap_free(void *block) {
  if (block) blocks--;
  __real_free(block);
}
