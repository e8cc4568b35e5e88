/* meshcore: the engine's core. C11 and libc alone; nothing here knows of Python.
 *
 * Conventions
 *   - Bytes come as slices (pointer and size, no terminator). A slice in a spec is copied by the
 *     call that takes it; a slice in a request must stay valid until the decision is released.
 *   - A spec is a plain struct that the caller fills; building is all or nothing.
 *   - Nothing reads a clock or entropy: now_ns and seed are arguments.
 *   - Snapshots are immutable and may be used by many threads at once; what changes is in the
 *     runtime, by C11 atomics.
 *
 * Each of these headers is about one thing, and can be included by itself.
 */
#ifndef MESHCORE_H
#define MESHCORE_H

#include "meshcore/base.h"

/* What a configuration says. */
#include "meshcore/match.h"
#include "meshcore/edit.h"
#include "meshcore/rewrite.h"
#include "meshcore/cors.h"
#include "meshcore/fault.h"
#include "meshcore/mirror.h"
#include "meshcore/rate_limit.h"
#include "meshcore/retry.h"
#include "meshcore/session.h"
#include "meshcore/subset.h"
#include "meshcore/tracing.h"
#include "meshcore/http.h"
#include "meshcore/action.h"
#include "meshcore/listener.h"
#include "meshcore/balance.h"
#include "meshcore/cluster.h"

/* The engine: a request and what is decided of it. */
#include "meshcore/request.h"
#include "meshcore/runtime.h"
#include "meshcore/snapshot.h"
#include "meshcore/cluster_state.h"
#include "meshcore/filter_state.h"
#include "meshcore/limited.h"
#include "meshcore/outcome.h"
#include "meshcore/decision.h"
#include "meshcore/report.h"
#include "meshcore/attempt.h"
#include "meshcore/message.h"
#include "meshcore/mirrored.h"
#include "meshcore/explain.h"

/* Parts of it by themselves. */
#include "meshcore/regex.h"
#include "meshcore/template.h"
#include "meshcore/route_table.h"
#include "meshcore/key_split.h"
#include "meshcore/picker.h"
#include "meshcore/circuit.h"
#include "meshcore/concurrency.h"
#include "meshcore/outlier.h"
#include "meshcore/limit.h"
#include "meshcore/shared.h"
#include "meshcore/trace.h"

#endif
