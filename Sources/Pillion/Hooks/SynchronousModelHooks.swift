public import SwiftProtobuf

/// What a program has to say about the calls of a model's services where it need not wait for anything: no other row, no
/// other service, no lock. Every method has a default that changes nothing.
///
///     struct PostTitles: SynchronousModelHooks {
///       let model = "blog.Post"
///
///       func validate(_ post: Blog_Post, _ violations: inout Violations, _ context: CallContext) {
///         if post.title == post.title.uppercased() { violations.add("title", "must not be shouted") }
///       }
///     }
///
/// They run on the call's event loop, between the same steps as `ModelHooks` do, and make no task and no transaction:
/// writes go out together with those of other calls. So they have to be quick, as all calls of that event loop wait for
/// them, and no deadline cuts them. What is thrown ends the call before the database is asked: a `Status` as it is, any
/// other error as INTERNAL with the call's request id. `context.database` is of no use here.
public protocol SynchronousModelHooks: Sendable {
  /// The model's message.
  associatedtype Record: Message
  /// The request of PartialUpdate, such as `Blog_PostPartialUpdateRequest`, for those who look into it.
  associatedtype Changes: Message = Google_Protobuf_Empty

  /// `blog.Post`
  var model: String { get }

  /// The rows that the call is about, as that of `ModelHooks`.
  func queryset(_ context: CallContext) throws -> Queryset

  /// What becomes of the rows that `queryset` gives: the place for what several services have in common, such as a
  /// protocol of one's own that keeps tenants apart. Default: they stay as they are.
  func filterQueryset(_ rows: Queryset, _ context: CallContext) throws -> Queryset

  /// Changes what a Create or Update has brought, before it is looked at.
  func receive(_ record: inout Record, _ context: CallContext) throws

  /// Adds what is wrong with a Create or Update, to what the definitions find.
  func validate(_ record: Record, _ violations: inout Violations, _ context: CallContext) throws

  /// The same for a PartialUpdate.
  func validate(changes: Changes, _ violations: inout Violations, _ context: CallContext) throws

  /// Changes a row on its way out, of whatever action, and of every row of a List. What is written is committed by then,
  /// so that it cannot fail.
  func present(_ record: inout Record, _ context: CallContext)
}

extension SynchronousModelHooks {
  public func queryset(_ context: CallContext) throws -> Queryset {
    context.note(.queryset, of: Self.self)
    return .all
  }

  public func filterQueryset(_ rows: Queryset, _ context: CallContext) throws -> Queryset {
    context.note(.filterQueryset, of: Self.self)
    return rows
  }

  public func receive(_ record: inout Record, _ context: CallContext) throws {
    context.note(.receive, of: Self.self)
  }

  public func validate(_ record: Record, _ violations: inout Violations, _ context: CallContext) throws {
    context.note(.validate, of: Self.self)
  }

  public func validate(changes: Changes, _ violations: inout Violations, _ context: CallContext) throws {
    context.note(.validateChanges, of: Self.self)
  }

  public func present(_ record: inout Record, _ context: CallContext) { context.note(.present, of: Self.self) }
}
