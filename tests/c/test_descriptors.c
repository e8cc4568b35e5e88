#include "slots_support.h"

#include "policy/descriptors.h"

static mc_scratch scratch;
static const mc_label LABELS[] = {{{"plan", 4}, {"gold", 4}}, {{"size", 4}, {"l", 1}}};
static const mc_routed ROUTED = {.forwarded = true, .cluster = {"one", 3}, .route = {"r", 1}, .labels = {LABELS, 2}};

/* The one descriptor as "key=value,...", NULL: there is none. */
static const char *made_of(const mc_descriptor_spec *spec, const char *target, const char *const *rows,
                           const mc_routed *routed, mc_descriptor *out) {
  static char text[256];
  const mc_descriptors_spec all = {spec, 1};
  mc_descriptor_makers makers;
  mc_descriptor descriptor;
  mc_error error;
  mc_view view;
  mc_header headers[8];
  start();
  CHECK_INT(mc_descriptors_build(&makers, &all, slots, arena, &error), MC_OK);
  mc_scratch_reset(&scratch);
  view_of(&view, &scratch, "a.com", target, headers, rows);
  mc_input input = {.view = &view, .slots = slots, .scratch = &scratch};
  CHECK_INT(mc_slots_find(slots, &view, &scratch, &input.found), MC_OK);
  const bool made = mc_descriptor_make(&makers.at[0], routed, &input, &descriptor);
  size_t size = 0;
  for (uint32_t i = 0; made && i < descriptor.count; i++) {
    const mc_label *entry = &descriptor.entries[i];
    size += (size_t)snprintf(text + size, sizeof text - size, "%s%.*s=%.*s", i ? "," : "", (int)entry->key.size, entry->key.data,
                             (int)entry->value.size, entry->value.data);
  }
  text[size] = 0;
  if (out) *out = descriptor;
  mc_descriptors_clear(&makers);
  mc_scratch_reset(&scratch);
  stop();
  return made ? text : NULL;
}

static void check_one(mc_entry_spec entry, const char *target, const char *const *rows, const char *expected) {
  entry.key = MC_LITERAL("k");
  const mc_descriptor_spec spec = {.entries = &entry, .count = 1};
  const char *made = made_of(&spec, target, rows, &ROUTED, NULL);
  CHECK(made && expected ? strcmp(made, expected) == 0 : made == expected);
}

static void test_sources(void) {
  check_one((mc_entry_spec){.source = MC_ENTRY_FIXED, .value = MC_LITERAL("v")}, "/", NULL, "k=v");
  check_one((mc_entry_spec){.source = MC_ENTRY_CLUSTER}, "/", NULL, "k=one");
  check_one((mc_entry_spec){.source = MC_ENTRY_ROUTE}, "/", NULL, "k=r");
  check_one((mc_entry_spec){.source = MC_ENTRY_LABEL, .name = MC_LITERAL("size"), .value = MC_LITERAL("m")}, "/", NULL, "k=l");
  check_one((mc_entry_spec){.source = MC_ENTRY_LABEL, .name = MC_LITERAL("siz"), .value = MC_LITERAL("m")}, "/", NULL, "k=m");
  check_one((mc_entry_spec){.source = MC_ENTRY_LABEL, .name = MC_LITERAL("none")}, "/", NULL, NULL);
  check_one((mc_entry_spec){.source = MC_ENTRY_HEADER, .name = MC_LITERAL("x-a")}, "/", ROWS("X-A: 1", "x-a: 2"), "k=1");
  check_one((mc_entry_spec){.source = MC_ENTRY_HEADER, .name = MC_LITERAL("x-a")}, "/", NULL, NULL);
  check_one((mc_entry_spec){.source = MC_ENTRY_HEADER, .name = MC_LITERAL("x-a")}, "/", ROWS("x-a: "), "k=");
  check_one((mc_entry_spec){.source = MC_ENTRY_HEADER, .name = MC_LITERAL("x-a"), .empty = true}, "/", NULL, "k=");
  check_one((mc_entry_spec){.source = MC_ENTRY_NEVER, .value = MC_LITERAL("v")}, "/", NULL, NULL);
  check_one((mc_entry_spec){.source = MC_ENTRY_HEADER, .name = MC_LITERAL(":path")}, "/p?q", NULL, "k=/p?q");
  check_one((mc_entry_spec){.source = MC_ENTRY_HEADER, .name = MC_LITERAL(":method")}, "/p?q", NULL, "k=GET");
  check_one((mc_entry_spec){.source = MC_ENTRY_PATH}, "/p?q", NULL, "k=/p");
  check_one((mc_entry_spec){.source = MC_ENTRY_QUERY, .name = MC_LITERAL("q")}, "/?q=%41", NULL, "k=A");
  check_one((mc_entry_spec){.source = MC_ENTRY_COOKIE, .name = MC_LITERAL("c")}, "/", ROWS("cookie: b=1; c=2"), "k=2");
  check_one((mc_entry_spec){.source = MC_ENTRY_COOKIE, .name = MC_LITERAL("c")}, "/", NULL, NULL);
  check_one((mc_entry_spec){.source = MC_ENTRY_ADDRESS}, "/", ROWS("x-forwarded-for: 192.0.2.77"), "k=192.0.2.77");
}

