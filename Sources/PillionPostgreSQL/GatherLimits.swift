internal import PillionDatabase

/// How many calls may go as one statement, by the statement; where nothing else is known, as many as there may ever be.
struct GatherLimits {
  /// Keys of one statement at most: more would save little, and the server sends no row before the statement's end.
  static let keys = 64
  /// Bytes that one statement should be given, and that it should return, at most: libpq keeps both whole.
  static let bytes = 256 << 10
  /// Statements that something is remembered of.
  private static let remembered = 1024

  private var limits: [Int: Int] = [:]

  func keys(of statement: Int) -> Int { limits[statement] ?? Self.keys }

  func inserts(of statement: Int) -> Int { limits[statement] ?? InsertGathering.limit }

  /// Messages of this size came back.
  mutating func noteSize(_ size: Int, of statement: Int) {
    set(max(1, min(Self.keys, Self.bytes / max(1, size))), of: statement, most: Self.keys)
  }

  /// One of the inserts was refused, and all were sent again by themselves: the next are fewer.
  mutating func noteRefusal(of inserts: Int, _ statement: Int) {
    set(max(1, inserts / 2), of: statement, most: InsertGathering.limit)
  }

  /// All of the inserts were committed, the largest message being of `size` bytes: as many as were permitted, and so
  /// more may be tried.
  mutating func noteCommit(of inserts: Int, size: Int, _ statement: Int) {
    let limit = self.inserts(of: statement)
    let next = inserts >= limit ? limit * 2 : limit
    set(max(1, min(next, Self.bytes / max(1, size))), of: statement, most: InsertGathering.limit)
  }

  private mutating func set(_ limit: Int, of statement: Int, most: Int) {
    if limit >= most {
      if !limits.isEmpty { limits[statement] = nil }
    } else if limits.count < Self.remembered || limits[statement] != nil {
      limits[statement] = limit
    }
  }
}
