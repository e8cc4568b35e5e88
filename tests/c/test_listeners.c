/* Which listener a request comes to. */
#include "engine_support.h"

static int32_t listener(const mc_snapshot *s, uint16_t port, const char *authority, const char *scheme) {
  const mc_request request = {.port = port, .authority = text_of(authority), .scheme = text_of(scheme)};
  return mc_snapshot_listener(s, &request);
}

static mc_snapshot *with_ports(const uint16_t *ports, uint32_t count, mc_runtime *runtime) {
  mc_listener_spec listeners[8];
  for (uint32_t i = 0; i < count; i++) listeners[i] = (mc_listener_spec){.port = ports[i]};
  const mc_snapshot_spec spec = {.listeners = listeners, .listener_count = count};
  return snapshot_of(&spec, runtime);
}

static void test_listener_choice(void) {
  mc_runtime *runtime = mc_runtime_new();
  const uint16_t some[] = {8080, 80, 443};
  mc_snapshot *s = with_ports(some, 3, runtime);
  CHECK_INT(listener(s, 80, "a:8080", "https"), 1); /* the port of the connection says all */
  CHECK_INT(listener(s, 81, "a:8080", "http"), -1);
  CHECK_INT(listener(s, 0, "a:8080", "http"), 0); /* then the authority's port */
  CHECK_INT(listener(s, 0, "a:443", "http"), 2);
  CHECK_INT(listener(s, 0, "[::1]:443", "http"), 2);
  CHECK_INT(listener(s, 0, "a:81", "http"), 1); /* then the scheme's */
  CHECK_INT(listener(s, 0, "a", "https"), 2);
  CHECK_INT(listener(s, 0, NULL, "https"), 2);
  CHECK_INT(listener(s, 0, "443", "http"), 1); /* a name of digits is no port */
  CHECK_INT(listener(s, 0, ":443", "http"), 2);
  CHECK_INT(listener(s, 0, "a:", "http"), 1);
  CHECK_INT(listener(s, 0, "a:65979", "http"), 1); /* 65536 + 443 */
  CHECK_INT(listener(s, 0, "a:4294967739", "http"), 1); /* 2^32 + 443 */
  const mc_header host[] = {{MC_LITERAL("x"), MC_LITERAL("a:443")}, {MC_LITERAL("Host"), MC_LITERAL("a:8080")}};
  mc_request request = {.scheme = MC_LITERAL("http"), .headers = host, .header_count = 2};
  CHECK_INT(mc_snapshot_listener(s, &request), 0); /* the authority may come as a host line */
  request.authority = MC_LITERAL("a:443");
  CHECK_INT(mc_snapshot_listener(s, &request), 2);
  mc_snapshot_free(s);

  const uint16_t any[] = {8080, 0, 80};
  s = with_ports(any, 3, runtime);
  CHECK_INT(listener(s, 81, "a", "http"), 1); /* the one for all ports serves what no other has */
  CHECK_INT(listener(s, 80, "a", "http"), 2);
  CHECK_INT(listener(s, 0, "a:8080", "http"), 0);
  CHECK_INT(listener(s, 0, "a", "http"), 1);
  mc_snapshot_free(s);

  const uint16_t odd[] = {9000, 9001};
  s = with_ports(odd, 2, runtime);
  CHECK_INT(listener(s, 0, "a", "http"), 0); /* at last the first */
  CHECK_INT(listener(s, 80, "a", "http"), -1);
  mc_snapshot_free(s);

  s = with_ports(odd, 1, runtime);
  CHECK_INT(listener(s, 0, "a:80", "http"), 0);
  CHECK_INT(listener(s, 9000, "a", "http"), 0);
  CHECK_INT(listener(s, 80, "a", "http"), -1);
  mc_snapshot_free(s);
  mc_runtime_free(runtime);
  CHECK_INT(check_blocks(), 0);
}

int main(void) {
  test_listener_choice();
  return check_finish();
}