static void check_network(const char *address, uint8_t v4, uint8_t v6, const char *expected) {
  char row[80];
  snprintf(row, sizeof row, "x-forwarded-for: %s", address);
  check_one((mc_entry_spec){.source = MC_ENTRY_NETWORK, .v4_bits = v4, .v6_bits = v6}, "/", ROWS(row), expected);
}

static void test_networks(void) {
  const mc_entry_spec client = {.source = MC_ENTRY_CLIENT, .v4_bits = 24, .v6_bits = 64};
  check_one(client, "/", ROWS("x-forwarded-for: ::ffff:192.0.2.77"), "k=192.0.2.0/24");
  check_one(client, "/", ROWS("x-forwarded-for: 192.0.2.77"), "k=192.0.2.0/24");
  check_one(client, "/", ROWS("x-forwarded-for: 2001:db8::1"), "k=2001:db8::/64");
  check_network("::ffff:192.0.2.77", 24, 64, "k=::/64"); /* as Envoy has it */
  check_network("192.0.2.77", 24, 64, "k=192.0.2.0/24");
  check_network("192.0.2.77", 32, 64, "k=192.0.2.77/32");
  check_network("192.0.2.77", 0, 64, "k=0.0.0.0/0");
  check_network("192.0.2.77", 25, 64, "k=192.0.2.0/25");
  check_network("192.0.2.200", 25, 64, "k=192.0.2.128/25");
  check_network("2001:db8:1:2:3:4:5:6", 24, 64, "k=2001:db8:1:2::/64");
  check_network("2001:db8:1:2:3:4:5:6", 24, 128, "k=2001:db8:1:2:3:4:5:6/128");
  check_network("2001:db8:1:2:3:4:5:6", 24, 0, "k=::/0");
}

static void test_matchers(void) {
  const mc_header_match_spec header = {.name = MC_LITERAL("x-a"), .string = {.kind = MC_STRING_EXACT, .value = MC_LITERAL("1")}};
  const mc_query_match_spec query = {.name = MC_LITERAL("q"), .test = MC_TEST_PRESENT, .present = true};
  for (int expect = 0; expect < 2; expect++) {
    const mc_entry_spec by_header = {.source = MC_ENTRY_HEADERS_MATCH, .value = MC_LITERAL("v"), .expect_match = expect, .headers = &header, .header_count = 1};
    const mc_entry_spec by_query = {.source = MC_ENTRY_QUERIES_MATCH, .value = MC_LITERAL("v"), .expect_match = expect, .queries = &query, .query_count = 1};
    check_one(by_header, "/", ROWS("x-a: 1"), expect ? "k=v" : NULL);
    check_one(by_header, "/", ROWS("x-a: 2"), expect ? NULL : "k=v");
    check_one(by_query, "/?q", NULL, expect ? "k=v" : NULL);
    check_one(by_query, "/", NULL, expect ? NULL : "k=v");
  }
}

static void test_what_is_absent(void) {
  const mc_entry_spec entries[] = {{.source = MC_ENTRY_HEADER, .key = MC_LITERAL("a"), .name = MC_LITERAL("x-a"), .optional = true},
                                   {.source = MC_ENTRY_HEADER, .key = MC_LITERAL("b"), .name = MC_LITERAL("x-b")}};
  const mc_descriptor_spec spec = {.entries = entries, .count = 2};
  const char *made = made_of(&spec, "/", ROWS("x-b: 2"), &ROUTED, NULL);
  CHECK(made && strcmp(made, "b=2") == 0);
  CHECK(made_of(&spec, "/", ROWS("x-a: 1"), &ROUTED, NULL) == NULL);
  const mc_routed answered = {.forwarded = false, .route = MC_LITERAL("")};
  const mc_entry_spec cluster = {.source = MC_ENTRY_CLUSTER, .key = MC_LITERAL("k")};
  const mc_descriptor_spec of_cluster = {.entries = &cluster, .count = 1};
  CHECK(made_of(&of_cluster, "/", NULL, &answered, NULL) == NULL);
}

