#include "upstream/fault_gauge.h"

#include <stdlib.h>

mc_fault_gauge *mc_fault_gauge_of(mc_runtime *runtime, mc_slice name) {
  mc_fault_gauge **chain = mc_runtime_faults(runtime);
  for (mc_fault_gauge *at = *chain; at; at = at->next) {
    if (!mc_slice_equal(at->name, name)) continue;
    at->references++;
    return at;
  }
  mc_fault_gauge *made = calloc(1, sizeof *made + name.size);
  if (!made) return NULL;
  char *text = (char *)(made + 1);
  if (name.size) memcpy(text, name.data, name.size);
  made->name = mc_slice_of(text, name.size);
  made->references = 1;
  made->next = *chain;
  *chain = made;
  return made;
}

void mc_fault_gauge_release(mc_runtime *runtime, mc_fault_gauge *gauge) {
  if (!gauge || --gauge->references) return;
  mc_fault_gauge **at = mc_runtime_faults(runtime);
  while (*at != gauge) at = &(*at)->next;
  *at = gauge->next;
  free(gauge);
}

bool mc_fault_gauge_enter(mc_fault_gauge *gauge, uint64_t most) {
  uint_fast64_t now = atomic_load_explicit(&gauge->active, memory_order_relaxed);
  do {
    if (now >= most) {
      mc_fault_gauge_count(&gauge->overflows);
      return false;
    }
  } while (!atomic_compare_exchange_weak_explicit(&gauge->active, &now, now + 1, memory_order_relaxed,
                                                  memory_order_relaxed));
  return true;
}

void mc_fault_gauge_leave(mc_fault_gauge *gauge) {
  atomic_fetch_sub_explicit(&gauge->active, 1, memory_order_relaxed);
}
