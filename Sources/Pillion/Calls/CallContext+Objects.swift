import PillionQuery
import PillionSchema
import PillionService
public import SwiftProtobuf

extension CallContext {
  /// The rows that a service shows to this call's caller: those that the `filter` of its definition and the
  /// configuration's `row_filters` let through, as in its List where there are no hooks.
  ///
  ///     guard var post = try await context.objects(Blog_Post.self).filter("id = $1", .integer(id)).first() else {
  ///       throw Status(.notFound, "There is no post \(id).")
  ///     }
  ///
  /// What the caller lacks of a row filter's claims lets no row through. Rows of other models that the rows hold, or that a
  /// filter or an order goes through, are the caller's as well. The hooks of the model are not asked for their `queryset`: what
  /// it hides is there, unless `rows` leaves it out. A service over a model that is put together in code has
  /// `objects(_:inside:)`, which asks its own. A `database_role` counts only inside the transaction of a hook.
  ///
  /// A service that there is not, or that shows its rows as other messages, is thrown as `ModelError` when the rows are
  /// asked for.
  ///
  /// - Parameters:
  ///   - record: the message in which the service shows its rows.
  ///   - service: full name of the service, `blog.PostController`; nil: that of the call.
  ///   - rows: which of the service's rows are meant.
  ///   - database: what the `transaction` of a database gives, to ask inside of it; nil: the context's.
  public func objects<Record: Message>(
    _ record: Record.Type, of service: String? = nil, in rows: Queryset = .all, inside database: Database? = nil
  ) -> ModelQuery<Record> {
    objects(of: service ?? self.service, in: .success(rows), inside: database)
  }

  /// - Parameter rows: what of the service's rows is meant; a failure is thrown when they are asked for.
  fileprivate func objects<Record: Message>(
    of service: String, in rows: Result<Queryset, any Error>, inside database: Database?
  ) -> ModelQuery<Record> {
    ModelQuery(database ?? self.database) { [caller] records in
      let known = try records.service(service)
      let message = known.view.model.messageFullName
      guard message == Record.protoMessageName else {
        throw RecordError("the rows of '\(service)' are \(message), not \(Record.protoMessageName)")
      }
      return try known.rows(for: caller, try rows.get().rows)
    }
  }

  /// Who makes the call, as row filters know them.
  var caller: Caller { Caller(identity: identity, peer: peer) }

  /// Full name of the call's service.
  private var service: String {
    let end = path.lastIndex(of: "/") ?? path.startIndex
    return String(path[..<end].drop { $0 == "/" })
  }
}

extension GenericService {
  /// The rows that this service shows to a call's caller: those that the `filter` of the definitions' service, the
  /// configuration's `row_filters` and the service's own `queryset` and `filterQueryset` let through, as
  /// in its List.
  ///
  ///     guard let post = try await objects(context).filter("id = $1", .integer(key.id)).first() else {
  ///       throw Status(.notFound, "There is no post \(key.id).")
  ///     }
  ///
  /// These are asked at once and once; what they throw is thrown when the rows are asked for. The rest is as with
  /// `CallContext.objects`.
  ///
  /// - Parameters:
  ///   - context: of the call.
  ///   - database: what the `transaction` of a database gives, to ask inside of it; nil: the context's.
  public func objects(_ context: CallContext, inside database: Database? = nil) -> ModelQuery<Record> {
    context.objects(
      of: name, in: Result { try filterQueryset(queryset(context), context) }, inside: database)
  }
}
