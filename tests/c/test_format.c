#include "edit_support.h"

static mc_arena *arena;
static mc_scratch scratch;
static mc_header headers[8];
static mc_view view;

static mc_slice write(mc_format_spec spec, const mc_format_context *context) {
  mc_format format;
  mc_slice out = MC_ABSENT;
  CHECK_INT(mc_format_compile(arena, &spec, &format), MC_OK);
  CHECK_INT(mc_format_write(&format, context, &scratch, &out), MC_OK);
  return out;
}

#define WRITE(context, ...) write((mc_format_spec)FORMAT(__VA_ARGS__), context)
#define SEGMENT(op, name, other, limit) {op, name, other, limit}

static void test_requests(void) {
  view_of(&view, &scratch, "Other.Example:81", "/p/q?x=1", headers, ROWS("X-A: hello", "x-m: one", "x-m: two", "x-empty: "));
  mc_format_context context = {.view = &view, .route_name = MC_LITERAL("fmt"), .cluster = MC_LITERAL("c0")};
  CHECK_SLICE(WRITE(&context, TEXT("100%")), "100%");
  CHECK_SLICE(WRITE(&context, REQ("x-a")), "hello");
  CHECK_SLICE(WRITE(&context, TEXT("a-"), REQ("x-none"), TEXT("-z")), "a--z");
  CHECK_SLICE(WRITE(&context, REQ("x-m")), "one");
  CHECK_SLICE(WRITE(&context, SEGMENT(MC_FORMAT_REQ, MC_LITERAL("x-a"), MC_ABSENT, 3)), "hel");
  CHECK_SLICE(WRITE(&context, SEGMENT(MC_FORMAT_REQ, MC_LITERAL("x-b"), MC_LITERAL("x-a"), -1)), "hello");
  CHECK_SLICE(WRITE(&context, SEGMENT(MC_FORMAT_REQ, MC_LITERAL("x-empty"), MC_LITERAL("x-a"), -1)), "");
  CHECK_SLICE(WRITE(&context, REQ(":method"), TEXT(" "), REQ(":path"), TEXT(" "), REQ(":scheme")), "GET /p/q?x=1 http");
  CHECK_SLICE(WRITE(&context, REQ("host"), TEXT(" "), REQ(":authority")), "Other.Example:81 Other.Example:81");
  CHECK_SLICE(WRITE(&context, OP(MC_FORMAT_PROTOCOL)), "HTTP/1.1");
  CHECK_SLICE(WRITE(&context, OP(MC_FORMAT_ROUTE_NAME), OP(MC_FORMAT_UPSTREAM_CLUSTER)), "fmtc0");
  CHECK_SLICE(WRITE(&context, OP(MC_FORMAT_REMOTE_ADDRESS)), "127.0.0.1:4321");
  CHECK_SLICE(WRITE(&context, OP(MC_FORMAT_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT)), "127.0.0.1");
  CHECK_SLICE(WRITE(&context, OP(MC_FORMAT_LOCAL_ADDRESS), TEXT(" "), OP(MC_FORMAT_LOCAL_PORT)), "127.0.0.1:10000 10000");
  CHECK_SLICE(WRITE(&context, OP(MC_FORMAT_BYTES_RECEIVED), OP(MC_FORMAT_RESPONSE_CODE), OP(MC_FORMAT_RESPONSE_FLAGS)), "00-");
  CHECK_SLICE(WRITE(&context, OP(MC_FORMAT_UPSTREAM_HOST), OP(MC_FORMAT_EMPTY), OP(MC_FORMAT_RESPONSE_CODE_DETAILS)), "");
  context.dashes = true;
  CHECK_SLICE(WRITE(&context, REQ("x-none"), TEXT(" "), REQ("x-empty"), TEXT(" "), OP(MC_FORMAT_UPSTREAM_HOST)), "-  -");
  context.target = MC_LITERAL("/new");
  context.authority = MC_LITERAL("h");
  CHECK_SLICE(WRITE(&context, REQ(":path"), REQ(":authority")), "/newh");
}

