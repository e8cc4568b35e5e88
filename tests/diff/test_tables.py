"""What changes in tables."""

from __future__ import annotations

from meshcore.config import load_text
from meshcore.diff import Change, compare_tables

HEAD = 'virtual_hosts:\n- name: all\n  domains: ["*"]\n  routes:\n'
A = "  - {name: a, match: {path: /a}, route: {cluster: a, timeout: 1s}}\n"
B = "  - {name: b, match: {path: /b}, route: {cluster: b}}\n"
C = "  - {match: {path: /c}, redirect: {path_redirect: /d}}\n"


def changes(old: str, new: str, head: str = HEAD) -> list[Change]:
    return compare_tables(load_text(head + old, name="old.yaml"), load_text(head + new, name="new.yaml"))


def told(found: list[Change]) -> list[str]:
    return [f"{it.kind} {it.what} {it.name}" for it in found]


def test_where_it_is_written_is_no_change() -> None:
    assert changes(A + B, A + "  # a remark\n" + B) == []


def test_a_field() -> None:
    (change,) = changes(A + B, A.replace("1s", "2.5s") + B)
    assert (change.kind, change.what, change.name, change.tables) == ("changed", "route", "a", ("all",))
    assert [str(it) for it in change.fields] == ["action.timeout: 1 -> 2.5"]
    assert (str(change.old), str(change.new)) == ("old.yaml:5:5", "new.yaml:5:5")


def test_routes_that_come_and_go() -> None:
    assert told(changes(A + B, A)) == ["removed route b"]
    assert told(changes(A, A + C)) == ["added route path /c"]
    assert told(changes(A, B)) == ["removed route a", "added route b"]


def test_a_route_that_has_other_conditions_is_known_by_its_name() -> None:
    (change,) = changes(A, A.replace("path: /a", "prefix: /a"))
    assert [str(it) for it in change.fields] == ["match.path.kind: path -> prefix"]


def test_a_route_that_has_another_name_is_known_by_its_conditions() -> None:
    (change,) = changes(A, A.replace("name: a", "name: z"))
    assert [str(it) for it in change.fields] == ["name: a -> z"]


def test_moved_routes_are_as_few_as_can_be() -> None:
    assert told(changes(A + B + C, C + A + B)) == ["moved route path /c"]
    assert told(changes(A + B, A + B)) == []


def test_another_kind_of_action() -> None:
    (change,) = changes(A, A.replace("route: {cluster: a, timeout: 1s}", "redirect: {path_redirect: /z}"))
    (field,) = change.fields
    assert field.path == "action"
    assert field.old == "ForwardAction(cluster=a cluster_not_found_status=503 timeout=1)"
    assert field.new == "Redirect(status=301 path=PathRewrite(kind=path_redirect text=/z))"


def test_virtual_hosts_and_clusters() -> None:
    cluster = (
        "---\n{{name: {0}, connect_timeout: 1s, load_assignment: {{cluster_name: {0}, endpoints: []}}}}\n"
    )
    old = HEAD + "  - {match: {path: /r}, redirect: {path_redirect: /}}\n" + cluster.format("x")
    new = old.replace("name: all", "name: some").replace("name: x", "name: y").replace("1s", "2s")
    assert told(changes(old, new, "")) == [
        "removed virtual host all",
        "added virtual host some",
        "removed cluster x",
        "added cluster y",
    ]
    (change,) = changes(old, old.replace("1s", "2s"), "")
    assert (change.what, [str(it) for it in change.fields]) == ("cluster", ["connect_timeout: 1 -> 2"])
    (change,) = changes(old, old.replace('["*"]', "[a.example]"), "")
    assert (change.what, [str(it) for it in change.fields]) == (
        "virtual host",
        ["domains: * -> a.example"],
    )


def test_a_rule_of_several_tables_changes_once() -> None:
    mesh = """\
apiVersion: v1
kind: Service
metadata: {name: reviews}
spec: {ports: [{name: http, port: 9080}, {name: http-b, port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews}
spec:
  hosts: [reviews]
  http: [{name: all, timeout: 1s, route: [{destination: {host: reviews, port: {number: 80}}}]}]
"""
    (change,) = changes(mesh, mesh.replace("1s", "2s"), "")
    assert len(change.tables) == 3
