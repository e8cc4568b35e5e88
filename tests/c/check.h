/* A unit test harness in one page. A test is a program:
 *
 *   #include "check.h"
 *   static void test_adds(void) { CHECK(1 + 1 == 2); }
 *   int main(void) { test_adds(); return check_finish(); }
 *
 * A check that fails prints one line and the program goes on; the exit status tells in the end. */
#ifndef MC_CHECK_H
#define MC_CHECK_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "meshcore.h"

#define CHECK(condition) check_true((condition), #condition, __FILE__, __LINE__)

/* Integers of any type; both are shown when they differ. */
#define CHECK_INT(actual, expected) \
  check_int((int64_t)(actual), (int64_t)(expected), #actual, __FILE__, __LINE__)

/* A slice against a string literal (it may hold NUL); an absent slice equals no literal. */
#define CHECK_SLICE(actual, literal) \
  check_slice((actual), (mc_slice){(literal), sizeof(literal) - 1}, #actual, __FILE__, __LINE__)

void check_true(bool holds, const char *what, const char *file, int line);
void check_int(int64_t actual, int64_t expected, const char *what, const char *file, int line);
void check_slice(mc_slice actual, mc_slice expected, const char *what, const char *file, int line);

/* Prints "N passed, N failed"; 0 when all passed. */
int check_finish(void);

/* Memory runs out: the allocation after `count` successful ones fails, and so do all that follow.
 * A negative count restores the normal behaviour. A test of every failure point is the loop
 *
 *   for (int n = 0;; n++) { check_memory(n); void *it = make(); check_memory(-1); if (it) break; }
 */
void check_memory(int count);
/* Blocks that malloc, calloc and realloc gave out and free did not take back. */
int check_blocks(void);

#endif
