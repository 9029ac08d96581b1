// swift-format-ignore-file
// Written by scripts/doc-snippets from docs/from-django-grpc-framework.md; not to be edited.
@testable import Blog
import Pillion

extension DocFromDjangoGrpcFramework {
#sourceLocation(file: "docs/from-django-grpc-framework.md", line: 174)
struct Titles: Service {
  let name = "blog.Titles"

  var methods: [ServiceMethod] {
    [
      ServiceMethod.unary("Praise") { (title: Blog_FeedLine, context) in
        let rows = try await context.database.query(
          "UPDATE blog_post SET published = $2 WHERE title = $1 RETURNING author", .text(title.text), true)
        guard let author = rows.first?.first?.text else { throw Status(.notFound, "Post:\(title.text) not found!") }
        return Blog_FeedLine.with { $0.text = author }
      }.mutating(),
      // A method that yields.
      .serverStreaming("List") { (_: Blog_FeedLine, writer: MessageWriter<Blog_FeedLine>, context) in
        for row in try await context.database.query("SELECT title FROM blog_post") {
          try await writer.write(Blog_FeedLine.with { $0.text = row.first?.text ?? "" })
        }
      },
    ]
  }
}
#sourceLocation()
}
