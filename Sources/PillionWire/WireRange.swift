/// A part of the request, counted in bytes from its start. 8 bytes: no message is larger than 2 GiB.
struct WireRange {
  private let shortStart: UInt32
  private let shortCount: UInt32

  @inline(__always)
  init(start: Int, count: Int) {
    shortStart = UInt32(truncatingIfNeeded: start)
    shortCount = UInt32(truncatingIfNeeded: count)
  }

  @inline(__always) var start: Int { Int(shortStart) }
  @inline(__always) var count: Int { Int(shortCount) }
  @inline(__always) var end: Int { start &+ count }
}
