"""The options that say which configuration to load, for whom, and with which settings."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from meshcore.cli.options import ConfigSource, add_config_arguments, config_source
from meshcore.config import Node
from meshcore.model import Config


def parsed(*args: str) -> ConfigSource:
    parser = argparse.ArgumentParser()
    add_config_arguments(parser)
    return config_source(parser.parse_args(["-c", "a.yaml", *args]))


@pytest.mark.parametrize(
    ("args", "node"),
    [
        ((), Node()),
        (("--node", "shop,app=cart"), Node("shop", {"app": "cart"})),
        (("--gateway", "shop/public"), Node("shop", gateway="shop/public")),
        (("--gateway", "public"), Node(gateway="default/public")),
        (("--gateway-node", "edge,app=front"), Node("edge", {"app": "front"}, "*")),
        (("--cluster-domain", "corp.example"), Node(cluster_domain="corp.example")),
    ],
)
def test_for_whom(args: tuple[str, ...], node: Node) -> None:
    assert parsed(*args).node == node


def test_all_files_are_known_to_those_who_watch_them() -> None:
    source = parsed("--endpoints", "endpoints.yaml", "--mesh-config", "mesh.yaml")
    assert source.files == ("a.yaml", "endpoints.yaml", "mesh.yaml")
    assert parsed().files == ("a.yaml",)


def test_the_settings_of_the_mesh_reach_the_loader(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("{apiVersion: v1, kind: Namespace, metadata: {name: a}}\n")
    (tmp_path / "mesh.yaml").write_text("connectTimeout: 7s\n")
    source = ConfigSource((str(tmp_path / "a.yaml"),), Node(), mesh_config=str(tmp_path / "mesh.yaml"))
    config: Config = source.load()
    assert config.clusters[0].connect_timeout == 7.0
