#include "subset_support.h"

/* Host i has version v<i>; the first alone has a stage, p. */
static void three(subsets_fixture *f) {
  static const mc_label labels[][2] = {{LABEL("stage", "p"), LABEL("version", "v0")}, {LABEL("version", "v1")},
                                       {LABEL("version", "v2")}};
  start(&f->hosts, MC_POLICY_ROUND_ROBIN);
  add_locality(&f->hosts, 0, 1, 3, 0, 0);
  for (uint32_t i = 0; i < 3; i++) label_host(&f->hosts, i, (mc_labels){labels[i], i ? 1 : 2});
}

/* Each step as the letter of its reason and the number of the hosts in it. */
static void check_plan(const subsets_fixture *f, const mc_criteria_spec *match, const char *expected) {
  mc_scratch scratch;
  mc_scratch_init(&scratch);
  mc_subset_plan plan;
  CHECK_INT(mc_subsets_plan(&f->subsets, match, &scratch, &plan), MC_OK);
  char text[64] = "";
  size_t size = 0;
  for (uint32_t i = 0; i < plan.count; i++) {
    uint32_t subset = plan.steps[i].subset;
    unsigned hosts = subset == MC_SUBSET_ALL ? 9 : f->subsets.at[subset].members.count;
    size += (size_t)snprintf(text + size, sizeof text - size, "%c%u ", "-MKSFP"[plan.steps[i].reason], hosts);
  }
  CHECK(strcmp(text, expected) == 0);
  if (strcmp(text, expected)) printf("  got '%s', not '%s'\n", text, expected);
  mc_scratch_reset(&scratch);
}

static void check_labels(const subsets_fixture *f, mc_labels labels, const char *expected) {
  const mc_criteria_spec match = {.labels = labels};
  check_plan(f, &match, expected);
}

static void test_the_cluster_falls_back(void) {
  static const struct {
    mc_subset_fallback fallback;
    bool panic;
    const char *expected;
  } rows[] = {{MC_FALLBACK_NONE, false, ""},         {MC_FALLBACK_NONE, true, ""},
              {MC_FALLBACK_ANY, false, "F9 "},       {MC_FALLBACK_ANY, true, "F9 P9 "},
              {MC_FALLBACK_DEFAULT, false, "F1 "},   {MC_FALLBACK_DEFAULT, true, "F1 P9 "}};
  const mc_subset_selector selector = {.keys = NAMES(NAME("version"))};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    subsets_fixture f;
    three(&f);
    const mc_subsets_spec spec = {.selectors = &selector, .selector_count = 1, .fallback = rows[i].fallback,
                                  .panic_mode_any = rows[i].panic, .default_labels = LABELS(LABEL("version", "v2"))};
    CHECK_INT(split(&f, &spec), MC_OK);
    check_labels(&f, (mc_labels)LABELS(LABEL("version", "v1")), "M1 ");
    check_labels(&f, (mc_labels)LABELS(LABEL("version", "v9")), rows[i].expected);
    check_labels(&f, (mc_labels)LABELS(LABEL("stage", "p"), LABEL("version", "v0")), rows[i].expected);
    check_labels(&f, (mc_labels){NULL, 0}, rows[i].expected);
    unsplit(&f);
  }
}

static void test_a_selector_falls_back(void) {
  static const struct {
    mc_subset_fallback fallback;
    const char *expected;
  } rows[] = {{MC_FALLBACK_UNDEFINED, "F9 "}, {MC_FALLBACK_NONE, ""}, {MC_FALLBACK_ANY, "S9 "},
              {MC_FALLBACK_DEFAULT, "S1 "},   {MC_FALLBACK_KEYS, "K1 "}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    subsets_fixture f;
    three(&f);
    const mc_subset_selector selectors[] = {
        {.keys = NAMES(NAME("version"))},
        {.keys = NAMES(NAME("stage"), NAME("version")), .fallback = rows[i].fallback,
         .fallback_keys = NAMES(NAME("version"))}};
    const mc_subsets_spec spec = {.selectors = selectors, .selector_count = 2, .fallback = MC_FALLBACK_ANY,
                                  .default_labels = LABELS(LABEL("version", "v2"))};
    CHECK_INT(split(&f, &spec), MC_OK);
    check_labels(&f, (mc_labels)LABELS(LABEL("stage", "q"), LABEL("version", "v0")), rows[i].expected);
    check_labels(&f, (mc_labels)LABELS(LABEL("stage", "p"), LABEL("version", "v0")), "M1 ");
    /* Fewer keys do not help where there is none of them either: then it is the cluster's turn. */
    check_labels(&f, (mc_labels)LABELS(LABEL("stage", "q"), LABEL("version", "v9")),
                 rows[i].fallback == MC_FALLBACK_KEYS ? "F9 " : rows[i].expected);
    unsplit(&f);
  }
}

/* Envoy: a selector whose keys begin another one that stands above has no fallback of its own. */
static void test_a_selector_behind_a_longer_one_has_no_fallback(void) {
  const mc_subset_selector selectors[] = {{.keys = NAMES(NAME("stage"), NAME("version"))},
                                          {.keys = NAMES(NAME("stage")), .fallback = MC_FALLBACK_NONE},
                                          {.keys = NAMES(NAME("version")), .fallback = MC_FALLBACK_NONE}};
  subsets_fixture f;
  three(&f);
  const mc_subsets_spec spec = {.selectors = selectors, .selector_count = 3, .fallback = MC_FALLBACK_ANY};
  CHECK_INT(split(&f, &spec), MC_OK);
  check_labels(&f, (mc_labels)LABELS(LABEL("stage", "q")), "F9 ");
  check_labels(&f, (mc_labels)LABELS(LABEL("version", "q")), "");
  unsplit(&f);
}

