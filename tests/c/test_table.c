/* Buckets by key: which key has which, what is forgotten, what a dead process leaves behind. */
#include "limit/table.h"
#include "limit_support.h"

static const uint8_t secret[16] = "a secret of ours";
static mc_limiter *limiter;

static mc_slice key_of(uint32_t number) {
  static char text[16];
  return (mc_slice){text, (size_t)snprintf(text, sizeof text, "key %u", number)};
}

static bool allow(uint32_t key, uint64_t cost, uint64_t now) { return mc_limiter_allow(limiter, key_of(key), cost, now); }

static uint64_t left(uint32_t key, uint64_t now) { return mc_limiter_peek(limiter, key_of(key), 1, now).remaining; }

static int allowed_of(uint32_t key, int calls, uint64_t now) {
  int allowed = 0;
  for (int i = 0; i < calls; i++) allowed += allow(key, 1, now);
  return allowed;
}

/* For as many keys; with a capacity of 1 there is one set. */
static void begin(uint64_t capacity, uint64_t tokens) {
  const mc_limit limit = limit_of(tokens, tokens, SECOND);
  limiter = mc_limiter_new(capacity, &limit, secret);
}

static void end(void) { mc_limiter_free(limiter); }

static void test_each_key_has_its_own(void) {
  begin(2000, 3);
  for (uint32_t key = 0; key < 1000; key++) CHECK_INT(allowed_of(key, 5, 1), 3);
  for (uint32_t key = 0; key < 1000; key++) CHECK_INT(allowed_of(key, 5, SECOND), 2);
  CHECK_INT(mc_limiter_forgotten(limiter), 0);
  end();
}

static void test_as_many_as_the_capacity(void) {
  begin(10000, 3);
  int short_of = 0;
  for (uint32_t key = 0; key < 10000; key++) {
    int allowed = allowed_of(key, 5, 1);
    CHECK(allowed <= 3);
    short_of += allowed < 3;
  }
  CHECK(short_of < 30); /* that come to a set where fifteen owe */
  end();
}

static void test_what_callers_hear(void) {
  begin(10, 2);
  mc_limit_answer answer = mc_limiter_check(limiter, key_of(1), 2, 5);
  CHECK(answer.allowed && answer.remaining == 0 && answer.retry_after_ns == 0 && answer.reset_ns == SECOND);
  answer = mc_limiter_check(limiter, key_of(1), 1, 5);
  CHECK(!answer.allowed && answer.remaining == 0 && answer.retry_after_ns == SECOND / 2 && answer.reset_ns == SECOND);
  answer = mc_limiter_check(limiter, key_of(2), 3, 5);
  CHECK(!answer.allowed && answer.remaining == 2 && answer.retry_after_ns == MC_NEVER && answer.reset_ns == 0);
  answer = mc_limiter_peek(limiter, key_of(1), 2, 6);
  CHECK(!answer.allowed && answer.retry_after_ns == SECOND - 1);
  CHECK(mc_limiter_peek(limiter, key_of(2), 2, 6).allowed);
  CHECK(!allow(2, 3, 5));
  CHECK(!allow(2, UINT64_MAX, 5));
  end();
}

static void test_refunds_and_reservations(void) {
  begin(10, 2);
  CHECK_INT(mc_limiter_reserve(limiter, key_of(1), 2, 0, 5), 0);
  CHECK_INT(mc_limiter_reserve(limiter, key_of(1), 1, 0, 5), MC_NEVER);
  CHECK_INT(mc_limiter_reserve(limiter, key_of(1), 3, MC_NEVER, 5), MC_NEVER);
  CHECK_INT(mc_limiter_reserve(limiter, key_of(1), 1, MC_NEVER, 5), SECOND / 2);
  mc_limiter_refund(limiter, key_of(1), 2, 5);
  CHECK_INT(left(1, 5), 1);
  mc_limiter_refund(limiter, key_of(1), UINT64_MAX, 5);
  mc_limiter_refund(limiter, key_of(1), 1, 5);
  CHECK_INT(allowed_of(1, 9, 5), 2);
  CHECK_INT(mc_limiter_reserve(limiter, key_of(1), 2, MC_NEVER, 5), SECOND); /* 4 are owed */
  mc_limiter_refund(limiter, key_of(1), 3, 5);
  CHECK_INT(left(1, 5), 1);
  mc_limiter_refund(limiter, key_of(2), 1, 5); /* of whom nothing is known */
  CHECK_INT(allowed_of(2, 9, 5), 2);
  end();
}

/* Keys that would have one place have neighbouring ones, and go on having them. */
static void test_a_set_is_filled_to_its_last_place(void) {
  begin(1, 100);
  for (int round = 0; round < 3; round++) {
    for (uint32_t key = 0; key < MC_LIMIT_PLACES; key++) CHECK(allow(key, 1, 1));
  }
  for (uint32_t key = 0; key < MC_LIMIT_PLACES; key++) CHECK_INT(left(key, 1), 97);
  for (int place = 0; place < MC_LIMIT_PLACES; place++) CHECK(limiter->table->set[0].times[place]);
  CHECK_INT(mc_limiter_forgotten(limiter), 0);
  end();
}

