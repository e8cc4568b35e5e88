#include "base/hash.h"
#include "engine_support.h"

/* The hash of these policies for a request; ok tells whether there is one. */
static uint64_t hash_from(const char *source, uint16_t port, const mc_hash_policy_spec *policies, uint32_t count,
                          const char *target, const char *const *rows, bool *ok, uint64_t numbers[2]) {
  mc_arena *arena = mc_arena_new();
  mc_slots *slots = mc_slots_new();
  mc_action_spec spec = forward_to(0);
  const mc_route_spec route = prefix_route(MC_LITERAL("/"));
  mc_action action;
  mc_error error;
  mc_scratch scratch;
  mc_view view;
  mc_header headers[16];
  uint64_t hash;
  mc_new_cookie *cookies = NULL;
  memset(&action, 0, sizeof action);
  spec.hash_policies = policies;
  spec.hash_policy_count = count;
  CHECK_INT(mc_action_build(&action, &spec, &route, &(mc_limit_builder){.slots = slots, .arena = arena}, &error), MC_OK);
  mc_scratch_init(&scratch);
  view_of(&view, &scratch, "a.com", target, headers, rows);
  view.source = text_of(source);
  view.source_port = port;
  view.local = text_of("10.0.0.1");
  view.port = 80;
  mc_input input = {.view = &view, .slots = slots, .scratch = &scratch, .random = 5};
  CHECK_INT(mc_slots_find(slots, &view, &scratch, &input.found), MC_OK);
  *ok = mc_action_hash(&action, &input, &cookies, &hash);
  CHECK(!input.no_memory);
  numbers[0] = numbers[1] = 0;
  for (int i = 0; cookies && i < 2; i++, cookies = cookies->next) numbers[i] = cookies->number;
  CHECK(!cookies);
  mc_scratch_reset(&scratch);
  mc_action_clear(&action, NULL);
  mc_slots_free(slots);
  mc_arena_free(arena);
  CHECK_INT(check_blocks(), 0);
  return hash;
}

static uint64_t hash_of(const mc_hash_policy_spec *policies, uint32_t count, const char *target,
                        const char *const *rows, bool *ok) {
  uint64_t numbers[2];
  uint64_t hash = hash_from("127.0.0.1", 0, policies, count, target, rows, ok, numbers);
  CHECK_INT(numbers[0], 0);
  return hash;
}

static uint64_t xxh64(const char *text, uint64_t seed) { return mc_xxh64(text, strlen(text), seed); }

#define HEADER(text) {.kind = MC_HASH_HEADER, .name = MC_LITERAL(text)}

static void check_hash(mc_hash_policy_spec policy, const char *target, const char *const *rows, const char *hashed) {
  bool ok;
  uint64_t hash = hash_of(&policy, 1, target, rows, &ok);
  CHECK(ok == (hashed != NULL));
  if (hashed) CHECK_INT(hash, xxh64(hashed, 0));
}

static void test_headers(void) {
  const mc_hash_policy_spec x = HEADER("x");
  check_hash(x, "/", ROWS("X: abc"), "abc");
  check_hash(x, "/", NULL, NULL);
  check_hash(x, "/", ROWS("x: "), "");
  const mc_hash_policy_spec path = HEADER(":path"), authority = HEADER(":authority");
  check_hash(path, "/p?q", NULL, "/p?q");
  check_hash(authority, "/", NULL, "a.com");
  const mc_hash_policy_spec joined = HEADER("x-forwarded-host");
  check_hash(joined, "/", ROWS("x-forwarded-host: a", "x-forwarded-host: b"), "a,b");
  const mc_hash_policy_spec rewritten = {.kind = MC_HASH_HEADER, .name = MC_LITERAL("x"), .regex = {MC_LITERAL("[0-9]+"), MC_LITERAL("N")}};
  check_hash(rewritten, "/", ROWS("x: a12b3"), "aNbN");
  check_hash(rewritten, "/", ROWS("x: ab"), "ab");
}

