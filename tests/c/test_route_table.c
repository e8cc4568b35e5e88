#include "check.h"
#include "base/slice.h"
#include "match/path_index.h"
#include "match/route_table.h"

static int32_t match(const mc_route_table *table, int32_t domains, mc_slice authority, mc_slice target,
                     const mc_header *headers, uint32_t count) {
  mc_view view = {.method = MC_LITERAL("GET"), .authority = authority, .target = target, .headers = headers, .header_count = count};
  mc_scratch scratch;
  int32_t route;
  mc_view_split(&view);
  mc_scratch_init(&scratch);
  CHECK_INT(mc_route_table_match(table, domains, &view, 0, &scratch, &route), MC_OK);
  mc_scratch_reset(&scratch);
  return route;
}

#define MATCH(domains, authority, target) match(table, domains, MC_LITERAL(authority), MC_LITERAL(target), NULL, 0)

static mc_route_spec prefix(mc_slice path) {
  return (mc_route_spec){.path_kind = MC_PATH_PREFIX, .case_sensitive = true, .path = path};
}

/* Two virtual hosts of two routes each, and three domain tables over them. */
static mc_code fill(mc_route_table *table, mc_error *error) {
  const mc_header_match_spec x = {.name = MC_LITERAL("x"), .string = {.kind = MC_STRING_REGEX, .value = MC_LITERAL("1+")}};
  mc_route_spec first[] = {prefix(MC_LITERAL("/a")), prefix(MC_LITERAL("/"))};
  const mc_route_spec second[] = {{.path_kind = MC_PATH_REGEX, .path = MC_LITERAL("/r.*")}, prefix(MC_LITERAL("/a"))};
  first[0].headers = &x;
  first[0].header_count = 1;
  const mc_domain_spec one[] = {{MC_LITERAL("a.com"), 0}, {MC_LITERAL("*"), 1}};
  const mc_domain_spec other[] = {{MC_LITERAL("a.com"), 1}, {MC_LITERAL("[::1]"), 0}};
  const mc_domains_spec tables[] = {{.domains = one, .domain_count = 2},
                                    {.domains = other, .domain_count = 2, .ignore_port = true},
                                    {.domains = other, .domain_count = 1, .header = MC_LITERAL("x-host")}};
  int32_t index = -1;
  mc_code code = mc_route_table_add_virtual_host(table, first, 2, &index, error);
  if (code) return code;
  CHECK_INT(index, 0);
  code = mc_route_table_add_virtual_host(table, second, 2, &index, error);
  for (int32_t i = 0; i < 3 && !code; i++) {
    code = mc_route_table_add_domains(table, &tables[i], &index, error);
    if (!code) CHECK_INT(index, i);
  }
  return code;
}

static void test_match(void) {
  mc_error error;
  mc_route_table *table = mc_route_table_new();
  CHECK_INT(fill(table, &error), MC_OK);
  CHECK(mc_route_table_reads_headers(table));
  CHECK_INT(MATCH(0, "a.com", "/a"), 1);
  const mc_header x[] = {{MC_LITERAL("X"), MC_LITERAL("11")}};
  CHECK_INT(match(table, 0, MC_LITERAL("a.com"), MC_LITERAL("/a?b"), x, 1), 0);
  CHECK_INT(MATCH(0, "b.com", "/r?/a"), 2);
  CHECK_INT(MATCH(0, "b.com", "/a/r"), 3);
  CHECK_INT(MATCH(0, "b.com", "/b"), -1);
  CHECK_INT(MATCH(0, "a.com:80", "/a"), 3); /* the port is part of the name, unless it is ignored */
  CHECK_INT(MATCH(1, "a.com:80", "/a"), 3);
  CHECK_INT(MATCH(1, "[::1]:80", "/"), 1);
  CHECK_INT(MATCH(1, "[::1]", "/"), 1);
  CHECK_INT(MATCH(1, "b.com", "/a"), -1);
  CHECK_INT(MATCH(2, "a.com", "/a"), -1); /* no x-host */
  const mc_header host[] = {{MC_LITERAL("x-host"), MC_LITERAL("a.com")}};
  CHECK_INT(match(table, 2, MC_LITERAL("b.com"), MC_LITERAL("/a"), host, 1), 3);
  CHECK_SLICE(mc_route_table_path_test(table, 3)->path, "/a");
  CHECK_INT(mc_route_table_path_test(table, 2)->kind, MC_PATH_REGEX);
  mc_route_table_free(table);
  CHECK_INT(check_blocks(), 0);
}

/* Pseudo headers are no lines. */
static void test_reads_headers(void) {
  const mc_header_match_spec method = {.name = MC_LITERAL(":method"), .test = MC_TEST_PRESENT, .present = true};
  mc_route_spec route = prefix(MC_LITERAL("/"));
  route.headers = &method;
  route.header_count = 1;
  mc_error error;
  int32_t index;
  mc_route_table *table = mc_route_table_new();
  CHECK(!mc_route_table_reads_headers(table));
  CHECK_INT(mc_route_table_add_virtual_host(table, &route, 1, &index, &error), MC_OK);
  CHECK(!mc_route_table_reads_headers(table));
  route.grpc = true;
  CHECK_INT(mc_route_table_add_virtual_host(table, &route, 1, &index, &error), MC_OK);
  CHECK(mc_route_table_reads_headers(table));
  mc_route_table_free(table);
}

