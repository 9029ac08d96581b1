import Testing

@testable import PillionTransport

@Suite struct DeadlineTests {
  @Test(arguments: [("50m", 0.05), ("1n", 0), ("300000u", 0.3), ("00000200m", 0.2)] as [(String, Double)])
  func `a call is answered DEADLINE_EXCEEDED in time`(timeout: String, seconds: Double) async throws {
    try await withServer { port, journal, _ in
      let client = try #require(RawClient(port: port))
      client.request(1, path: "/t.T/Never", message: [1], fields: [("grpc-timeout", timeout)])
      let answer = try #require(await client.answer(1))
      #expect(answer.grpcStatus == 4)
      #expect(answer.hasEnded)
      #expect(await journal.wait { $0.cancels == [.deadline] && $0.summaries.map(\.status) == [.deadlineExceeded] })
      let passed = Double(journal.now.summaries.first?.durationNanoseconds ?? 0) / 1e9
      #expect(passed >= seconds)
      #expect(passed < seconds + 0.5, "generous for a loaded machine; the wheel's own figure is 8 ms")
    }
  }

  @Test func `a call that is answered before its deadline hears nothing of it`() async throws {
    try await withServer { port, journal, _ in
      let client = try #require(RawClient(port: port))
      for stream in stride(from: UInt32(1), to: 100, by: 2) {
        client.request(stream, path: "/t.T/Echo", message: [1], fields: [("grpc-timeout", "100m")])
        #expect(await client.answer(stream)?.grpcStatus == 0)
      }
      try await Task.sleep(for: .milliseconds(250))
      #expect(journal.now.cancels.isEmpty)
      #expect(journal.now.summaries.allSatisfy { $0.status == .ok })
    }
  }

  @Test func `a deadline after the first message sends trailers`() async throws {
    try await withServer { port, journal, _ in
      let client = try #require(RawClient(port: port))
      client.request(1, path: "/t.T/Half", fields: [("grpc-timeout", "100m")])
      let answer = try #require(await client.answer(1))
      #expect(answer.body == framed([1, 2, 3]))
      #expect(answer.trailers.first { $0.name == "grpc-status" }?.value == "4")
      #expect(journal.now.cancels == [.deadline])
    }
  }

  @Test func `a deadline while the client does not read ends the call too`() async throws {
    try await withServer { port, journal, _ in
      let client = try #require(RawClient(port: port))
      client.opensWindows = false
      client.request(1, path: "/t.T/Many", message: Array("10000".utf8), fields: [("grpc-timeout", "300m")])
      let answer = try #require(await client.answer(1))
      // 65,535 bytes are 65 messages and part of another: the stream is reset, not ended as if it were whole.
      #expect(answer.resetCode == 8)
      #expect(!answer.hasEnded)
      #expect(await journal.wait { $0.cancels == [.deadline] && $0.summaries.count == 1 })
      client.request(3, path: "/t.T/Unknown")
      #expect(await client.answer(3)?.grpcStatus == 12)
    }
  }

  @Test func `the wheel returns each call once, not early and at most a slot late`() throws {
    let connection = Connection(loop: idleLoop(), door: .plaintext)
    var wheel = DeadlineWheel()
    let start: UInt64 = 1_000_000_123
    var pending: [Int32: UInt64] = [:]
    var calls: [ServerCall] = []
    for number in 0..<2000 {
      let call = ServerCall(
        connection: connection, streamID: Int32(number), route: Router(methods: []).unknown(path: "/"), metadata: [],
        startTime: 0)
      // From a millisecond to twenty seconds, five turns of the wheel.
      call.deadline = start + UInt64(number) * 10_000_000 + 1_000_000
      _ = wheel.insert(call, now: start)
      pending[call.streamID] = call.deadline
      calls.append(call)
    }
    for call in calls where call.streamID % 3 == 0 {
      wheel.remove(call)
      wheel.remove(call)
      pending[call.streamID] = nil
    }
    #expect(wheel.count == pending.count)
    while let next = wheel.nextTime {
      for call in wheel.advance(to: next) {
        let removed = pending.removeValue(forKey: call.streamID)
        let deadline = try #require(removed)
        #expect(deadline <= next && next - deadline <= DeadlineWheel.slotNanoseconds)
      }
    }
    #expect(pending.isEmpty && wheel.count == 0)
    #expect(wheel.nextTime == nil)
  }

  @Test func `the wheel copes with a late turn and with deadlines in the past`() {
    let connection = Connection(loop: idleLoop(), door: .plaintext)
    var wheel = DeadlineWheel()
    func add(_ deadline: UInt64, now: UInt64) -> ServerCall {
      let call = ServerCall(
        connection: connection, streamID: 1, route: Router(methods: []).unknown(path: "/"), metadata: [], startTime: 0)
      call.deadline = deadline
      _ = wheel.insert(call, now: now)
      return call
    }
    let second: UInt64 = 1_000_000_000
    let calls = [add(second, now: 5 * second), add(6 * second, now: 5 * second), add(.max >> 1, now: 5 * second)]
    let expired = [5, 500, 1000].map { wheel.advance(to: $0 * second).count }
    #expect(expired == [0, 2, 0])
    #expect(wheel.count == 1)
    wheel.remove(calls[2])
    #expect(wheel.count == 0 && wheel.nextTime == nil)
  }
}
