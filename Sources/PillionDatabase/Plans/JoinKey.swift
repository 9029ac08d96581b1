import PillionSchema

/// A key of a join table on its way through JSON, which SQLite takes lists of keys as and which cannot hold blobs.
struct JoinKey {
  private let read: SQLiteFunction?
  private let written: SQLiteFunction?

  /// `target` is the field that the keys are of.
  init(of target: Field) {
    switch (target.type.scalar, target.storage) {
    case (.uuid, .blob): (read, written) = (.uuid, .uuidBlob)
    case (.bytes, _): (read, written) = (.base64, .unbase64)
    default: (read, written) = (nil, nil)
    }
  }

  /// A column as JSON holds it.
  func json(_ column: String) -> String { read.map { "\($0.rawValue)(\(column))" } ?? column }

  /// A value of JSON as the column holds it.
  func stored(_ value: String) -> String { written.map { "\($0.rawValue)(\(value))" } ?? value }
}
