// swift-format-ignore-file
// Written by scripts/doc-snippets from Sources/Pillion/Pillion.docc/Pillion.md; not to be edited.
@testable import Blog
import Pillion

extension DocPillion {
#sourceLocation(file: "Sources/Pillion/Pillion.docc/Pillion.md", line: 13)
struct Blog {
  static func main() {
    var server = Server()
    server.add(PostHooks())
    server.add(publish, to: "blog.PostController")
    server.main()
  }
}
#sourceLocation()
}
