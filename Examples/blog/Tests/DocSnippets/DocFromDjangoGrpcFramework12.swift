// swift-format-ignore-file
// Written by scripts/doc-snippets from docs/from-django-grpc-framework.md; not to be edited.
@testable import Blog
import Pillion
import PillionGRPC

extension DocFromDjangoGrpcFramework {
#sourceLocation(file: "docs/from-django-grpc-framework.md", line: 359)
struct Stamp: Interceptor {
  func begin(_ call: ServerCall) -> Verdict {
    call.metadata["x-maintenance"] == nil ? .proceed : .refuse(Status(.unavailable, "Back in an hour."))
  }

  func finish(_ call: ServerCall, _ status: inout Status) { call.addTrailer("served-by", "blog") }
}
#sourceLocation()
}
