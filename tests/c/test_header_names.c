#include "check.h"
#include "edit/header_id.h"

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

/* What is known to be well-formed has no byte that is not. */
static void test_no_lookalikes_of_common_names(void) {
  const char *const names[] = {"b3", "cookie", "accept-language", "x-b3-traceid", "sec-ch-ua-mobile"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char text[32];
    const size_t size = strlen(names[i]);
    for (size_t at = 0; at < size; at++) {
      int known = 0;
      for (int c = 0; c < 256; c++) {
        uint64_t bit;
        memcpy(text, names[i], size);
        text[at] = (char)c;
        CHECK_INT(mc_header_id_inlined(mc_slice_of(text, size), true, &bit), MC_HEADER_OTHER);
        known += (int)bit;
      }
      CHECK_INT(known, names[i][at] >= 'a' && names[i][at] <= 'z' ? 2 : 1);
    }
  }
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
  test_no_lookalikes_of_common_names();
  test_others();
  return check_finish();
}
