#include "limits_support.h"

#include "engine/limit_lines.h"

static mc_scratch scratch;
static mc_limit_rule rules[1] = {{.label = {"a \"b\"\\\x01", 7}}};
static mc_local_limit limit = {.at = rules};

static const char *lines_of(mc_limited limited, mc_asked *asked) {
  static char text[512];
  const mc_header *lines;
  uint32_t count;
  size_t size = 0;
  limited.limit = &limit;
  limited.rule = MC_RULE_WHOLE;
  const mc_decision decision = {.limited = limited.has_bucket ? &limited : NULL, .asked = asked};
  CHECK_INT(mc_limit_lines(&decision, &scratch, &lines, &count), MC_OK);
  CHECK(mc_limits_tell(&decision) == (count > 0));
  for (uint32_t i = 0; i < count; i++) {
    size += (size_t)snprintf(text + size, sizeof text - size, "%s%.*s: %.*s", i ? "|" : "", (int)lines[i].name.size, lines[i].name.data,
                             (int)lines[i].value.size, lines[i].value.data);
  }
  text[size] = 0;
  mc_scratch_reset(&scratch);
  return text;
}

#define CHECK_LINES(actual, expected) CHECK(strcmp(actual, expected) == 0)
#define SECOND UINT64_C(1000000000)

static void test_what_a_limit_tells(void) {
  mc_limited limited = {.has_bucket = true, .reckoned = true, .told = true, .allowed = true, .max_tokens = 10, .remaining = 3, .window_ns = 60 * SECOND, .reset_ns = 41 * SECOND + 1};
  limit.tells = 0;
  CHECK_LINES(lines_of(limited, NULL), "x-ratelimit-limit: 10|x-ratelimit-remaining: 3|x-ratelimit-reset: 0");
  limit.tells = MC_TELL_RATELIMIT | MC_TELL_RETRY_AFTER;
  limited.told = false;
  CHECK_LINES(lines_of(limited, NULL), "ratelimit-policy: \"a \\\"b\\\"\\\\?\";q=10;w=60|ratelimit: \"a \\\"b\\\"\\\\?\";r=3;t=42");
  limited.allowed = false;
  limited.enforced = true;
  limited.remaining = 0;
  limited.retry_after_ns = 6 * SECOND;
  rules[0].label = MC_LITERAL("x");
  CHECK_LINES(lines_of(limited, NULL), "ratelimit-policy: \"x\";q=10;w=60|ratelimit: \"x\";r=0;t=6|retry-after: 6");
  limited.retry_after_ns = MC_NEVER;
  CHECK_LINES(lines_of(limited, NULL), "ratelimit-policy: \"x\";q=10;w=60|ratelimit: \"x\";r=0");
  limited.has_bucket = false;
  CHECK_LINES(lines_of(limited, NULL), "");
}

static void test_what_a_service_tells(void) {
  mc_global_limit global = {.tells = true};
  const mc_descriptor descriptors[] = {{.count = 0}, {.tells = MC_SAID_NO}, {.count = 0}};
  const mc_service_limit limits[] = {{true, 10, 1, 9, 1, MC_LITERAL("per-ip")}, {true, 5, 60, 4, 30, MC_ABSENT}, {true, 100, 0, 7, 9, MC_ABSENT}, {.given = false}};
  mc_header lines[MC_SERVICE_LINES];
  mc_asked asked = {.limit = (struct mc_global_limit *)&global, .descriptors = descriptors, .count = 3, .response_lines = lines};
  mc_service_answer answer = {.limits = limits, .limit_count = 4};
  CHECK_INT(mc_service_lines(&asked, &answer, &scratch, lines), MC_OK);
  CHECK_INT(asked.response_count, 0); /* the nearest is not to be told of */
  answer.limits++;
  answer.limit_count = 1;
  asked.descriptors++;
  asked.count = 2;
  CHECK_INT(mc_service_lines(&asked, &answer, &scratch, lines), MC_OK);
  CHECK_INT(asked.response_count, 0);
  asked.descriptors = descriptors;
  asked.count = 0; /* more limits than descriptors: the filter's word counts */
  answer.limits = limits;
  answer.limit_count = 4;
  CHECK_INT(mc_service_lines(&asked, &answer, &scratch, lines), MC_OK);
  CHECK_LINES(lines_of((mc_limited){.has_bucket = false}, &asked),
              "x-ratelimit-limit: 5, 10;w=1;name=\"per-ip\", 5;w=60|x-ratelimit-remaining: 4|x-ratelimit-reset: 30");
}

int main(void) {
  mc_scratch_init(&scratch);
  test_what_a_limit_tells();
  test_what_a_service_tells();
  return check_finish();
}
