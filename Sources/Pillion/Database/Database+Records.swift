import PillionDatabase
import PillionSchema
import PillionService
import PillionTransport
public import SwiftProtobuf

/// Writes of single rows by their messages.
///
/// They are what Create, Update and Destroy of the model's service are, by the same plans and after the same rules, with two
/// differences: they know every row, whoever calls, and they write fields that are `read_only`, which clients cannot.
/// Who may write only rows that the caller sees asks `CallContext.objects` for the row first.
/// What breaks the rules is thrown as the INVALID_ARGUMENT that a client would get, a row that is not there as NOT_FOUND.
/// No hook is asked.
extension Database {
  /// Inserts a row.
  ///
  /// - Parameter model: `blog.Post`; nil: the model that has this message.
  /// - Returns: the row as it is stored, with what the database has filled in.
  @discardableResult
  public func create<Record: Message>(_ record: Record, in model: String? = nil) async throws -> Record {
    try Record(stored: try await write(.create, record, model))
  }

  /// Replaces the row that has the record's key.
  ///
  /// - Returns: the row as it is stored.
  @discardableResult
  public func update<Record: Message>(_ record: Record, in model: String? = nil) async throws -> Record {
    try Record(stored: try await write(.update, record, model))
  }

  /// Deletes the row that has the record's key; nothing else of the record counts.
  public func delete<Record: Message>(_ record: Record, in model: String? = nil) async throws {
    _ = try await write(.destroy, record, model)
  }

  private func write(_ action: Action, _ record: some Message, _ name: String?) async throws -> [UInt8] {
    let name = name ?? type(of: record).protoMessageName
    let bytes = try record.encoded()
    let (model, bound) = try ModelError.translating {
      let model = try records.model(name)
      return (model, try model.write(action, bytes, now: WallTime(clock)))
    }
    return try await write(bound, of: model.rows.view)
  }
}