static void test_split(void) {
  mc_view view = {.target = MC_LITERAL("/a?b?c")};
  mc_view_split(&view);
  CHECK_SLICE(view.path, "/a");
  CHECK_SLICE(view.query, "b?c");
  view.target = MC_LITERAL("/a?");
  mc_view_split(&view);
  CHECK_SLICE(view.query, "");
  view.target = MC_LITERAL("/a");
  mc_view_split(&view);
  CHECK(view.query.data == NULL);
  CHECK_SLICE(view.path, "/a");
}

/* Many virtual hosts and routes, so that all tables grow on the way. */
static void test_growth(void) {
  enum { HOSTS = 100, ROUTES = 7 };
  mc_error error;
  mc_route_table *table = mc_route_table_new();
  mc_route_spec routes[ROUTES];
  const mc_slice paths[ROUTES] = {MC_LITERAL("/0"), MC_LITERAL("/1"), MC_LITERAL("/2"), MC_LITERAL("/3"),
                                  MC_LITERAL("/4"), MC_LITERAL("/5"), MC_LITERAL("/6")};
  for (int i = 0; i < ROUTES; i++) routes[i] = prefix(paths[i]);
  for (int32_t i = 0; i < HOSTS; i++) {
    int32_t index;
    const mc_domain_spec all = {MC_LITERAL("*"), i};
    const mc_domains_spec spec = {.domains = &all, .domain_count = 1};
    CHECK_INT(mc_route_table_add_virtual_host(table, routes, ROUTES, &index, &error), MC_OK);
    CHECK_INT(index, i);
    CHECK_INT(mc_route_table_add_domains(table, &spec, &index, &error), MC_OK);
    CHECK_INT(index, i);
  }
  for (int32_t i = 0; i < HOSTS; i++) CHECK_INT(MATCH(i, "x", "/3"), ROUTES * i + 3);
  CHECK_SLICE(mc_route_table_path_test(table, ROUTES * 50 + 6)->path, "/6");
  mc_route_table_free(table);
  CHECK_INT(check_blocks(), 0);
}

static void test_a_failed_add_leaks_nothing(void) {
  mc_error error;
  int32_t index;
  mc_route_table *table = mc_route_table_new();
  const mc_header_match_spec bad = {.name = MC_LITERAL("x"), .string = {.kind = MC_STRING_REGEX, .value = MC_LITERAL("[")}};
  mc_route_spec routes[] = {{.path_kind = MC_PATH_REGEX, .path = MC_LITERAL("/r.*")}, prefix(MC_LITERAL("/")), prefix(MC_LITERAL("/"))};
  routes[1].headers = &bad;
  routes[1].header_count = 1;
  CHECK_INT(mc_route_table_add_virtual_host(table, routes, 3, &index, &error), MC_INVALID);
  CHECK(error.message[0] != '\0');
  mc_route_table_free(table);
  CHECK_INT(check_blocks(), 0);
  mc_route_table_free(NULL);
}

static void test_out_of_memory(void) {
  for (int n = 0;; n++) {
    mc_error error;
    check_memory(n);
    mc_route_table *table = mc_route_table_new();
    mc_code code = table ? fill(table, &error) : MC_NO_MEMORY;
    check_memory(-1);
    mc_route_table_free(table);
    CHECK_INT(check_blocks(), 0);
    if (code == MC_OK) break;
    CHECK_INT(code, MC_NO_MEMORY);
    if (table) CHECK_INT(error.code, MC_NO_MEMORY);
  }
}

/* Templates see the parameters, and all others do not. */
static void test_parameters_are_ignored(void) {
  const mc_route_spec routes[] = {
      {.path_kind = MC_PATH_TEMPLATE, .ignore_parameters = true, .path = MC_LITERAL("/t/{x}/u")},
      {.path_kind = MC_PATH_EXACT, .case_sensitive = true, .ignore_parameters = true, .path = MC_LITERAL("/a/b")},
      {.path_kind = MC_PATH_REGEX, .ignore_parameters = true, .path = MC_LITERAL("/r/[a-z]+")}};
  const mc_domain_spec all = {MC_LITERAL("*"), 0};
  const mc_domains_spec domains = {.domains = &all, .domain_count = 1};
  mc_error error;
  int32_t index;
  mc_route_table *table = mc_route_table_new();
  CHECK_INT(mc_route_table_add_virtual_host(table, routes, 3, &index, &error), MC_OK);
  CHECK_INT(mc_route_table_add_domains(table, &domains, &index, &error), MC_OK);
  CHECK_INT(MATCH(0, "a", "/a/b"), 1);
  CHECK_INT(MATCH(0, "a", "/a;x=1/b;y;z?q"), 1);
  CHECK_INT(MATCH(0, "a", "/a;/b/c"), -1);
  CHECK_INT(MATCH(0, "a", "/r;1/x;2"), 2);
  CHECK_INT(MATCH(0, "a", "/t/1;a/u"), 0);
  CHECK_INT(MATCH(0, "a", "/t;a/1/u"), -1);
  check_memory(0);
  mc_view view = {.method = MC_LITERAL("GET"), .authority = MC_LITERAL("a"), .target = MC_LITERAL("/a;/b")};
  mc_scratch scratch;
  mc_view_split(&view);
  mc_scratch_init(&scratch);
  mc_code code = mc_route_table_match(table, 0, &view, 0, &scratch, &index);
  check_memory(-1);
  CHECK(code == MC_NO_MEMORY || index == 1); /* a scratch has room of its own */
  mc_scratch_reset(&scratch);
  mc_route_table_free(table);
  CHECK_INT(check_blocks(), 0);
}

int main(void) {
  test_match();
  test_parameters_are_ignored();
  test_reads_headers();
  test_split();
  test_growth();
  test_a_failed_add_leaks_nothing();
  test_out_of_memory();
  return check_finish();
}
