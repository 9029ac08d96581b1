import PillionWire
import Testing

@Suite struct WireWriterTests {
  private func written(_ body: (inout WireWriter) -> Void) -> [UInt8] {
    var writer = WireWriter()
    body(&writer)
    return Array(writer.bytes)
  }

  @Test(
    arguments: [
      (0, [0]), (1, [1]), (127, [0x7F]), (128, [0x80, 1]), (300, [0xAC, 2]), (16_384, [0x80, 0x80, 1]),
      (UInt64(UInt32.max), [0xFF, 0xFF, 0xFF, 0xFF, 0x0F]),
      (UInt64.max, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1]),
    ] as [(UInt64, [UInt8])])
  func varints(number: UInt64, bytes: [UInt8]) {
    #expect(written { $0.append(varint: number) } == bytes)
  }

  @Test func numbersAreLittleEndian() {
    #expect(written { $0.append(fixed32: 0x0102_0304) } == [4, 3, 2, 1])
    #expect(written { $0.append(fixed64: 0x0102_0304_0506_0708) } == [8, 7, 6, 5, 4, 3, 2, 1])
    // Behind an odd number of bytes, so that the address is not aligned.
    #expect(
      written {
        $0.append(byte: 9); $0.append(fixed64: 1)
      } == [9, 1, 0, 0, 0, 0, 0, 0, 0])
  }

  @Test(
    arguments: [
      (1, WireType.varint, [0x08]), (1, .lengthDelimited, [0x0A]), (15, .fixed64, [0x79]), (16, .fixed32, [0x85, 1]),
      (536_870_911, .varint, [0xF8, 0xFF, 0xFF, 0xFF, 0x0F]),
    ] as [(Int32, WireType, [UInt8])])
  func tags(number: Int32, wireType: WireType, bytes: [UInt8]) {
    #expect(written { $0.append(tag: number, wireType: wireType) } == bytes)
  }

  @Test(arguments: [0, 1, 127, 128, 129, 1_019, 16_383, 16_384, 2_097_152])
  func lengthsAreInsertedBeforeTheirContent(count: Int) {
    let content = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
    let bytes = written { writer in
      writer.append(byte: 0xEE)
      let mark = writer.beginLengthDelimited()
      content.withUnsafeBytes { writer.append(bytes: $0) }
      writer.endLengthDelimited(mark)
      writer.append(byte: 0xDD)
    }
    #expect(bytes == [0xEE] + Bytes.varint(UInt64(count)) + content + [0xDD])
    #expect(
      written { writer in content.withUnsafeBytes { writer.append(lengthDelimited: $0) } } == bytes[1...].dropLast())
  }

  @Test func nestedLengths() {
    let bytes = written { writer in
      let outer = writer.beginLengthDelimited()
      writer.append(byte: 1)
      let inner = writer.beginLengthDelimited()
      for _ in 0..<200 { writer.append(byte: 7) }
      writer.endLengthDelimited(inner)
      let empty = writer.beginLengthDelimited()
      writer.endLengthDelimited(empty)
      writer.endLengthDelimited(outer)
    }
    #expect(bytes == Bytes.varint(204) + [1] + Bytes.varint(200) + Bytes.repeated([7], 200) + [0])
  }

  @Test func grpcFrames() {
    let bytes = written { writer in
      let first = writer.beginGRPCFrame()
      for _ in 0..<300 { writer.append(byte: 5) }
      writer.endGRPCFrame(first)
      let second = writer.beginGRPCFrame()
      writer.endGRPCFrame(second)
    }
    #expect(bytes == [0, 0, 0, 1, 44] + Bytes.repeated([5], 300) + [0, 0, 0, 0, 0])
  }

  @Test func truncatingKeepsWhatWasBefore() {
    var writer = WireWriter()
    for byte in 0..<10 { writer.append(byte: UInt8(byte)) }
    writer.truncate(to: 4)
    #expect(Array(writer.bytes) == [0, 1, 2, 3])
    writer.truncate(to: 9)
    writer.truncate(to: -1)
    #expect(writer.count == 4)
  }

  @Test func memoryOfLargeRowsGoesBack() {
    var writer = WireWriter()
    writer.reserve(WireWriter.retainedCapacity * 4)
    for byte in 0..<100 { writer.append(byte: UInt8(byte)) }
    let large = writer.bytes.baseAddress
    writer.removeAll()
    #expect(writer.count == 0)
    writer.append(byte: 1)
    #expect(writer.bytes.baseAddress != large)
    // A smaller one stays.
    writer.reserve(100_000)
    let small = writer.bytes.baseAddress
    writer.removeAll()
    #expect(writer.bytes.baseAddress == small)
  }

  @Test func appendingNothing() {
    #expect(written { $0.append(bytes: UnsafeRawBufferPointer(start: nil, count: 0)) }.isEmpty)
    #expect(written { $0.append(lengthDelimited: UnsafeRawBufferPointer(start: nil, count: 0)) } == [0])
  }
}
