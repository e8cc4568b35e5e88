/* Labels and names of tests, as constants. */
#ifndef MC_LABEL_SUPPORT_H
#define MC_LABEL_SUPPORT_H

#include "meshcore.h"

#define LABEL(key, value) \
  { {key, sizeof(key) - 1}, {value, sizeof(value) - 1} }
#define LABELS(...) \
  { (const mc_label[]){__VA_ARGS__}, sizeof((const mc_label[]){__VA_ARGS__}) / sizeof(mc_label) }
#define NAME(text) \
  { text, sizeof(text) - 1 }
#define NAMES(...) \
  { (const mc_slice[]){__VA_ARGS__}, sizeof((const mc_slice[]){__VA_ARGS__}) / sizeof(mc_slice) }

#endif
