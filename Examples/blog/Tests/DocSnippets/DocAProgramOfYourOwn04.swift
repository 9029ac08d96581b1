// swift-format-ignore-file
// Written by scripts/doc-snippets from Sources/Pillion/Pillion.docc/AProgramOfYourOwn.md; not to be edited.
@testable import Blog
import Pillion

extension DocAProgramOfYourOwn {
#sourceLocation(file: "Sources/Pillion/Pillion.docc/AProgramOfYourOwn.md", line: 114)
struct Publishing: Service {
  let name = "blog.PublishingController"

  var methods: [ServiceMethod] {
    [
      ServiceMethod.unary("Publish") { (request: Blog_PublishRequest, context) in
        try await context.database.transaction { database in
          let rows = try await database.query(
            "UPDATE blog_post SET published = $2 WHERE id = $1 RETURNING id", .integer(request.id), true)
          guard !rows.isEmpty else { throw Status(.notFound, "Post not found!") }
          return Blog_PublishAnswer()
        }
      }.mutating()
    ]
  }
}
#sourceLocation()
}
