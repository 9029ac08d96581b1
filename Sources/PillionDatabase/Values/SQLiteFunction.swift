import PillionSchema

/// Functions that SQLite does not have: what a stored value means, whichever of its forms it has, as a value that
/// compares by itself; and how blobs go into JSON and come out of it again.
///
/// The SQLite driver registers them on each of its connections. A value that is none of its type is NULL.
package enum SQLiteFunction: String, CaseIterable, Sendable {
  /// Text in lower case, by Unicode's default mapping.
  case lower = "pillion_lower"
  /// 0 or 1.
  case bool = "pillion_bool"
  /// Microseconds since 1970 in UTC.
  case timestamp = "pillion_timestamp"
  /// Days since 1970.
  case date = "pillion_date"
  /// Nanoseconds since midnight.
  case time = "pillion_time"
  /// Microseconds.
  case duration = "pillion_duration"
  /// `8-4-4-4-12` in lower case.
  case uuid = "pillion_uuid"
  /// The 16 bytes of a UUID.
  case uuidBlob = "pillion_uuid_blob"
  /// A blob as JSON holds it.
  case base64 = "pillion_base64"
  case unbase64 = "pillion_unbase64"

  package enum Value: Sendable {
    case null
    case integer(Int64)
    case text([UInt8])
    case blob([UInt8])
  }

  /// What a comparison has to ask of a column of this type; nil where stored values compare as they are: they always
  /// have one form, or `storage:` says which.
  init?(comparing type: ScalarType, storage: SQLiteStorage?) {
    guard storage == nil else { return nil }
    switch type {
    case .bool: self = .bool
    case .timestamp: self = .timestamp
    case .date: self = .date
    case .time: self = .time
    case .duration: self = .duration
    case .uuid: self = .uuid
    case .int32, .int64, .uint32, .uint64, .float, .double, .string, .bytes, .decimal, .json: return nil
    }
  }

  package func value(of cell: Cell) -> Value {
    guard cell.kind != .null else { return .null }
    do throws(Unreadable) {
      switch self {
      case .lower:
        switch try SQLiteReader.text(cell) {
        case .borrowed(let bytes): return .text(Self.lowercased(bytes))
        case .made(let bytes): return .text(bytes.withUnsafeBytes(Self.lowercased))
        }
      case .bool: return .integer(try SQLiteReader.bool(cell) ? 1 : 0)
      case .timestamp: return .integer(try SQLiteReader.timestamp(cell).microseconds)
      case .date: return .integer(Int64(try SQLiteReader.date(cell, isInDays: false)))
      case .time: return .integer(try SQLiteReader.time(cell))
      case .duration: return .integer(try SQLiteReader.duration(cell).microseconds)
      case .uuid: return .text(try SQLiteReader.uuid(cell).text().withBytes { Array($0) })
      case .uuidBlob: return .blob(try SQLiteReader.uuid(cell).binary.withBytes { Array($0) })
      case .base64:
        var text: [UInt8] = []
        Base64.append(try SQLiteReader.bytes(cell), to: &text)
        return .text(text)
      case .unbase64: return Base64.decode(try SQLiteReader.bytes(cell)).map { .blob($0) } ?? .null
      }
    } catch {
      return .null
    }
  }

  static func lowercased(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    if bytes.allSatisfy({ $0 < 0x80 }) {
      return bytes.map { $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z") ? $0 | 0x20 : $0 }
    }
    return Array(String(decoding: bytes, as: UTF8.self).lowercased().utf8)
  }
}

extension BoundValue {
  /// What `SQLiteFunction` makes of the same value in a column.
  func comparableForm() -> ParameterForm? {
    switch self {
    case .bool(let bool): .integer(bool ? 1 : 0)
    case .timestamp(let instant): .integer(instant.microseconds)
    case .date(let day): .integer(Int64(day))
    case .time(let nanoseconds): .integer(nanoseconds)
    case .duration(let span): .integer(span.microseconds)
    case .uuid(let uuid): .shortText(uuid.text())
    case .integer, .unsigned, .float, .double, .text, .made, .json, .bytes: nil
    }
  }
}
