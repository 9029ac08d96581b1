import PillionDatabase
import PillionService
import Synchronization

/// The rows of a query, some at a time: from a lane as they come, and inside a transaction page by page.
final class RowCursor: Sendable {
  private enum Source: Sendable {
    case lane(AwaitedRows)
    case transaction(SessionLease, RecordRows)
  }

  private struct State {
    /// Of the next page; nil: there is none.
    var next: ListQuery?
  }

  /// Rows of a page: so many are in memory at once.
  private static let pageSize = 512
  private let source: Source
  private let state: Mutex<State>

  init(_ rows: AwaitedRows) {
    source = .lane(rows)
    state = Mutex(State())
  }

  init(_ query: ListQuery, of rows: RecordRows, on lease: SessionLease) {
    source = .transaction(lease, rows)
    state = Mutex(State(next: query))
  }

  /// Messages of some rows, at least one; nil: there are no more.
  func next() async throws -> [[UInt8]]? {
    switch source {
    case .lane(let rows): return try await rows.next()?.messages
    case .transaction(let lease, let rows):
      guard var query = state.withLock({ $0.next }) else { return nil }
      let wanted = query.limit
      // Rows without a key have no place that a page could go on from.
      if rows.canPage { query.limit = min(wanted ?? Self.pageSize, Self.pageSize) }
      let bound = try ModelError.translating { try rows.list(query) }
      let messages = try await lease.messages(bound).messages
      query.limit = wanted.map { $0 - messages.count }
      query.after = bound.cutter?.next
      state.withLock { $0.next = query.after == nil || query.limit == 0 ? nil : query }
      return messages.isEmpty ? nil : messages
    }
  }
}

extension [UInt8] {
  /// Whole messages with their five-byte prefixes, without these.
  fileprivate var messages: [[UInt8]] {
    var messages: [[UInt8]] = []
    var offset = 0
    while count - offset >= 5 {
      let length = self[(offset + 1)..<(offset + 5)].reduce(0) { $0 << 8 | Int($1) }
      guard length <= count - offset - 5 else { break }
      messages.append(Array(self[(offset + 5)..<(offset + 5 + length)]))
      offset += 5 + length
    }
    return messages
  }
}