static void test_addresses(void) {
  view_of(&view, &scratch, "a", "/", headers, ROWS("x-forwarded-for: 2001:db8::1"));
  mc_format_context context = {.view = &view, .endpoint = MC_LITERAL("[::1]:80")};
  CHECK_SLICE(WRITE(&context, OP(MC_FORMAT_REMOTE_ADDRESS)), "[2001:db8::1]:0");
  CHECK_SLICE(WRITE(&context, OP(MC_FORMAT_DIRECT_REMOTE_ADDRESS)), "127.0.0.1:4321");
  CHECK_SLICE(WRITE(&context, OP(MC_FORMAT_UPSTREAM_HOST_WITHOUT_PORT)), "::1");
  context.endpoint = MC_LITERAL("10.0.0.7:9080");
  CHECK_SLICE(WRITE(&context, OP(MC_FORMAT_UPSTREAM_HOST_WITHOUT_PORT)), "10.0.0.7");
}

static void test_responses(void) {
  view_of(&view, &scratch, "a", "/", headers, ROWS("content-length: 17"));
  mc_header_list list;
  CHECK_INT(mc_header_list_init(&list, &scratch, 1), MC_OK);
  list.response = true;
  CHECK_INT(mc_header_list_add(&list, MC_LITERAL("X-Up"), MC_LITERAL("v")), MC_OK);
  mc_format_context context = {.view = &view, .response = &list, .status = 503, .attempts = 12, .flags = MC_LITERAL("UH"),
                               .details = MC_LITERAL("via_upstream")};
  CHECK_SLICE(WRITE(&context, SEGMENT(MC_FORMAT_RESP, MC_LITERAL("x-none"), MC_LITERAL("x-up"), -1)), "v");
  CHECK_SLICE(WRITE(&context, OP(MC_FORMAT_RESPONSE_CODE), OP(MC_FORMAT_ATTEMPT_COUNT), OP(MC_FORMAT_RESPONSE_FLAGS), OP(MC_FORMAT_RESPONSE_CODE_DETAILS)),
              "50312UHvia_upstream");
  view.unix_ns = UINT64_C(61500000000);
  const mc_format_segment minute = SEGMENT(MC_FORMAT_START_TIME, MC_LITERAL("M"), MC_ABSENT, -1);
  const mc_format_segment second = SEGMENT(MC_FORMAT_START_TIME, MC_LITERAL("S"), MC_ABSENT, -1);
  CHECK_SLICE(WRITE(&context, minute, second), "0101");
  CHECK_SLICE(WRITE(&context, OP(MC_FORMAT_RESPONSE_FLAGS_LONG)), "-");
  context.flag_bits = MC_FLAG_UH;
  CHECK_SLICE(WRITE(&context, OP(MC_FORMAT_RESPONSE_FLAGS_LONG)), "NoHealthyUpstream");
  CHECK_SLICE(WRITE(&context, OP(MC_FORMAT_BYTES_RECEIVED)), "17");
  const mc_format_segment status = SEGMENT(MC_FORMAT_RESP, MC_LITERAL(":status"), MC_ABSENT, -1);
  CHECK_SLICE(WRITE(&context, status), "");
  context.answered = 503;
  CHECK_SLICE(WRITE(&context, status), "503");
  context.status = 0; /* an answer of our own does not wait for the body */
  CHECK_SLICE(WRITE(&context, OP(MC_FORMAT_BYTES_RECEIVED)), "0");
}

static void test_memory(void) {
  const mc_format_spec spec = FORMAT(TEXT("a"), REQ("x-a"));
  for (int n = 0;; n++) {
    check_memory(n);
    mc_arena *own = mc_arena_new();
    mc_format format;
    mc_code code = own ? mc_format_compile(own, &spec, &format) : MC_NO_MEMORY;
    check_memory(-1);
    mc_arena_free(own);
    if (code == MC_OK) break;
    CHECK_INT(code, MC_NO_MEMORY);
  }
}

int main(void) {
  arena = mc_arena_new();
  mc_scratch_init(&scratch);
  test_requests();
  test_addresses();
  test_responses();
  test_memory();
  mc_scratch_reset(&scratch);
  mc_arena_free(arena);
  CHECK_INT(check_blocks(), 0);
  return check_finish();
}
