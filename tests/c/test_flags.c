#include "check.h"

/* Every flag has a text of its own, which the bits that are no flag do not have. */
static void test_names(void) {
  static const mc_flag all[] = {MC_FLAG_UH, MC_FLAG_UT, MC_FLAG_LR, MC_FLAG_UR, MC_FLAG_UF, MC_FLAG_UC, MC_FLAG_UO, MC_FLAG_NR,
                                MC_FLAG_DI, MC_FLAG_FI, MC_FLAG_RL, MC_FLAG_URX, MC_FLAG_SI, MC_FLAG_UMSDR, MC_FLAG_UPE, MC_FLAG_NC,
                                MC_FLAG_RLSE, MC_FLAG_DO, MC_FLAG_UDO};
  for (size_t one = 0; one < sizeof all / sizeof *all; one++) {
    CHECK(strcmp(mc_flag_name(all[one]), "-") != 0);
    CHECK(strlen(mc_flag_long_name(all[one])) > strlen("RLSE"));
    for (size_t other = 0; other < one; other++) {
      CHECK(strcmp(mc_flag_name(all[one]), mc_flag_name(all[other])) != 0);
      CHECK(strcmp(mc_flag_long_name(all[one]), mc_flag_long_name(all[other])) != 0);
    }
  }
  CHECK(strcmp(mc_flag_name(MC_FLAG_NR), "NR") == 0);
  CHECK(strcmp(mc_flag_name(MC_FLAG_URX), "URX") == 0);
  CHECK(strcmp(mc_flag_name((mc_flag)(1 << 30)), "-") == 0);
  CHECK(strcmp(mc_flag_long_name((mc_flag)(1 << 30)), "-") == 0);
}

static void test_several(void) {
  char text[MC_FLAGS_TEXT];
  CHECK(mc_flags_text(0, text).data == NULL);
  CHECK_SLICE(mc_flags_text(MC_FLAG_UF, text), "UF");
  CHECK_SLICE(mc_flags_text(MC_FLAG_UF | MC_FLAG_URX | MC_FLAG_DI, text), "DI,URX,UF");
  CHECK_SLICE(mc_flags_text(UINT32_MAX, text), "DI,FI,RL,RLSE,URX,UO,UH,UT,LR,UR,UF,UC,SI,UMSDR,UPE,NR,NC,DO,UDO");
  char longer[MC_FLAGS_LONG_TEXT];
  CHECK(mc_flags_long_text(0, longer).data == NULL);
  CHECK_SLICE(mc_flags_long_text(MC_FLAG_UH | MC_FLAG_FI, longer), "FaultInjected,NoHealthyUpstream");
  CHECK(mc_flags_long_text(UINT32_MAX, longer).size <= sizeof longer);
}

int main(void) {
  test_several();
  test_names();
  return check_finish();
}
