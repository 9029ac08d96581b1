import PillionSchema
import PillionWire
import Testing

@Suite struct RequestDecoderTests {
  private static let post = RequestDecoder(
    shape: MessageShape(
      (1, .implicit, .scalar(.int64)), (2, .implicit, .scalar(.string)), (3, .implicit, .nullable(.scalar(.string))),
      (4, .repeated, .scalar(.int32)), (5, .repeated, .scalar(.string)), (6, .implicit, .wellKnown(.timestamp)),
      (7, .implicit, .wellKnown(.value)), (8, .implicit, .wrapper(.double)), (9, .optional, .scalar(.bool)),
      (10, .implicit, .nullable(.wellKnown(.timestamp))), (11, .repeated, .wellKnown(.value)),
      (12, .implicit, .scalar(.float)), (1_000_000, .implicit, .scalar(.uint32)),
      (536_870_911, .implicit, .scalar(.int32))))

  private func dump(_ bytes: [UInt8]...) throws -> String { try Self.post.dump(bytes.flatMap { $0 }) }

  @Test func emptyMessage() throws {
    #expect(try dump() == "")
    var message = DecodedMessage()
    try Self.post.decode(UnsafeRawBufferPointer(start: nil, count: 0), into: &message)
    #expect(message.slots.count == 14)
    #expect(message.slots.allSatisfy { $0.state == .absent })
  }

  @Test func scalars() throws {
    #expect(try dump(Bytes.field(1, varint: 42), Bytes.field(2, "hi\0")) == "1=42 2=x686900")
    #expect(try dump(Bytes.field(1, varint: 1), Bytes.field(1, varint: 2)) == "1=2")
    #expect(try dump(Bytes.field(1, varint: UInt64.max)) == "1=-1")
    #expect(try dump(Bytes.field(1_000_000, varint: 1 << 32 | 5)) == "1000000=5")
    #expect(try dump(Bytes.field(536_870_911, varint: 0xFFFF_FFFE)) == "536870911=-2")
    #expect(try dump(Bytes.field(9, varint: 1 << 63)) == "9=1")
    #expect(try dump(Bytes.field(9, varint: 0)) == "9=0")
    #expect(try dump(Bytes.tag(12, 5), [0, 0, 0xC0, 0x3F]) == "12=d3ff8000000000000")
  }

  @Test func zeroOfAFieldWithoutPresenceIsStillPresent() throws {
    try Self.post.withMessage(Bytes.field(1, varint: 0)) { message in
      #expect(message.slots[0].state == .present)
      #expect(message.slots[1].state == .absent)
    }
  }

  @Test func nullableMessages() throws {
    #expect(try dump(Bytes.field(3, [])) == "")
    #expect(try dump(Bytes.field(3, Bytes.field(1, ""))) == "3=x")
    #expect(try dump(Bytes.field(3, Bytes.field(1, "a"))) == "3=x61")
    #expect(try dump(Bytes.field(3, Bytes.field(2, varint: 0))) == "3=null")
    #expect(try dump(Bytes.field(3, Bytes.field(1, "a") + Bytes.field(2, varint: 7))) == "3=null")
    #expect(try dump(Bytes.field(3, Bytes.field(2, varint: 0) + Bytes.field(1, "a"))) == "3=x61")
    // Twice: as if the two stood in one.
    #expect(try dump(Bytes.field(3, Bytes.field(1, "a")), Bytes.field(3, [])) == "3=x61")
    #expect(try dump(Bytes.field(3, Bytes.field(1, "a")), Bytes.field(3, Bytes.field(2, varint: 0))) == "3=null")
    // A message that was the oneof's member goes on only if nothing else was in between.
    let seconds = Bytes.field(1, Bytes.field(1, varint: 5))
    let nanos = Bytes.field(1, Bytes.field(2, varint: 6))
    #expect(try dump(Bytes.field(10, seconds), Bytes.field(10, nanos)) == "10=t5:6")
    #expect(try dump(Bytes.field(10, seconds + Bytes.field(2, varint: 0)), Bytes.field(10, nanos)) == "10=t0:6")
  }

