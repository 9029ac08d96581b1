package import PillionDatabase
import PillionQuery
package import PillionSchema
import PillionTransport
import PillionWire

/// One model as code asks for it: every row is there, whatever filters say.
package final class RecordModel: Sendable {
  package let rows: RecordRows
  private let plans: ModelPlans
  private let decoder: RequestDecoder
  private let validator: RequestValidator

  /// - Parameter message: that of the rows.
  init(_ view: RecordView, _ plans: ModelPlans, message: MessageShape) {
    self.plans = plans
    rows = RecordRows(view, plans, caller: nil)
    decoder = RequestDecoder(shape: message)
    validator = RequestValidator(request: message, model: plans.model)
  }

  /// A write of a record, which the rules of the definitions are asked about; what they find is thrown as a client reads it.
  ///
  /// - Parameter now: for `auto_now` and `default: now`.
  package func write(_ action: Action, _ record: [UInt8], now: WallTime) throws -> BoundOperation {
    guard let plan = plans.unary[action] else {
      throw RecordError("no row of \(plans.model.fullName) can be told by its message's key")
    }
    var message = DecodedMessage()
    return try record.withUnsafeBytes { bytes in
      do throws(WireError) {
        try decoder.decode(bytes, into: &message)
      } catch {
        throw RecordError("the record is no \(plans.model.messageFullName): \(error.message)")
      }
      var violations: [FieldViolation] = []
      if action != .destroy { validator.validate(message, violations: &violations) }
      guard let bound = plan.bind(message, caller: nil, now: { now }, violations: &violations) else {
        throw rows.view.errors.status(for: violations)
      }
      return bound
    }
  }
}
