/* Why a request is decided as it is: the steps of mc_decide up to the split, with all that it passes over. */
#include "edit/view.h"
#include "engine/split.h"
#include "match/condition.h"

struct mc_explained {
  const mc_snapshot *snapshot;
  mc_input input;
};

static mc_code explain_routes(const mc_snapshot *s, mc_input *input, mc_explanation *out) {
  out->route_count = mc_route_table_routes(s->routes, out->virtual_host, &out->first_route);
  mc_failures *failures = mc_scratch_alloc(input->scratch, out->route_count * sizeof *failures);
  if (!failures) return MC_NO_MEMORY;
  mc_route_table_failures(s->routes, out->virtual_host, input, failures);
  out->failures = failures;
  for (uint32_t i = 0; i < out->route_count && out->route < 0; i++) {
    if (failures[i].count == 0) out->route = out->first_route + (int32_t)i;
  }
  return input->no_memory ? MC_NO_MEMORY : MC_OK;
}

static void explain_sticky(const mc_action *action, mc_input *input, mc_explanation *out) {
  const mc_sticky *sticky = action->sticky;
  mc_new_cookie *cookies = NULL;
  mc_draw_kind kind;
  char *digits = mc_scratch_alloc(input->scratch, MC_COOKIE_DIGITS);
  double *scores = mc_scratch_alloc(input->scratch, sticky->count * sizeof *scores);
  if (!digits || !scores) {
    input->no_memory = true;
    return;
  }
  out->key = mc_split_key(action, input, digits, &cookies, &kind);
  for (uint32_t i = 0; i < sticky->count; i++) scores[i] = mc_rendezvous_score(&sticky->shares[i], out->drawn);
  out->scores = scores;
  out->score_count = sticky->count;
}

static void explain_split(const mc_action *action, mc_input *input, mc_explanation *out) {
  mc_new_cookie *cookies = NULL;
  mc_draw draw = mc_split_draw(action, input, &cookies);
  out->draw = draw.kind;
  out->drawn = draw.number;
  out->sum = mc_split_sum(action);
  out->place = draw.number % out->sum;
  out->choice = (int32_t)mc_split_choose(action, draw);
  if (draw.kind == MC_DRAW_STICKY || draw.kind == MC_DRAW_COOKIE) explain_sticky(action, input, out);
}

mc_code mc_explain(const mc_snapshot *s, const mc_request *request, mc_scratch *scratch, mc_explanation *out) {
  *out = (mc_explanation){.listener = mc_snapshot_listener(s, request), .virtual_host = -1, .route = -1, .choice = -1};
  if (out->listener < 0) return MC_OK;
  const mc_listener *listener = &s->listeners[out->listener];
  mc_refusal refusal;
  mc_code code = mc_view_make(request, &listener->options, s->names, scratch, &out->view, &refusal);
  if (code) return code == MC_INVALID ? MC_OK : code;
  out->has_view = true;
  mc_explained *inner = mc_scratch_alloc(scratch, sizeof *inner);
  if (!inner) return MC_NO_MEMORY;
  inner->snapshot = s;
  out->inner = inner;
  mc_input *input = &inner->input;
  code = mc_route_table_input(s->routes, &out->view, request->seed, scratch, input);
  if (code) return code;
  mc_domain_hit hit = mc_route_table_domain(s->routes, listener->domains, input, &out->host);
  out->virtual_host = hit.virtual_host;
  out->domain = hit.kind;
  out->domain_size = hit.size;
  if (hit.virtual_host >= 0) code = explain_routes(s, input, out);
  if (!code && out->route >= 0 && s->actions[out->route].weighted_count) {
    explain_split(&s->actions[out->route], input, out);
  }
  return input->no_memory ? MC_NO_MEMORY : code;
}

mc_code mc_explanation_values(const mc_explanation *explanation, int32_t route, mc_condition condition,
                              const mc_slice **values, uint32_t *count) {
  mc_input *input = &explanation->inner->input;
  *count = mc_condition_values(explanation->inner->snapshot->routes, route, condition, input, values);
  return input->no_memory ? MC_NO_MEMORY : MC_OK;
}
