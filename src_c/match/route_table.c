#include "match/route_table.h"

#include <stdlib.h>

#include "base/inlined.h"
#include "match/domains.h"
#include "match/path_index.h"

typedef struct virtual_host {
  mc_path_index paths;
  mc_predicates **predicates; /* by route; NULL: the path decides */
  uint32_t first_route, route_count;
  bool ignores_parameters;
} virtual_host;

typedef struct domain_table {
  mc_domains domains;
  bool ignore_port;
  bool has_header;
  mc_header_source source; /* of the header that names the host */
  uint16_t slot;
} domain_table;

struct mc_route_table {
  mc_arena *arena;
  mc_slots *slots;
  mc_predicate_slots fixed;
  virtual_host *hosts;
  uint32_t host_count, host_room;
  domain_table *tables;
  uint32_t table_count, table_room;
  uint32_t route_count;
  uint32_t *host_of; /* by route */
  uint32_t host_of_room;
};

static mc_code fail(mc_error *error, mc_code code) {
  *error = (mc_error){.code = code, .message = "out of memory"};
  if (code == MC_LIMIT) *error = (mc_error){.code = code, .message = "more than 4096 different header names are matched"};
  return code;
}

mc_route_table *mc_route_table_new(void) {
  mc_route_table *table = calloc(1, sizeof *table);
  if (!table) return NULL;
  table->arena = mc_arena_new();
  table->slots = mc_slots_new();
  if (!table->arena || !table->slots) {
    mc_route_table_free(table);
    return NULL;
  }
  return table;
}

void mc_route_table_free(mc_route_table *table) {
  if (!table) return;
  for (uint32_t i = 0; i < table->host_count; i++) {
    virtual_host *host = &table->hosts[i];
    mc_path_index_clear(&host->paths);
    for (uint32_t r = 0; r < host->route_count; r++) mc_predicates_clear(host->predicates[r]);
  }
  free(table->hosts);
  free(table->tables);
  free(table->host_of);
  mc_slots_free(table->slots);
  mc_arena_free(table->arena);
  free(table);
}

mc_slots *mc_route_table_slots(mc_route_table *table) { return table->slots; }

/* Makes room for one more of the items, doubling. */
static bool make_room(void **items, size_t size, uint32_t count, uint32_t *room) {
  if (count < *room) return true;
  uint32_t more = *room ? *room * 2 : 8;
  while (more <= count) more *= 2;
  void *moved = realloc(*items, more * size);
  if (!moved) return false;
  *items = moved;
  *room = more;
  return true;
}

mc_code mc_route_table_add_virtual_host(mc_route_table *table, const mc_route_spec *routes, uint32_t count,
                                        int32_t *index, mc_error *error) {
  if (!make_room((void **)&table->hosts, sizeof *table->hosts, table->host_count, &table->host_room) ||
      !make_room((void **)&table->host_of, sizeof *table->host_of, table->route_count + count,
                 &table->host_of_room)) {
    return fail(error, MC_NO_MEMORY);
  }
  virtual_host *host = &table->hosts[table->host_count];
  *host = (virtual_host){.first_route = table->route_count, .ignores_parameters = count && routes->ignore_parameters};
  host->predicates = mc_arena_alloc(table->arena, count, sizeof *host->predicates);
  if (!host->predicates) return fail(error, MC_NO_MEMORY);
  *index = (int32_t)table->host_count++; /* from here on mc_route_table_free knows of it */
  mc_code code = mc_path_index_build(&host->paths, routes, count, table->arena, error);
  for (uint32_t i = 0; i < count && !code; i++) {
    host->route_count = i + 1;
    table->host_of[table->route_count + i] = table->host_count - 1;
    code = mc_predicates_build(&host->predicates[i], &routes[i], table->slots, &table->fixed, table->arena, error);
  }
  table->route_count += count;
  return code;
}

mc_code mc_route_table_add_domains(mc_route_table *table, const mc_domains_spec *spec, int32_t *index,
                                   mc_error *error) {
  if (!make_room((void **)&table->tables, sizeof *table->tables, table->table_count, &table->table_room)) {
    return fail(error, MC_NO_MEMORY);
  }
  domain_table *made = &table->tables[table->table_count];
  *made = (domain_table){.ignore_port = spec->ignore_port, .has_header = spec->header.data != NULL};
  mc_code code = mc_domains_build(&made->domains, spec->domains, spec->domain_count, table->arena, error);
  if (code) return code;
  if (made->has_header) code = mc_header_source_of(spec->header, table->slots, &made->source, &made->slot);
  if (code) return fail(error, code);
  *index = (int32_t)table->table_count++;
  return MC_OK;
}

mc_code mc_route_table_input(const mc_route_table *table, const mc_view *view, uint64_t random,
                             mc_scratch *scratch, mc_input *out) {
  out->view = view;
  out->slots = table->slots;
  out->random = random;
  out->scratch = scratch;
  out->no_memory = false;
  return mc_slots_find(table->slots, view, scratch, &out->found);
}

/* Whatever follows the last colon, unless that is inside of an IPv6 address's brackets. */
static mc_slice without_port(mc_slice host) {
  for (size_t at = host.size; at > 0 && host.data[at - 1] != ']'; at--) {
    if (host.data[at - 1] == ':') return mc_slice_head(host, at - 1);
  }
  return host;
}

/* What names the virtual host. Absent where the header that should is missing. */
MC_INLINED mc_slice host_of_request(const domain_table *here, mc_input *input) {
  mc_slice host = input->view->authority;
  if (here->has_header) host = mc_input_value(input, here->source, here->slot);
  return host.data && here->ignore_port ? without_port(host) : host;
}

