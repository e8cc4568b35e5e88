/* Ejections end, multipliers decay, missed sweeps are made up for. */
#include "outlier_support.h"

static void eject(mc_detector *detector, uint32_t host, uint64_t now_ns) { answer(detector, host, 500, 5, now_ns); }

/* Seconds from the ejection to the first tick at which the host is back; hosts come back at ticks alone. */
static uint64_t lasts(mc_detector *detector, uint32_t host, uint64_t ejected_at) {
  uint64_t at = ejected_at;
  while (mc_detector_ejected(detector, host, at)) at += SECOND;
  return (at - ejected_at) / SECOND;
}

static void test_ejections_grow_up_to_the_maximum(void) {
  static const uint64_t seconds[] = {30, 60, 90, 90};
  mc_outlier_spec spec = outlier_spec();
  spec.interval_ns = SECOND;
  spec.max_ejection_time_ns = 90 * SECOND;
  mc_detector *detector = detector_of(&spec, 1);
  uint64_t now = START;
  for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++) {
    eject(detector, 0, now);
    CHECK_INT(mc_detector_status(detector, 0, now).left_ns, seconds[i] * SECOND);
    CHECK_INT(mc_detector_status(detector, 0, now + SECOND / 2).left_ns, seconds[i] * SECOND - SECOND / 2);
    CHECK_INT(lasts(detector, 0, now), seconds[i]);
    now += seconds[i] * SECOND;
  }
  CHECK_INT(mc_detector_status(detector, 0, now).ejections, 4);
  CHECK_INT(mc_detector_status(detector, 0, now).multiplier, 4); /* Envoy's goes one beyond the maximum, too */
  mc_detector_free(detector);
}

static void test_hosts_come_back_at_ticks(void) {
  const mc_outlier_spec spec = outlier_spec(); /* every 10 s */
  mc_detector *detector = detector_of(&spec, 1);
  eject(detector, 0, START + 1 * SECOND);
  CHECK_INT(mc_detector_status(detector, 0, START + 1 * SECOND).left_ns, 39 * SECOND);
  CHECK(mc_detector_ejected(detector, 0, START + 39 * SECOND));
  CHECK(!mc_detector_ejected(detector, 0, START + 40 * SECOND));
  mc_detector_free(detector);
}

/* Down by one with each interval that the host is back. */
static void test_the_multiplier_decays(void) {
  const mc_outlier_spec spec = outlier_spec();
  mc_detector *detector = detector_of(&spec, 1);
  uint64_t now = START;
  for (int i = 0; i < 3; i++) {
    eject(detector, 0, now);
    now += lasts(detector, 0, now) * SECOND;
  }
  for (uint32_t left = 3; left > 0; left--) {
    CHECK_INT(mc_detector_status(detector, 0, now).multiplier, left);
    now += 10 * SECOND;
  }
  CHECK_INT(mc_detector_status(detector, 0, now).multiplier, 0);
  CHECK_INT(mc_detector_status(detector, 0, now + 1000 * SECOND).multiplier, 0);
  CHECK_INT(mc_detector_status(detector, 0, now).ejections, 3);
  mc_detector_free(detector);
}

static void test_who_comes_back_begins_anew(void) {
  mc_outlier_spec spec = outlier_spec();
  spec.consecutive_gateway_failure = 7;
  spec.enforcing[MC_EJECTION_CONSECUTIVE_GATEWAY_FAILURE] = 100;
  mc_detector *detector = detector_of(&spec, 1);
  answer(detector, 0, 503, 6, START);
  CHECK(!mc_detector_ejected(detector, 0, START + 30 * SECOND));
  answer(detector, 0, 503, 1, START + 30 * SECOND);
  answer(detector, 0, 503, 3, START + 30 * SECOND);
  CHECK(!mc_detector_ejected(detector, 0, START + 30 * SECOND));
  answer(detector, 0, 503, 1, START + 30 * SECOND);
  CHECK(mc_detector_ejected(detector, 0, START + 30 * SECOND));
  mc_detector_free(detector);
}

