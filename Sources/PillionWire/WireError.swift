/// Bytes that are no message of the expected type; the whole call fails with INTERNAL.
package struct WireError: Error, Sendable, Hashable {
  package var message: String
  package init(_ message: String) { self.message = message }

  static var endsEarly: WireError { WireError("the message ends inside a field") }
  static var longVarint: WireError { WireError("a varint has more than 10 bytes, or a tag or length more than 5") }
  static var badTag: WireError { WireError("a tag is not a field number from 1 to 2^29-1 with a wire type") }
  static var badGroup: WireError { WireError("a group ends without its start") }
  static var tooDeep: WireError { WireError("messages or groups are nested more than 100 levels deep") }
  static var notUTF8: WireError { WireError("a string is not UTF-8") }
  static var brokenPacking: WireError { WireError("a packed field ends inside an element") }
  static var tooLarge: WireError { WireError("the message is larger than 2 GiB") }
}
