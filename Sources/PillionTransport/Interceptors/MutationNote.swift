/// What a call that writes is about: asked for by the layer that audits, filled by whoever reads the request.
///
/// `@unchecked Sendable`: touched only on the call's event loop.
package final class MutationNote: CallAttributeKey, @unchecked Sendable {
  package typealias Value = MutationNote

  /// One part of a row's key, as text.
  package struct KeyPart: Sendable {
    package var field: String
    package var value: String
    /// Whether the text is a number of JSON.
    package var isNumber: Bool

    package init(field: String, value: String, isNumber: Bool) {
      self.field = field
      self.value = value
      self.isNumber = isNumber
    }
  }

  package var key: [KeyPart] = []
  /// Names of the fields that are written.
  package var fields: [String] = []

  package init() {}
}
