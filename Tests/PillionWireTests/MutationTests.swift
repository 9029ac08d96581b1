import PillionSchema
import PillionWire
import Testing

/// Random damage to good messages and texts: anything may be refused, nothing may trap, and what is accepted makes
/// sense.
@Suite struct MutationTests {
  private static let rounds = 60_000

  @Test(arguments: [1, 2, 3] as [UInt64])
  func messages(seed: UInt64) throws {
    let decoder = RequestDecoder(shape: .everything)
    let dump = MessageDump(shape: .everything)
    var random = SplitMix(state: seed)
    var seeds = Self.goodMessages
    var message = DecodedMessage()
    var accepted = 0
    for round in 0..<Self.rounds {
      var bytes = seeds[Int(random.next() % UInt64(seeds.count))]
      random.damage(&bytes, with: seeds[Int(random.next() % UInt64(seeds.count))])
      do {
        try bytes.withUnsafeBytes { raw in
          try decoder.decode(raw, into: &message)
          accepted += 1
          // Reads every range that the slots hold, and parses every JSON text.
          if round % 8 == 0 { _ = try dump.text(of: message) }
        }
        // Damage upon damage.
        if random.next() % 16 == 0 { seeds[Int(random.next() % UInt64(seeds.count))] = bytes }
      } catch is WireError {}
    }
    #expect(accepted > Self.rounds / 20)
  }

  @Test func texts() throws {
    let decoder = RequestDecoder(shape: MessageShape((1, .implicit, .wellKnown(.value))))
    let good = [
      #"{"a":[1,2.5e-3,-0],"b":{"c":null,"d":"\u00e9\ud83d\ude00\n"},"a":true}"#, "[[],{},\"x\",false]",
      "  12345678901234567890 ",
    ].map { Array($0.utf8) }
    var random = SplitMix(state: 4)
    var writer = WireWriter()
    var accepted = 0
    for round in 0..<Self.rounds {
      var text = good[round % good.count]
      random.damage(&text, with: good[0])
      writer.removeAll()
      writer.append(tag: 1, wireType: .lengthDelimited)
      let mark = writer.beginLengthDelimited()
      do {
        try text.withUnsafeBytes { try writer.append(value: $0) }
      } catch is WireError {
        #expect(writer.count == 2)
        continue
      }
      writer.endLengthDelimited(mark)
      accepted += 1
      // What was written is a message, and says JSON again.
      try decoder.withMessage(Array(writer.bytes)) { message in
        if message.slots[0].state != .present { Issue.record("\(String(decoding: text, as: UTF8.self))") }
      }
    }
    #expect(accepted > Self.rounds / 50)
  }

  /// Every field once, and the structures in which lengths nest.
  private static var goodMessages: [[UInt8]] {
    let value = Bytes.field(
      5, Bytes.field(1, Bytes.field(1, "k") + Bytes.field(2, Bytes.field(6, Bytes.field(1, [0x20, 1])))))
    var all: [UInt8] = Bytes.field(1, varint: 1) + Bytes.field(2, varint: 300) + Bytes.field(3, varint: .max)
    all += Bytes.field(4, varint: 7) + Bytes.field(5, varint: 8) + Bytes.tag(6, 5) + [0, 0, 0x80, 0x3F]
    all += Bytes.tag(7, 1) + Bytes.fixed64(1.5.bitPattern) + Bytes.field(8, "Grüße, 世界") + Bytes.field(9, [0xFF, 0])
    all += Bytes.field(10, [8, 1, 16, 2]) + Bytes.field(11, [8, 1]) + Bytes.field(12, value)
    var repeated = Bytes.field(21, [1, 0, 1]) + Bytes.field(23, [1, 0x80, 1]) + Bytes.field(23, varint: 4)
    repeated +=
      Bytes.field(26, [0, 0, 0x80, 0x3F]) + Bytes.field(28, "a") + Bytes.field(28, "b") + Bytes.field(30, [8, 1])
    repeated += Bytes.field(32, value) + Bytes.field(32, [8, 0]) + Bytes.field(29, [1])
    var nullable = Bytes.field(48, Bytes.field(1, "a")) + Bytes.field(43, Bytes.field(1, varint: 5))
    nullable += Bytes.field(41, Bytes.field(2, varint: 0)) + Bytes.field(50, Bytes.field(1, [8, 1]))
    nullable += Bytes.field(52, Bytes.field(1, value)) + Bytes.field(68, Bytes.field(1, "w")) + Bytes.field(61, [])
    let unknown = Bytes.tag(99, 3) + Bytes.field(3, "x") + Bytes.tag(98, 3) + Bytes.tag(98, 4) + Bytes.tag(99, 4)
    return [all, repeated, nullable, unknown + all + unknown, Bytes.field(12, value) + Bytes.field(12, value), value]
  }
}

/// SplitMix64, so that a seed gives the same run everywhere. Source: Steele, Lea, Flood, OOPSLA 2014.
private struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }

  mutating func damage(_ bytes: inout [UInt8], with other: [UInt8]) {
    for _ in 0...(next() % 3) {
      let position = Int(next() % UInt64(bytes.count + 1))
      let end = min(bytes.count, position + Int(next() % 8))
      switch next() % 6 {
      case 0 where position < bytes.count: bytes[position] ^= 1 << (next() % 8)
      case 1 where position < bytes.count: bytes[position] = UInt8(truncatingIfNeeded: next())
      case 2: bytes.removeSubrange(position..<end)
      case 3: bytes.insert(contentsOf: bytes[position..<end], at: position)
      case 4: bytes.insert(contentsOf: other.prefix(Int(next() % 30)), at: position)
      case 5 where position < bytes.count: bytes[position] = [0, 0x7F, 0x80, 0xFF, 0x0B, 0x0C][Int(next() % 6)]
      default: break
      }
    }
    if bytes.count > 1_000 { bytes.removeSubrange(1_000...) }
  }
}
