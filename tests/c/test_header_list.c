#include "edit_support.h"

static mc_scratch scratch;
static mc_header_list list;
static char row[4000];

static void start(uint32_t capacity) {
  mc_scratch_init(&scratch);
  CHECK_INT(mc_header_list_init(&list, &scratch, capacity), MC_OK);
}

static mc_slice text(void) { return list_text(&list, row); }

static void add(const char *name, const char *value) {
  CHECK_INT(mc_header_list_add(&list, text_of(name), text_of(value)), MC_OK);
}

static void test_add_find_remove(void) {
  start(0);
  CHECK(mc_header_list_find(&list, MC_LITERAL("a")) == NULL);
  add("A", "1");
  add("b", "2");
  add("a", "3");
  CHECK_SLICE(mc_header_list_find(&list, MC_LITERAL("a"))->value, "1");
  CHECK_SLICE(text(), "A: 1|b: 2|a: 3");
  mc_header_list_remove(&list, MC_LITERAL("a"));
  CHECK_SLICE(text(), "b: 2");
  mc_header_list_remove(&list, MC_LITERAL("x"));
  mc_header_list_remove(&list, MC_LITERAL("b"));
  CHECK_INT(list.count, 0);
  mc_scratch_reset(&scratch);
}

static void test_set_and_replace(void) {
  start(4);
  add("A", "1");
  add("b", "2");
  add("a", "3");
  CHECK_INT(mc_header_list_set(&list, MC_LITERAL("a"), MC_LITERAL("4")), MC_OK);
  CHECK_SLICE(text(), "b: 2|a: 4");
  CHECK_INT(mc_header_list_replace(&list, MC_LITERAL("b"), MC_LITERAL("5")), MC_OK);
  CHECK_INT(mc_header_list_replace(&list, MC_LITERAL("c"), MC_LITERAL("6")), MC_OK);
  CHECK_SLICE(text(), "b: 5|a: 4|c: 6");
  mc_scratch_reset(&scratch);
}

static void test_append_joins_what_is_kept_joined(void) {
  start(4);
  CHECK_INT(mc_header_list_take(&list, MC_LITERAL("X-Forwarded-For"), MC_LITERAL("1"), 7), MC_OK);
  CHECK_INT(list.lines[0].source, 7);
  CHECK_INT(mc_header_list_append(&list, MC_LITERAL("x-forwarded-for"), MC_LITERAL("2")), MC_OK);
  CHECK_INT(list.lines[0].source, -1); /* no longer the line that came in */
  CHECK_INT(mc_header_list_append(&list, MC_LITERAL("x-forwarded-for"), MC_LITERAL("")), MC_OK);
  CHECK_INT(mc_header_list_append(&list, MC_LITERAL("x"), MC_LITERAL("3")), MC_OK);
  CHECK_INT(mc_header_list_append(&list, MC_LITERAL("x"), MC_LITERAL("4")), MC_OK);
  CHECK_SLICE(text(), "X-Forwarded-For: 1,2|x: 3|x: 4");
  mc_scratch_reset(&scratch);
  start(4); /* to an empty value nothing is joined, not even a comma */
  add("via", "");
  CHECK_INT(mc_header_list_append(&list, MC_LITERAL("via"), MC_LITERAL("a")), MC_OK);
  CHECK_SLICE(text(), "via: a");
  mc_scratch_reset(&scratch);
}

static void test_growth(void) {
  start(1);
  for (int i = 0; i < 200; i++) add("n", "v");
  CHECK_INT(list.count, 200);
  CHECK_SLICE(list.lines[199].value, "v");
  mc_scratch_reset(&scratch);
  CHECK_INT(check_blocks(), 0);
}

static void test_out_of_memory(void) {
  static char large[5000];
  memset(large, 'x', sizeof large);
  for (int n = 0;; n++) {
    mc_scratch_init(&scratch);
    check_memory(n);
    mc_code code = mc_header_list_init(&list, &scratch, 1);
    for (int i = 0; i < 60 && !code; i++) code = mc_header_list_add(&list, MC_LITERAL("a"), MC_LITERAL("b"));
    if (!code) code = mc_header_list_add(&list, MC_LITERAL("via"), mc_slice_of(large, sizeof large));
    if (!code) code = mc_header_list_append(&list, MC_LITERAL("via"), MC_LITERAL("c"));
    check_memory(-1);
    mc_scratch_reset(&scratch);
    CHECK_INT(check_blocks(), 0);
    if (code == MC_OK) {
      CHECK(n > 1);
      break;
    }
    CHECK_INT(code, MC_NO_MEMORY);
  }
}

int main(void) {
  test_add_find_remove();
  test_set_and_replace();
  test_append_joins_what_is_kept_joined();
  test_growth();
  test_out_of_memory();
  return check_finish();
}
