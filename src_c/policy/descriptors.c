#include "policy/descriptors.h"

#include "edit/address.h"
#include "edit/view.h"
#include "policy/hits.h"
#include "policy/parameters.h"

/* ------------------------------------------------------------------ building */

static mc_code fail(mc_error *error, mc_code code) {
  const char *message = code == MC_LIMIT ? "more than 4096 different header names are asked for" : "out of memory";
  *error = (mc_error){.code = code};
  memcpy(error->message, message, strlen(message));
  return code;
}

static mc_code build_matchers(mc_entry_maker *to, const mc_entry_spec *from, mc_slots *slots, mc_arena *arena,
                              mc_error *error) {
  const mc_route_spec asked = {.headers = from->headers,
                               .header_count = from->header_count,
                               .queries = from->queries,
                               .query_count = from->query_count};
  return mc_predicates_build(&to->matchers, &asked, slots, &to->fixed, arena, error);
}

static mc_code build_entry(mc_entry_maker *to, const mc_entry_spec *from, mc_slots *slots, mc_arena *arena,
                           mc_error *error) {
  bool ok = true;
  *to = (mc_entry_maker){.source = from->source,
                         .optional = from->optional,
                         .empty = from->empty,
                         .expect_match = from->expect_match,
                         .v4_bits = from->v4_bits,
                         .v6_bits = from->v6_bits,
                         .key = mc_arena_copy(arena, from->key, &ok),
                         .value = mc_arena_copy(arena, from->value, &ok),
                         .name = mc_arena_copy(arena, from->name, &ok)};
  if (!ok) return fail(error, MC_NO_MEMORY);
  mc_code code = MC_OK;
  switch (from->source) {
    case MC_ENTRY_HEADER:
      code = mc_header_source_of(from->name, slots, &to->header, &to->slot);
      break;
    case MC_ENTRY_COOKIE:
      code = mc_slots_add(slots, MC_LITERAL("cookie"), &to->slot);
      break;
    case MC_ENTRY_HEADERS_MATCH:
    case MC_ENTRY_QUERIES_MATCH:
      return build_matchers(to, from, slots, arena, error);
    default:
      break;
  }
  return code ? fail(error, code) : MC_OK;
}

static mc_code build_maker(mc_descriptor_maker *to, const mc_descriptor_spec *from, mc_slots *slots, mc_arena *arena,
                           mc_error *error) {
  to->stage = from->stage;
  to->gives_back = from->gives_back;
  to->global_only = from->global_only;
  to->share = from->share;
  to->tells = from->tells;
  to->hits = from->hits;
  to->excess_counts = from->excess_counts;
  to->entries = mc_arena_alloc(arena, from->count, sizeof *to->entries);
  if (!to->entries) return fail(error, MC_NO_MEMORY);
  if (from->hits_format.count && mc_format_compile(arena, &from->hits_format, &to->hits_format)) {
    return fail(error, MC_NO_MEMORY);
  }
  for (uint32_t i = 0; i < from->count; i++) {
    to->count = i + 1;
    mc_code code = build_entry(&to->entries[i], &from->entries[i], slots, arena, error);
    if (code) return code;
  }
  return MC_OK;
}

mc_code mc_descriptors_build(mc_descriptor_makers *out, const mc_descriptors_spec *spec, mc_slots *slots,
                             mc_arena *arena, mc_error *error) {
  *out = (mc_descriptor_makers){.count = 0};
  if (!spec || !spec->count) return MC_OK;
  out->at = mc_arena_alloc(arena, spec->count, sizeof *out->at);
  if (!out->at) return fail(error, MC_NO_MEMORY);
  for (uint32_t i = 0; i < spec->count; i++) {
    out->count = i + 1;
    mc_code code = build_maker(&out->at[i], &spec->at[i], slots, arena, error);
    if (code) return code;
  }
  return MC_OK;
}

void mc_descriptors_clear(mc_descriptor_makers *makers) {
  for (uint32_t i = 0; i < makers->count; i++) {
    for (uint32_t e = 0; e < makers->at[i].count; e++) mc_predicates_clear(makers->at[i].entries[e].matchers);
  }
  makers->count = 0;
}

const mc_entry_maker *mc_descriptors_header(const mc_descriptor_makers *makers) {
  const mc_descriptor_maker *only = makers->at;
  if (makers->count != 1 || only->count != 1 || only->hits_format.count) return NULL;
  return only->entries->source == MC_ENTRY_HEADER && !only->entries->optional ? only->entries : NULL;
}

/* ------------------------------------------------------------------ of a request */