static void test_asking_leaves_nothing_behind(void) {
  begin(1, 2);
  CHECK(mc_limiter_peek(limiter, key_of(1), 1, 5).allowed);
  CHECK(allow(1, 0, 5));
  CHECK(!allow(1, 3, 5));
  CHECK(!mc_limiter_check(limiter, key_of(1), 3, 5).allowed);
  for (int i = 0; i < MC_LIMIT_PLACES; i++) CHECK_INT(limiter->table->set[0].times[i], 0);
  end();
}

static void test_full_buckets_go_first_and_nobody_minds(void) {
  begin(1, 4);
  for (uint32_t key = 0; key < MC_LIMIT_PLACES; key++) CHECK_INT(allowed_of(key, 4, key), 4);
  const uint64_t now = 5 * SECOND;
  for (uint32_t key = 3; key < MC_LIMIT_PLACES; key++) CHECK_INT(allowed_of(key, 4, now), 4);
  for (uint32_t key = 100; key < 103; key++) CHECK_INT(allowed_of(key, 4, now), 4);
  CHECK_INT(mc_limiter_forgotten(limiter), 0);
  for (uint32_t key = 3; key < MC_LIMIT_PLACES; key++) CHECK_INT(left(key, now), 0);
  end();
}

static void test_a_forgotten_key_owes_no_less(void) {
  begin(1, 4);
  for (uint32_t key = 0; key < MC_LIMIT_PLACES; key++) CHECK(allow(key, key ? 4 : 2, 0));
  CHECK_INT(left(0, 0), 2);
  CHECK_INT(left(99, 0), 1); /* who is new would take the place of 0, and begins with a little less than it has */
  CHECK(allow(99, 1, 0));
  CHECK_INT(mc_limiter_forgotten(limiter), 1);
  CHECK_INT(left(0, 0), 0); /* it would take the place of 99 */
  CHECK(!allow(0, 3, SECOND / 4));
  CHECK_INT(left(98, SECOND + 1), 4);
  end();
}

static void test_who_is_refused_drives_nobody_out(void) {
  begin(1, 4);
  for (uint32_t key = 0; key < MC_LIMIT_PLACES; key++) CHECK(allow(key, 4, 0));
  for (uint32_t key = 100; key < 1000; key++) CHECK(!allow(key, 1, SECOND / 8));
  CHECK_INT(mc_limiter_forgotten(limiter), 900);
  for (uint32_t key = 0; key < MC_LIMIT_PLACES; key++) CHECK_INT(allowed_of(key, 9, SECOND / 2), 2);
  CHECK_INT(mc_limiter_forgotten(limiter), 900);
  end();
}

static void test_a_flood_of_keys_gives_no_fresh_bucket(void) {
  begin(64, 10);
  CHECK_INT(allowed_of(0, 99, 0), 10);
  uint32_t other = 1;
  for (uint64_t now = 0; now < SECOND / 10; now += SECOND / 1000000) {
    allow(other++, 1 + now % 10, now);
    if (now % 1000 == 0) CHECK(!allow(0, 1, now));
  }
  CHECK(mc_limiter_forgotten(limiter) > 1000);
  int came = 0; /* and once it is over, it gets what is due to it, no more */
  for (uint64_t now = SECOND / 10; now <= 2 * SECOND; now += SECOND / 1000) came += allow(0, 1, now);
  CHECK(came >= 10 && came <= 20);
  end();
}

/* ------------------------------------------------------------------ what the dead leave behind */

/* The first place of a set that somebody has; MC_LIMIT_PLACES: nobody has one. */
static int place_in(const mc_limit_set *set) {
  int place = 0;
  while (place < MC_LIMIT_PLACES && !set->times[place]) place++;
  return place;
}

static uint64_t claim_of(uint32_t key, uint16_t tick) {
  mc_limit_set *set = &limiter->table->set[0];
  mc_limiter *other = limiter; /* where the key's fingerprint shows: in a table of its own */
  begin(1, 2);
  CHECK(allow(key, 1, 1));
  const mc_limit_set *alone = &limiter->table->set[0];
  uint64_t tag = alone->tags[place_in(alone)];
  end();
  limiter = other;
  return (tag & ~UINT64_C(0xffffffff)) | (uint64_t)tick << 16 | (set->claims++ & 0x7fff) << 1 | 1;
}

static void test_a_claim_of_ones_own_key_is_taken_up(void) {
  begin(1, 2);
  limiter->table->set[0].times[3] = claim_of(5, 0);
  limiter->table->set[0].floor = mc_limit_time(&limiter->limit, SECOND / 2);
  CHECK_INT(left(5, 1), 1); /* as the floor has it */
  CHECK_INT(allowed_of(5, 9, 1), 1);
  CHECK(!(limiter->table->set[0].times[3] & 1));
  for (int i = 0; i < MC_LIMIT_PLACES; i++) CHECK(i == 3 || !limiter->table->set[0].times[i]);
  end();
}

