"""The certificates that servers are known by."""

import ssl

from costcontrol.lib.tls import certificates


def test_whoever_cannot_prove_their_name_is_refused() -> None:
    for trust_env in (True, False):
        found = certificates(trust_env=trust_env)
        assert found.verify_mode == ssl.CERT_REQUIRED
        assert found.check_hostname


def test_they_are_read_once() -> None:
    assert certificates(trust_env=True) is certificates(trust_env=True)
    assert certificates(trust_env=True) is not certificates(trust_env=False)
