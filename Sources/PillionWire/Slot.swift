/// One field of a decoded request message, or one element of a repeated field. 16 bytes.
///
/// `word` and the pair `start` and `count` share their memory: a slot holds a number or a range, never both.
package struct Slot: Sendable {
  package enum State: UInt8, Sendable {
    /// Not on the wire. For a field without presence that means zero.
    case absent
    /// A nullable message that says null.
    case null
    case present
    /// A `google.protobuf.Value` that no JSON text can say; `invalidity` has the reason. The message is decodable all
    /// the same, so this is a violation of the field, not a failed call.
    case invalid
  }

  /// Why a `google.protobuf.Value` has no JSON text. Source: google/protobuf/struct.proto.
  package enum Invalidity: UInt64, Sendable {
    /// "Absence of any variant indicates an error."
    case noKind
    /// "Note that attempting to serialize NaN or Infinity results in error."
    case notFinite

    /// For the client, behind the field's name.
    package var message: String {
      switch self {
      case .noKind: "must have a kind in every google.protobuf.Value"
      case .notFinite: "must not hold NaN or infinity, which JSON does not have"
      }
    }
  }

  package var state: State = .absent
  /// Whether `start` counts from the scratch bytes rather than from the request's.
  package var isInScratch = false
  /// Of an element: index of its field in the shape. The decoder's own.
  var owner: UInt16 = 0
  /// Nanoseconds of a timestamp or duration, as sent.
  package var nanoseconds: Int32 = 0
  /// bool: 0 or 1; int32 and int64: two's complement, sign-extended; uint32 and uint64: the value; float and double:
  /// bit pattern of the value as `Double`; timestamp and duration: seconds, two's complement.
  package var word: UInt64 = 0

  package init() {}

  /// string, bytes: offset of the first byte; json: of its JSON text; repeated: index of the first element.
  /// Below 2^32, as no message is longer.
  @inlinable package var start: Int {
    get { Int(truncatingIfNeeded: word & 0xFFFF_FFFF) }
    set { word = word & ~0xFFFF_FFFF | UInt64(truncatingIfNeeded: newValue) & 0xFFFF_FFFF }
  }

  /// Number of bytes, or of elements. Below 2^32.
  @inlinable package var count: Int {
    get { Int(truncatingIfNeeded: word &>> 32) }
    set { word = word & 0xFFFF_FFFF | UInt64(truncatingIfNeeded: newValue) &<< 32 }
  }

  /// The reason, where `state` is `.invalid`.
  package var invalidity: Invalidity? { state == .invalid ? Invalidity(rawValue: word) : nil }
}
