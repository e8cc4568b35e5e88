#include "slots_support.h"

#include "policy/session.h"

enum { NOW = 1000 };

static mc_error error;

static mc_session *built(const mc_session_spec *spec) {
  mc_session *session = NULL;
  CHECK_INT(mc_session_build(&session, spec, slots, arena, &error), MC_OK);
  return session;
}

static const mc_session_spec COOKIE = {.kind = MC_SESSION_COOKIE, .name = {"sid", 3}};
static const mc_session_spec HEADER = {.kind = MC_SESSION_HEADER, .name = {"x-to", 4}};

/* Which address a request asks for. */
static void check_asked(const mc_session_spec *spec, const char *const *rows, const char *expected) {
  mc_scratch scratch;
  mc_view view;
  mc_header headers[16];
  start();
  mc_session *session = built(spec);
  mc_scratch_init(&scratch);
  view_of(&view, &scratch, "a.com", "/", headers, rows);
  mc_input input = {.view = &view, .slots = slots, .scratch = &scratch};
  CHECK_INT(mc_slots_find(slots, &view, &scratch, &input.found), MC_OK);
  CHECK(mc_slice_equal(mc_session_asked(session, &input, NOW), text_of(expected)));
  CHECK(!input.no_memory);
  mc_scratch_reset(&scratch);
  stop();
}

static void test_cookies(void) {
  check_asked(&COOKIE, ROWS("cookie: sid=CgphOjE="), "\n\na:1"); /* a message cut off is none */
  check_asked(&COOKIE, ROWS("cookie: sid=CgNhOjE="), "a:1");
  check_asked(&COOKIE, ROWS("cookie: x=1", "cookie: y=2; sid=\"CgNhOjE=\"; sid=YjoxMQ=="), "a:1");
  check_asked(&COOKIE, ROWS("cookie: sid=YToxMg=="), "a:12"); /* as it was before */
  check_asked(&COOKIE, ROWS("cookie: sid="), "");
  check_asked(&COOKIE, ROWS("cookie: sid=!"), "");
  check_asked(&COOKIE, ROWS("cookie: sid=EAU="), ""); /* an end, and no address */
  check_asked(&COOKIE, ROWS("cookie: other=CgNhOjE="), "");
  check_asked(&COOKIE, ROWS("sid: CgNhOjE="), "");
  check_asked(&COOKIE, NULL, "");
}

static void test_the_end_of_a_cookie(void) {
  check_asked(&COOKIE, ROWS("cookie: sid=CgNhOjEQ6Ac="), "a:1"); /* 1000: now */
  check_asked(&COOKIE, ROWS("cookie: sid=CgNhOjEQ5wc="), "");    /* 999 */
  check_asked(&COOKIE, ROWS("cookie: sid=CgNhOjEQ////////////AQ=="), ""); /* beyond what is counted */
  check_asked(&COOKIE, ROWS("cookie: sid=CgNhOjEQ//////////9/"), "a:1");
}

static void test_headers(void) {
  check_asked(&HEADER, ROWS("X-To: YToxMg=="), "a:12");
  check_asked(&HEADER, ROWS("x-to: YToxMg==", "x-to: YjoxMg=="), "a:12");
  check_asked(&HEADER, ROWS("x-to: CgNhOjE="), "\n\003a:1"); /* no message here */
  check_asked(&HEADER, ROWS("x-to: a:1"), "");
  check_asked(&HEADER, ROWS("x-to: "), "");
  check_asked(&HEADER, NULL, "");
}

static void check_covers(const char *path, const char *target, bool expected) {
  const mc_session_spec spec = {.kind = MC_SESSION_COOKIE, .name = {"sid", 3}, .cookie = {.path = text_of(path)}};
  start();
  CHECK(mc_session_covers(built(&spec), text_of(target)) == expected);
  stop();
}

static void test_paths(void) {
  check_covers("", "/x", true);
  check_covers("/", "*", true);
  check_covers("/p", "/p", true);
  check_covers("/p", "/p/x", true);
  check_covers("/p", "/p?x", true);
  check_covers("/p", "/p#x", true);
  check_covers("/p", "/px", false);
  check_covers("/p", "/P", false);
  check_covers("/p", "/", false);
  check_covers("/p/", "/p", false);
  check_covers("/p/", "/p/x", true);
  start();
  const mc_session_spec off = {.kind = MC_SESSION_OFF};
  CHECK(!mc_session_covers(built(&off), text_of("/")));
  CHECK(mc_session_covers(built(&HEADER), text_of("/")));
  CHECK(built(NULL) == NULL);
  stop();
}

static void check_line(const mc_session_spec *spec, const char *name, const char *value) {
  mc_scratch scratch;
  mc_header line;
  start();
  mc_scratch_init(&scratch);
  CHECK_INT(mc_session_line(built(spec), MC_LITERAL("a:1"), NOW, &scratch, &line), MC_OK);
  CHECK(mc_slice_equal(line.name, text_of(name)));
  CHECK(mc_slice_equal(line.value, text_of(value)));
  mc_scratch_reset(&scratch);
  stop();
}

static void test_lines(void) {
  const mc_cookie_attribute attributes[] = {{{"SameSite", 8}, {"Strict", 6}}, {{"Secure", 6}, {"", 0}}};
  mc_session_spec spec = COOKIE;
  check_line(&HEADER, "x-to", "YTox");
  check_line(&COOKIE, "set-cookie", "sid=\"CgNhOjE=\"; HttpOnly");
  spec.cookie = (mc_cookie_spec){.max_age = 9, .path = {"/p", 2}, .attributes = attributes, .attribute_count = 2};
  check_line(&spec, "set-cookie",
             "sid=\"CgNhOjEQ8Qc=\"; Max-Age=9; Path=/p; SameSite=Strict; Secure; HttpOnly"); /* 1009 */
}

static void test_out_of_memory(void) {
  const mc_session_spec spec = {.kind = MC_SESSION_COOKIE, .name = {"sid", 3}, .cookie = {.path = {"/", 1}}};
  static char address[2 * MC_SCRATCH_INLINE];
  memset(address, 'a', sizeof address);
  for (int n = 0;; n++) {
    mc_session *session;
    mc_scratch scratch;
    mc_header line;
    start();
    mc_scratch_init(&scratch);
    check_memory(n);
    mc_code code = mc_session_build(&session, &spec, slots, arena, &error);
    if (!code) code = mc_session_line(session, mc_slice_of(address, sizeof address), 0, &scratch, &line);
    check_memory(-1);
    CHECK(code == MC_OK || code == MC_NO_MEMORY);
    mc_scratch_reset(&scratch);
    stop();
    if (!code) break;
  }
}

int main(void) {
  test_cookies();
  test_the_end_of_a_cookie();
  test_headers();
  test_paths();
  test_lines();
  test_out_of_memory();
  return check_finish();
}
