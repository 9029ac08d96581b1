public import SwiftProtobuf

/// What a program has to say about the calls of a model's services; every method has a default that changes nothing.
///
///     struct PostHooks: ModelHooks {
///       let model = "blog.Post"
///
///       func receive(_ post: inout Blog_Post, _ context: CallContext) async throws {
///         post.title = post.title.trimmed
///       }
///     }
///
/// `Record` is the model's message as protoc-gen-swift generates it from Pillion's protos. A hook ends the call by
/// throwing a `Status`; any other error is INTERNAL with the call's request id. Whatever is thrown before the commit
/// undoes the write. A hook that hangs is cut by the call's deadline. `context.action` is the method's name.
///
/// The order: `queryset`, `receive`, the definitions' own rules and `validate`, `performCreate` and its like around the write,
/// `present`, commit, the answer, `committed`. Calls of models without hooks know nothing of this.
///
/// An action with a hook that may wait costs a task a call, and a write with one a transaction; see `isTransactional`. The
/// task runs on the call's event loop: while it waits at an `await`, the loop serves other calls, and whatever else it does,
/// they wait for; see `mayBlock`. What a type leaves to its default is left out from its second call on. Hooks that wait for
/// nothing do without tasks altogether as `SynchronousModelHooks`.
public protocol ModelHooks: Sendable {
  /// The model's message.
  associatedtype Record: Message & Equatable
  /// The request of PartialUpdate, such as `Blog_PostPartialUpdateRequest`, for those who look into it.
  associatedtype Changes: Message & Equatable = Google_Protobuf_Empty
  /// The request of Retrieve and Destroy, such as `Blog_PostDestroyRequest`, for those who look into it.
  associatedtype Key: Message & Equatable = Google_Protobuf_Empty

  /// `blog.Post`
  var model: String { get }

  /// Whether Create, Update, PartialUpdate and Destroy run in a transaction that `context.database` is a part of. It costs
  /// a connection for the time of the call, and on SQLite a commit of its own. False: writes go out with those of other
  /// calls, and `context.database` is outside of them. Default: true.
  var isTransactional: Bool { get }

  /// Whether hooks may keep their thread: with a long computation, a file, a lock, a library that waits without `await`.
  /// They then run on threads apart from the event loops, which costs four changes of threads a call. Default: false.
  var mayBlock: Bool { get }

  /// The rows that the call is about, of those that the service has: what `context.action` finds, changes, deletes or
  /// lists. Any other row is not there for it. A Create is not asked. It does not wait for anything; see `Queryset`.
  func queryset(_ context: CallContext) throws -> Queryset

  /// What becomes of the rows that `queryset` gives: the place for what several services have in common, such as a
  /// protocol of one's own that keeps tenants apart. Default: they stay as they are.
  func filterQueryset(_ rows: Queryset, _ context: CallContext) throws -> Queryset

  /// Changes what a Create or Update has brought, before it is looked at.
  func receive(_ record: inout Record, _ context: CallContext) async throws

  /// Adds what is wrong with a Create or Update, to what the definitions find.
  func validate(_ record: Record, _ violations: inout Violations, _ context: CallContext) async throws

  /// The same for a PartialUpdate.
  func validate(changes: Changes, _ violations: inout Violations, _ context: CallContext) async throws

  /// Around the lookup of a Retrieve. `find` gives the row, or throws NOT_FOUND.
  func getObject(_ key: Key, _ context: CallContext, find: (Key) async throws -> Record) async throws -> Record

  /// Around the write of a Create. `save` writes and gives back the row as it is stored.
  func performCreate(
    _ record: Record, _ context: CallContext, save: (Record) async throws -> Record
  ) async throws -> Record

  /// Around the write of an Update.
  func performUpdate(
    _ record: Record, _ context: CallContext, save: (Record) async throws -> Record
  ) async throws -> Record

  /// Around the write of a PartialUpdate.
  func performPartialUpdate(
    _ changes: Changes, _ context: CallContext, save: (Changes) async throws -> Record
  ) async throws -> Record

  /// Around the deletion of a Destroy.
  func performDestroy(_ key: Key, _ context: CallContext, delete: (Key) async throws -> Void) async throws

  /// Changes a row on its way out, of whatever action, and of every row of a List. It does not wait for anything, so that
  /// a List costs no task a row.
  func present(_ record: inout Record, _ context: CallContext) throws

  /// The write is committed and the client has its answer, or soon will. Errors are the hook's own to deal with. The row
  /// is that of the answer; nil after a Destroy.
  func committed(_ record: Record?, _ context: CallContext) async
}

extension ModelHooks {
  public var isTransactional: Bool { true }
  public var mayBlock: Bool { false }

  public func queryset(_ context: CallContext) throws -> Queryset {
    context.note(.queryset, of: Self.self)
    return .all
  }

  public func filterQueryset(_ rows: Queryset, _ context: CallContext) throws -> Queryset {
    context.note(.filterQueryset, of: Self.self)
    return rows
  }

  public func receive(_ record: inout Record, _ context: CallContext) async throws {
    context.note(.receive, of: Self.self)
  }

  public func validate(_ record: Record, _ violations: inout Violations, _ context: CallContext) async throws {
    context.note(.validate, of: Self.self)
  }

  public func validate(changes: Changes, _ violations: inout Violations, _ context: CallContext) async throws {
    context.note(.validateChanges, of: Self.self)
  }

  public func getObject(
    _ key: Key, _ context: CallContext, find: (Key) async throws -> Record
  ) async throws -> Record {
    context.note(.getObject, of: Self.self)
    return try await find(key)
  }

  public func performCreate(
    _ record: Record, _ context: CallContext, save: (Record) async throws -> Record
  ) async throws -> Record {
    context.note(.performCreate, of: Self.self)
    return try await save(record)
  }

  public func performUpdate(
    _ record: Record, _ context: CallContext, save: (Record) async throws -> Record
  ) async throws -> Record {
    context.note(.performUpdate, of: Self.self)
    return try await save(record)
  }

  public func performPartialUpdate(
    _ changes: Changes, _ context: CallContext, save: (Changes) async throws -> Record
  ) async throws -> Record {
    context.note(.performPartialUpdate, of: Self.self)
    return try await save(changes)
  }

  public func performDestroy(_ key: Key, _ context: CallContext, delete: (Key) async throws -> Void) async throws {
    context.note(.performDestroy, of: Self.self)
    try await delete(key)
  }

  public func present(_ record: inout Record, _ context: CallContext) throws {
    context.note(.present, of: Self.self)
  }

  public func committed(_ record: Record?, _ context: CallContext) async {
    context.note(.committed, of: Self.self)
  }
}

/// What is wrong with a request: the client reads all of it at once, as `google.rpc.BadRequest`.
public struct Violations: Sendable {
  private(set) var entries: [(field: String, description: String)] = []

  @usableFromInline
  init() {}

  /// - Parameters:
  ///   - field: as the proto has it: `title`.
  ///   - description: how it is wrong, in words that go on from the field: `must not be shouted`.
  public mutating func add(_ field: String, _ description: String) { entries.append((field, description)) }
}
