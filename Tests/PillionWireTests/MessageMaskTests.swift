import PillionWire
import Testing

@Suite struct MessageMaskTests {
  private func mask(_ numbers: Int32...) -> MessageMask {
    var mask = MessageMask()
    for number in numbers { mask.keep(number) }
    return mask
  }

  @Test func keepsFieldsOfEveryWireType() throws {
    let kept = [
      Bytes.field(1, varint: 300), Bytes.tag(3, 1) + Bytes.fixed64(7), Bytes.tag(5, 5) + [1, 2, 3, 4],
      Bytes.field(2_000, "far"),
    ]
    let gone = [
      Bytes.field(2, varint: 1), Bytes.tag(4, 1) + Bytes.fixed64(9), Bytes.tag(6, 5) + [5, 6, 7, 8],
      Bytes.field(7, "x"),
    ]
    let message = zip(kept, gone).flatMap { $0 + $1 }
    #expect(try mask(1, 3, 5, 2_000).applied(to: message) == kept.flatMap(\.self))
    #expect(try mask().applied(to: message) == [])
    #expect(try mask(1).applied(to: []) == [])
  }

  /// Every message of a repeated field, and lengths that take more bytes than before or fewer.
  @Test func reachesIntoMessages() throws {
    var outer = MessageMask()
    outer.keep(2, mask(1))
    let long = String(repeating: "x", count: 200)
    let message =
      Bytes.field(1, "gone") + Bytes.field(2, Bytes.field(1, long) + Bytes.field(2, long))
      + Bytes.field(2, Bytes.field(2, long)) + Bytes.field(2, Bytes.field(1, "b"))
    let expected = Bytes.field(2, Bytes.field(1, long)) + Bytes.field(2, []) + Bytes.field(2, Bytes.field(1, "b"))
    #expect(try outer.applied(to: message) == expected)
  }

  @Test(arguments: [[0x0A, 5, 1], [0xFF], [0x08], [0x0A, 0x80]] as [[UInt8]])
  func bytesThatAreNoMessage(_ bytes: [UInt8]) {
    #expect(throws: WireError.self) { try mask(1).applied(to: bytes) }
    var inner = MessageMask()
    inner.keep(1, mask(1))
    #expect(throws: WireError.self) { try inner.applied(to: Bytes.field(1, bytes)) }
  }
}
