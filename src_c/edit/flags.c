#include "meshcore.h"

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
  }
  return "-";
}
