#include "base/slice.h"

const char *mc_flag_name(mc_flag flag) {
  switch (flag) {
    case MC_FLAG_UH:
      return "UH";
    case MC_FLAG_UT:
      return "UT";
    case MC_FLAG_LR:
      return "LR";
    case MC_FLAG_UR:
      return "UR";
    case MC_FLAG_UF:
      return "UF";
    case MC_FLAG_UC:
      return "UC";
    case MC_FLAG_UO:
      return "UO";
    case MC_FLAG_NR:
      return "NR";
    case MC_FLAG_DI:
      return "DI";
    case MC_FLAG_FI:
      return "FI";
    case MC_FLAG_RL:
      return "RL";
    case MC_FLAG_RLSE:
      return "RLSE";
    case MC_FLAG_URX:
      return "URX";
    case MC_FLAG_SI:
      return "SI";
    case MC_FLAG_UMSDR:
      return "UMSDR";
    case MC_FLAG_UPE:
      return "UPE";
    case MC_FLAG_NC:
      return "NC";
    case MC_FLAG_DO:
      return "DO";
    case MC_FLAG_UDO:
      return "UDO";
  }
  return "-";
}

const char *mc_flag_long_name(mc_flag flag) {
  switch (flag) {
    case MC_FLAG_UH:
      return "NoHealthyUpstream";
    case MC_FLAG_UT:
      return "UpstreamRequestTimeout";
    case MC_FLAG_LR:
      return "LocalReset";
    case MC_FLAG_UR:
      return "UpstreamRemoteReset";
    case MC_FLAG_UF:
      return "UpstreamConnectionFailure";
    case MC_FLAG_UC:
      return "UpstreamConnectionTermination";
    case MC_FLAG_UO:
      return "UpstreamOverflow";
    case MC_FLAG_NR:
      return "NoRouteFound";
    case MC_FLAG_DI:
      return "DelayInjected";
    case MC_FLAG_FI:
      return "FaultInjected";
    case MC_FLAG_RL:
      return "RateLimited";
    case MC_FLAG_RLSE:
      return "RateLimitServiceError";
    case MC_FLAG_URX:
      return "UpstreamRetryLimitExceeded";
    case MC_FLAG_SI:
      return "StreamIdleTimeout";
    case MC_FLAG_UMSDR:
      return "UpstreamMaxStreamDurationReached";
    case MC_FLAG_UPE:
      return "UpstreamProtocolError";
    case MC_FLAG_NC:
      return "NoClusterFound";
    case MC_FLAG_DO:
      return "DropOverload";
    case MC_FLAG_UDO:
      return "UnconditionalDropOverload";
  }
  return "-";
}

/* Envoy names flags in the order in which they were set: what filters did, that a retry was refused, and why the last
 * attempt or the request as a whole failed. */
static const mc_flag ORDER[] = {MC_FLAG_DI, MC_FLAG_FI, MC_FLAG_RL, MC_FLAG_RLSE, MC_FLAG_URX, MC_FLAG_UO,    MC_FLAG_UH,  MC_FLAG_UT, MC_FLAG_LR,
                                MC_FLAG_UR, MC_FLAG_UF, MC_FLAG_UC, MC_FLAG_SI,  MC_FLAG_UMSDR, MC_FLAG_UPE, MC_FLAG_NR, MC_FLAG_NC, MC_FLAG_DO, MC_FLAG_UDO};

static mc_slice joined(uint32_t flags, const char *(*name_of)(mc_flag), char *text) {
  size_t size = 0;
  for (size_t i = 0; i < sizeof ORDER / sizeof *ORDER; i++) {
    if (!(flags & ORDER[i])) continue;
    const char *name = name_of(ORDER[i]);
    if (size) text[size++] = ',';
    memcpy(text + size, name, strlen(name));
    size += strlen(name);
  }
  return size ? mc_slice_of(text, size) : MC_ABSENT;
}

mc_slice mc_flags_text(uint32_t flags, char text[MC_FLAGS_TEXT]) { return joined(flags, mc_flag_name, text); }

mc_slice mc_flags_long_text(uint32_t flags, char text[MC_FLAGS_LONG_TEXT]) {
  return joined(flags, mc_flag_long_name, text);
}
