#include "policy/mirror.h"

#include "base/rng.h"

static mc_code build(mc_mirror *to, const mc_mirror_spec *from, mc_arena *arena) {
  bool ok = true;
  mc_edits *edits = mc_arena_alloc(arena, from->edit_count, sizeof *edits);
  if (!edits) return MC_NO_MEMORY;
  for (uint32_t i = 0; i < from->edit_count; i++) {
    mc_edit_pair pair;
    if (mc_edit_pair_compile(arena, &from->edits[i], &pair)) return MC_NO_MEMORY;
    edits[i] = pair.request;
  }
  *to = (mc_mirror){.numerator = from->numerator,
                    .denominator = from->denominator,
                    .cluster = from->cluster,
                    .cluster_header = mc_arena_copy(arena, from->cluster_header, &ok),
                    .host_rewrite = mc_arena_copy(arena, from->host_rewrite, &ok),
                    .append_shadow_suffix = from->append_shadow_suffix,
                    .edits = edits,
                    .edit_count = from->edit_count};
  return ok ? MC_OK : MC_NO_MEMORY;
}

mc_code mc_mirrors_build(mc_mirrors *out, const mc_mirror_spec *specs, uint32_t count, mc_arena *arena) {
  mc_mirror *policies = mc_arena_alloc(arena, count, sizeof *policies);
  if (!policies) return MC_NO_MEMORY;
  for (uint32_t i = 0; i < count; i++) {
    if (build(&policies[i], &specs[i], arena)) return MC_NO_MEMORY;
  }
  *out = (mc_mirrors){policies, count};
  return MC_OK;
}

/* Any constant will do that no other draw from the seed uses. */
#define STREAM UINT64_C(0x6d6972726f727321)

bool mc_mirrors_draw(const mc_mirrors *mirrors, uint32_t index, uint64_t seed) {
  const mc_mirror *mirror = &mirrors->policies[index];
  if (!mirror->denominator) return true;
  uint64_t state = mc_mix64(seed ^ STREAM) + index * MC_SPLITMIX64_STEP;
  return mc_splitmix64(&state) % mirror->denominator < mirror->numerator;
}

/* Where the port begins, at its colon; the size where there is none. */
static size_t port_at(mc_slice authority) {
  for (size_t at = authority.size; at > 0 && authority.data[at - 1] != ']'; at--) {
    if (authority.data[at - 1] == ':') return at - 1;
  }
  return authority.size;
}

mc_code mc_mirror_authority(const mc_mirror *mirror, mc_slice authority, mc_scratch *scratch, mc_slice *out) {
  static const char suffix[] = "-shadow";
  const size_t more = sizeof suffix - 1;
  *out = authority;
  if (mirror->host_rewrite.data) *out = mirror->host_rewrite; /* as it stands: it takes no suffix */
  if (mirror->host_rewrite.data || !mirror->append_shadow_suffix) return MC_OK;
  char *text = mc_scratch_alloc(scratch, authority.size + more);
  if (!text) return MC_NO_MEMORY;
  size_t port = port_at(authority);
  if (port) memcpy(text, authority.data, port);
  memcpy(text + port, suffix, more);
  if (port < authority.size) memcpy(text + port + more, authority.data + port, authority.size - port);
  *out = mc_slice_of(text, authority.size + more);
  return MC_OK;
}
