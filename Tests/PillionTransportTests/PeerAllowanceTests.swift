import CPillionHTTP2
import Testing

@testable import PillionTransport

@Suite struct PeerAllowanceTests {
  private static let second: UInt64 = 1_000_000_000

  private static func frame(_ kind: Frame.Kind, length: Int = 0, flags: UInt8 = 0) -> nghttp2_frame_hd {
    nghttp2_frame_hd(length: length, stream_id: 1, type: kind.rawValue, flags: flags, reserved: 0)
  }

  /// How many of `count` frames at one time are allowed.
  private static func allowed(
    _ frame: nghttp2_frame_hd, of count: Int, by allowance: inout PeerAllowance, at time: UInt64 = 1
  ) -> Int {
    (0..<count).count { _ in allowance.frameBegan(frame, now: time * second) }
  }

  @Test func `lost calls have a number, time and answers add to it`() {
    var allowance = PeerAllowance(.init(), now: Self.second)
    func lose(_ count: Int, at time: UInt64) -> Int {
      (0..<count).count { _ in allowance.callLost(now: time * Self.second) }
    }
    #expect(lose(1000, at: 1) == 200)
    #expect(lose(1000, at: 2) == 50)
    #expect(lose(1000, at: 1000) == 200, "time fills up to where it began")
    for _ in 0..<5000 { allowance.callAnswered() }
    #expect(lose(5000, at: 1000) == 1000)
  }

  @Test(arguments: [Frame.Kind.settings, .ping, .priority, .windowUpdate, .resetStream, .data])
  func `frames without a message have a number`(_ kind: Frame.Kind) {
    var allowance = PeerAllowance(.init(), now: Self.second)
    #expect(Self.allowed(Self.frame(kind), of: 5000, by: &allowance) == 1000)
    #expect(Self.allowed(Self.frame(kind), of: 5000, by: &allowance, at: 2) == 100)
    #expect(Self.allowed(Self.frame(.headers), of: 5, by: &allowance) == 5)
    #expect(Self.allowed(Self.frame(kind), of: 5000, by: &allowance) == 50)
    for _ in 0..<10 { allowance.dataSent() }
    #expect(Self.allowed(Self.frame(kind), of: 5000, by: &allowance) == 40)
  }

  @Test func `messages cost nothing, padding does`() {
    var allowance = PeerAllowance(.init(), now: Self.second)
    #expect(Self.allowed(Self.frame(.data, length: 100), of: 100_000, by: &allowance) == 100_000)
    #expect(Self.allowed(Self.frame(.data, flags: Frame.endStream), of: 100_000, by: &allowance) == 100_000)
    #expect(Self.allowed(Self.frame(.data, length: 100, flags: Frame.padded), of: 5000, by: &allowance) == 1000)
  }

  @Test func `a header block has eight continuations`() {
    var allowance = PeerAllowance(.init(), now: Self.second)
    for _ in 0..<3 {
      #expect(Self.allowed(Self.frame(.headers), of: 1, by: &allowance) == 1)
      #expect(Self.allowed(Self.frame(.continuation), of: 20, by: &allowance) == 8)
    }
  }
}
