# What decisions are shown as: texts, made once where few are told apart. Part of decision.pyx.

# By the core's numbers; plain objects, so that an attribute read makes nothing.
cdef tuple OUTCOMES = (Outcome.FORWARD, Outcome.REDIRECT, Outcome.RESPOND, Outcome.REJECT)
cdef dict TRACE_FORMATS = {"zipkin": "b3multi", "opentelemetry": "tracecontext"}  # by tracer
cdef dict DETAILS = {}
cdef dict FLAGS = {}


cdef object flags_text(uint32_t flags):
    cdef char text[MC_FLAGS_TEXT]
    if not flags:
        return ""
    found = FLAGS.get(flags)
    if found is None:
        found = FLAGS[flags] = text_of(mc_flags_text(flags, text))
    return found


cdef object details_text(mc_details details):
    found = DETAILS.get(<int> details)
    if found is None:
        found = DETAILS[<int> details] = mc_details_name(details).decode()
    return found


cdef object address_of(Decision decision, const mc_cluster *cluster, bint elsewhere, int32_t endpoint):
    """Of an endpoint; the snapshot has it ready where the cluster is its own."""
    if elsewhere:
        return text_of(mc_cluster_address(cluster, endpoint))
    return (<tuple> decision._snapshot.endpoints[decision._block.decision.cluster])[endpoint]


cdef object same_or_text(PyObject *given, mc_slice had, mc_slice now):
    """What was given, where nothing has changed of it."""
    if had.data == now.data and had.size == now.size and isinstance(<object> given, str):
        return <object> given
    return text_of(now)


cdef bytes static_body(Decision decision):
    """The body that a route answers with, where the core does not know it; b"": there is none."""
    cdef mc_decision *d = &decision._block.decision
    if d.outcome == MC_RESPOND and d.body.data == NULL:
        return (<object> decision._snapshot.routes[d.route]).action.body
    return b""


cdef tuple mirrors_of(Decision decision):
    cdef mc_scratch scratch
    cdef const mc_mirrored *found
    cdef uint32_t count, i
    mc_scratch_init(&scratch)
    try:
        if mc_decision_mirrors(&decision._block.decision, &scratch, &found, &count):
            raise MemoryError
        if not count:
            return ()
        from meshcore._mirror import mirror_of

        clusters = decision._snapshot.clusters
        return tuple([
            mirror_of(decision, found[i].policy, clusters[found[i].cluster], text_of(found[i].authority))
            for i in range(count)])
    finally:
        mc_scratch_reset(&scratch)