int32_t mc_route_table_virtual_host(const mc_route_table *table, int32_t domains, mc_input *input) {
  const domain_table *here = &table->tables[domains];
  mc_slice host = host_of_request(here, input);
  if (!host.data) return -1;
  return mc_domains_find(&here->domains, host, input->scratch, &input->no_memory);
}

mc_domain_hit mc_route_table_domain(const mc_route_table *table, int32_t domains, mc_input *input, mc_slice *host) {
  const domain_table *here = &table->tables[domains];
  *host = host_of_request(here, input);
  if (!host->data) return (mc_domain_hit){-1, MC_DOMAIN_NONE, 0};
  return mc_domains_hit(&here->domains, *host, input->scratch, &input->no_memory);
}

/* The path without ";name=value" behind its segments, as Envoy compares it where the table says so. */
static mc_slice without_parameters(mc_slice path, mc_input *input) {
  if (mc_slice_find(path, 0, ';') == path.size) return path;
  char *text = mc_scratch_alloc(input->scratch, path.size);
  if (!text) {
    input->no_memory = true;
    return path;
  }
  size_t size = 0;
  bool skips = false;
  for (size_t i = 0; i < path.size; i++) {
    const char c = path.data[i];
    skips = c == ';' || (skips && c != '/');
    if (!skips) text[size++] = c;
  }
  return mc_slice_of(text, size);
}

/* What the routes of the host compare of the request's path. */
MC_INLINED mc_slice compared_path(const virtual_host *host, mc_input *input) {
  return host->ignores_parameters ? without_parameters(input->view->path, input) : input->view->path;
}

/* Templates go by the whole path in any case. */
MC_INLINED bool path_matches(const virtual_host *host, int32_t route, mc_slice path, mc_input *input) {
  const mc_path_test *test = &host->paths.tests[route];
  if (host->ignores_parameters && test->kind == MC_PATH_TEMPLATE) path = input->view->path;
  return mc_path_test_matches(test, path, &input->no_memory);
}

MC_INLINED bool matches(const mc_route_table *table, const virtual_host *host, int32_t route, mc_slice path,
                        mc_input *input) {
  if (!path_matches(host, route, path, input)) return false;
  const mc_predicates *predicates = host->predicates[route];
  return !predicates || mc_predicates_test(predicates, &table->fixed, input);
}

int32_t mc_route_table_route(const mc_route_table *table, int32_t index, mc_input *input) {
  const virtual_host *host = &table->hosts[index];
  const mc_slice path = compared_path(host, input);
  mc_candidates candidates;
  if (!mc_path_index_find(&host->paths, path, input->scratch, &candidates)) {
    input->no_memory = true;
    return -1;
  }
  int32_t route;
  while ((route = mc_candidates_next(&candidates)) >= 0 && !input->no_memory) {
    if (matches(table, host, route, path, input)) return (int32_t)host->first_route + route;
  }
  return -1;
}

uint32_t mc_route_table_routes(const mc_route_table *table, int32_t index, int32_t *first) {
  *first = (int32_t)table->hosts[index].first_route;
  return table->hosts[index].route_count;
}

void mc_route_table_failures(const mc_route_table *table, int32_t index, mc_input *input, mc_failures *failures) {
  const virtual_host *host = &table->hosts[index];
  const mc_slice path = compared_path(host, input);
  mc_candidates candidates;
  if (!mc_path_index_find(&host->paths, path, input->scratch, &candidates)) {
    input->no_memory = true;
    return;
  }
  int32_t candidate = mc_candidates_next(&candidates);
  for (uint32_t route = 0; route < host->route_count; route++) {
    failures[route] = (mc_failures){.count = 0};
    bool matches = candidate == (int32_t)route;
    if (matches) {
      matches = path_matches(host, (int32_t)route, path, input);
      candidate = mc_candidates_next(&candidates);
    }
    if (!matches) mc_failures_add(&failures[route], MC_CONDITION_PATH, 0);
    const mc_predicates *predicates = host->predicates[route];
    if (predicates) mc_predicates_failures(predicates, &table->fixed, input, &failures[route]);
  }
}

const mc_predicates *mc_route_table_predicates(const mc_route_table *table, int32_t route,
                                               const mc_predicate_slots **fixed) {
  const virtual_host *host = &table->hosts[table->host_of[route]];
  *fixed = &table->fixed;
  return host->predicates[(uint32_t)route - host->first_route];
}

const mc_path_test *mc_route_table_path_test(const mc_route_table *table, int32_t route) {
  const virtual_host *host = &table->hosts[table->host_of[route]];
  return &host->paths.tests[(uint32_t)route - host->first_route];
}

bool mc_route_table_reads_headers(const mc_route_table *table) { return mc_slots_count(table->slots) > 0; }

void mc_view_split(mc_view *view) {
  size_t question = mc_slice_find(view->target, 0, '?');
  view->path = mc_slice_head(view->target, question);
  view->query = question < view->target.size ? mc_slice_from(view->target, question + 1) : MC_ABSENT;
  view->unasked[0] = view->unasked[1] = 0;
  view->has_slots = false;
}

mc_code mc_route_table_match(const mc_route_table *table, int32_t domains, const mc_view *view, uint64_t random,
                             mc_scratch *scratch, int32_t *route) {
  mc_input input;
  *route = -1;
  mc_code code = mc_route_table_input(table, view, random, scratch, &input);
  if (code) return code;
  int32_t host = mc_route_table_virtual_host(table, domains, &input);
  if (host >= 0) *route = mc_route_table_route(table, host, &input);
  return input.no_memory ? MC_NO_MEMORY : MC_OK;
}
