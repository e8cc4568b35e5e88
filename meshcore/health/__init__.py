"""Active health checks: endpoints are asked how they are, and the engine heeds what they answer."""

from meshcore.health.checker import HealthChecker
from meshcore.health.clock import Clock
from meshcore.health.plan import with_health_checks
from meshcore.health.probes import require_libraries

__all__ = ["Clock", "HealthChecker", "require_libraries", "with_health_checks"]
