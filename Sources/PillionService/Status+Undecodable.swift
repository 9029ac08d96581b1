import PillionTransport
import PillionWire

extension Status {
  /// Of a call whose request is not a message of its method: INTERNAL.
  init(undecodable error: WireError) { self.init(.internal, "The request cannot be decoded: \(error.message).") }
}
