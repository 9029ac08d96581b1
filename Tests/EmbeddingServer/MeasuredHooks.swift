import Pillion

/// The hooks whose cost `Benchmarks/hooks.py` measures: one of each kind around calls of the benchmarks' model.
enum MeasuredHooks {
  /// - Returns: whether there are hooks of that name.
  static func add(_ name: String?, to server: inout Server) -> Bool {
    switch name {
    case "no-hooks": break
    case "validate": server.add(Validating())
    case "present": server.add(Presenting())
    case "asynchronous": server.add(Waiting(isTransactional: false))
    case "transactional": server.add(Waiting(isTransactional: true))
    default: return false
    }
    return true
  }

  private struct Validating: SynchronousModelHooks {
    typealias Record = Bench_Post
    let model = "bench.Post"

    func validate(_ post: Bench_Post, _ violations: inout Violations, _ context: CallContext) {
      if post.title.isEmpty { violations.add("title", "must not be empty") }
    }
  }

  private struct Presenting: SynchronousModelHooks {
    typealias Record = Bench_Post
    let model = "bench.Post"

    func present(_ post: inout Bench_Post, _ context: CallContext) { post.views = 7 }
  }

  private struct Waiting: ModelHooks {
    typealias Record = Bench_Post
    typealias Key = Bench_PostRetrieveRequest
    let model = "bench.Post"
    let isTransactional: Bool

    func getObject(
      _ key: Bench_PostRetrieveRequest, _ context: CallContext,
      find: (Bench_PostRetrieveRequest) async throws -> Bench_Post
    ) async throws -> Bench_Post { try await find(key) }

    func performCreate(
      _ post: Bench_Post, _ context: CallContext, save: (Bench_Post) async throws -> Bench_Post
    ) async throws -> Bench_Post { try await save(post) }
  }
}
