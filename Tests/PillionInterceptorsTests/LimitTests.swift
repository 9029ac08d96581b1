import Testing

@testable import PillionInterceptors

/// The arithmetic of limits.
@Suite struct LimitTests {
  @Test(arguments: [(100, 200), (3, 1), (1_000_000, 10), (1.0 / 60, 2)] as [(Double, Int)])
  func `a caller at twenty times its rate gets what the limit says`(rate: Double, burst: Int) {
    let limit = RateLimit(rate: rate, burst: burst)
    let allowance = CallerAllowance()
    let start: UInt64 = 1_000_000_000
    let calls = 200_000
    var allowed = 0
    for call in 0..<calls {
      if allowance.take(at: start + UInt64(Double(call) / (20 * rate) * 1e9), limit) == nil { allowed += 1 }
    }
    let expected = Double(calls) / 20 + Double(burst)
    #expect(abs(Double(allowed) - expected) <= expected * 0.01 + 1, "\(allowed) of \(expected)")
  }

  @Test func `a burst comes at once, the next call when its share is there`() {
    let limit = RateLimit(rate: 10, burst: 3)
    let allowance = CallerAllowance()
    #expect((0..<3).allSatisfy { _ in allowance.take(at: 5, limit) == nil })
    #expect(allowance.take(at: 5, limit) == 100_000_000)
    #expect(allowance.take(at: 100_000_004, limit) == 1)
    #expect(allowance.take(at: 100_000_005, limit) == nil)
    #expect(!allowance.isWhole(at: 100_000_005))
    #expect(allowance.isWhole(at: 500_000_000))
  }

  /// Each event loop reads the clock for itself: what was taken by one counts for another that has read it earlier.
  @Test func `a time that is a little earlier gives nothing back`() {
    let limit = RateLimit(rate: 1000, burst: 3)
    let allowance = CallerAllowance()
    #expect((0..<3).allSatisfy { _ in allowance.take(at: 100_000_000, limit) == nil })
    for earlier in [99_000_000, 90_000_000, 1] as [UInt64] {
      #expect(allowance.take(at: earlier, limit) == 101_000_000 - earlier)
    }
    #expect(allowance.take(at: 100_999_999, limit) == 1)
    #expect(allowance.take(at: 101_000_000, limit) == nil)
  }

  @Test func `callers share nothing, and their table does not grow without end`() {
    let table = RateLimitTable()
    let limit = RateLimit(rate: 1, burst: 1)
    #expect(table.allowance(of: "a", now: 1).take(at: 1, limit) == nil)
    #expect(table.allowance(of: "b", now: 1).take(at: 1, limit) == nil)
    #expect(table.allowance(of: "a", now: 1).take(at: 1, limit) != nil)
    for number in 0..<200_000 { _ = table.allowance(of: "caller \(number)", now: 1).take(at: 1, limit) }
    #expect(table.count <= 64 * 1024)
  }

  @Test func `a place goes to those that wait, in their order, and none is lost`() async throws {
    let places = CallPlaces(limit: 1, queueLimit: 3)
    #expect(places.take())
    let waiters = (0..<3).compactMap { _ in places.queue() }
    #expect(waiters.count == 3 && places.queue() == nil && !places.take())
    places.leave(waiters[0])
    #expect(places.figures == (1, 2))
    places.giveBack()
    await places.wait(waiters[1])
    #expect(places.figures == (1, 1))
    #expect(!places.take(), "the one that waits comes first")
    places.leave(waiters[1])
    await places.wait(waiters[2])
    places.leave(waiters[2])
    places.leave(waiters[2])
    #expect(places.figures == (0, 0))
  }

  @Test func `a task that is cancelled leaves the queue`() async {
    let places = CallPlaces(limit: 1, queueLimit: 10)
    #expect(places.take())
    let waiter = places.queue()
    let task = Task { if let waiter { await places.wait(waiter) } }
    task.cancel()
    await task.value
    #expect(places.figures == (1, 0))
    places.giveBack()
    #expect(places.take())
  }

  @Test func `places under many tasks at once`() async {
    let places = CallPlaces(limit: 4, queueLimit: 1000)
    await withTaskGroup(of: Void.self) { group in
      for number in 0..<2000 {
        group.addTask {
          if places.take() {
            await Task.yield()
            return places.giveBack()
          }
          guard let waiter = places.queue() else { return }
          if number % 3 > 0 { await places.wait(waiter) }
          places.leave(waiter)
        }
      }
    }
    #expect(places.figures == (0, 0))
  }
}