/* The address with all but its first bits cleared, as Envoy writes a range. */
static mc_slice network_of(const mc_entry_maker *maker, mc_input *input) {
  mc_address address;
  const mc_slice client = mc_view_client(input->view);
  if (!client.data || !mc_address_parse(client, &address)) return MC_ABSENT;
  if (maker->source == MC_ENTRY_CLIENT) mc_address_unmap(&address);
  const unsigned bits = address.v4 ? maker->v4_bits : maker->v6_bits, from = address.v4 ? 96u : 0u;
  for (unsigned bit = from + bits; bit < 128; bit++) address.bytes[bit / 8] &= (uint8_t)~(0x80u >> bit % 8);
  char *text = mc_scratch_alloc(input->scratch, MC_ADDRESS_TEXT + sizeof "/128");
  if (!text) {
    input->no_memory = true;
    return MC_ABSENT;
  }
  size_t size = mc_address_write(&address, text);
  text[size++] = '/';
  if (bits >= 100) text[size++] = (char)('0' + bits / 100);
  if (bits >= 10) text[size++] = (char)('0' + bits / 10 % 10);
  text[size++] = (char)('0' + bits % 10);
  return mc_slice_of(text, size);
}

static mc_slice matched(const mc_entry_maker *maker, mc_input *input) {
  const bool matches = !maker->matchers ? true /* there is nothing to match */
                       : maker->source == MC_ENTRY_QUERIES_MATCH
                           ? mc_parameters_match(maker->matchers, input)
                           : mc_predicates_test(maker->matchers, &maker->fixed, input);
  return matches == maker->expect_match ? maker->value : MC_ABSENT;
}

static mc_slice label_of(const mc_entry_maker *maker, const mc_routed *routed) {
  for (uint32_t i = 0; i < routed->labels.count; i++) {
    const mc_label *label = &routed->labels.at[i];
    if (mc_slice_equal(label->key, maker->name)) return label->value;
  }
  return maker->value.size ? maker->value : MC_ABSENT;
}

/* Absent where the request has none. */
static mc_slice value_of(const mc_entry_maker *maker, const mc_routed *routed, mc_input *input) {
  mc_slice value = MC_ABSENT;
  switch (maker->source) {
    case MC_ENTRY_FIXED:
      return maker->value;
    case MC_ENTRY_NEVER:
      return MC_ABSENT;
    case MC_ENTRY_CLUSTER:
      if (!routed->forwarded) return MC_ABSENT;
      return routed->cluster.data ? routed->cluster : MC_LITERAL("");
    case MC_ENTRY_HEADER:
      return mc_input_value(input, maker->header, maker->slot);
    case MC_ENTRY_QUERY:
      return mc_parameter_find(maker->name, input);
    case MC_ENTRY_COOKIE:
      return mc_cookie_find(input, maker->slot, maker->name, &value) ? value : MC_ABSENT;
    case MC_ENTRY_PATH:
      return input->view->path;
    case MC_ENTRY_ROUTE:
      return routed->route;
    case MC_ENTRY_LABEL:
      return label_of(maker, routed);
    case MC_ENTRY_ADDRESS:
      return mc_view_client(input->view);
    case MC_ENTRY_NETWORK:
    case MC_ENTRY_CLIENT:
      return network_of(maker, input);
    case MC_ENTRY_HEADERS_MATCH:
    case MC_ENTRY_QUERIES_MATCH:
      return matched(maker, input);
  }
  return value;
}

/* False where they are to be read, and what stands there is no number. */
static bool hits_of(const mc_descriptor_maker *maker, mc_input *input, mc_number *out) {
  *out = maker->hits;
  if (!maker->hits_format.count) return true;
  const mc_format_context context = {.view = input->view};
  mc_slice text;
  if (mc_format_write(&maker->hits_format, &context, input->scratch, &text)) {
    input->no_memory = true;
    return false;
  }
  out->said = true;
  return mc_hits_parse(text, &out->value) && (out->value <= MC_MAX_HITS || maker->excess_counts);
}

bool mc_descriptor_make(const mc_descriptor_maker *maker, const mc_routed *routed, mc_input *input,
                        mc_descriptor *out) {
  mc_label *entries = mc_scratch_alloc(input->scratch, maker->count * sizeof *entries);
  if (!entries) {
    input->no_memory = true;
    return false;
  }
  *out = (mc_descriptor){.entries = entries, .tells = maker->tells, .gives_back = maker->gives_back};
  for (uint32_t i = 0; i < maker->count; i++) {
    const mc_entry_maker *entry = &maker->entries[i];
    const mc_slice value = value_of(entry, routed, input);
    if (input->no_memory) return false;
    if (value.data || entry->empty) {
      entries[out->count++] = (mc_label){entry->key, value.data ? value : MC_LITERAL("")};
    } else if (!entry->optional) {
      return false;
    }
  }
  return hits_of(maker, input, &out->hits);
}
