// swift-format-ignore-file
// Written by scripts/doc-snippets from docs/embedding.md; not to be edited.
@testable import Blog
import Pillion

extension DocEmbedding {
#sourceLocation(file: "docs/embedding.md", line: 116)
struct Reader: ListModel, RetrieveModel {
  typealias Record = Blog_Post
  typealias Key = Blog_PostRetrieveRequest

  let name = "blog.Reader"

  func queryset(_ context: CallContext) -> Queryset { Queryset("published = true") }

  var methods: [ServiceMethod] {
    [
      ServiceMethod.unary("Withdraw") { (key: Blog_PostRetrieveRequest, context) in
        guard var post = try await objects(context).filter("id = $1", .integer(key.id)).first() else {
          throw Status(.notFound, "There is no post \(key.id).")
        }
        post.published = false
        return try await context.database.update(post)
      }.mutating()
    ]
  }
}
#sourceLocation()
}
