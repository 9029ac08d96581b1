import Pillion

/// A method beside those of the model.
struct Publishing: Service {
  let name = "blog.PublishingController"

  var methods: [ServiceMethod] {
    [
      ServiceMethod.unary("Publish") { (request: Blog_PublishRequest, context) in
        try await context.database.transaction { database in
          let rows = try await database.query(
            "UPDATE blog_post SET published = $2 WHERE id = $1 RETURNING id", .integer(request.id), true)
          guard !rows.isEmpty else { throw Status(.notFound, "Post not found!") }
          let revisions = try await database.query(
            "SELECT count(*) FROM blog_revision WHERE post = $1", .integer(request.id))
          return Blog_PublishAnswer.with { $0.revisions = revisions.first?.first?.integer ?? 0 }
        }
      }.mutating()
    ]
  }
}
