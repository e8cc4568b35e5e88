#include "check.h"
#include "match/header_slots.h"

#define HEADER(name, value) {MC_LITERAL(name), MC_LITERAL(value)}

static uint16_t slot_of(mc_slots *slots, mc_slice name) {
  uint16_t slot = MC_SLOT_NONE;
  CHECK_INT(mc_slots_add(slots, name, &slot), MC_OK);
  return slot;
}

static void test_lines_of_a_name(void) {
  mc_slots *slots = mc_slots_new();
  uint16_t user = slot_of(slots, MC_LITERAL("x-user")), other = slot_of(slots, MC_LITERAL("x-other"));
  CHECK(user != other);
  CHECK_INT(slot_of(slots, MC_LITERAL("X-USER")), user);
  mc_header headers[] = {HEADER("accept", "*"), HEADER("X-User", "a"), HEADER("x-usex", "no"), HEADER("x-user", "b"),
                         HEADER("x-user", "hidden")};
  mc_view view = {.headers = headers, .header_count = 5, .hidden = {1u << 4}, .added_count = 1};
  view.added[0] = (mc_header)HEADER("x-user", "c");
  mc_scratch scratch;
  mc_scratch_init(&scratch);
  mc_found found;
  CHECK_INT(mc_slots_find(slots, &view, &scratch, &found), MC_OK);
  CHECK_INT(mc_found_first(&found, other), 0);
  uint16_t line = mc_found_first(&found, user);
  CHECK_SLICE(mc_view_line(&view, line - 1u)->value, "a");
  line = found.next[line - 1];
  CHECK_SLICE(mc_view_line(&view, line - 1u)->value, "b");
  line = found.next[line - 1];
  CHECK_SLICE(mc_view_line(&view, line - 1u)->value, "c");
  CHECK_INT(found.next[line - 1], 0);
  mc_slice joined;
  CHECK_INT(mc_slots_join(&found, user, &view, &scratch, &joined), MC_OK);
  CHECK_SLICE(joined, "a,b,c");
  CHECK_INT(mc_slots_join(&found, other, &view, &scratch, &joined), MC_OK);
  CHECK(!joined.data);
  mc_scratch_reset(&scratch);
  mc_slots_free(slots);
}

static void test_nothing_asked_or_found(void) {
  mc_slots *slots = mc_slots_new();
  mc_header headers[] = {HEADER("a", "1"), HEADER("", "2")};
  mc_view view = {.headers = headers, .header_count = 2};
  mc_scratch scratch;
  mc_scratch_init(&scratch);
  mc_found found;
  CHECK_INT(mc_slots_find(slots, &view, &scratch, &found), MC_OK);
  CHECK(!found.first);
  uint16_t slot = slot_of(slots, MC_LITERAL("b"));
  CHECK_INT(mc_slots_find(slots, &view, &scratch, &found), MC_OK);
  CHECK_INT(mc_found_first(&found, slot), 0);
  mc_scratch_reset(&scratch);
  mc_slots_free(slots);
}

static void test_inline_headers_join(void) {
  mc_slots *slots = mc_slots_new();
  CHECK(mc_slots_joined(slots, slot_of(slots, MC_LITERAL("x-forwarded-for"))));
  CHECK(mc_slots_joined(slots, slot_of(slots, MC_LITERAL("content-type"))));
  CHECK(!mc_slots_joined(slots, slot_of(slots, MC_LITERAL("x-user"))));
  mc_slots_free(slots);
}

static void test_many_names(void) {
  mc_slots *slots = mc_slots_new();
  char name[16];
  for (uint16_t i = 0; i < MC_SLOTS_MOST; i++) {
    int size = snprintf(name, sizeof name, "x-%d", i);
    CHECK_INT(slot_of(slots, mc_slice_of(name, (size_t)size)), i);
  }
  uint16_t slot;
  CHECK_INT(mc_slots_add(slots, MC_LITERAL("one-more"), &slot), MC_LIMIT);
  CHECK_INT(slot_of(slots, MC_LITERAL("X-4095")), 4095);
  mc_slots_free(slots);
}

static void test_out_of_memory(void) {
  for (int n = 0;; n++) {
    check_memory(n);
    mc_slots *slots = mc_slots_new();
    uint16_t slot;
    mc_code code = slots ? mc_slots_add(slots, MC_LITERAL("x-user"), &slot) : MC_NO_MEMORY;
    check_memory(-1);
    mc_slots_free(slots);
    if (code == MC_OK) break;
    CHECK_INT(code, MC_NO_MEMORY);
  }
  CHECK_INT(check_blocks(), 0);
}

/* What mc_view_make has found that nobody asks for is passed over; a view without that is looked at wholly, lines
 * beyond its masks included. */