static void test_order_of_repeated_lines_does_not_matter(void) {
  const mc_hash_policy_spec x = HEADER("x");
  bool ok;
  uint64_t expected = xxh64("b", xxh64("a", 0));
  CHECK_INT(hash_of(&x, 1, "/", ROWS("x: a", "x: b"), &ok), expected);
  CHECK_INT(hash_of(&x, 1, "/", ROWS("x: b", "x: a"), &ok), expected);
  CHECK_INT(hash_of(&x, 1, "/", ROWS("x: aa", "x: a", "x: "), &ok), xxh64("aa", xxh64("a", xxh64("", 0))));
}

static void test_other_kinds(void) {
  const mc_hash_policy_spec cookie = {.kind = MC_HASH_COOKIE, .name = MC_LITERAL("c")};
  check_hash(cookie, "/", ROWS("cookie: a=1; c=2"), "2");
  check_hash(cookie, "/", ROWS("cookie: c="), NULL);
  check_hash(cookie, "/", NULL, NULL);
  const mc_hash_policy_spec query = {.kind = MC_HASH_QUERY, .name = MC_LITERAL("q")};
  check_hash(query, "/?q=1&q=2", NULL, "1");
  check_hash(query, "/?q", NULL, "");
  check_hash(query, "/", NULL, NULL);
  const mc_hash_policy_spec source = {.kind = MC_HASH_SOURCE_IP};
  check_hash(source, "/", NULL, "127.0.0.1");
}

static void test_several_combine(void) {
  mc_hash_policy_spec policies[] = {HEADER("x"), HEADER("missing"), {.kind = MC_HASH_QUERY, .name = MC_LITERAL("q")}};
  bool ok;
  uint64_t x = xxh64("1", 0);
  CHECK_INT(hash_of(policies, 3, "/?q=2", ROWS("x: 1"), &ok), ((x << 1) | (x >> 63)) ^ xxh64("2", 0));
  policies[0].terminal = true;
  CHECK_INT(hash_of(policies, 3, "/?q=2", ROWS("x: 1"), &ok), x);
  CHECK_INT(hash_of(policies, 3, "/?q=2", NULL, &ok), xxh64("2", 0)); /* terminal once there is a value */
  CHECK(ok);
  policies[0].terminal = false;
  policies[1].terminal = true; /* finds nothing itself */
  CHECK_INT(hash_of(policies, 3, "/?q=2", ROWS("x: 1"), &ok), x);
  policies[1].terminal = false;
  hash_of(policies, 3, "/", NULL, &ok);
  CHECK(!ok);
  hash_of(policies, 0, "/", ROWS("x: 1"), &ok);
  CHECK(!ok);
}

/* The number of the cookie that is given; its digits are what is hashed. */
static uint64_t cookie_from(const char *source, uint16_t port, const char *const *rows) {
  const mc_cookie_spec session = {.max_age = 0};
  const mc_hash_policy_spec cookie = {.kind = MC_HASH_COOKIE, .name = MC_LITERAL("c"), .cookie = &session};
  bool ok;
  uint64_t numbers[2];
  uint64_t hash = hash_from(source, port, &cookie, 1, "/", rows, &ok, numbers);
  char digits[MC_COOKIE_DIGITS];
  mc_slice value = mc_cookie_value(numbers[0], digits);
  CHECK(ok);
  if (numbers[0]) CHECK_INT(hash, mc_xxh64(value.data, value.size, 0));
  return numbers[0];
}

static void test_cookies_are_given(void) {
  CHECK_INT(cookie_from("127.0.0.9", 4567, NULL), xxh64("127.0.0.9:456710.0.0.1:80", 0)); /* as Envoy does */
  CHECK_INT(cookie_from("::1", 1, NULL), xxh64("[::1]:110.0.0.1:80", 0));
  CHECK_INT(cookie_from("127.0.0.9", 4567, ROWS("cookie: c=")), xxh64("127.0.0.9:456710.0.0.1:80", 0));
  CHECK_INT(cookie_from("127.0.0.9", 4567, ROWS("cookie: c=1")), 0);
  uint64_t drawn = cookie_from("127.0.0.9", 0, NULL); /* behind one address are many clients */
  CHECK(drawn && drawn != xxh64("127.0.0.9:010.0.0.1:80", 0));
}

