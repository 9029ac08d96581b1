import PillionSchema
import PillionWire
import Testing

/// Messages made to hurt: each must be refused or read, without a trap, in time and memory that their size explains.
@Suite struct WireAttackTests {
  private let decoder = RequestDecoder(shape: .everything)

  private func isAccepted(_ bytes: [UInt8]) throws -> Bool {
    var message = DecodedMessage()
    do {
      try bytes.withUnsafeBytes { try decoder.decode($0, into: &message) }
    } catch is WireError {
      return false
    }
    return true
  }

  @Test(
    arguments: [
      ("cut off varint", [0x18, 0x80]), ("11-byte varint", Bytes.tag(3, 0) + Bytes.varint(1, size: 11)),
      ("11-byte varint of an unknown field", Bytes.tag(99, 0) + Bytes.varint(1, size: 11)),
      ("field 0", [0x00, 0x05]), ("field 0 as a string", [0x02, 0x00]), ("field 2^29", Bytes.field(1 << 29, varint: 5)),
      ("6-byte tag", Bytes.varint(3 << 3, size: 6) + [5]), ("tag of 35 bits", [0x98, 0x80, 0x80, 0x80, 0x70, 5]),
      ("wire type 6", [0x1E, 0]), ("wire type 7", [0x1F, 0]), ("end of no group", Bytes.tag(99, 4)),
      ("group without end", Bytes.tag(99, 3)), ("group with another's end", Bytes.tag(99, 3) + Bytes.tag(98, 4)),
      ("length 2^31-1", Bytes.tag(8, 2) + Bytes.varint(0x7FFF_FFFF) + Bytes.repeated([0x61], 10)),
      ("length 2^35-1", Bytes.tag(8, 2) + Bytes.varint(0x7_FFFF_FFFF) + Bytes.repeated([0x61], 10)),
      ("length 2^64-1", Bytes.tag(8, 2) + Bytes.varint(.max) + [0x61]),
      ("unknown length 2^31-1", Bytes.tag(99, 2) + Bytes.varint(0x7FFF_FFFF)),
      ("6-byte length", Bytes.tag(8, 2) + Bytes.varint(1, size: 6) + [0x61]),
      ("cut off fixed64", Bytes.tag(7, 1) + [1, 2, 3]),
      ("cut off fixed32", Bytes.tag(6, 5) + [1, 2, 3]),
      ("packed with half an element", Bytes.field(26, [1, 2, 3, 4, 5])),
      ("packed with a cut off varint", Bytes.field(23, [1, 0x80])),
      ("packed 11-byte varint", Bytes.field(23, Bytes.varint(1, size: 11))),
      ("submessage longer than its parent", Bytes.field(50, Bytes.tag(1, 2) + [5, 8])),
      ("bad UTF-8 of a string", Bytes.field(8, [0xFF])), ("bad UTF-8 of an element", Bytes.field(28, [0xC0, 0x80])),
      ("bad UTF-8 of a JSON string", Bytes.field(12, Bytes.field(3, [0xED, 0xA0, 0x80]))),
      ("bad UTF-8 that is overwritten", Bytes.field(12, Bytes.field(3, [0xFF]) + [0x08, 0])),
      ("bad UTF-8 of a JSON key", Bytes.field(12, Bytes.field(5, Bytes.field(1, Bytes.field(1, [0xFF]))))),
    ] as [(String, [UInt8])])
  func refused(name: String, bytes: [UInt8]) throws {
    #expect(try !isAccepted(bytes), "\(name)")
  }

  @Test(
    arguments: [
      ("10-byte varint", Bytes.tag(3, 0) + Bytes.varint(1, size: 10)),
      ("field 2^29-1", Bytes.field((1 << 29) - 1, varint: 5)),
      ("10th byte beyond 64 bits", Bytes.tag(3, 0) + Bytes.repeated([0xFF], 9) + [0x7F]),
      ("5-byte tag", Bytes.varint(3 << 3, size: 5) + [5]),
      ("5-byte length", Bytes.tag(8, 2) + Bytes.varint(1, size: 5) + [0x61]),
      ("U+0000", Bytes.field(8, [0])), ("bytes that are no UTF-8", Bytes.field(9, [0xFF])),
      ("bool of 2^63", Bytes.field(1, varint: 1 << 63)),
    ] as [(String, [UInt8])])
  func accepted(name: String, bytes: [UInt8]) throws {
    #expect(try isAccepted(bytes), "\(name)")
  }

