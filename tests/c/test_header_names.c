#include "check.h"
#include "edit/header_names.h"

#define ID(name) mc_header_id_of(MC_LITERAL(name))

static void test_any_case(void) {
  CHECK_INT(ID("connection"), MC_HEADER_CONNECTION);
  CHECK_INT(ID("CONNECTION"), MC_HEADER_CONNECTION);
  CHECK_INT(ID("Te"), MC_HEADER_TE);
  CHECK_INT(ID("Transfer-Encoding"), MC_HEADER_TRANSFER_ENCODING);
  CHECK_INT(ID("X-Forwarded-For"), MC_HEADER_FORWARDED_FOR);
  CHECK_INT(ID("hTTP2-settings"), MC_HEADER_HTTP2_SETTINGS);
  CHECK_INT(ID("Content-Length"), MC_HEADER_CONTENT_LENGTH);
  CHECK_INT(ID("x-envoy-internal"), MC_HEADER_ENVOY_INTERNAL);
}

/* Names that differ from one of these in a single byte: folding must not make them the same. */
static void test_no_lookalikes(void) {
  const char *const names[] = {"te", "via", "host", "upgrade", "connection", "keep-alive", "transfer-encoding", "content-length",
                               "proxy-connection", "http2-settings", "x-forwarded-for", "x-envoy-internal", "x-forwarded-client-cert"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char text[32];
    size_t size = strlen(names[i]);
    mc_header_id id = mc_header_id_of(mc_slice_of(names[i], size));
    CHECK(id != MC_HEADER_OTHER);
    for (size_t at = 0; at < size; at++) {
      int taken = 0;
      for (int c = 0; c < 256; c++) {
        memcpy(text, names[i], size);
        text[at] = (char)c;
        taken += mc_header_id_of(mc_slice_of(text, size)) == id;
      }
      CHECK_INT(taken, names[i][at] >= 'a' && names[i][at] <= 'z' ? 2 : 1); /* itself, in both cases */
    }
    CHECK(mc_header_id_of(mc_slice_of(names[i], size - 1)) != id);
  }
}

static const mc_name *known(const mc_slots *names, const char *name) {
  return mc_slots_known(names, mc_slice_of(name, strlen(name)));
}

static void test_marks(void) {
  mc_slots *names = mc_slots_new();
  CHECK_INT(mc_header_names_mark(names), MC_OK);
  CHECK_INT(mc_slots_count(names), 0);
  CHECK_INT(known(names, "host")->mark, MC_HEADER_HOST);
  CHECK_INT(known(names, "host")->traits, MC_NAME_HIDDEN);
  CHECK_INT(known(names, "x-request-id")->mark, MC_HEADER_REQUEST_ID);
  CHECK_INT(known(names, "x-request-id")->traits, 0);
  CHECK_INT(known(names, "x-envoy-retry-on")->traits, MC_NAME_TRUSTED);
  CHECK_INT(known(names, "x-envoy-ip-tags")->traits, MC_NAME_TRUSTED);
  CHECK_INT(known(names, "x-envoy-expected-rq-timeout-ms")->traits, MC_NAME_TRUSTED);
  CHECK_INT(known(names, "x-envoy-original-path")->traits, MC_NAME_EDGE);
  CHECK_INT(known(names, "cookie")->traits, MC_NAME_UNMARKED); /* its lines are not joined */
  /* Names that share an id have marks of their own, beyond those that are ids. */
  CHECK(known(names, "accept")->mark >= MC_HEADER_ENVOY_TRUSTED && known(names, "accept")->mark < MC_HEADER_MARKS);
  CHECK(known(names, "accept")->mark != known(names, "user-agent")->mark);
  CHECK(known(names, "x-envoy-retry-on")->mark != known(names, "x-envoy-max-retries")->mark);
  CHECK(!known(names, "Host") && !known(names, "x-custom"));
  mc_slots_free(names);
}

static void test_out_of_memory(void) {
  for (int n = 0;; n++) {
    mc_slots *names = mc_slots_new();
    check_memory(n);
    const mc_code code = mc_header_names_mark(names);
    check_memory(-1);
    mc_slots_free(names);
    if (code == MC_OK) break;
    CHECK_INT(code, MC_NO_MEMORY);
  }
  CHECK_INT(check_blocks(), 0);
}

static void test_others(void) {
  CHECK_INT(ID(""), MC_HEADER_OTHER);
  CHECK_INT(ID("x"), MC_HEADER_OTHER);
  CHECK_INT(ID("x-custom-header-of-mine"), MC_HEADER_OTHER);
  CHECK(!mc_header_id_joined(MC_HEADER_OTHER));
  CHECK(mc_header_id_joined(MC_HEADER_JOINED));
  CHECK(mc_header_id_joined(ID("user-agent")));
  CHECK(mc_header_id_joined(ID("x-forwarded-for")));
  CHECK(!mc_header_id_joined(ID("cookie")));
  CHECK(!mc_response_header_joined(MC_LITERAL("set-cookie")));
  CHECK(mc_response_header_joined(MC_LITERAL("Content-Type")));
}

int main(void) {
  test_any_case();
  test_no_lookalikes();
  test_marks();
  test_out_of_memory();
  test_others();
  return check_finish();
}
