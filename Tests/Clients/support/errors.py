"""What a refused call says: its status and the google.rpc details behind it."""

import contextlib
import re

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2


class Refusal:
    def __init__(self, error):
        self.code = error.code()
        self.message = error.details()
        self.trailers = dict(error.trailing_metadata() or ())
        self.status = status_pb2.Status.FromString(self.trailers.get("grpc-status-details-bin", b""))
        self.info = self._detail(error_details_pb2.ErrorInfo)
        self.retry = self._detail(error_details_pb2.RetryInfo)
        self.request = self._detail(error_details_pb2.BadRequest)

    def _detail(self, kind):
        for detail in self.status.details:
            if detail.Is(kind.DESCRIPTOR):
                message = kind()
                detail.Unpack(message)
                return message
        return None

    @property
    def fields(self):
        """The fields that are wrong, without what is below them (`isbn.value`, `codes[2]`), in order."""
        violations = self.request.field_violations if self.request else []
        return [re.split(r"[.\[]", violation.field)[0] for violation in violations]

    def everything(self):
        """All text that reached the client."""
        return f"{self.message} {self.status}"

    def __str__(self):
        return f"{self.code}: {self.message}\n{self.status}"


class Expected:
    refusal = None

    def __getattr__(self, name):
        return getattr(self.refusal, name)


@contextlib.contextmanager
def refused(code, reason=None, fields=None, details=True):
    """Expects the call inside to be refused with `code`; `details`: and to say why as google.rpc.ErrorInfo."""
    expected = Expected()
    with pytest.raises(grpc.RpcError) as caught:
        yield expected
    expected.refusal = refusal = Refusal(caught.value)
    assert refusal.code == code, str(refusal)
    if details:
        assert refusal.status.code == code.value[0], str(refusal)
        assert refusal.status.message == refusal.message, str(refusal)
        assert refusal.info is not None, f"no ErrorInfo: {refusal}"
        assert refusal.info.domain == "pillion", str(refusal)
        assert re.fullmatch(r"[A-Z][A-Z0-9_]*", refusal.info.reason), str(refusal)
    if reason is not None:
        assert refusal.info.reason == reason, str(refusal)
    if fields is not None:
        assert sorted(refusal.fields) == sorted(fields), str(refusal)