/* The number of the cookie that a cluster's own policies give, and how many they would; client NULL: who connects. */
static uint64_t cookie_of_cluster(const char *client, const mc_hash_policy_spec *policies, uint32_t count,
                                  const char *const *rows, bool *found, uint64_t *hash) {
  mc_arena *arena = mc_arena_new();
  mc_slots *slots = mc_slots_new();
  mc_hash_policies built = {.count = 0};
  const mc_action action = {.kind = MC_ACTION_FORWARD};
  mc_error error;
  mc_scratch scratch;
  mc_view view;
  mc_header headers[16];
  mc_new_cookie *cookie = NULL;
  CHECK_INT(mc_hash_policies_build(&built, policies, count, slots, arena, &error), MC_OK);
  mc_scratch_init(&scratch);
  view_of(&view, &scratch, "a.com", "/", headers, rows);
  view.source = text_of("127.0.0.9");
  view.source_port = 4567;
  view.client = client ? text_of(client) : view.source;
  view.local = text_of("10.0.0.1");
  view.port = 80;
  mc_input input = {.view = &view, .slots = slots, .scratch = &scratch, .random = 5};
  CHECK_INT(mc_slots_find(slots, &view, &scratch, &input.found), MC_OK);
  *found = mc_cluster_hash(&built, &action, &input, NULL, &cookie, hash);
  CHECK(!input.no_memory && (!cookie || !cookie->next));
  uint64_t number = cookie ? cookie->number : 0;
  if (cookie) CHECK(mc_slice_equal(cookie->cookie->name, policies[count - 1].name));
  mc_scratch_reset(&scratch);
  mc_hash_policies_clear(&built);
  mc_slots_free(slots);
  mc_arena_free(arena);
  CHECK_INT(check_blocks(), 0);
  return number;
}

static void test_of_a_cluster(void) {
  const mc_cookie_spec session = {.max_age = 0};
  const mc_hash_policy_spec cookies[] = {{.kind = MC_HASH_COOKIE, .name = MC_LITERAL("c"), .cookie = &session},
                                         {.kind = MC_HASH_COOKIE, .name = MC_LITERAL("d"), .cookie = &session}};
  const uint64_t connected = xxh64("127.0.0.9:456710.0.0.1:80", 0), forwarded = xxh64("[2001:db8::1]:010.0.0.1:80", 0);
  char digits[MC_COOKIE_DIGITS];
  bool found;
  uint64_t hash;
  CHECK_INT(cookie_of_cluster(NULL, cookies, 1, NULL, &found, &hash), connected);
  mc_slice value = mc_cookie_value(connected, digits);
  uint64_t one = mc_xxh64(value.data, value.size, 0);
  CHECK(found && hash == one);
  /* both count, the last is given */
  CHECK_INT(cookie_of_cluster(NULL, cookies, 2, NULL, &found, &hash), connected);
  CHECK(found && hash == (((one << 1) | (one >> 63)) ^ one));
  /* a client that x-forwarded-for tells of has port 0 */
  CHECK_INT(cookie_of_cluster("2001:db8::1", cookies, 1, NULL, &found, &hash), forwarded);
  CHECK_INT(cookie_of_cluster(NULL, cookies, 1, ROWS("cookie: c=1"), &found, &hash), 0);
  CHECK_INT(hash, xxh64("1", 0));
  CHECK_INT(cookie_of_cluster(NULL, cookies, 0, NULL, &found, &hash), 0);
  CHECK(!found);
}

int main(void) {
  test_cookies_are_given();
  test_of_a_cluster();
  test_headers();
  test_order_of_repeated_lines_does_not_matter();
  test_other_kinds();
  test_several_combine();
  return check_finish();
}
