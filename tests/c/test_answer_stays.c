/* Which answers of an upstream go on as they are, without their lines being made anew. */
#include "one_route.h"

/* As it is, mc_decision_response_headers gives the lines that it was given. */
static bool stays(const mc_header *lines, uint32_t count) {
  const bool said = mc_decision_answer_stays(&decision, lines, count);
  const mc_response response = {.status = 200, .headers = lines, .header_count = count};
  const mc_header_line *made;
  uint32_t made_count;
  uint16_t status;
  mc_slice body;
  CHECK_INT(mc_decision_response_headers(&decision, &response, &scratch, &made, &made_count, &status, &body), MC_OK);
  bool same = made_count == count;
  for (uint32_t i = 0; same && i < count; i++) same = made[i].source == (int32_t)i;
  CHECK(said == same);
  return said;
}

static bool line_stays(mc_slice name, mc_slice value) {
  const mc_header lines[] = {{MC_LITERAL("etag"), MC_LITERAL("x")}, {name, value}};
  return stays(lines, 2);
}

#define LINE(name, value) line_stays(MC_LITERAL(name), MC_LITERAL(value))

static void test_lines(void) {
  const mc_action_spec action = forward_to(0);
  start(&action, NULL);
  ask(MC_LITERAL("GET"), NULL);
  CHECK(stays(NULL, 0));
  CHECK(LINE("content-type", "text/html; charset=utf-8"));
  CHECK(LINE("X-Mine", ""));
  CHECK(LINE("x_mine", "~"));
  const mc_header twice[] = {{MC_LITERAL("set-cookie"), MC_LITERAL("a")}, {MC_LITERAL("Set-Cookie"), MC_LITERAL("b")}};
  CHECK(stays(twice, 2));
  CHECK(!LINE("ETag", "y")); /* joined */
  CHECK(LINE("date", "y"));  /* it would be, but that is another name */
  CHECK(!LINE("", "a"));
  CHECK(!LINE("x y", "a"));
  CHECK(!LINE("connection", "close"));
  CHECK(!LINE("Transfer-Encoding", "chunked"));
  CHECK(!LINE("keep-alive", "timeout=5"));
  CHECK(!LINE("Proxy-Connection", "close"));
  CHECK(!LINE("upgrade", "h2c"));
  CHECK(LINE("x-upgrades", "h2c")); /* of the size of another one */
  CHECK(!LINE("x-mine", " a"));
  CHECK(!LINE("x-mine", "a\t"));
  CHECK(!LINE("x-mine", "a\nb"));
  const mc_header high = {MC_LITERAL("x-mine"), MC_LITERAL("\xc3\xa4")};
  CHECK(!mc_decision_answer_stays(&decision, &high, 1)); /* it would, but that takes more than a look */
  mc_decision_release(&decision);
  stop();
}

static bool answer_stays(const mc_action_spec *action, void (*change)(small_config *config)) {
  const mc_header line = {MC_LITERAL("x-mine"), MC_LITERAL("a")};
  start(action, change);
  ask(MC_LITERAL("GET"), ROWS("x-request-id: a"));
  const bool said = stays(&line, 1);
  mc_decision_release(&decision);
  stop();
  return said;
}

static void add_via(small_config *config) { config->listener.options.via = MC_LITERAL("v"); }
static void tell_ids(small_config *config) { config->listener.options.always_set_request_id_in_response = true; }

static const mc_format_segment ONE = {MC_FORMAT_LITERAL, {"1", 1}, {NULL, 0}, -1};
static const mc_header_value_spec ADD = {.name = {"x-added", 7}, .value = {&ONE, 1}};

static void add_line(small_config *config) {
  config->host.edits = (mc_edits_spec){.response_add = &ADD, .response_add_count = 1};
}

static void add_to_requests(small_config *config) {
  config->host.edits = (mc_edits_spec){.request_add = &ADD, .request_add_count = 1};
}

static void test_what_a_configuration_adds(void) {
  mc_action_spec action = forward_to(0);
  CHECK(answer_stays(&action, NULL));
  CHECK(answer_stays(&action, add_to_requests));
  CHECK(!answer_stays(&action, add_line));
  CHECK(!answer_stays(&action, add_via));
  CHECK(!answer_stays(&action, tell_ids));
  action.tell_attempts = true;
  CHECK(!answer_stays(&action, NULL));
}

static void test_answers_of_our_own(void) {
  const mc_action_spec action = {.kind = MC_ACTION_RESPOND, .status = 403};
  start(&action, NULL);
  ask(MC_LITERAL("GET"), NULL);
  CHECK(!mc_decision_answer_stays(&decision, NULL, 0));
  mc_decision_release(&decision);
  stop();
}

int main(void) {
  test_lines();
  test_what_a_configuration_adds();
  test_answers_of_our_own();
  return check_finish();
}
