import PillionService
import PillionTransport
import SwiftProtobuf
import Testing

@testable import Pillion

/// Messages are read and written as swift-protobuf reads and writes them.
struct MessageCodingTests {
  private typealias Every = Wire_V1_Every
  private typealias Old = Wire_V1_Old

  private let wire = WireGenerator(random: SplitMix(seed: 0), hasSurprises: false)

  /// Compares what both make of the bytes, and what they make of the message.
  ///
  /// - Returns: whether the bytes are a message.
  @discardableResult
  private func agree<Content: Message>(
    on bytes: [UInt8], _ type: Content.Type, sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Bool {
    var options = BinaryEncodingOptions()
    options.useDeterministicOrdering = true
    let theirs = try? Content(serializedBytes: bytes)
    let ours = try? Content(decoding: bytes)
    guard let theirs, let ours else {
      #expect(theirs == nil && ours == nil, "\(bytes)", sourceLocation: sourceLocation)
      return false
    }
    // Not by `==`: that knows NaN from itself.
    let expected: [UInt8] = try theirs.serializedBytes(options: options)
    let found: [UInt8] = try ours.serializedBytes(options: options)
    #expect(expected == found, "\(bytes)", sourceLocation: sourceLocation)
    let written: [UInt8] = try theirs.serializedBytes()
    #expect(try theirs.encoded() == written, "\(bytes)", sourceLocation: sourceLocation)
    #expect(try theirs.encoded(isFramed: true) == written.framed, "\(bytes)", sourceLocation: sourceLocation)
    return true
  }

  /// Whether swift-protobuf need not be asked.
  private func isRead<Content: Message>(_ bytes: [UInt8], _ type: Content.Type) -> Bool {
    var message = Content()
    return bytes.withUnsafeBytes { message.read($0) }
  }

  // MARK: At random

  @Test("messages of the fields that they have are read and written, all of them here")
  func valid() throws {
    var generator = WireGenerator(random: SplitMix(seed: 1), hasSurprises: false)
    for _ in 0..<3000 {
      let bytes = generator.message(.every)
      #expect(try agree(on: bytes, Every.self))
      #expect(isRead(bytes, Every.self), "\(bytes)")
    }
  }

  @Test("messages with what nobody expects in them are read and written")
  func surprising() throws {
    var generator = WireGenerator(random: SplitMix(seed: 2), hasSurprises: true)
    var read = 0
    for _ in 0..<3000 where try agree(on: generator.message(.every), Every.self) { read += 1 }
    #expect(read > 1000 && read < 3000)
  }

  @Test("spoiled bytes have the same verdict")
  func spoiled() throws {
    var generator = WireGenerator(random: SplitMix(seed: 3), hasSurprises: false)
    var read = 0
    for _ in 0..<3000 {
      var bytes = generator.message(.every)
      for _ in 0...Int.random(in: 0...2, using: &generator.random) {
        bytes = generator.spoiled(bytes, generator.message(.every))
      }
      if try agree(on: bytes, Every.self) { read += 1 }
    }
    #expect(read > 300 && read < 2700)
  }

  @Test("bytes that are no message at all have the same verdict")
  func noise() throws {
    var random = SplitMix(seed: 4)
    for _ in 0..<3000 {
      let bytes = (0..<Int.random(in: 0...24, using: &random)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      try agree(on: bytes, Every.self)
      try agree(on: bytes, Old.self)
    }
  }

  @Test("messages of the older syntax: required fields, groups, closed enums, extensions")
  func older() throws {
    for hasSurprises in [false, true] {
      var generator = WireGenerator(random: SplitMix(seed: 5), hasSurprises: hasSurprises)
      var read = 0
      for _ in 0..<3000 where try agree(on: generator.message(.old), Old.self) { read += 1 }
      #expect(read > 500 && read < 3000)
    }
  }

  // MARK: One by one

  @Test("a nested message that comes twice is one")
  func merged() throws {
    let first = wire.tag(93, 2) + wire.delimited(wire.tag(1, 0) + [7])
    let second = wire.tag(93, 2) + wire.delimited(wire.tag(2, 2) + wire.delimited(Array("name".utf8)))
    let message = try Every(decoding: first + second)
    #expect(message.small.id == 7 && message.small.name == "name")
    #expect(try agree(on: first + second, Every.self) && isRead(first + second, Every.self))
  }

  @Test("of a oneof's fields the last one counts, and messages of the same field are one")
  func choice() throws {
    let part = wire.tag(102, 2) + wire.delimited(wire.tag(1, 0) + [7])
    let other = wire.tag(102, 2) + wire.delimited(wire.tag(2, 2) + wire.delimited(Array("name".utf8)))
    let word = wire.tag(101, 2) + wire.delimited(Array("word".utf8))
    #expect(try Every(decoding: part + word).choice == .word("word"))
    #expect(try Every(decoding: word + part + other).part.name == "name")
    for bytes in [part + word, word + part, part + other, word + part + other, part + word + other] {
      #expect(try agree(on: bytes, Every.self) && isRead(bytes, Every.self))
    }
  }

  @Test("repeated numbers are taken packed and one by one, whatever the field says")
  func packed() throws {
    for number in [43, 63] {
      let bytes = wire.tag(number, 2) + wire.delimited([1, 2]) + wire.tag(number, 0) + [3]
      let message = try Every(decoding: bytes)
      #expect((number == 43 ? message.manyUint32 : message.apartUint32) == [1, 2, 3])
      #expect(try agree(on: bytes, Every.self) && isRead(bytes, Every.self))
    }
    // Half of a number.
    #expect(try !agree(on: wire.tag(47, 2) + wire.delimited([1, 2, 3, 4, 5, 6]), Every.self))
  }

  @Test("a field of another wire type is an unknown field, and goes out again")
  func wireTypes() throws {
    for type in [0, 1, 5] {
      let bytes = wire.tag(14, type) + [UInt8](repeating: 1, count: type == 0 ? 1 : type == 1 ? 8 : 4)
      #expect(try agree(on: bytes, Every.self) && !isRead(bytes, Every.self))
      #expect(try Every(decoding: bytes).encoded() == bytes)
    }
  }

  @Test("unknown fields go out again, also from inside")
  func unknown() throws {
    let unknown = wire.tag(500, 2) + wire.delimited([1, 2, 3])
    let bytes = wire.tag(93, 2) + wire.delimited(unknown) + wire.tag(121, 2) + wire.delimited(unknown) + unknown
    #expect(try Every(decoding: bytes).encoded() == bytes)
    #expect(try agree(on: bytes, Every.self))
  }

  @Test("numbers that an enum does not have stay, in open and in closed ones")
  func enums() throws {
    #expect(try Every(decoding: wire.tag(81, 0) + [17]).color == .UNRECOGNIZED(17))
    for bytes in [wire.tag(81, 0) + [17], wire.tag(83, 2) + wire.delimited([1, 17])] {
      #expect(try Every(decoding: bytes).encoded() == bytes)
      #expect(try agree(on: bytes, Every.self) && isRead(bytes, Every.self))
    }
    for bytes in [[8, 1, 16, 17], [8, 1, 24, 17], [8, 1, 34, 2, 1, 17], [8, 1, 74, 4, 10, 0, 16, 17]] as [[UInt8]] {
      #expect(try agree(on: bytes, Old.self) && !isRead(bytes, Old.self))
    }
  }

  @Test(
    "text that is not UTF-8 is refused",
    arguments: [
      [0x80], [0xc0, 0x80], [0xe0, 0x80, 0x80], [0xed, 0xa0, 0x80], [0xf0, 0x9f, 0x98], [0xf4, 0x90, 0x80, 0x80],
      [0xff], [0x61, 0xc3],
    ] as [[UInt8]])
  func text(_ text: [UInt8]) throws {
    for number in [14, 34, 54, 101] {
      #expect(try !agree(on: wire.tag(number, 2) + wire.delimited(text), Every.self))
    }
    #expect(try !agree(on: wire.tag(130, 2) + wire.delimited(wire.tag(1, 2) + wire.delimited(text)), Every.self))
  }

  @Test("text that stands for what could not be read is text")
  func replacement() throws {
    let bytes = wire.tag(14, 2) + wire.delimited(Array("\u{fffd}\u{fffd} and more".utf8))
    #expect(try agree(on: bytes, Every.self) && isRead(bytes, Every.self))
  }

  @Test("numbers of up to ten bytes")
  func varints() throws {
    for count in 1...12 {
      let number = [UInt8](repeating: 0xff, count: count - 1) + [1]
      #expect(try agree(on: wire.tag(2, 0) + number, Every.self) == (count <= 10))
      // One that is longer than it need be.
      let padded = [UInt8](repeating: 0x80, count: count - 1) + [0]
      #expect(try agree(on: wire.tag(2, 0) + padded, Every.self) == (count <= 10))
      #expect(try !agree(on: wire.tag(2, 0) + [UInt8](repeating: 0xff, count: count), Every.self))
    }
  }

  @Test("tags: no number 0, none beyond 2^29 - 1, five bytes at most, six wire types")
  func tags() throws {
    #expect(try !agree(on: [0x00, 0x01], Every.self))
    #expect(try !agree(on: [0x80, 0x00, 0x01], Every.self))
    #expect(try agree(on: [0x88, 0x80, 0x00, 0x01], Every.self))
    #expect(try agree(on: [0x88, 0x80, 0x80, 0x80, 0x00, 0x01], Every.self))
    #expect(try !agree(on: [0x88, 0x80, 0x80, 0x80, 0x80, 0x00, 0x01], Every.self))
    #expect(try agree(on: [0xf8, 0xff, 0xff, 0xff, 0x0f, 0x01], Every.self))
    #expect(try !agree(on: [0xf8, 0xff, 0xff, 0xff, 0x1f, 0x01], Every.self))
    for type in UInt8(0)...7 { try agree(on: [8 | type, 1, 1, 1, 1, 1, 1, 1, 1], Every.self) }
  }

  @Test("lengths that go beyond the end")
  func lengths() throws {
    for length in [1, 5, 0x7fff_fffe, 0x7fff_ffff, 0x8000_0000, UInt64(Int64.max), .max] {
      for number in [14, 15, 42, 47, 91, 93, 111, 121] {
        #expect(try !agree(on: wire.tag(number, 2) + wire.varint(length), Every.self))
      }
    }
  }

  @Test("a hundred messages may lie inside each other", arguments: [1, 98, 99, 100, 101, 150])
  func depth(_ count: Int) throws {
    var bytes = wire.tag(1, 0) + [7]
    for _ in 0..<count { bytes = wire.tag(91, 2) + wire.delimited(bytes) }
    #expect(try agree(on: bytes, Every.self) == (count < 100))
    #expect(isRead(bytes, Every.self) == (count < 100))
    var value: [UInt8] = []
    for _ in 0..<count { value = wire.tag(6, 2) + wire.delimited(wire.tag(1, 2) + wire.delimited(value)) }
    try agree(on: wire.tag(134, 2) + wire.delimited(value), Every.self)
    // A message and the one that is in its map are two, the map's entry is none.
    var inMap: [UInt8] = []
    for _ in 0..<count / 2 {
      let entry = wire.tag(1, 2) + wire.delimited(Array("key".utf8)) + wire.tag(2, 2) + wire.delimited(inMap)
      inMap = wire.tag(5, 2) + wire.delimited(wire.tag(1, 2) + wire.delimited(entry))
    }
    #expect(try agree(on: wire.tag(134, 2) + wire.delimited(inMap), Every.self) == (count < 100))
  }

  @Test("lengths of one, two, three and four bytes, and more than there was room for at first")
  func long() throws {
    for length in [0, 1, 100, 127, 128, 900, 1000, 1020, 1024, 1100, 16_383, 16_384, 40_000, 2_100_000] {
      var message = Every()
      message.child.oneString = String(repeating: "x", count: length)
      message.children = [message, message]
      message.oneBytes.append(contentsOf: [UInt8](repeating: 3, count: length))
      message.manyUint64 = (0..<UInt64(length / 10)).map { $0 << 40 }
      message.apartFloat = [1, 2]
      let bytes: [UInt8] = try message.serializedBytes()
      #expect(try message.encoded() == bytes)
      #expect(try message.encoded(isFramed: true) == bytes.framed)
      #expect(try Every(decoding: bytes) == message)
      #expect(isRead(bytes, Every.self))
    }
  }

  @Test("values that are zero and present, negative zero, and no number")
  func zeros() throws {
    var message = Every()
    message.optionalInt32 = 0
    message.optionalString = ""
    message.optionalBool = false
    message.timestamp = .init()
    message.doubleValue = .init(-0.0)
    message.floatValue = .init(.nan)
    message.stringValue = .init("")
    message.oneDouble = -0.0
    message.manyFloat = [.nan, -0.0, 0]
    message.words = ["": ""]
    message.int32Value = .init(-1)
    message.oneSint32 = .min
    message.oneInt32 = .min
    message.duration = .init(seconds: -5, nanos: -7)
    let bytes: [UInt8] = try message.serializedBytes()
    #expect(try message.encoded() == bytes)
    #expect(try agree(on: bytes, Every.self))
  }

  @Test("an empty message has no bytes")
  func empty() throws {
    #expect(try Every().encoded() == [])
    #expect(try Every().encoded(isFramed: true) == [0, 0, 0, 0, 0])
    #expect(try Every(decoding: []) == Every())
    #expect(try Google_Protobuf_Empty().encoded() == [])
  }

  @Test("a message on its own that is swift-protobuf's")
  func declared() throws {
    for bytes in [[8, 7, 16, 9], [8, 7, 24, 9], [8], []] as [[UInt8]] {
      try agree(on: bytes, Google_Protobuf_Timestamp.self)
      try agree(on: bytes, Google_Protobuf_Duration.self)
      try agree(on: bytes, Google_Protobuf_Int32Value.self)
      try agree(on: bytes, Google_Protobuf_Empty.self)
      try agree(on: bytes, Google_Protobuf_FieldMask.self)
    }
  }

  @Test("groups, extensions and message sets are written")
  func extensions() throws {
    var old = Old()
    old.id = 1
    old.part.name = "part"
    old.part.inner.id = 2
    old.Wire_V1_Note_note = .with { $0.text = "note" }
    old.Wire_V1_Note_numbers = [1, 2, 300]
    let bytes: [UInt8] = try old.serializedBytes()
    #expect(try old.encoded() == bytes)
    var set = Wire_V1_Set()
    set.Wire_V1_Note_inSet = .with { $0.text = "note" }
    let content: [UInt8] = try set.serializedBytes()
    #expect(try set.encoded() == content)
    #expect(try set.encoded(isFramed: true) == content.framed)
  }

  @Test("required fields that are missing")
  func required() throws {
    #expect(throws: BinaryEncodingError.missingRequiredFields) { try Old().encoded() }
    #expect(throws: Status(.internal, "The message cannot be decoded as wire.v1.Old.")) { try Old(decoding: []) }
    var old = Old()
    old.id = 1
    old.child.text = "a child without a number"
    #expect(throws: BinaryEncodingError.missingRequiredFields) { try old.encoded() }
  }
}
