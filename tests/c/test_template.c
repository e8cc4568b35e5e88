#include "base/arena.h"
#include "check.h"
#include "match/template.h"

static mc_slice text_of(const char *text) { return mc_slice_of(text, strlen(text)); }

static mc_template *compile(const char *text) {
  mc_error error;
  mc_template *made = mc_template_compile(text_of(text), &error);
  if (!made) printf("%s: %s\n", text, error.message);
  return made;
}

static bool matches(const char *text, const char *path) {
  mc_template *made = compile(text);
  const bool matched = made && mc_template_match(made, text_of(path), NULL);
  mc_template_free(made);
  return matched;
}

static void test_matches(void) {
  CHECK(matches("/", "/"));
  CHECK(!matches("/", "/a"));
  CHECK(matches("/a/", "/a/"));
  CHECK(!matches("/a/", "/a"));
  CHECK(matches("/bar/{country}", "/bar/u%20s"));
  CHECK(!matches("/bar/{country}", "/bar/"));
  CHECK(!matches("/bar/{country}", "/bar/us/x"));
  CHECK(matches("/bar/{country}", "/bar/a=b*"));
  CHECK(matches("/api/*/{rest=**}", "/api/a//c"));
  CHECK(!matches("/api/*/{rest=**}", "/api/a"));
  CHECK(matches("/api/*/{rest=**}", "/api/a/"));
  CHECK(matches("/v/*.m3u8", "/v/x.m3u8"));
  CHECK(!matches("/v/*.m3u8", "/v/.m3u8"));
  CHECK(matches("/w/**.mpd", "/w/.mpd"));
  CHECK(matches("/w/**.mpd", "/w/a/b.mpd.mpd"));
  CHECK(matches("/w/**/end", "/w//end"));
  CHECK(!matches("/w/**/end", "/w/end")); /* the texts on both sides do not share a slash */
  CHECK(matches("/w/**/end", "/w/end/end"));
  CHECK(!matches("/*/b/*/d", "/a/b/c/d/d"));
}

static void test_values(void) {
  mc_slice values[MC_TEMPLATE_VARIABLES];
  mc_template *made = compile("/media/{dir=videos/*}/{n}.ts");
  CHECK_INT(mc_template_variable_count(made), 2);
  CHECK_SLICE(mc_template_variable_name(made, 0), "dir");
  CHECK_SLICE(mc_template_variable_name(made, 1), "n");
  CHECK_SLICE(mc_template_literal_prefix(made), "/media/videos/");
  CHECK(!mc_template_is_literal(made));
  CHECK(mc_template_match(made, text_of("/media/videos/a/9.ts.ts"), values));
  CHECK_SLICE(values[0], "videos/a");
  CHECK_SLICE(values[1], "9.ts");
  mc_template_free(made);

  made = compile("/{a=x/**/y}/{z=end}");
  CHECK(mc_template_match(made, text_of("/x/1/2/y/end"), values));
  CHECK_SLICE(values[0], "x/1/2/y");
  CHECK_SLICE(values[1], "end");
  mc_template_free(made);

  made = compile("/all/text");
  CHECK(mc_template_is_literal(made));
  CHECK_SLICE(mc_template_literal_prefix(made), "/all/text");
  mc_template_free(made);
}

static void check_refused(const char *text, size_t position) {
  mc_error error = {0};
  mc_template *made = mc_template_compile(text_of(text), &error);
  CHECK(made == NULL);
  CHECK_INT(error.code, MC_INVALID);
  CHECK_INT(error.position, position);
  mc_template_free(made);
}

static void test_refused(void) {
  check_refused("", 0);
  check_refused("a", 0);
  check_refused("//", 1);
  check_refused("/a//b", 3);
  check_refused("/a*", 2);
  check_refused("/*a/b", 3);
  check_refused("/***", 3);
  check_refused("/{a}{b}", 4);
  check_refused("/{a", 1);
  check_refused("/{}", 2);
  check_refused("/{1a}", 2);
  check_refused("/{a b}", 3);
  check_refused("/{a=}", 4);
  check_refused("/{a=x/}", 6);
  check_refused("/{a=*b}", 5);
  check_refused("/{a}/{a}", 6);
  check_refused("/{abcdefghijklmnopq}", 2);
  check_refused("/{a}/{b}/{c}/{d}/{e}/{f}", 22);
  check_refused("/**/*", 4);
  check_refused("/**/{a}", 4);
  check_refused("/{a=**}/{b=**}", 11);
  check_refused("/a b", 2);
}

static void test_rewrites(void) {
  mc_error error = {0};
  mc_scratch scratch;
  mc_slice values[MC_TEMPLATE_VARIABLES], out = MC_ABSENT;
  mc_scratch_init(&scratch);
  mc_template *made = compile("/bar/{country}/{lang=**}");
  mc_template_rewrite *rewrite = mc_template_rewrite_compile(made, text_of("/{lang}/x/{country}{country}"), &error);
  CHECK(mc_template_match(made, text_of("/bar/fr/en/uk"), values));
  CHECK_INT(mc_template_rewrite_apply(rewrite, values, &scratch, &out), MC_OK);
  CHECK_SLICE(out, "/en/uk/x/frfr");
  mc_template_rewrite_free(rewrite);

  static const struct {
    const char *text;
    size_t position;
  } refused[] = {{"", 0}, {"a", 0}, {"/a//b", 3}, {"/{other}", 1}, {"/{lang", 1}, {"/a}", 2}, {"/{lang=*}", 1}};
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
    CHECK(!mc_template_rewrite_compile(made, text_of(refused[i].text), &error));
    CHECK_INT(error.code, MC_INVALID);
    CHECK_INT(error.position, refused[i].position);
  }
  mc_template_free(made);
  mc_scratch_reset(&scratch);
}

static void test_memory_runs_out(void) {
  mc_error error = {0};
  mc_template *made = compile("/{a}");
  check_memory(0);
  CHECK(!mc_template_compile(text_of("/{a}"), &error));
  CHECK_INT(error.code, MC_NO_MEMORY);
  CHECK(!mc_template_rewrite_compile(made, text_of("/{a}"), &error));
  CHECK_INT(error.code, MC_NO_MEMORY);
  check_memory(-1);
  mc_template_free(made);
}

int main(void) {
  test_matches();
  test_values();
  test_refused();
  test_rewrites();
  test_memory_runs_out();
  return check_finish();
}