static void test_hits(void) {
  const mc_entry_spec fixed = {.source = MC_ENTRY_FIXED, .key = MC_LITERAL("k"), .value = MC_LITERAL("v")};
  const mc_descriptor_spec said = {.entries = &fixed, .count = 1, .hits = {true, 5}, .gives_back = true, .tells = MC_SAID_NO};
  const mc_descriptor_spec read = {.entries = &fixed, .count = 1, .hits_format = FORMAT(REQ("x-hits"))};
  mc_descriptor made;
  CHECK(made_of(&said, "/", NULL, &ROUTED, &made) && made.hits.said && made.gives_back && made.tells == MC_SAID_NO);
  CHECK_INT(made.hits.value, 5);
  CHECK(made_of(&read, "/", ROWS("x-hits: 12"), &ROUTED, &made) != NULL);
  CHECK_INT(made.hits.value, 12);
  CHECK(made_of(&read, "/", ROWS("x-hits: twelve"), &ROUTED, NULL) == NULL);
  CHECK(made_of(&read, "/", NULL, &ROUTED, NULL) == NULL);
}

static bool is_header_alone(const mc_descriptor_spec *specs, uint32_t count) {
  const mc_descriptors_spec all = {specs, count};
  mc_descriptor_makers makers;
  mc_error error;
  start();
  CHECK_INT(mc_descriptors_build(&makers, &all, slots, arena, &error), MC_OK);
  const mc_entry_maker *entry = mc_descriptors_header(&makers);
  CHECK(!entry || entry == makers.at->entries);
  mc_descriptors_clear(&makers);
  stop();
  return entry != NULL;
}

static void test_a_header_alone(void) {
  const mc_entry_spec entries[] = {{.source = MC_ENTRY_HEADER, .key = MC_LITERAL("k"), .name = MC_LITERAL("x-a")},
                                   {.source = MC_ENTRY_FIXED, .key = MC_LITERAL("f"), .value = MC_LITERAL("v")}};
  const mc_entry_spec optional = {.source = MC_ENTRY_HEADER, .key = MC_LITERAL("k"), .name = MC_LITERAL("x-a"), .optional = true};
  const mc_descriptor_spec alone[] = {{.entries = entries, .count = 1}, {.entries = entries, .count = 1}};
  const mc_descriptor_spec both = {.entries = entries, .count = 2}, fixed = {.entries = entries + 1, .count = 1};
  const mc_descriptor_spec perhaps = {.entries = &optional, .count = 1};
  const mc_descriptor_spec read = {.entries = entries, .count = 1, .hits_format = FORMAT(REQ("x-hits"))};
  CHECK(is_header_alone(alone, 1));
  CHECK(!is_header_alone(alone, 2) && !is_header_alone(alone, 0));
  CHECK(!is_header_alone(&both, 1) && !is_header_alone(&fixed, 1));
  CHECK(!is_header_alone(&perhaps, 1) && !is_header_alone(&read, 1));
}

static void test_a_bad_matcher_leaves_nothing(void) {
  const mc_header_match_spec headers[] = {{.name = MC_LITERAL("a"), .string = {.kind = MC_STRING_REGEX, .value = MC_LITERAL("a*")}},
                                          {.name = MC_LITERAL("b"), .string = {.kind = MC_STRING_REGEX, .value = MC_LITERAL("(")}}};
  const mc_entry_spec entry = {.source = MC_ENTRY_HEADERS_MATCH, .headers = headers, .header_count = 2};
  const mc_descriptor_spec spec = {.entries = &entry, .count = 1};
  const mc_descriptors_spec all = {&spec, 1};
  mc_descriptor_makers makers;
  mc_error error;
  start();
  CHECK_INT(mc_descriptors_build(&makers, &all, slots, arena, &error), MC_INVALID);
  mc_descriptors_clear(&makers);
  stop();
}

int main(void) {
  mc_scratch_init(&scratch);
  test_sources();
  test_networks();
  test_matchers();
  test_what_is_absent();
  test_hits();
  test_a_header_alone();
  test_a_bad_matcher_leaves_nothing();
  return check_finish();
}
