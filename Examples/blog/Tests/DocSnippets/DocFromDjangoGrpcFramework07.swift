// swift-format-ignore-file
// Written by scripts/doc-snippets from docs/from-django-grpc-framework.md; not to be edited.
@testable import Blog
import Pillion
import PillionGRPC

extension DocFromDjangoGrpcFramework {
#sourceLocation(file: "docs/from-django-grpc-framework.md", line: 211)
struct Blog {
  static func main() {
    var server = Server()
    server.add(Titles())
    server.add(KeptRevisions())
    server.add(grpc: [Feed()])
    server.register("Stamp") { Stamp() }
    server.main()
  }
}
#sourceLocation()
}
