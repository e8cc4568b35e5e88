#include "check.h"

#include "base/arena.h"
#include "policy/session_message.h"

static void check_read(mc_slice bytes, const char *address, uint64_t expires) {
  mc_session_message message;
  CHECK(mc_session_message_read(bytes, &message));
  CHECK(mc_slice_equal(message.address, mc_slice_of(address, strlen(address))));
  CHECK_INT(message.expires, expires);
}

#define READS(bytes, address, expires) check_read(MC_LITERAL(bytes), address, expires)

static void test_read(void) {
  READS("", "", 0);
  READS("\x0a\x03" "a:1", "a:1", 0);
  READS("\x0a\x03" "a:1" "\x10\xac\x02", "a:1", 300);
  READS("\x10\x05", "", 5);
  READS("\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "", UINT64_MAX);
  READS("\x0a\x03" "a:1" "\x0a\x01" "b", "b", 0); /* the last one counts */
  READS("\x8a\x00\x01" "b", "b", 0);              /* a tag may be written at length */
}

static void test_other_fields_are_passed_over(void) {
  READS("\x18\x80\x01\x0a\x01" "b", "b", 0);                       /* number */
  READS("\x19" "12345678" "\x0a\x01" "b", "b", 0);                 /* eight bytes */
  READS("\x1a\x02" "xx" "\x0a\x01" "b", "b", 0);                   /* bytes */
  READS("\x1d" "1234" "\x0a\x01" "b", "b", 0);                     /* four bytes */
  READS("\x1b\x20\x01\x23\x24\x1c\x0a\x01" "b", "b", 0);           /* a group in a group */
  READS("\x08\x05\x0a\x01" "b", "b", 0);                           /* the address, but of another type */
  READS("\x12\x01" "x\x0a\x01" "b", "b", 0);                       /* the end, likewise */
}

static void check_refused(mc_slice bytes) {
  mc_session_message message;
  CHECK(!mc_session_message_read(bytes, &message));
}

#define REFUSES(bytes) check_refused(MC_LITERAL(bytes))

static void test_what_is_no_message(void) {
  REFUSES("127.0.0.1:80");
  REFUSES("10.0.0.7:9080");
  REFUSES("[::1]:9080");
  REFUSES("/run/app.sock");
  REFUSES("\x0a");
  REFUSES("\x0a\x04" "a:1");
  REFUSES("\x0a\x01\xff");                  /* not UTF-8 */
  REFUSES("\x0a\x03\xed\xa0\x80");          /* a surrogate */
  REFUSES("\x0a\x02\xc0\x80");              /* overlong */
  REFUSES("\x10");
  REFUSES("\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
  REFUSES("\x00\x01");                      /* field 0 */
  REFUSES("\x04");
  REFUSES("\x0c");                          /* the end of no group */
  REFUSES("\x1b");                          /* a group without end */
  REFUSES("\x1b\x24");                      /* with that of another */
  REFUSES("\x0e");                          /* no such type */
  REFUSES("\x0f");
  REFUSES("\x1d" "123");
  REFUSES("\x19" "1234567");
  REFUSES("\x1a\x80\x80\x80\x80\x10");      /* a size beyond all bounds */
  REFUSES("\xff\xff\xff\xff\xff\x01");      /* a tag, likewise */
}

/* As many groups in each other as protobuf takes, and one more. */
static void test_nested_groups(void) {
  for (size_t depth = 100; depth <= 101; depth++) {
    char bytes[202];
    mc_session_message message;
    memset(bytes, 0x1b, depth);
    memset(bytes + depth, 0x1c, depth);
    CHECK_INT(mc_session_message_read(mc_slice_of(bytes, 2 * depth), &message), depth == 100);
  }
}

static void check_round(mc_slice address, uint64_t expires) {
  char bytes[200];
  const mc_session_message message = {address, expires};
  char *end = mc_session_message_write(&message, bytes);
  CHECK((size_t)(end - bytes) <= mc_session_message_most(&message));
  mc_session_message read;
  CHECK(mc_session_message_read(mc_slice_of(bytes, (size_t)(end - bytes)), &read));
  CHECK(mc_slice_equal(read.address, address));
  CHECK(read.expires == expires);
}

static void test_write(void) {
  char bytes[32];
  const mc_session_message message = {MC_LITERAL("127.0.0.1:33929"), 1795662415};
  char *end = mc_session_message_write(&message, bytes); /* what Envoy 1.40 wrote */
  CHECK_SLICE(mc_slice_of(bytes, (size_t)(end - bytes)), "\x0a\x0f" "127.0.0.1:33929" "\x10\xcf\xc4\x9e\xd8\x06");
  static char path[150];
  memset(path, 'p', sizeof path);
  check_round(mc_slice_of(path, sizeof path), UINT64_MAX);
  check_round(MC_LITERAL("a:1"), 0);
  check_round(MC_LITERAL(""), 1);
}

int main(void) {
  test_read();
  test_other_fields_are_passed_over();
  test_what_is_no_message();
  test_nested_groups();
  test_write();
  return check_finish();
}
