package import PillionSchema
package import PillionWire
import Synchronization

/// Retrieve: finds one row by the request's lookup fields, and reads of it what the request's mask names.
package final class RetrievePlan: UnaryPlan {
  package let request: MessageShape
  private let response: MessageShape
  private let lookup: LookupPlan
  private let sql: ModelSQL
  private let maskSlot: Int?
  private let isPresented: Bool
  private let cache = Mutex<[FieldSelection: LookupPlan]>([:])
  /// Masks whose statements are kept; the cache starts afresh beyond it.
  private static let cacheLimit = 64

  init(_ sql: ModelSQL, request: MessageShape, response: MessageShape, isPresented: Bool = false) {
    self.isPresented = isPresented
    self.request = request
    self.response = response
    self.sql = sql
    lookup = LookupPlan.retrieve(sql, request: request, response: response)
    maskSlot = request.fields.firstIndex { $0.source == .readMask }
  }

  package func bind(
    _ message: borrowing DecodedMessage, caller: Parameters?, now: () -> WallTime, violations: inout [FieldViolation]
  ) -> BoundOperation? {
    guard let maskSlot, message.slots[maskSlot].state == .present else {
      return lookup.bind(message, caller: caller, now: now, violations: &violations)
    }
    var selection: FieldSelection?
    do throws(ValueError) {
      selection = try FieldMask.selection(message.slots[maskSlot], of: message, model: sql.model, schema: sql.schema)
    } catch {
      violations.append(FieldViolation(field: request.fields[maskSlot].name, description: error.message))
    }
    let plan = selection.map(plan) ?? lookup
    return plan.bind(message, caller: caller, now: now, violations: &violations)
  }

  private func plan(_ selection: FieldSelection) -> LookupPlan {
    cache.withLock { cache in
      if let known = cache[selection] { return known }
      if cache.count >= Self.cacheLimit { cache.removeAll(keepingCapacity: true) }
      let reading = sql.reading(selection, of: response, isPresented: isPresented)
      let made = LookupPlan.retrieve(
        sql, request: request, sql.select(response, only: reading.selected), mask: reading.mask)
      cache[selection] = made
      return made
    }
  }
}
