/// What a call that writes is about: asked for by the layer that audits, filled by whoever reads the request.
package final class MutationNote: CallNote {
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
}
