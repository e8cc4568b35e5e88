#include "check.h"
#include "edit/address.h"

/* The canonical text; absent where it is no address. */
static mc_slice canonical(mc_slice text) {
  static char out[MC_ADDRESS_TEXT];
  mc_address address;
  if (!mc_address_parse(text, &address)) return (mc_slice){NULL, 0};
  return (mc_slice){out, mc_address_write(&address, out)};
}

#define CANONICAL(text) canonical(MC_LITERAL(text))
#define REFUSED(text) CHECK(canonical(MC_LITERAL(text)).data == NULL)

static void test_v4(void) {
  CHECK_SLICE(CANONICAL("0.0.0.0"), "0.0.0.0");
  CHECK_SLICE(CANONICAL("255.10.9.100"), "255.10.9.100");
  REFUSED("");
  REFUSED("1.2.3");
  REFUSED("1.2.3.4.");
  REFUSED("1.2.3.4.5");
  REFUSED("1.2.3.256");
  REFUSED("1.2.3.04");
  REFUSED("1.2.3.1000");
  REFUSED(" 1.2.3.4");
  REFUSED("1.2.3.4 ");
  REFUSED("1..3.4");
  REFUSED("1.2.3.4:80");
}

static void test_v6(void) {
  CHECK_SLICE(CANONICAL("::"), "::");
  CHECK_SLICE(CANONICAL("::1"), "::1");
  CHECK_SLICE(CANONICAL("1::"), "1::");
  CHECK_SLICE(CANONICAL("0:0:0:0:0:0:0:1"), "::1");
  CHECK_SLICE(CANONICAL("2001:DB8::0001"), "2001:db8::1");
  CHECK_SLICE(CANONICAL("2001:db8:0:0:1:0:0:1"), "2001:db8::1:0:0:1"); /* the first of two longest runs */
  CHECK_SLICE(CANONICAL("2001:db8:0:1:1:1:1:1"), "2001:db8:0:1:1:1:1:1"); /* one group alone stays */
  CHECK_SLICE(CANONICAL("1:2:3:4:5:6:7:8"), "1:2:3:4:5:6:7:8");
  CHECK_SLICE(CANONICAL("::ffff:1.2.3.4"), "::ffff:1.2.3.4");
  CHECK_SLICE(CANONICAL("1:2:3:4:5:6:1.2.3.4"), "1:2:3:4:5:6:102:304");
  REFUSED(":");
  REFUSED(":::");
  REFUSED("1:2");
  REFUSED(":1::2");
  REFUSED("1::2::3");
  REFUSED("1:2:3:4:5:6:7:8:9");
  REFUSED("1:2:3:4:5:6:7:8::");
  REFUSED("1:2:3:4:5:6:7:");
  REFUSED("12345::");
  REFUSED("g::");
  REFUSED("1:2:3:4:5:6:7:1.2.3.4");
  REFUSED("::1.2.3");
  REFUSED("[::1]");
  REFUSED("fe80::1%eth0");
  REFUSED("1111:2222:3333:4444:5555:6666:7777:8888:9999:0000");
}

static bool in(mc_slice text, mc_slice network, uint8_t bits) {
  mc_address address, base;
  CHECK(mc_address_parse(text, &address));
  CHECK(mc_address_parse(network, &base));
  mc_cidr range = {.bits = bits};
  memcpy(range.address, base.bytes, 16);
  return mc_address_in(&address, &range);
}

static void test_ranges(void) {
  CHECK(in(MC_LITERAL("10.1.2.3"), MC_LITERAL("10.0.0.0"), 96 + 8));
  CHECK(!in(MC_LITERAL("11.1.2.3"), MC_LITERAL("10.0.0.0"), 96 + 8));
  CHECK(in(MC_LITERAL("10.1.2.3"), MC_LITERAL("0.0.0.0"), 96));
  CHECK(in(MC_LITERAL("10.1.2.3"), MC_LITERAL("10.1.2.3"), 128));
  CHECK(!in(MC_LITERAL("10.1.2.2"), MC_LITERAL("10.1.2.3"), 128));
  CHECK(in(MC_LITERAL("10.127.0.1"), MC_LITERAL("10.0.0.0"), 96 + 9));
  CHECK(!in(MC_LITERAL("10.128.0.1"), MC_LITERAL("10.0.0.0"), 96 + 9));
  CHECK(in(MC_LITERAL("2001:db8::1"), MC_LITERAL("2001:db8::"), 32));
  CHECK(in(MC_LITERAL("2001:db8::1"), MC_LITERAL("::"), 0));
  CHECK(!in(MC_LITERAL("10.1.2.3"), MC_LITERAL("::"), 0)); /* one family does not hold the other */
  CHECK(!in(MC_LITERAL("::ffff:10.1.2.3"), MC_LITERAL("10.0.0.0"), 96 + 8));
}

static bool private(mc_slice text) {
  mc_address address;
  CHECK(mc_address_parse(text, &address));
  return mc_address_is_private(&address);
}

static void test_private(void) {
  CHECK(private(MC_LITERAL("10.0.0.0")));
  CHECK(private(MC_LITERAL("172.16.0.0")));
  CHECK(private(MC_LITERAL("172.31.255.255")));
  CHECK(!private(MC_LITERAL("172.32.0.0")));
  CHECK(!private(MC_LITERAL("172.15.255.255")));
  CHECK(private(MC_LITERAL("192.168.0.1")));
  CHECK(!private(MC_LITERAL("192.169.0.1")));
  CHECK(private(MC_LITERAL("127.0.0.1")));
  CHECK(!private(MC_LITERAL("127.0.0.2")));
  CHECK(private(MC_LITERAL("::1")));
  CHECK(private(MC_LITERAL("fd12::1")));
  CHECK(!private(MC_LITERAL("fc12::1")));
  CHECK(!private(MC_LITERAL("8.8.8.8")));
}

static void test_v4_within_v6(void) {
  mc_address address;
  CHECK_SLICE(mc_peer_address(MC_LITERAL("::ffff:192.0.2.7")), "192.0.2.7");
  CHECK_SLICE(mc_peer_address(MC_LITERAL("::FFFF:192.0.2.7")), "192.0.2.7");
  CHECK_SLICE(mc_peer_address(MC_LITERAL("192.0.2.7")), "192.0.2.7");
  CHECK_SLICE(mc_peer_address(MC_LITERAL("::ffff:192.0.2.07")), "::ffff:192.0.2.07");
  CHECK_SLICE(mc_peer_address(MC_LITERAL("::ffff:")), "::ffff:");
  CHECK_SLICE(mc_peer_address(MC_LITERAL("::fffe:192.0.2.7")), "::fffe:192.0.2.7");
  CHECK_SLICE(mc_peer_address(MC_LITERAL("")), "");
  CHECK(mc_peer_address(MC_ABSENT).data == NULL);
  for (int mapped = 0; mapped < 2; mapped++) {
    CHECK(mc_address_parse(mapped ? MC_LITERAL("::ffff:c000:207") : MC_LITERAL("::1:c000:207"), &address));
    mc_address_unmap(&address);
    CHECK_INT(address.v4, mapped);
  }
}

int main(void) {
  test_v4();
  test_v4_within_v6();
  test_v6();
  test_ranges();
  test_private();
  return check_finish();
}
