"""What is told where TLS to endpoints cannot be set up."""

from __future__ import annotations

from pathlib import Path

import pytest

from meshcore.certificates import CannotSecure, Certificates
from meshcore.model import UpstreamTls


def told(tls: UpstreamTls, caplog: pytest.LogCaptureFixture) -> str:
    certificates = Certificates()
    for _ in range(3):
        with pytest.raises(CannotSecure, match="files are missing or wrong"):
            certificates.context(tls)
    (record,) = caplog.records  # once, whatever the number of requests
    return record.getMessage()


def test_a_file_that_is_missing_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "ca.pem"
    assert told(UpstreamTls("SIMPLE", "shop.example", ca_certificates=str(file)), caplog) == (
        "TLS to endpoints of shop.example cannot be set up: "
        f"the certificates of authorities, {file}: No such file or directory"
    )


def test_a_file_that_is_wrong_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "cert.pem").write_text("nothing of the kind")
    tls = UpstreamTls("MUTUAL", client_certificate=str(tmp_path / "cert.pem"))
    message = told(tls, caplog)
    assert message.startswith("TLS to endpoints cannot be set up: ")
    assert message.endswith(f"(the client's certificate, {tmp_path / 'cert.pem'})")
