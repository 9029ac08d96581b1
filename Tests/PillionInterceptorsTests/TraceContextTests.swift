import Testing

@testable import PillionInterceptors

@Suite struct TraceContextTests {
  private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"

  @Test func reads() throws {
    let context = try #require(TraceContext(traceparent: "00-\(Self.trace)-00f067aa0ba902b7-01"))
    #expect(context.trace.description == Self.trace)
    #expect(context.parent == SpanID(value: 0x00f0_67aa_0ba9_02b7))
    #expect(context.isSampled)
    #expect(TraceContext(traceparent: "00-\(Self.trace)-00f067aa0ba902b7-00")?.isSampled == false)
    // Of the flags only the lowest bit has a meaning.
    #expect(TraceContext(traceparent: "00-\(Self.trace)-00f067aa0ba902b7-fe")?.isSampled == false)
    #expect(TraceContext(traceparent: "00-\(Self.trace)-00f067aa0ba902b7-ff")?.isSampled == true)
  }

  @Test func writes() throws {
    let context = try #require(TraceContext(traceparent: "00-\(Self.trace)-00f067aa0ba902b7-01"))
    #expect(context.traceparent(SpanID(value: 1)) == "00-\(Self.trace)-0000000000000001-01")
  }

  /// Every text that differs from a good one in one byte is either good too or none.
  @Test func changedBytes() {
    let good = Array("00-\(Self.trace)-00f067aa0ba902b7-01".utf8)
    for index in good.indices {
      for byte: UInt8 in [0, 0x20, UInt8(ascii: "-"), UInt8(ascii: "0"), UInt8(ascii: "G"), UInt8(ascii: "F"), 0x7F] {
        var bytes = good
        bytes[index] = byte
        let isDash = [2, 35, 52].contains(index)
        let isDigit = byte == UInt8(ascii: "0")
        let isGood = isDash ? byte == UInt8(ascii: "-") : isDigit
        #expect(
          (TraceContext(traceparent: String(decoding: bytes, as: UTF8.self)) != nil) == isGood, "\(index) \(byte)")
      }
      #expect(TraceContext(traceparent: String(decoding: good[..<index], as: UTF8.self)) == nil)
    }
  }

  @Test(
    arguments: [
      (["a=1", "b=2"], "a=1,b=2"), (["a=1 , b=2\t"], "a=1,b=2"), (["a=1,,b=2", ""], "a=1,b=2"), ([], ""),
      (["tenant@vendor=x/y"], "tenant@vendor=x/y"), (["a=1,a=2"], ""), (["é=1"], ""), (["a=é"], ""), (["a="], ""),
    ] as [([String], String)])
  func states(values: [String], state: String) {
    #expect(TraceContext.state(values) == state)
  }
}
