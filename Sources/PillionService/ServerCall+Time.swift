package import PillionDatabase
package import PillionTransport

extension WallTime {
  /// The time of a server, for `auto_now`, `default: now` and page tokens.
  package init(_ clock: ServerClock) {
    let (seconds, nanoseconds) = clock.wallTime()
    self.init(seconds: seconds, nanoseconds: nanoseconds)
  }
}

extension ServerCall {
  var wallTime: WallTime { WallTime(clock) }
}