static void test_lines_that_nobody_asks_for(void) {
  enum { MANY = 150 };
  mc_slots *slots = mc_slots_new();
  const uint16_t user = slot_of(slots, MC_LITERAL("x-user"));
  static mc_header headers[MANY];
  for (int i = 0; i < MANY; i++) headers[i] = (mc_header)HEADER("x-user", "a");
  mc_view view = {.headers = headers, .header_count = MANY};
  mc_scratch scratch;
  mc_found found;
  mc_scratch_init(&scratch);
  int lines = 0;
  CHECK_INT(mc_slots_find(slots, &view, &scratch, &found), MC_OK);
  for (uint16_t line = mc_found_first(&found, user); line; line = found.next[line - 1]) lines++;
  CHECK_INT(lines, MANY);
  view.header_count = 70;
  view.unasked[0] = ~(UINT64_C(1) << 63);
  view.unasked[1] = ~(UINT64_C(1) << 5);
  view.hidden[1] = 0;
  CHECK_INT(mc_slots_find(slots, &view, &scratch, &found), MC_OK);
  CHECK_INT(mc_found_first(&found, user), 64);
  CHECK_INT(found.next[63], 70);
  CHECK_INT(found.next[69], 0);
  headers[69].name = MC_LITERAL("x-other"); /* whoever made the view says what it is */
  view.line_slots[63] = view.line_slots[69] = user;
  view.has_slots = true;
  CHECK_INT(mc_slots_find(slots, &view, &scratch, &found), MC_OK);
  CHECK_INT(mc_found_first(&found, user), 64);
  CHECK_INT(found.next[63], 70);
  mc_scratch_reset(&scratch);
  mc_slots_free(slots);
}

static const mc_name *known(const mc_slots *slots, const char *name) {
  return mc_slots_known(slots, mc_slice_of(name, strlen(name)));
}

/* Marks and slots of one name are in one place, whichever comes first. */
static void test_marked_names(void) {
  mc_slots *slots = mc_slots_new();
  const uint16_t first = slot_of(slots, MC_LITERAL("x-first"));
  CHECK_INT(mc_slots_mark(slots, MC_LITERAL("x-first"), 7, MC_NAME_EDGE), MC_OK);
  CHECK_INT(mc_slots_mark(slots, MC_LITERAL("x-forwarded-for-and-by-many"), 8, MC_NAME_HIDDEN), MC_OK);
  CHECK_INT(known(slots, "x-first")->mark, 7);
  CHECK_INT(known(slots, "x-first")->slot, first);
  CHECK_INT(known(slots, "x-first")->traits, MC_NAME_EDGE | MC_NAME_ASKED);
  CHECK_INT(known(slots, "x-forwarded-for-and-by-many")->slot, MC_SLOT_NONE);
  CHECK_INT(mc_slots_count(slots), 1);
  CHECK_INT(slot_of(slots, MC_LITERAL("X-Forwarded-For-And-By-Many")), 1);
  CHECK_INT(known(slots, "x-forwarded-for-and-by-many")->traits, MC_NAME_HIDDEN | MC_NAME_ASKED);
  mc_slots_free(slots);
}

/* Names that differ in one byte, wherever it stands, are other names. */
static void test_no_lookalikes(void) {
  mc_slots *slots = mc_slots_new();
  const char *const names[] = {"b", "te", "via", "host", "cookie", "upgrade", "priority", "x-real-ip", "x-b3-parentspanid",
                               "x-envoy-upstream-rq-timeout-ms"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char text[32];
    const size_t size = strlen(names[i]);
    slot_of(slots, mc_slice_of(names[i], size));
    for (size_t at = 0; at < size; at++) {
      int same = 0, any_case = 0;
      for (int c = 0; c < 256; c++) {
        memcpy(text, names[i], size);
        text[at] = (char)c;
        same += mc_slots_known(slots, mc_slice_of(text, size)) != NULL;
        any_case += mc_slots_known_any_case(slots, mc_slice_of(text, size)) != NULL;
      }
      CHECK_INT(same, 1);
      CHECK_INT(any_case, names[i][at] >= 'a' && names[i][at] <= 'z' ? 2 : 1);
    }
  }
  mc_slots_free(slots);
}

/* What a configuration asks for need not be a name that a request can have. */
static void test_odd_names(void) {
  mc_slots *slots = mc_slots_new();
  slot_of(slots, MC_LITERAL(""));
  slot_of(slots, MC_LITERAL("two words"));
  slot_of(slots, MC_LITERAL("X_User-1"));
  CHECK_INT(known(slots, "")->traits, MC_NAME_ODD | MC_NAME_ASKED | MC_NAME_UNMARKED);
  CHECK_INT(known(slots, "two words")->traits, MC_NAME_ODD | MC_NAME_ASKED | MC_NAME_UNMARKED);
  CHECK_INT(known(slots, "x_user-1")->traits, MC_NAME_ASKED | MC_NAME_UNMARKED);
  mc_slots_free(slots);
}

int main(void) {
  test_marked_names();
  test_no_lookalikes();
  test_odd_names();
  test_lines_that_nobody_asks_for();
  test_lines_of_a_name();
  test_nothing_asked_or_found();
  test_inline_headers_join();
  test_many_names();
  test_out_of_memory();
  return check_finish();
}