static void test_redundant_keys(void) {
  const mc_subset_selector selector = {.keys = NAMES(NAME("version")), .fallback = MC_FALLBACK_ANY};
  for (int allowed = 0; allowed < 2; allowed++) {
    subsets_fixture f;
    three(&f);
    const mc_subsets_spec spec = {.selectors = &selector, .selector_count = 1, .fallback = MC_FALLBACK_NONE,
                                  .allow_redundant_keys = allowed};
    CHECK_INT(split(&f, &spec), MC_OK);
    check_labels(&f, (mc_labels)LABELS(LABEL("other", "x"), LABEL("version", "v0")), allowed ? "M1 " : "");
    check_labels(&f, (mc_labels)LABELS(LABEL("other", "x"), LABEL("version", "v9")), allowed ? "S9 " : "");
    check_labels(&f, (mc_labels)LABELS(LABEL("other", "x")), "");
    unsplit(&f);
  }
}

static void test_a_list_of_fallbacks(void) {
  const mc_subset_selector selector = {.keys = NAMES(NAME("version"))};
  const mc_labels alternatives[] = {LABELS(LABEL("version", "v7")), LABELS(LABEL("version", "v1")), {NULL, 0}};
  const mc_criteria_spec match = {
      .labels = LABELS(LABEL("fallback_list", "\0[]"), LABEL("version", "v0")), .alternatives = alternatives, .alternative_count = 3};
  for (int asked = 0; asked < 2; asked++) {
    subsets_fixture f;
    three(&f);
    const mc_subsets_spec spec = {.selectors = &selector, .selector_count = 1, .fallback = MC_FALLBACK_ANY,
                                  .fallback_list = asked};
    CHECK_INT(split(&f, &spec), MC_OK);
    check_plan(&f, &match, asked ? "F9 M1 F9 " : "F9 ");
    unsplit(&f);
  }
}

static void test_picks_go_on_to_the_next_step(void) {
  subsets_fixture f;
  three(&f);
  f.hosts.endpoints[1].health = MC_UNHEALTHY;
  f.hosts.spec.balance.panic_percent = 0;
  const mc_subset_selector selectors[] = {{.keys = NAMES(NAME("version"))},
                                          {.keys = NAMES(NAME("stage")), .single_host = true}};
  const mc_subsets_spec spec = {.selectors = selectors, .selector_count = 2, .fallback = MC_FALLBACK_DEFAULT,
                                .panic_mode_any = true, .default_labels = LABELS(LABEL("version", "v1"))};
  CHECK_INT(split(&f, &spec), MC_OK);
  mc_pick pick = {.draws = 1};
  mc_subset_step step = {0, MC_SUBSET_NONE};
  int32_t host = mc_subsets_pick(&f.subsets, &f.subsets.unmatched, &pick, &step);
  CHECK(host == 0 || host == 2);
  CHECK_INT(step.reason, MC_SUBSET_PANIC);
  CHECK_INT(pick.candidates, 2);
  const mc_subset_step one = {(uint32_t)mc_subsets_find(&f.subsets, (mc_labels)LABELS(LABEL("version", "v1"))), MC_SUBSET_MATCHED};
  CHECK_INT(mc_subsets_pick(&f.subsets, &(mc_subset_plan){&one, 1}, &pick, &step), -1);
  CHECK_INT(step.reason, MC_SUBSET_MATCHED);
  const mc_subset_step single = {(uint32_t)mc_subsets_find(&f.subsets, (mc_labels)LABELS(LABEL("stage", "p"))), MC_SUBSET_MATCHED};
  CHECK_INT(mc_subsets_pick(&f.subsets, &(mc_subset_plan){&single, 1}, &pick, &step), 0);
  CHECK_INT(pick.candidates, 1);
  CHECK_INT(mc_subsets_pick(&f.subsets, &(mc_subset_plan){&one, 0}, &pick, &step), -1);
  unsplit(&f);
}

static void test_copies(void) {
  const mc_labels alternatives[] = {LABELS(LABEL("version", "v7")), {NULL, 0}};
  const mc_criteria_spec spec = {.labels = LABELS(LABEL("a", "1")), .alternatives = alternatives, .alternative_count = 2};
  for (int n = 0;; n++) {
    check_memory(n);
    mc_arena *arena = mc_arena_new();
    mc_criteria *copy = arena ? mc_criteria_copy(&spec, arena) : NULL;
    check_memory(-1);
    if (copy) {
      CHECK_SLICE(copy->match.labels.at[0].value, "1");
      CHECK_SLICE(copy->match.alternatives[0].at[0].value, "v7");
      CHECK_INT(copy->match.alternatives[1].count, 0);
      CHECK_INT(copy->plan.count, 0);
    }
    mc_arena_free(arena);
    CHECK_INT(check_blocks(), 0);
    if (copy) break;
  }
}

int main(void) {
  test_the_cluster_falls_back();
  test_a_selector_falls_back();
  test_a_selector_behind_a_longer_one_has_no_fallback();
  test_redundant_keys();
  test_a_list_of_fallbacks();
  test_picks_go_on_to_the_next_step();
  test_copies();
  return check_finish();
}
