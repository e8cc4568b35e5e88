/* mc_slice_contains against its definition. The first byte says where the part ends and the text begins. */
#include <stdlib.h>

#include "base/slice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool plain_contains(mc_slice text, mc_slice part, bool fold) {
  for (size_t i = 0; i + part.size <= text.size; i++) {
    mc_slice at = mc_slice_head(mc_slice_from(text, i), part.size);
    if (fold ? mc_slice_equal_fold(at, part) : mc_slice_equal(at, part)) return true;
  }
  return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (!size) return 0;
  char letters[256];
  if (size > sizeof letters) size = sizeof letters;
  /* Few letters: equal pieces are what makes searching hard. */
  for (size_t i = 1; i < size; i++) letters[i] = "aAbB"[data[i] & 3];
  size_t cut = 1 + data[0] % 24;
  if (cut > size) cut = size;
  mc_slice part = mc_slice_of(letters + 1, cut - 1), text = mc_slice_of(letters + cut, size - cut);
  if (mc_slice_contains(text, part) != plain_contains(text, part, false)) abort();
  if (mc_slice_contains_fold(text, part) != plain_contains(text, part, true)) abort();
  return 0;
}
