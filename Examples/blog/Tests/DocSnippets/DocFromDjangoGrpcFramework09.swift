// swift-format-ignore-file
// Written by scripts/doc-snippets from docs/from-django-grpc-framework.md; not to be edited.
@testable import Blog
import Pillion
import PillionGRPC

extension DocFromDjangoGrpcFramework {
#sourceLocation(file: "docs/from-django-grpc-framework.md", line: 269)
struct VisiblePosts: ModelHooks {
  typealias Record = Blog_Post

  let model = "blog.Post"

  func queryset(_ context: CallContext) throws -> Queryset {
    if context.action == "Destroy" { return Queryset("author = principal") }
    return Queryset("published = true OR author = principal")
  }

  /// Whatever `queryset` says of the action.
  func filterQueryset(_ rows: Queryset, _ context: CallContext) throws -> Queryset {
    context.claim("role") == "editor" ? rows : rows.filter("title <> 'draft'")
  }
}
#sourceLocation()
}
