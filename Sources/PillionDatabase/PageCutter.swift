package import PillionQuery

/// Ends a page: lets a number of rows pass, notes where the last of them stands, and whether there are more.
///
/// A lane uses it while it reads rows; the event loop when the stream has ended. `@unchecked Sendable`: the stream's
/// lock passes it on.
package final class PageCutter: @unchecked Sendable {
  private let limit: Int
  /// Cells before those that a position is made of.
  private let columns: Int
  private var count = 0
  private var last: PagePosition?
  private var hasMore = false

  package init(limit: Int, columns: Int) {
    self.limit = limit
    self.columns = columns
  }

  /// Where the next page begins; nil when there is none.
  package var next: PagePosition? { hasMore ? last : nil }

  /// The rows come again from the first.
  package func restart() {
    (count, last, hasMore) = (0, nil, false)
  }

  /// Whether the row belongs to the page.
  package func admits(_ cells: UnsafeBufferPointer<Cell>, _ dialect: Dialect) -> Bool {
    guard count < limit else {
      hasMore = true
      return false
    }
    count += 1
    if count == limit { last = position(cells, dialect) }
    return true
  }

  private func position(_ cells: UnsafeBufferPointer<Cell>, _ dialect: Dialect) -> PagePosition? {
    guard cells.count > columns else { return nil }
    return PagePosition(
      values: cells[columns...].map { cell in
        switch cell.kind {
        case .null: .null
        case .integer: .integer(Int64(bitPattern: cell.word))
        case .real: .real(cell.word)
        case .text: .text(Array(cell.bytes))
        // PostgreSQL's columns are selected as text.
        case .blob: dialect == .postgresql ? .text(Array(cell.bytes)) : .blob(Array(cell.bytes))
        }
      })
  }
}

extension PagePosition.Value {
  /// Appends the value; NULL has no placeholder.
  func bind(to parameters: inout Parameters) {
    switch self {
    case .null: break
    case .integer(let number): parameters.append(integer: number)
    case .real(let pattern): parameters.append(real: Double(bitPattern: pattern))
    case .text(let text): text.withUnsafeBytes { parameters.append(text: $0) }
    case .blob(let blob): blob.withUnsafeBytes { parameters.append(binary: $0) }
    }
  }
}
