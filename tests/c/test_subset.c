#include "subset_support.h"

/* Four hosts: v1 in a, v1 in b, v2 in a, and one without labels. */
static void four(subsets_fixture *f) {
  static const mc_label labels[][2] = {{LABEL("stage", "a"), LABEL("version", "v1")},
                                       {LABEL("stage", "b"), LABEL("version", "v1")},
                                       {LABEL("stage", "a"), LABEL("version", "v2")}};
  start(&f->hosts, MC_POLICY_ROUND_ROBIN);
  add_locality(&f->hosts, 0, 1, 4, 0, 0);
  for (uint32_t i = 0; i < 3; i++) label_host(&f->hosts, i, (mc_labels){labels[i], 2});
}

static const mc_subset_selector BOTH[] = {{.keys = NAMES(NAME("version"))},
                                          {.keys = NAMES(NAME("stage"), NAME("version"))}};

static void check_members(const subsets_fixture *f, mc_labels labels, const char *expected) {
  int32_t found = mc_subsets_find(&f->subsets, labels);
  char text[64] = "";
  size_t size = 0;
  for (uint32_t i = 0; found >= 0 && i < f->subsets.at[found].members.count; i++) {
    size += (size_t)snprintf(text + size, sizeof text - size, "%u ", f->subsets.at[found].members.at[i]);
  }
  CHECK(strcmp(found < 0 ? "none" : text, expected) == 0);
}

static void test_hosts_with_the_same_values_make_a_subset(void) {
  subsets_fixture f;
  four(&f);
  const mc_subsets_spec spec = {.selectors = BOTH, .selector_count = 2, .fallback = MC_FALLBACK_NONE};
  CHECK_INT(split(&f, &spec), MC_OK);
  CHECK_INT(f.subsets.count, MC_SUBSET_FIRST + 5);
  check_members(&f, (mc_labels)LABELS(LABEL("version", "v1")), "0 1 ");
  check_members(&f, (mc_labels)LABELS(LABEL("version", "v2")), "2 ");
  check_members(&f, (mc_labels)LABELS(LABEL("stage", "a"), LABEL("version", "v1")), "0 ");
  check_members(&f, (mc_labels)LABELS(LABEL("stage", "a")), "none");
  check_members(&f, (mc_labels)LABELS(LABEL("version", "v3")), "none");
  check_members(&f, (mc_labels){NULL, 0}, "none");
  unsplit(&f);
}

static void test_the_default_subset_has_what_it_asks_for(void) {
  subsets_fixture f;
  four(&f);
  mc_subsets_spec spec = {.selectors = BOTH, .selector_count = 1, .fallback = MC_FALLBACK_DEFAULT,
                          .default_labels = LABELS(LABEL("stage", "a"))};
  CHECK_INT(split(&f, &spec), MC_OK);
  CHECK_INT(f.subsets.at[MC_SUBSET_DEFAULT].members.count, 2);
  CHECK_INT(f.subsets.at[MC_SUBSET_DEFAULT].members.at[1], 2);
  mc_subsets_clear(&f.subsets);
  unbuild(&f.hosts);
  spec.default_labels.count = 0; /* nothing: every host will do */
  CHECK_INT(split(&f, &spec), MC_OK);
  CHECK_INT(f.subsets.at[MC_SUBSET_DEFAULT].members.count, 4);
  unsplit(&f);
}

/* A label that is given twice is a list; each of its values counts, and so does each pair with another list. */
static void test_lists_multiply(void) {
  subsets_fixture f;
  start(&f.hosts, MC_POLICY_ROUND_ROBIN);
  add_locality(&f.hosts, 0, 1, 2, 0, 0);
  label_host(&f.hosts, 0, (mc_labels)LABELS(LABEL("stage", "a"), LABEL("stage", "b"), LABEL("version", "v1"),
                                            LABEL("version", "v2"), LABEL("version", "v2")));
  label_host(&f.hosts, 1, (mc_labels)LABELS({NAME("stage"), {NULL, 0}}, LABEL("version", "v2")));
  const mc_subsets_spec spec = {.selectors = BOTH, .selector_count = 2, .default_labels = LABELS(LABEL("stage", "b"))};
  CHECK_INT(split(&f, &spec), MC_OK);
  check_members(&f, (mc_labels)LABELS(LABEL("stage", "b"), LABEL("version", "v2")), "0 ");
  check_members(&f, (mc_labels)LABELS(LABEL("stage", "a"), LABEL("version", "v1")), "0 ");
  check_members(&f, (mc_labels)LABELS(LABEL("version", "v2")), "0 1 ");
  CHECK_INT(f.subsets.at[MC_SUBSET_DEFAULT].members.count, 1);
  unsplit(&f);
}

static void test_too_many_groups_are_refused(void) {
  enum { EACH = 300 };
  static mc_label labels[2 * EACH];
  static char values[EACH][8];
  for (int i = 0; i < EACH; i++) {
    mc_slice value = mc_slice_of(values[i], (size_t)snprintf(values[i], sizeof values[i], "%d", i));
    labels[i] = (mc_label){MC_LITERAL("stage"), value};
    labels[EACH + i] = (mc_label){MC_LITERAL("version"), value};
  }
  subsets_fixture f;
  start(&f.hosts, MC_POLICY_ROUND_ROBIN);
  add_locality(&f.hosts, 0, 1, 1, 0, 0);
  label_host(&f.hosts, 0, (mc_labels){labels, 2 * EACH});
  const mc_subsets_spec spec = {.selectors = BOTH, .selector_count = 2};
  CHECK_INT(split(&f, &spec), MC_LIMIT);
  CHECK(strstr(f.hosts.error.message, "65536") != NULL);
  unsplit(&f);
}

