/* What a snapshot's building and freeing need of its listeners. */
#ifndef MC_ENGINE_LISTENERS_H
#define MC_ENGINE_LISTENERS_H

#include "engine/sessions.h"

/* After the virtual hosts. What is there of them after a failure, mc_listener_clear gives back. */
mc_code mc_listeners_build(mc_snapshot *s, const mc_snapshot_spec *spec, mc_error *error);
/* Gives back what lies beyond the arena. */
void mc_listener_clear(mc_snapshot *s, mc_listener *listener);

#endif
