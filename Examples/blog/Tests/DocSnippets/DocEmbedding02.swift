// swift-format-ignore-file
// Written by scripts/doc-snippets from docs/embedding.md; not to be edited.
@testable import Blog
import Pillion

extension DocEmbedding {
#sourceLocation(file: "docs/embedding.md", line: 45)
struct Greeter: Service {
  let name = "blog.Greeter"

  var methods: [ServiceMethod] {
    [
      .unary("Greet") { (request: Blog_FeedLine, context) in
        Blog_FeedLine.with { $0.text = "Hello \(request.text), says \(context.principal ?? "nobody")" }
      }
    ]
  }
}
#sourceLocation()
}
