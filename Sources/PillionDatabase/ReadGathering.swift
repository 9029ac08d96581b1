import PillionSchema

/// How reads that each want one row by its key become one statement for all their keys, on PostgreSQL.
///
/// The key is the first of such an operation's parameters.
package final class ReadGathering: Sendable {
  /// The form of a key, as its operation's parameter holds it.
  package enum Key: Sendable {
    /// `int8` in binary form, 8 bytes.
    case integer
    /// A UUID's text, 36 bytes.
    case uuid

    /// Bytes of a key, eight at least.
    package var width: Int { self == .integer ? 8 : 36 }
  }

  /// Its rows have their key behind the step's columns, in the parameter's form.
  package let statement: Statement
  package let key: Key
  /// The placeholders' values before the one for the keys, and behind it; the same for all calls.
  package let before: Parameters
  package let behind: Parameters

  package init(_ statement: Statement, key: Key, before: Parameters = Parameters(), behind: Parameters = Parameters()) {
    self.statement = statement
    self.key = key
    self.before = before
    self.behind = behind
  }

  /// The values of the statement's placeholders; `keys`: one behind the other, each `key.width` bytes.
  package func parameters(of keys: [UInt8]) -> Parameters {
    var parameters = before
    let count = keys.count / key.width
    switch key {
    case .integer:
      // "array_send" in PostgreSQL's src/backend/utils/adt/arrayfuncs.c: dimensions, whether there are NULLs, the elements'
      // OID; of the dimension its length and first index; of each element its length and its value.
      var array: [UInt8] = []
      array.reserveCapacity(20 + count * 12)
      for word in [1, 0, PostgreSQLType.parameter(.int64), UInt32(truncatingIfNeeded: count), 1] {
        withUnsafeBytes(of: word.bigEndian) { array.append(contentsOf: $0) }
      }
      for start in stride(from: 0, to: count * 8, by: 8) {
        array.append(contentsOf: [0, 0, 0, 8])
        array.append(contentsOf: keys[start..<start + 8])
      }
      array.withUnsafeBytes { parameters.append(binary: $0) }
    case .uuid:
      // Hexadecimal digits and hyphens need no quotes in an array's text.
      var array: [UInt8] = [UInt8(ascii: "{")]
      array.reserveCapacity(2 + count * 37)
      for start in stride(from: 0, to: count * 36, by: 36) {
        if start > 0 { array.append(UInt8(ascii: ",")) }
        array.append(contentsOf: keys[start..<start + 36])
      }
      array.append(UInt8(ascii: "}"))
      array.withUnsafeBytes { parameters.append(text: $0) }
    }
    parameters.append(contentsOf: behind)
    return parameters
  }
}

extension Operation {
  /// Appends the key that it reads by; false: its first parameter is no such key.
  package func appendKey(_ key: ReadGathering.Key, to keys: inout [UInt8]) -> Bool {
    guard let entry = bound.parameters.entries.first, entry.kind == (key == .integer ? .binary : .text),
      entry.count == key.width
    else { return false }
    keys.append(contentsOf: bound.parameters.bytes[entry.start..<entry.start + entry.count])
    return true
  }
}

extension ModelSQL {
  /// The gathering of `select(_:only:)`; nil where a row is not found by one number or UUID, or not by every caller.
  func gathering(_ message: MessageShape, only: FieldSelection) -> ReadGathering? {
    guard dialect == .postgresql, rows == nil, let lookup = model.lookupFields.first, model.lookupFields.count == 1
    else { return nil }
    let field = definition(lookup)
    let key: ReadGathering.Key
    switch field.type.scalar {
    case .int32, .int64, .uint32: key = .integer
    case .uuid: key = .uuid
    default: return nil
    }
    var builder = QueryBuilder(schema: schema, dialect: dialect)
    let list = selectList(of: message, only: only, in: &builder)
    let keys = builder.placeholder(key == .integer ? PostgreSQLType.array(.int64) : 0)
    let cast = PostgreSQLType.cast(field.type.scalar, isArray: false)
    var condition = "t.\(column(lookup)) = ANY (\(keys))"
    if let scope = builder.scope(self, source: { _ in .other }) { condition += " AND \(scope)" }
    builder.append("SELECT \(list.sql), t.\(column(lookup))\(cast) FROM \(table) AS t WHERE \(condition)")
    return ReadGathering(
      builder.sql.statement(), key: key, before: list.parameters, behind: scope?.parameters ?? Parameters())
  }
}
