"""Certificates for the tests: authorities, and what they sign."""

import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SERVER = ExtendedKeyUsageOID.SERVER_AUTH
CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH
DAY = datetime.timedelta(days=1)


def name(common_name):
    return x509.Name([
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Pillion, tests"), x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


class Certificate:
    """A certificate with its key, and as PEM."""

    def __init__(self, subject, issuer=None, *, names=(), usage=None, starts=-1, days=30):
        self.secret = ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name(subject))
            .issuer_name(issuer.certificate.subject if issuer else name(subject))
            .public_key(self.secret.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + starts * DAY)
            .not_valid_after(now + (starts + days) * DAY)
            .add_extension(x509.BasicConstraints(ca=usage is None, path_length=None), critical=True)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(list(names)), critical=False)
        if usage:
            builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        self.certificate = builder.sign(issuer.secret if issuer else self.secret, hashes.SHA256())

    @property
    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key(self):
        return self.key_pem()

    def key_pem(self, passphrase=None):
        protection = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
        return self.secret.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection)

    def write(self, folder, stem):
        """`stem.pem` and `stem.key`."""
        (folder / f"{stem}.pem").write_bytes(self.pem)
        (folder / f"{stem}.key").write_bytes(self.key)
        return self


class Authority(Certificate):
    def __init__(self, subject="Authority", **options):
        super().__init__(subject, **options)

    def server(self, subject="server", **options):
        """For a server at localhost and 127.0.0.1."""
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        return Certificate(subject, self, names=names, usage=SERVER, **options)

    def client(self, subject="client", *, usage=CLIENT, **options):
        return Certificate(subject, self, usage=usage, names=[x509.UniformResourceIdentifier(f"spiffe://shop/{subject}")], **options)