static void test_of_two_claims_one_stays(void) {
  begin(1, 2);
  mc_limit_set *set = &limiter->table->set[0];
  set->times[2] = claim_of(5, 0);
  set->times[4] = claim_of(5, 0);
  CHECK_INT(allowed_of(5, 9, 1), 2);
  CHECK(set->times[2] && !(set->times[2] & 1));
  CHECK_INT(set->times[4], 0);
  end();
}

static void test_a_claim_of_a_key_that_lives_counts_for_nothing(void) {
  begin(1, 2);
  mc_limit_set *set = &limiter->table->set[0];
  CHECK(allow(5, 1, 1));
  const int place = place_in(set), other = (place + 4) % MC_LIMIT_PLACES;
  set->times[other] = set->times[place];
  set->tags[other] = set->tags[place];
  set->times[place] = claim_of(5, 0);
  CHECK_INT(left(5, 1), 1);
  CHECK_INT(allowed_of(5, 9, 1), 1);
  end();
}

static void fill_with_claims(uint16_t first, uint16_t others) {
  for (uint32_t i = 0; i < MC_LIMIT_PLACES; i++) limiter->table->set[0].times[i] = claim_of(100 + i, i ? others : first);
}

static void test_old_claims_of_others_are_free_places(void) {
  const uint64_t now = UINT64_C(17) << 26;
  begin(1, 2);
  fill_with_claims(0, 10);
  CHECK_INT(allowed_of(5, 9, now), 2);
  CHECK(limiter->table->set[0].times[0] && !(limiter->table->set[0].times[0] & 1));
  for (int i = 1; i < MC_LIMIT_PLACES; i++) CHECK(limiter->table->set[0].times[i] & 1); /* these may yet move in */
  end();
}

static void test_where_there_are_only_claims_one_is_taken(void) {
  const uint64_t now = UINT64_C(17) << 26;
  begin(1, 2);
  fill_with_claims(10, 10);
  CHECK_INT(allowed_of(5, 9, now), 2);
  CHECK_INT(left(6, now), 0); /* it would drive out 5 */
  end();
}

static void test_a_place_that_was_left_is_nobodys(void) {
  begin(1, 2);
  CHECK_INT(allowed_of(5, 9, 1), 2);
  mc_limit_set *set = &limiter->table->set[0];
  const int place = place_in(set);
  set->floor = set->times[place]; /* claimed, and withdrawn: the tag still says 5 */
  set->times[place] = 0;
  CHECK_INT(allowed_of(5, 9, 1), 0);
  CHECK_INT(allowed_of(5, 9, SECOND / 2 + 2), 1);
  end();
}

/* ------------------------------------------------------------------ its parameters */

static void test_the_secret_decides_who_meets(void) {
  const mc_limit limit = limit_of(1, 1, SECOND);
  uint8_t another[16] = {0};
  begin(70000, 1);
  mc_limiter *other = mc_limiter_new(70000, &limit, another);
  int same = 0, moved = 0;
  allow(1, 1, 1);
  mc_limiter_allow(other, key_of(1), 1, 1);
  for (uint64_t i = 0; i < limiter->sets; i++) {
    const bool here = place_in(&limiter->table->set[i]) < MC_LIMIT_PLACES;
    const bool there = place_in(&other->table->set[i]) < MC_LIMIT_PLACES;
    same += here && there;
    moved += here != there;
  }
  CHECK_INT(same, 0);
  CHECK_INT(moved, 2);
  mc_limiter_free(other);
  end();
}

/* The same charges with and without locked instructions, and told without taking any. */
static void test_alone_it_holds_the_same(void) {
  begin(100, 3);
  mc_limiter *shared = limiter;
  begin(100, 3);
  mc_limiter_set_alone(limiter);
  for (uint32_t i = 0; i < 4000; i++) {
    const uint64_t now = 1 + i * SECOND / 90, cost = i % 5;
    const mc_slice key = key_of(i * 7919 % 60);
    uint64_t debt, told, alone;
    const bool would = mc_limiter_would(shared, key, cost, now, &told);
    const bool took = mc_limiter_charge(shared, key, cost, now, &debt);
    CHECK(took == would && debt == told);
    CHECK(took == mc_limiter_charge(limiter, key, cost, now, &alone) && debt == alone);
  }
  end();
  mc_limiter_free(shared);
}

int main(void) {
  test_alone_it_holds_the_same();
  test_each_key_has_its_own();
  test_as_many_as_the_capacity();
  test_what_callers_hear();
  test_refunds_and_reservations();
  test_a_set_is_filled_to_its_last_place();
  test_asking_leaves_nothing_behind();
  test_full_buckets_go_first_and_nobody_minds();
  test_a_forgotten_key_owes_no_less();
  test_who_is_refused_drives_nobody_out();
  test_a_flood_of_keys_gives_no_fresh_bucket();
  test_a_claim_of_ones_own_key_is_taken_up();
  test_of_two_claims_one_stays();
  test_a_claim_of_a_key_that_lives_counts_for_nothing();
  test_old_claims_of_others_are_free_places();
  test_where_there_are_only_claims_one_is_taken();
  test_a_place_that_was_left_is_nobodys();
  test_the_secret_decides_who_meets();
  CHECK_INT(check_blocks(), 0);
  return check_finish();
}
