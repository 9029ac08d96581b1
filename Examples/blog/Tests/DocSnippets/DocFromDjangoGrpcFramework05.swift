// swift-format-ignore-file
// Written by scripts/doc-snippets from docs/from-django-grpc-framework.md; not to be edited.
@testable import Blog
import Pillion

extension DocFromDjangoGrpcFramework {
#sourceLocation(file: "docs/from-django-grpc-framework.md", line: 176)
struct Publishing: Service {
  let name = "blog.PublishingController"

  var methods: [ServiceMethod] {
    [
      ServiceMethod.unary("Publish") { (request: Blog_PublishRequest, context) in
        let rows = try await context.database.query(
          "UPDATE blog_post SET published = $2 WHERE id = $1 RETURNING id", .integer(request.id), true)
        guard !rows.isEmpty else { throw Status(.notFound, "Post:\(request.id) not found!") }
        return Blog_PublishAnswer()
      }.mutating(),
      // A method that yields.
      .serverStreaming("Titles") { (request: Blog_FeedLine, writer: MessageWriter<Blog_FeedLine>, context) in
        for row in try await context.database.query("SELECT title FROM blog_post") {
          try await writer.write(Blog_FeedLine.with { $0.text = row.first?.text ?? "" })
        }
      },
    ]
  }
}
#sourceLocation()
}
