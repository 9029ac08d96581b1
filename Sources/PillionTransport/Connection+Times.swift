import CPillionHTTP2
import NIOCore

/// What a connection does because time has passed; asked for by its loop a few times a second.
extension Connection {
  func checkTimes(now: UInt64) {
    guard let context else { return }
    switch state {
    case .closing, .closed: return
    case .preface, .open: break
    }
    switch clock.due(now: now, hasCalls: !calls.isEmpty) {
    case .nothing: break
    case .noHandshake: return session == nil ? close() : end(for: .noSettings)
    case .unfinishedFrame: return end(for: .unfinishedFrame)
    case .ping:
      session?.submitPing(mark: Self.keepaliveMark)
      needsFlush()
    case .noAnswer: return context.close(promise: nil)
    case .idle, .age: beginShutdown()
    case .ageGraceOver: return endShutdown("the connection has reached its age")
    }
    guard let stall = loop.configuration.stallTimeout.limit else { return checkRequests(now: now) }
    if context.channel.isWritable {
      unwritableSince = 0
    } else if unwritableSince == 0 {
      unwritableSince = now
    } else if now - unwritableSince >= stall {
      return context.close(promise: nil)
    }
    for call in calls where call.isStalled(for: stall, now: now) { call.clientStalled() }
    checkRequests(now: now)
  }

  private func checkRequests(now: UInt64) {
    guard let limit = loop.configuration.requestTimeout.limit else { return }
    for call in calls
    where !call.hasRequestEnded && !call.method.isClientStreaming && !call.isEnded && !call.isHeld {
      if now > call.requestSince, now - call.requestSince >= limit {
        call.fail(Status(.deadlineExceeded, "the request did not come whole in time"))
      }
    }
  }

  /// The first byte of the pings that ask whether the client is there; the others ask whether it has read a GOAWAY.
  static let keepaliveMark: UInt8 = 1
}

extension TimeAmount {
  /// In nanoseconds; nil: none.
  var limit: UInt64? { nanoseconds > 0 ? UInt64(nanoseconds) : nil }
}

extension TransportConfiguration {
  /// How often times are looked at: four times in the shortest of them, at most every ten milliseconds, at least every
  /// second.
  var watchInterval: TimeAmount {
    let times = [
      handshakeTimeout, requestTimeout, stallTimeout, idleTimeout, keepaliveInterval, keepaliveTimeout,
      maxConnectionAge, maxConnectionAgeGrace,
    ].compactMap(\.limit)
    let shortest = Int64(clamping: times.min() ?? .max) / 4
    return min(max(.nanoseconds(shortest), .milliseconds(10)), .seconds(1))
  }
}

extension ConnectionClock.Limits {
  init(_ configuration: TransportConfiguration) {
    handshake = configuration.handshakeTimeout.limit ?? 0
    idle = configuration.idleTimeout.limit ?? 0
    keepaliveInterval = configuration.keepaliveInterval.limit ?? 0
    keepaliveTimeout = configuration.keepaliveTimeout.limit ?? 0
    minPingInterval = configuration.minPingInterval.limit ?? 0
    age = configuration.maxConnectionAge.limit ?? 0
    ageGrace = configuration.maxConnectionAgeGrace.limit ?? 0
  }
}
