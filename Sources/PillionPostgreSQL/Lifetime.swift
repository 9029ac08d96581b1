internal import PillionDatabase

extension PostgreSQLConfiguration {
  /// When a connection opened now is to go; never, if they may grow as old as they like. A tenth of the time is left to
  /// chance, so that connections opened together do not go together.
  func endOfLife(from now: UInt64) -> UInt64 {
    let lifetime = maximumLifetime.nanoseconds
    guard lifetime > 0 else { return MonotonicTime.never }
    return MonotonicTime.after(now, lifetime - UInt64.random(in: 0...(lifetime / 10)))
  }
}

extension PointLaneCore {
  /// Asks for connections that take the places of those that are too old. Until theirs is there, these go on.
  mutating func retire(at now: UInt64) {
    for case let connection? in slots where !connection.isReplaced {
      if now < connection.endOfLife {
        nextTimer = min(nextTimer, connection.endOfLife)
      } else {
        connection.isReplaced = true
        wanted += 1
      }
    }
  }

  /// A new connection for which no place is free: one that is too old gets no work any more, and goes when it has none.
  mutating func acceptSuccessor(_ connection: Connection, at now: UInt64) {
    successors.append(connection)
    for case let old? in slots where old.isReplaced && !old.isLeaving {
      old.isLeaving = true
      nextTimer = now
      return
    }
    // The old one has broken meanwhile, and its place has been taken.
    successors.removeLast()
  }

  /// Puts new connections in the places of old ones that have nothing to do, or have broken.
  mutating func succeed(at now: UInt64) {
    while let slot = slots.firstIndex(where: { $0 == nil }), let connection = successors.popLast() {
      install(connection, at: slot, now)
      downSince = nil
    }
    for case let old? in slots where old.isLeaving && old.entries.isEmpty && old.uncommitted.isEmpty {
      guard let connection = successors.popLast() else { return }
      poller.remove(old.connection.socket)
      install(connection, at: old.slot, now)
    }
  }
}
