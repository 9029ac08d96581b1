package import PillionDatabase
package import PillionTransport

extension StatusDetail {
  package static func badRequest(_ violations: [FieldViolation]) -> StatusDetail {
    .badRequest(violations.map { (field: $0.field, description: $0.description) })
  }
}
