/// The same numbers for the same seed.
struct SplitMix: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}

/// What may stand in a message's field.
indirect enum WireKind: Sendable {
  case varint, fixed32, fixed64, text, bytes
  /// Of an enum's numbers, mostly.
  case choice([UInt64])
  /// Several values with one length.
  case packed(WireKind)
  case message(WireShape)
  case group(WireShape)
}

/// The fields of a message type, by number.
struct WireShape: Sendable {
  /// Made when asked for, as messages may lie inside messages of the same type.
  let fields: @Sendable () -> [(number: Int, kind: WireKind)]
}

/// Makes messages of a shape at random, as bytes.
struct WireGenerator {
  var random: SplitMix
  /// What stands beside the shape's fields: fields of no or another type, numbers of no enum, texts that are none.
  var hasSurprises: Bool

  mutating func message(_ shape: WireShape, depth: Int = 3) -> [UInt8] {
    var bytes: [UInt8] = []
    let fields = shape.fields()
    for _ in 0..<Int.random(in: 0...(depth == 3 ? 12 : 4), using: &random) {
      guard let field = fields.randomElement(using: &random) else { break }
      if hasSurprises, chance(40) {
        bytes += surprise(fields.map(\.number))
      } else if let value = value(field.kind, field.number, depth) {
        bytes += value
      }
    }
    return bytes
  }

  /// One in `count`.
  private mutating func chance(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &random) == 0 }

  /// A field, with its tag; nil: it would lie too deep.
  private mutating func value(_ kind: WireKind, _ number: Int, _ depth: Int) -> [UInt8]? {
    switch kind {
    case .varint, .choice: return tag(number, 0) + content(kind)
    case .fixed64: return tag(number, 1) + content(kind)
    case .fixed32: return tag(number, 5) + content(kind)
    case .text, .bytes: return tag(number, 2) + delimited(content(kind))
    case .packed(let kind):
      let count = Int.random(in: 0...5, using: &random)
      return tag(number, 2) + delimited((0..<count).flatMap { _ in content(kind) })
    case .message(let shape):
      return depth == 0 ? nil : tag(number, 2) + delimited(message(shape, depth: depth - 1))
    case .group(let shape):
      return depth == 0 ? nil : tag(number, 3) + message(shape, depth: depth - 1) + tag(number, 4)
    }
  }

  private mutating func content(_ kind: WireKind) -> [UInt8] {
    switch kind {
    case .choice(let numbers):
      return varint(hasSurprises && chance(20) ? random.next() : numbers.randomElement(using: &random) ?? 0)
    case .fixed64: return number(bytes: 8)
    case .fixed32: return number(bytes: 4)
    case .text: return text()
    case .bytes:
      return (0..<Int.random(in: 0...20, using: &random)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    case .varint, .packed, .message, .group:
      return varint(random.next() >> UInt64.random(in: 0...63, using: &random))
    }
  }

  private mutating func number(bytes: Int) -> [UInt8] {
    let number = chance(5) ? 0 : random.next()
    return (0..<bytes).map { UInt8(truncatingIfNeeded: number >> UInt64(8 * $0)) }
  }

  private mutating func text() -> [UInt8] {
    let letters = ["a", "é", "語", "🚲", "\0", "\u{fffd}", "long text that takes memory of its own"]
    let count = chance(20) ? 60 : Int.random(in: 0...6, using: &random)
    var text = Array((0..<count).compactMap { _ in letters.randomElement(using: &random) }.joined().utf8)
    if hasSurprises, chance(10), !text.isEmpty { text.removeLast() }
    return text
  }

  private mutating func surprise(_ numbers: [Int]) -> [UInt8] {
    let number = chance(2) ? numbers.randomElement(using: &random) ?? 1 : Int.random(in: 1...600, using: &random)
    let kinds: [WireKind] = [.varint, .fixed32, .fixed64, .bytes]
    return kinds.randomElement(using: &random).flatMap { value($0, number, 0) } ?? []
  }

  // MARK: The wire

  func tag(_ number: Int, _ type: Int) -> [UInt8] { varint(UInt64(number << 3 | type)) }

  func delimited(_ content: [UInt8]) -> [UInt8] { varint(UInt64(content.count)) + content }

  func varint(_ number: UInt64) -> [UInt8] {
    var (bytes, rest): ([UInt8], UInt64) = ([], number)
    while rest > 0x7f {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  /// Bytes that have suffered: cut, changed, or put together of two messages.
  mutating func spoiled(_ bytes: [UInt8], _ other: [UInt8]) -> [UInt8] {
    var bytes = bytes
    guard !bytes.isEmpty else { return other }
    switch Int.random(in: 0...3, using: &random) {
    case 0: bytes.removeLast(Int.random(in: 1...bytes.count, using: &random))
    case 1:
      let bit = Int.random(in: 0..<8 * bytes.count, using: &random)
      bytes[bit / 8] ^= 1 << UInt8(bit % 8)
    case 2: bytes[Int.random(in: bytes.indices, using: &random)] = UInt8(truncatingIfNeeded: random.next())
    default:
      bytes =
        bytes.prefix(Int.random(in: 0...bytes.count, using: &random))
        + other.suffix(Int.random(in: 0...other.count, using: &random))
    }
    return bytes
  }
}
