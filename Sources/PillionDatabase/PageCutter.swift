package import PillionQuery

/// Ends a page: lets a number of rows pass, notes where the last of them stands, and whether there are more.
///
/// A lane uses it while it reads rows; the event loop when the stream has ended. `@unchecked Sendable`: the stream's
/// lock passes it on.
package final class PageCutter: @unchecked Sendable {
  /// The cell of a row that holds a value of its position.
  package struct Source: Sendable {
    package var cell: Int
    /// Whether PostgreSQL sends it as an `int8`; it sends all others as text.
    package var isInteger = false

    package init(cell: Int, isInteger: Bool = false) {
      self.cell = cell
      self.isInteger = isInteger
    }
  }

  private let limit: Int
  private let sources: [Source]
  private var count = 0
  private var last: PagePosition?
  private var hasMore = false

  package init(limit: Int, sources: [Source]) {
    self.limit = limit
    self.sources = sources
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

  /// Nil where there is nothing to go on from: a row without a key.
  private func position(_ cells: UnsafeBufferPointer<Cell>, _ dialect: Dialect) -> PagePosition? {
    if sources.isEmpty { return nil }
    var values: [PagePosition.Value] = []
    for source in sources {
      guard cells.indices.contains(source.cell) else { return nil }
      values.append(value(cells[source.cell], source, dialect))
    }
    return PagePosition(values: values)
  }

  private func value(_ cell: Cell, _ source: Source, _ dialect: Dialect) -> PagePosition.Value {
    switch cell.kind {
    case .null: .null
    case .integer: .integer(Int64(bitPattern: cell.word))
    case .real: .real(cell.word)
    case .text: .text(Array(cell.bytes))
    case .blob where dialect == .sqlite: .blob(Array(cell.bytes))
    case .blob where source.isInteger:
      .text(Array("\(Int64(bitPattern: cell.bytes.reduce(0) { $0 << 8 | UInt64($1) }))".utf8))
    case .blob: .text(Array(cell.bytes))
    }
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
