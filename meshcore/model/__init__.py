"""The model: frozen dataclasses in Envoy's vocabulary, where all config dialects meet."""

from meshcore.model.balancing import *
from meshcore.model.balancing import __all__ as _balancing
from meshcore.model.cluster import *
from meshcore.model.cluster import __all__ as _cluster
from meshcore.model.concurrency import *
from meshcore.model.concurrency import __all__ as _concurrency
from meshcore.model.config import *
from meshcore.model.config import __all__ as _config
from meshcore.model.dns import *
from meshcore.model.dns import __all__ as _dns
from meshcore.model.fault import *
from meshcore.model.fault import __all__ as _fault
from meshcore.model.headers import *
from meshcore.model.headers import __all__ as _headers
from meshcore.model.health_check import *
from meshcore.model.health_check import __all__ as _health_check
from meshcore.model.matching import *
from meshcore.model.matching import __all__ as _matching
from meshcore.model.origin import *
from meshcore.model.origin import __all__ as _origin
from meshcore.model.outlier import *
from meshcore.model.outlier import __all__ as _outlier
from meshcore.model.policy import *
from meshcore.model.policy import __all__ as _policy
from meshcore.model.ratelimit import *
from meshcore.model.ratelimit import __all__ as _ratelimit
from meshcore.model.rewrite import *
from meshcore.model.rewrite import __all__ as _rewrite
from meshcore.model.route import *
from meshcore.model.route import __all__ as _route
from meshcore.model.session import *
from meshcore.model.session import __all__ as _session
from meshcore.model.spans import *
from meshcore.model.spans import __all__ as _spans

__all__ = [
    *_balancing,
    *_cluster,
    *_concurrency,
    *_config,
    *_dns,
    *_fault,
    *_headers,
    *_health_check,
    *_matching,
    *_origin,
    *_outlier,
    *_policy,
    *_ratelimit,
    *_rewrite,
    *_route,
    *_session,
    *_spans,
]
