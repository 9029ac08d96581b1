package import PillionSchema
import PillionWire
import Synchronization

/// List: all rows in an order, to a limit.
package final class ListPlan: Sendable {
  package let request: MessageShape
  package let encoder: RowEncoder
  private let sql: ModelSQL
  private let list: String
  private let cache = Mutex<[Shape: Statement]>([:])
  /// Orders whose statements are kept; the cache starts afresh beyond it.
  private static let cacheLimit = 256

  private struct Shape: Hashable {
    var order: [OrderTerm]
    var isLimited: Bool
  }

  init(_ sql: ModelSQL, request: MessageShape, response: MessageShape) {
    self.request = request
    self.sql = sql
    (list, encoder) = sql.selectList(of: response)
  }

  package var model: Model { sql.model }

  /// The statement and its parameters; `order` nil: the model's own; `limit` nil: all rows.
  package func bind(order: [OrderTerm]?, limit: Int32?) -> (statement: Statement, parameters: Parameters) {
    var parameters = Parameters()
    if let limit {
      switch sql.dialect {
      case .postgresql: parameters.append(bigEndian: Int64(limit))
      case .sqlite: parameters.append(integer: Int64(limit))
      }
    }
    let shape = Shape(order: order ?? sql.model.ordering, isLimited: limit != nil)
    let statement = cache.withLock { cache in
      if let known = cache[shape] { return known }
      if cache.count >= Self.cacheLimit { cache.removeAll(keepingCapacity: true) }
      let made = makeStatement(shape)
      cache[shape] = made
      return made
    }
    return (statement, parameters)
  }

  private func makeStatement(_ shape: Shape) -> Statement {
    var text = SQLText(sql.dialect)
    text.append("SELECT \(list) FROM \(sql.table) AS t")
    let order = sql.orderBy(shape.order)
    if !order.isEmpty { text.append(" ORDER BY \(order)") }
    if shape.isLimited { text.append(" LIMIT \(text.placeholder(20))") }
    return text.statement()
  }
}
