/// What is wrong with a cell; `RowEncoder` names the column.
struct Unreadable: Error {
  enum Reason {
    /// The column may not be NULL.
    case null
    /// A kind of value that the type is never read from.
    case kind
    case malformed
    case outOfRange
    case infinite
    case notUTF8
    /// None of the choices of an enum.
    case choice
    case nullElement
    case dimensions
    /// An interval with years or months, which have no fixed length.
    case months
  }

  /// A column of a row inside the row.
  struct Place {
    var column: String
    var type: String
    var found: Cell.Kind
  }

  let reason: Reason
  /// Nil: it is the row's own cell.
  private(set) var place: Place?

  init(_ reason: Reason) { self.reason = reason }

  /// The same, with its place unless a place further inside is known.
  func located(_ place: Place) -> Unreadable {
    var error = self
    if error.place == nil { error.place = place }
    return error
  }

  /// For logs, and for clients where errors are detailed: says what was found, without its value.
  func message(column: String, type: String, found kind: Cell.Kind, dialect: Dialect) -> String {
    let found =
      switch kind {
      case .null: "NULL"
      case .integer: "an integer"
      case .real: "a real"
      case .text: "text"
      case .blob: dialect == .sqlite ? "a blob" : "a value"
      }
    let problem =
      switch reason {
      case .null: "is NULL but the model says it cannot be"
      case .kind: "holds \(found) where the model says \(type)"
      case .malformed: "holds \(found) that cannot be read as \(type)"
      case .outOfRange: "holds \(found) out of the range of \(type)"
      case .infinite: "holds infinity, which \(type) does not have"
      case .notUTF8: "holds text that is not UTF-8"
      case .choice: "holds a value that is none of the choices"
      case .nullElement: "holds an array with a NULL in it"
      case .dimensions: "holds an array of more than one dimension"
      case .months: "holds an interval with years or months, which have no fixed length"
      }
    return "column \"\(column)\" \(problem)"
  }
}