  @Test func wrappersAndTimes() throws {
    #expect(try dump(Bytes.field(8, [])) == "8=d0000000000000000")
    #expect(try dump(Bytes.field(8, Bytes.tag(1, 1) + Bytes.fixed64(1.0.bitPattern))) == "8=d3ff0000000000000")
    #expect(try dump(Bytes.field(6, [])) == "6=t0:0")
    #expect(
      try dump(Bytes.field(6, Bytes.field(1, varint: UInt64(bitPattern: -9)) + Bytes.field(2, varint: 7))) == "6=t-9:7")
    #expect(try dump(Bytes.field(6, Bytes.field(1, varint: 3)), Bytes.field(6, Bytes.field(2, varint: 4))) == "6=t3:4")
  }

  @Test func repeatedPackedUnpackedAndInterleaved() throws {
    #expect(try dump(Bytes.field(4, [1, 2, 0x80, 1])) == "4=[1;2;128]")
    #expect(try dump(Bytes.field(4, [])) == "")
    #expect(try dump(Bytes.field(4, [1]), Bytes.field(4, varint: 2), Bytes.field(4, [3, 4])) == "4=[1;2;3;4]")
    #expect(
      try dump(
        Bytes.field(4, [1]), Bytes.field(5, "a"), Bytes.field(4, [2, 3]), Bytes.field(5, ""), Bytes.field(4, varint: 4))
        == "4=[1;2;3;4] 5=[x61;x]")
    #expect(
      try dump(Bytes.field(11, [0x08, 0]), Bytes.field(4, [9]), Bytes.field(11, [0x20, 1]), Bytes.field(11, []))
        == "4=[9] 11=[n;b1;!]")
  }

  @Test func knownNumbersWithAnotherWireTypeAreUnknown() throws {
    #expect(try dump(Bytes.tag(1, 5), [1, 2, 3, 4], Bytes.tag(2, 0), [1], Bytes.tag(4, 1), Bytes.fixed64(1)) == "")
    #expect(try dump(Bytes.field(1, "ab"), Bytes.tag(3, 3), Bytes.tag(3, 4), Bytes.field(1, varint: 3)) == "1=3")
    // Not a string field, so not checked for UTF-8.
    #expect(try dump(Bytes.field(1, [0xFF])) == "")
  }

  @Test func jsonValues() throws {
    func member(_ key: String, _ value: [UInt8]) -> [UInt8] {
      Bytes.field(1, Bytes.field(1, key) + Bytes.field(2, value))
    }
    let (null, yes): ([UInt8], [UInt8]) = ([0x08, 0], [0x20, 1])
    #expect(
      try dump(Bytes.field(7, Bytes.field(5, member("a", null) + member("b", yes) + member("a", yes))))
        == "7={x61:b1;x62:b1}")
    // Twice: objects merge member by member, lists one behind the other, unless another kind was in between.
    #expect(
      try dump(Bytes.field(7, Bytes.field(5, member("a", null))), Bytes.field(7, Bytes.field(5, member("b", yes))))
        == "7={x61:n;x62:b1}")
    #expect(
      try dump(Bytes.field(7, Bytes.field(6, Bytes.field(1, null)) + Bytes.field(6, Bytes.field(1, yes)))) == "7=[n;b1]"
    )
    #expect(
      try dump(Bytes.field(7, Bytes.field(6, Bytes.field(1, null)) + null), Bytes.field(7, Bytes.field(6, [])))
        == "7=[]")
  }

  @Test(
    arguments: [
      ([], Slot.Invalidity.noKind), ([0x11] + Bytes.fixed64(Double.nan.bitPattern), .notFinite),
      ([0x11] + Bytes.fixed64((-Double.infinity).bitPattern), .notFinite),
      (Bytes.field(6, Bytes.field(1, [])), .noKind),
      (Bytes.field(5, Bytes.field(1, Bytes.field(1, "key without value"))), .noKind),
    ] as [([UInt8], Slot.Invalidity)])
  func valuesThatJSONCannotSay(value: [UInt8], reason: Slot.Invalidity) throws {
    try Self.post.withMessage(Bytes.field(7, value) + Bytes.field(1, varint: 1) + Bytes.field(11, value)) { message in
      #expect(message.slots[6].state == .invalid)
      #expect(message.slots[6].invalidity == reason)
      #expect(message.slots[0].word == 1)
      #expect(message.elements[message.slots[10].start].invalidity == reason)
    }
    // Set to something else afterwards, it is as if it had never been.
    #expect(try dump(Bytes.field(7, value), Bytes.field(7, [0x08, 0])) == "7=n")
  }

  @Test func aReusedMessageForgets() throws {
    var message = DecodedMessage()
    let full =
      Bytes.field(1, varint: 9) + Bytes.field(4, [1, 2]) + Bytes.field(5, "a") + Bytes.field(4, [3])
      + Bytes.field(7, [0x20, 1]) + Bytes.field(7, [0x08, 0]) + Bytes.field(3, Bytes.field(2, varint: 0))
    let dump = MessageDump(shape: Self.post.shape)
    for _ in 0..<3 {
      try full.withUnsafeBytes { bytes in
        try Self.post.decode(bytes, into: &message)
        #expect(try dump.text(of: message) == "1=9 3=null 4=[1;2;3] 5=[x61] 7=n")
      }
      #expect(throws: WireError.self) {
        try [UInt8]([0x22, 2, 1, 0x80]).withUnsafeBytes { try Self.post.decode($0, into: &message) }
      }
      try Bytes.field(4, [8]).withUnsafeBytes { bytes in
        try Self.post.decode(bytes, into: &message)
        #expect(try dump.text(of: message) == "4=[8]")
      }
    }
    // Another shape's message may come next.
    try RequestDecoder(shape: MessageShape((1, .implicit, .scalar(.bool)))).decode(
      UnsafeRawBufferPointer(start: nil, count: 0), into: &message)
    #expect(message.slots.count == 1)
    #expect(message.elements.isEmpty)
  }

  @Test func bytesOfASlotOfAnotherMessage() {
    var slot = Slot()
    slot.state = .present
    slot.start = 10
    slot.count = 4_000_000_000
    let message = DecodedMessage()
    #expect(message.text(of: slot) == "")
    slot.isInScratch = true
    #expect(message.text(of: slot) == "")
    #expect(slot.start == 10)
    #expect(slot.count == 4_000_000_000)
  }

  @Test func slotsAreSmall() { #expect(MemoryLayout<Slot>.size == 16) }
}