static void test_jitter_is_bounded(void) {
  mc_outlier_spec spec = outlier_spec();
  spec.interval_ns = SECOND;
  spec.max_ejection_time_jitter_ns = 20 * SECOND;
  uint64_t least = UINT64_MAX, most = 0;
  mc_slice name = host_name(0);
  for (uint64_t seed = 0; seed < 200; seed++) {
    mc_detector *detector = mc_detector_new(&spec, &name, 1, START, seed << 20);
    eject(detector, 0, START);
    uint64_t took = lasts(detector, 0, START);
    least = took < least ? took : least;
    most = took > most ? took : most;
    mc_detector_free(detector);
  }
  CHECK(least >= 30 && least < 35);
  CHECK(most <= 50 && most > 45);
}

/* One late look does what looks at every tick would have done. */
static void test_missed_sweeps(void) {
  const mc_outlier_spec spec = outlier_spec();
  for (uint64_t late = 0; late < 40; late++) {
    mc_detector *each = detector_of(&spec, 2), *once = detector_of(&spec, 2);
    for (int turn = 0; turn < 2; turn++) {
      mc_detector *detector = turn ? once : each;
      eject(detector, 0, START);
      eject(detector, 0, START + 35 * SECOND);
      eject(detector, 1, START + 37 * SECOND);
    }
    uint64_t now = START + (40 + 7 * late) * SECOND;
    for (uint64_t at = START + 37 * SECOND; at < now; at += SECOND) mc_detector_sweep(each, at);
    for (uint32_t host = 0; host < 2; host++) {
      mc_outlier_status a = mc_detector_status(each, host, now), b = mc_detector_status(once, host, now);
      CHECK(a.ejected == b.ejected && a.multiplier == b.multiplier && a.left_ns == b.left_ns);
    }
    mc_detector_free(each);
    mc_detector_free(once);
  }
}

/* However long nobody has looked, the ticks stay where they were. */
static void test_years_pass_at_once(void) {
  mc_outlier_spec spec = outlier_spec();
  spec.interval_ns = 1000; /* a microsecond */
  mc_detector *detector = detector_of(&spec, 1);
  eject(detector, 0, START);
  CHECK(!mc_detector_ejected(detector, 0, START + 1000000000 * SECOND + 1));
  eject(detector, 0, START + 1000000000 * SECOND + 1);
  CHECK_INT(mc_detector_status(detector, 0, START + 1000000000 * SECOND + 1).left_ns, 30 * SECOND + 999);
  mc_detector_free(detector);
}

static void test_the_clock_goes_back(void) {
  const mc_outlier_spec spec = outlier_spec();
  mc_detector *detector = detector_of(&spec, 1);
  eject(detector, 0, START);
  uint64_t early = SECOND; /* a thousand seconds before */
  answer(detector, 0, 500, 1, early);
  CHECK(mc_detector_ejected(detector, 0, early + 29 * SECOND));
  CHECK(!mc_detector_ejected(detector, 0, early + 30 * SECOND));
  mc_detector_free(detector);
}

/* Ticks that started over at 0 would be due for ever. */
static void test_the_end_of_time(void) {
  const mc_outlier_spec spec = outlier_spec();
  mc_detector *detector = detector_of(&spec, 1);
  eject(detector, 0, UINT64_MAX - 1);
  answer(detector, 0, 500, 1, UINT64_MAX);
  mc_detector_sweep(detector, UINT64_MAX);
  mc_detector_sweep(detector, START); /* and the clock is right again */
  eject(detector, 0, START);
  CHECK(!mc_detector_ejected(detector, 0, START + 30 * SECOND));
  mc_detector_free(detector);
}

int main(void) {
  test_ejections_grow_up_to_the_maximum();
  test_hosts_come_back_at_ticks();
  test_the_multiplier_decays();
  test_who_comes_back_begins_anew();
  test_jitter_is_bounded();
  test_missed_sweeps();
  test_years_pass_at_once();
  test_the_clock_goes_back();
  test_the_end_of_time();
  return check_finish();
}
