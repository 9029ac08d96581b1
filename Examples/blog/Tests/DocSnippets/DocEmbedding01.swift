// swift-format-ignore-file
// Written by scripts/doc-snippets from docs/embedding.md; not to be edited.
@testable import Blog
import Pillion

extension DocEmbedding {
#sourceLocation(file: "docs/embedding.md", line: 22)
struct Blog {
  static func main() {
    var server = Server()
    server.add(Greeter())
    server.main()
  }
}
#sourceLocation()
}
