package import PillionSchema

/// Numbers that SQLite holds for dates, times and lengths of time, as the values that they are.
package enum SQLiteNumber {
  /// Nil for what is no number, and for a type or storage that holds none.
  package static func value(_ text: String, as scalar: ScalarType, storage: SQLiteStorage?) -> DefaultValue? {
    let cell: Cell
    if let integer = Int64(text) {
      cell = Cell(kind: .integer, word: UInt64(bitPattern: integer))
    } else if let real = Double(text) {
      cell = Cell(kind: .real, word: real.bitPattern)
    } else {
      return nil
    }
    do throws(Unreadable) {
      switch scalar {
      case .timestamp: return .text(try SQLiteReader.timestamp(cell).description)
      case .date:
        let day = try SQLiteReader.date(cell, isInDays: storage == .integer)
        return CalendarDate(daysSinceEpoch: day).map { .text($0.description) }
      case .duration: return .text(try SQLiteReader.duration(cell).description)
      default: return nil
      }
    } catch {
      return nil
    }
  }
}