static void test_a_single_host_is_the_first_of_the_first_priority(void) {
  subsets_fixture f;
  start(&f.hosts, MC_POLICY_ROUND_ROBIN);
  add_locality(&f.hosts, 1, 1, 2, 0, 0);
  add_locality(&f.hosts, 0, 1, 2, 2, 0);
  static const mc_label same = LABEL("version", "v1");
  for (uint32_t i = 0; i < 4; i++) label_host(&f.hosts, i, (mc_labels){&same, 1});
  const mc_subset_selector selector = {.keys = NAMES(NAME("version")), .single_host = true};
  const mc_subsets_spec spec = {.selectors = &selector, .selector_count = 1};
  CHECK_INT(split(&f, &spec), MC_OK);
  check_members(&f, (mc_labels){&same, 1}, "2 ");
  CHECK(f.subsets.at[MC_SUBSET_FIRST].single && f.subsets.at[MC_SUBSET_FIRST].balancer == NULL);
  unsplit(&f);
}

/* Of weight 9 with three hosts, of which one is in the subset: 3. The second locality has all of its own in it. The
 * third has none, yet counts unless scaled; the last has no host at all, and never counts. */
static void test_localities_weigh_by_what_is_in_the_subset(void) {
  subsets_fixture f;
  start(&f.hosts, MC_POLICY_ROUND_ROBIN);
  f.hosts.spec.balance.locality_weighted = true;
  add_locality(&f.hosts, 0, 9, 3, 0, 0);
  add_locality(&f.hosts, 0, 3, 1, 0, 0);
  add_locality(&f.hosts, 0, 5, 2, 0, 0);
  add_locality(&f.hosts, 0, 7, 0, 0, 0);
  static const mc_label same = LABEL("version", "v1");
  label_host(&f.hosts, 0, (mc_labels){&same, 1});
  label_host(&f.hosts, 3, (mc_labels){&same, 1});
  mc_subsets_spec spec = {.selectors = BOTH, .selector_count = 1, .locality_weight_aware = true};
  for (int scale = 0; scale < 2; scale++) {
    spec.scale_locality_weight = scale;
    CHECK_INT(split(&f, &spec), MC_OK);
    const mc_balancer *balancer = f.subsets.at[mc_subsets_find(&f.subsets, (mc_labels){&same, 1})].balancer;
    CHECK_INT(balancer->set.priorities[0].localities[0].weight, scale ? 3 : 9);
    CHECK_INT(balancer->set.priorities[0].localities[1].weight, 3);
    CHECK_INT(balancer->set.priorities[0].locality_weight, scale ? 6 : 17);
    mc_subsets_clear(&f.subsets);
    unbuild(&f.hosts);
  }
  unsplit(&f);
}

static void test_many_subsets(void) {
  static char values[SUPPORT_HOSTS][8];
  static mc_label labels[SUPPORT_HOSTS];
  subsets_fixture f;
  start(&f.hosts, MC_POLICY_ROUND_ROBIN);
  add_locality(&f.hosts, 0, 1, SUPPORT_HOSTS, 0, 0);
  for (uint32_t i = 0; i < SUPPORT_HOSTS; i++) {
    labels[i] = (mc_label){MC_LITERAL("version"), {values[i], (size_t)snprintf(values[i], sizeof values[i], "v%u", i)}};
    label_host(&f.hosts, i, (mc_labels){&labels[i], 1});
  }
  const mc_subsets_spec spec = {.selectors = BOTH, .selector_count = 1};
  CHECK_INT(split(&f, &spec), MC_OK);
  CHECK_INT(f.subsets.count, MC_SUBSET_FIRST + SUPPORT_HOSTS);
  for (uint32_t i = 0; i < SUPPORT_HOSTS; i++) {
    int32_t found = mc_subsets_find(&f.subsets, (mc_labels){&labels[i], 1});
    CHECK(found >= MC_SUBSET_FIRST && f.subsets.at[found].members.at[0] == i);
  }
  unsplit(&f);
}

static void test_memory_runs_out(void) {
  for (int n = 0;; n++) {
    subsets_fixture f;
    four(&f);
    const mc_subsets_spec spec = {.selectors = BOTH, .selector_count = 2, .fallback = MC_FALLBACK_DEFAULT,
                                  .default_labels = LABELS(LABEL("stage", "a")), .scale_locality_weight = true};
    check_memory(n);
    mc_code code = split(&f, &spec);
    check_memory(-1);
    unsplit(&f);
    if (!code) break;
    CHECK_INT(code, MC_NO_MEMORY);
  }
}

int main(void) {
  test_hosts_with_the_same_values_make_a_subset();
  test_the_default_subset_has_what_it_asks_for();
  test_lists_multiply();
  test_too_many_groups_are_refused();
  test_a_single_host_is_the_first_of_the_first_priority();
  test_localities_weigh_by_what_is_in_the_subset();
  test_many_subsets();
  test_memory_runs_out();
  return check_finish();
}