  /// protobuf's limit: 100 levels below the message itself, submessages and groups together.
  @Test func depth() throws {
    func groups(_ levels: Int) -> [UInt8] {
      Bytes.repeated(Bytes.tag(99, 3), levels) + Bytes.repeated(Bytes.tag(99, 4), levels)
    }
    func lists(_ levels: Int) -> [UInt8] {
      (0..<levels).reduce([]) { content, _ in Bytes.field(6, Bytes.field(1, content)) }
    }
    #expect(try isAccepted(groups(100)))
    #expect(try !isAccepted(groups(101)))
    #expect(try !isAccepted(groups(10_000)))
    #expect(try !isAccepted(Bytes.repeated(Bytes.tag(99, 3), 1_000_000)))
    #expect(try isAccepted(Bytes.field(10, groups(99))))
    #expect(try !isAccepted(Bytes.field(10, groups(100))))
    #expect(try isAccepted(Bytes.field(12, lists(49))))
    #expect(try !isAccepted(Bytes.field(12, lists(50))))
    #expect(try !isAccepted(Bytes.field(12, lists(2_000))))
  }

  /// Groups side by side are as deep as one.
  @Test func depthIsGivenBack() throws {
    let group = Bytes.repeated(Bytes.tag(99, 3), 100) + Bytes.repeated(Bytes.tag(99, 4), 100)
    #expect(try isAccepted(Bytes.repeated(group + Bytes.field(10, []) + Bytes.field(12, [0x08, 0]), 300)))
  }

  /// About a MiB each of what takes the most steps. The limit is for an unoptimised build on a busy machine.
  @Test(
    arguments: [
      ("unknown fields", Bytes.repeated(Bytes.field(99, varint: 1), 500_000)),
      ("unknown groups", Bytes.repeated(Bytes.tag(99, 3) + Bytes.tag(99, 4), 250_000)),
      ("packed bools", Bytes.field(21, Bytes.repeated([1], 1 << 20))),
      ("unpacked int64", Bytes.repeated(Bytes.field(23, varint: 1), 350_000)),
      ("two fields in turn", Bytes.repeated(Bytes.field(21, varint: 1) + Bytes.field(28, "a"), 200_000)),
      ("many empty packed fields", Bytes.repeated(Bytes.field(23, [7]), 250_000)),
      ("merges of a timestamp", Bytes.repeated(Bytes.field(10, [8, 1]), 200_000)),
      ("merges of a list", Bytes.repeated(Bytes.field(12, Bytes.field(6, Bytes.field(1, [8, 0]))), 80_000)),
      ("kinds in turn", Bytes.repeated(Bytes.field(12, Bytes.field(6, []) + Bytes.field(5, [])), 150_000)),
      (
        "members with one name",
        Bytes.field(
          12, Bytes.field(5, Bytes.repeated(Bytes.field(1, Bytes.field(1, "k") + Bytes.field(2, [8, 0])), 100_000)))
      ),
      (
        "members with many names",
        Bytes.field(
          12,
          Bytes.field(5, (0..<60_000).flatMap { Bytes.field(1, Bytes.field(1, "key\($0)") + Bytes.field(2, [8, 0])) }))
      ),
      (
        "a long list in many objects and lists",
        Bytes.field(
          12,
          (0..<20).reduce(Bytes.field(6, Bytes.repeated(Bytes.field(1, [8, 0]), 200_000))) { inner, _ in
            Bytes.field(5, Bytes.field(1, Bytes.field(1, "k") + Bytes.field(2, inner)))
          })
      ),
    ] as [(String, [UInt8])])
  func largeMessages(name: String, bytes: [UInt8]) throws {
    let start = ContinuousClock.now
    #expect(try isAccepted(bytes), "\(name)")
    let time = start.duration(to: .now)
    #expect(time < .seconds(10), "\(name) of \(bytes.count) bytes")
  }

  /// At each of many levels two parts are to be merged, one of them nearly all of the message.
  @Test func nestedMerges() throws {
    let (levels, count) = (30, 50_000)
    var value = Bytes.field(6, Bytes.repeated(Bytes.field(1, [8, 0]), count))
    for level in 0..<levels {
      let nothing = Bytes.field(level == 0 ? 6 : 5, [])
      let entry = Bytes.field(1, "k") + Bytes.field(2, value) + Bytes.field(2, nothing)
      value = Bytes.field(5, []) + Bytes.field(5, Bytes.field(1, entry))
    }
    let text =
      String(repeating: #"{"k":"#, count: levels) + "["
      + Array(repeating: "null", count: count).joined(separator: ",") + "]" + String(repeating: "}", count: levels)
    try decoder.withMessage(Bytes.field(12, value) + Bytes.field(12, Bytes.field(5, []))) { message in
      let index = decoder.shape.fields.firstIndex { $0.number == 12 } ?? 0
      #expect(message.text(of: message.slots[index]) == text)
    }
  }

  @Test func memoryOfOneLargeMessageGoesBack() throws {
    var message = DecodedMessage()
    try Bytes.field(21, Bytes.repeated([1], 1_000_000)).withUnsafeBytes { try decoder.decode($0, into: &message) }
    #expect(message.elements.count == 1_000_000)
    // Exactly what it took, not the next power of two.
    #expect(message.elements.capacity < 1_100_000)
    try Bytes.field(1, varint: 1).withUnsafeBytes { try decoder.decode($0, into: &message) }
    #expect(message.elements.capacity == 0)
  }
}
