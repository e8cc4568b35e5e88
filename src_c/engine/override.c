#include "engine/override.h"

#include "edit/view.h"

static bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

static mc_slice trimmed(mc_slice text) {
  while (text.size && is_blank(text.data[0])) text = mc_slice_from(text, 1);
  while (text.size && is_blank(text.data[text.size - 1])) text.size--;
  return text;
}

/* The endpoint of the *skip-th address of a list that the cluster has, or -1; *skip is then what is left of it. */
static int32_t find(const mc_cluster *cluster, mc_slice list, uint32_t *skip) {
  for (size_t at = 0; at < list.size;) {
    const size_t end = mc_slice_find(list, at, ',');
    const mc_slice address = trimmed(mc_slice_of(list.data + at, end - at));
    at = end + 1;
    if (!address.size) continue;
    const int32_t found = mc_addresses_find(&cluster->members->addresses, cluster->hosts, address);
    if (found >= 0 && (*skip)-- == 0) return found;
  }
  return -1;
}

int32_t mc_override_next(const mc_cluster *cluster, mc_decision *d) {
  const mc_names *headers = &cluster->members->override_headers;
  uint32_t skip = d->overrides;
  for (uint32_t i = 0; i < headers->count; i++) {
    const int32_t found = find(cluster, mc_view_header(&d->view, headers->at[i]), &skip);
    if (found < 0) continue;
    d->overrides++;
    return found;
  }
  return -1;
}
