internal import PillionDatabase

/// Which statements a connection has prepared, or will have when its pipeline has run.
struct StatementCache {
  /// What a use of a statement needs before it, in this order.
  struct Preparation {
    /// Names to give up first.
    var deallocates: [String] = []
    /// Whether the statement must be prepared.
    var prepares = false
  }

  private final class Record {
    let name: ContiguousArray<CChar>
    var lastUse: UInt64 = 0
    /// The server may hold a plan of the old schema under this name.
    var isStale = false

    init(id: Int) { name = ContiguousArray(StatementCache.name(id).utf8CString) }
  }

  private let limit: Int
  private var records: [Int: Record] = [:]
  private var uses: UInt64 = 0
  private let counts: StatementCounts?

  init(limit: Int, counts: StatementCounts? = nil) {
    self.limit = max(1, limit)
    self.counts = counts
  }

  var count: Int { records.count }

  static func name(_ id: Int) -> String { "p\(id)" }

  /// The name as a C string, when the statement is ready to be used.
  mutating func ready(_ id: Int) -> ContiguousArray<CChar>? {
    guard let record = records[id], !record.isStale else { return nil }
    uses &+= 1
    record.lastUse = uses
    return record.name
  }

  /// Notes that the statement is about to be prepared, and makes room for it.
  mutating func prepare(_ id: Int) -> Preparation {
    var preparation = Preparation(prepares: true)
    counts?.notePrepared()
    if records.removeValue(forKey: id) != nil { preparation.deallocates.append(Self.name(id)) }
    while records.count >= limit, let oldest = records.min(by: { $0.value.lastUse < $1.value.lastUse })?.key {
      records[oldest] = nil
      counts?.noteEvicted()
      preparation.deallocates.append(Self.name(oldest))
    }
    let record = Record(id: id)
    uses &+= 1
    record.lastUse = uses
    records[id] = record
    return preparation
  }

  /// The statement was not prepared, or has gone.
  mutating func forget(_ id: Int) { records[id] = nil }

  /// What the server has under this name, if anything, must not be used again.
  func invalidate(_ id: Int) { records[id]?.isStale = true }

  /// The name is taken, by a statement that must not be used again.
  mutating func markStale(_ id: Int) {
    let record = records[id] ?? Record(id: id)
    record.isStale = true
    records[id] = record
  }
}
