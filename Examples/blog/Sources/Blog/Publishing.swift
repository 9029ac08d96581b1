import Pillion

/// `PostController.Publish`, which the definitions declare.
let publish = ServiceMethod.unary("Publish") { (request: Blog_PostPublishRequest, context) in
  try await context.database.transaction { database in
    let posts = context.objects(Blog_Post.self, inside: database).filter("id = $1", .integer(request.id))
    guard var post = try await posts.first() else { throw Status(.notFound, "Post not found!") }
    post.published = true
    if case .value(let author)? = request.author.kind { post.author = author }
    var stored = try await database.update(post)
    PostHooks().present(&stored, context)
    return stored
  }
}.mutating()
