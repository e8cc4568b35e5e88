"""meshcore.telemetry.prometheus."""

from __future__ import annotations

from meshcore.telemetry.prometheus import Sample, exposition


def test_families_labels_and_escapes() -> None:
    samples = [
        Sample("counter", "limit.hits", 3, (("domain", 'a"b\\c\nd'), ("name", "x"))),
        Sample("gauge", "server.live", 1),
        Sample("counter", "limit.hits", 2, (("domain", "a"), ("name", "x"))),
    ]
    assert exposition(samples) == (
        "# TYPE meshcore_limit_hits counter\n"
        'meshcore_limit_hits{domain="a",name="x"} 2\n'
        'meshcore_limit_hits{domain="a\\"b\\\\c\\nd",name="x"} 3\n'
        "# TYPE meshcore_server_live gauge\n"
        "meshcore_server_live 1\n"
    )
    assert exposition([]) == ""


def test_any_name_makes_a_metric() -> None:
    samples = [
        Sample("counter", "RateLimits api.http.enabled", 4),
        Sample("counter", "RateLimits_api.http.enabled", 3),
        Sample("counter", 'q"{\n}é-1:x', 1),
    ]
    assert exposition(samples) == (
        "# TYPE meshcore_RateLimits_api_http_enabled counter\n"
        "meshcore_RateLimits_api_http_enabled 7\n"
        "# TYPE meshcore_q______1:x counter\n"
        "meshcore_q______1:x 1\n"
    )
